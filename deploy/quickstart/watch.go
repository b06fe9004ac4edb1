package main

import (
	"errors"
	"fmt"
	"strings"
	"time"
)

// watcher turns looks at the service's tasks into lines of progress. It does
// no I/O.
type watcher struct {
	want      wanted
	past      map[string]bool   // tasks that had ended before the deployment
	told      map[string]string // task ID to the last line about it
	blockedAt time.Time         // since when only the port keeps the pod from its place
}

// wanted tells the tasks of this deployment from those that it replaces.
type wanted struct {
	images string // QUICKSTART_IMAGES, which the stack file makes a label
	port   int
}

func newWatcher(want wanted, before []task) *watcher {
	w := &watcher{want: want, past: map[string]bool{}, told: map[string]string{}}
	for _, t := range before {
		if t.ended() {
			w.past[t.ID] = true
		}
	}
	return w
}

// portPatience is how long Swarm may say that the port is in use: it does so
// while the task that is being replaced gives it up.
const portPatience = 15 * time.Second

var errPortTaken = errors.New("the port is taken")

// look takes the tasks as they are at a time. It returns a line for each one
// that changed, the wanted task if it runs, and an error when one failed.
func (w *watcher) look(at time.Time, now []task) (lines []string, running *task, err error) {
	var alive, blocked bool
	for i, t := range now {
		if w.past[t.ID] {
			continue
		}
		line := fmt.Sprintf("task %.12s is %s", t.ID, t.Status.State)
		if why := t.Status.Err; why != "" {
			line += ": " + why
		}
		if w.told[t.ID] != line {
			w.told[t.ID] = line
			lines = append(lines, line)
		}
		switch {
		case strings.Contains(t.Status.Err, "host-mode port already in use"):
			blocked = true
		case strings.Contains(t.Status.Err, "port is already allocated"), strings.Contains(t.Status.Err, "address already in use"):
			return lines, nil, errPortTaken
		case t.Status.State == "failed" || t.Status.State == "rejected":
			return lines, nil, fmt.Errorf("the pod failed: %s", t.Status.Err)
		case !t.ended():
			alive = true
		}
		if t.Status.State == "running" && t.DesiredState == "running" && w.want.is(t) {
			running = &now[i]
		}
	}
	if alive || !blocked {
		w.blockedAt = time.Time{}
	} else if w.blockedAt.IsZero() {
		w.blockedAt = at
	} else if at.Sub(w.blockedAt) > portPatience {
		return lines, nil, errPortTaken
	}
	return lines, running, nil
}

func (w wanted) is(t task) bool {
	if t.Spec.ContainerSpec.Labels["quickstart.images"] != w.images {
		return false
	}
	for _, p := range t.Status.PortStatus.Ports {
		if p.PublishedPort == w.port {
			return true
		}
	}
	return false
}

func (t task) ended() bool {
	switch t.Status.State {
	case "complete", "shutdown", "failed", "rejected", "orphaned", "remove":
		return true
	}
	return false
}
