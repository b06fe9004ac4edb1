//go:build e2e

package e2e

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/docker/docker/api/types/container"
	"github.com/docker/docker/api/types/events"
	"github.com/docker/docker/api/types/filters"
)

// happening is one thing that happened to a component's container.
type happening struct {
	component string
	action    string // "start", "kill", "die", "health_status: healthy"
	detail    string // the signal's number, or the exit code
	at        time.Time
}

// record is what happened to the components of a site's pods, by the engine's
// own clock. It outlives the containers, which are removed when they end.
type record struct {
	mu  sync.Mutex
	all []happening
}

// record begins a record that ends with the test.
func (s *site) record() *record {
	s.t.Helper()
	r := &record{}
	now := time.Now()
	seen, errs := s.api.Events(s.t.Context(), events.ListOptions{
		Since:   fmt.Sprintf("%d.%09d", now.Unix(), now.Nanosecond()), // the request takes its time
		Filters: filters.NewArgs(filters.Arg("type", "container"), filters.Arg("label", "podlike.pod")),
	})
	go func() {
		for {
			select {
			case m := <-seen:
				attributes := m.Actor.Attributes
				if !s.owns(attributes["name"]) {
					continue
				}
				r.mu.Lock()
				r.all = append(r.all, happening{
					attributes["podlike.component"], string(m.Action),
					attributes["signal"] + attributes["exitCode"], time.Unix(0, m.TimeNano),
				})
				r.mu.Unlock()
			case err := <-errs:
				if s.t.Context().Err() == nil {
					s.t.Errorf("the engine's events broke off: %v", err)
				}
				return
			}
		}
	}()
	return r
}

// of is when an action happened to a component, all times of it.
func (r *record) of(component, action string) []happening {
	r.mu.Lock()
	defer r.mu.Unlock()
	var all []happening
	for _, h := range r.all {
		if h.component == component && h.action == action {
			all = append(all, h)
		}
	}
	return all
}

// wait waits until an action happened to a component n times, and returns all
// of them.
func (r *record) wait(t *testing.T, component, action string, n int) []happening {
	t.Helper()
	var all []happening
	eventually(t, startWithin, func() error {
		if all = r.of(component, action); len(all) < n {
			return fmt.Errorf("%q has %d %q so far, want %d", component, len(all), action, n)
		}
		return nil
	})
	return all
}

// inOrder checks that moments come one after the other.
func inOrder(t *testing.T, moments ...moment) {
	t.Helper()
	for i := range moments[1:] {
		if a, b := moments[i], moments[i+1]; b.at.Before(a.at) {
			t.Errorf("%s, at %s, comes before %s, at %s", b.what, b.at.Format(time.StampNano), a.what, a.at.Format(time.StampNano))
		}
	}
}

// moment is a point in time with a name.
type moment struct {
	what string
	at   time.Time
}

// startOf is when a component was last started, as the engine has it.
func (p *runningPod) startOf(component string) moment {
	p.t.Helper()
	return p.moment(component, "start", func(s *container.State) string { return s.StartedAt })
}

// endOf is when a component ended; its container is kept until the pod's end.
func (p *runningPod) endOf(component string) moment {
	p.t.Helper()
	return p.moment(component, "end", func(s *container.State) string { return s.FinishedAt })
}

func (p *runningPod) moment(component, what string, get func(*container.State) string) moment {
	p.t.Helper()
	c, err := p.api.ContainerInspect(p.t.Context(), p.name+".podlike."+component)
	if err != nil {
		p.t.Fatal(err)
	}
	at, err := time.Parse(time.RFC3339Nano, get(c.State))
	if err != nil || at.Year() < 2000 {
		p.t.Fatalf("the %s of %q is %s: %v", what, component, at, err)
	}
	return moment{"the " + what + " of " + component, at}
}

// told is what a container printed so far.
func (p *runningPod) told() string {
	p.t.Helper()
	stream, err := p.api.ContainerLogs(context.WithoutCancel(p.t.Context()), p.id, container.LogsOptions{ShowStdout: true, ShowStderr: true})
	if err != nil {
		p.t.Fatal(err)
	}
	defer stream.Close()
	stdout, stderr := p.split(stream)
	return stdout + stderr
}

// linesInOrder checks that the text has a line for each of the words, in this
// order.
func linesInOrder(t *testing.T, text string, words ...string) {
	t.Helper()
	rest := text
	for _, w := range words {
		_, after, ok := strings.Cut(rest, w)
		if !ok {
			t.Errorf("%q is missing, or comes too early, in:\n%s", w, text)
			return
		}
		rest = after
	}
}
