package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/docker/cli/cli"
	"github.com/docker/docker/api/types/container"
	"github.com/docker/docker/api/types/filters"
	"github.com/docker/docker/api/types/swarm"
	"github.com/docker/docker/pkg/stdcopy"
)

const (
	pollEvery = 500 * time.Millisecond
	// deafFor is how long the manager may be out of reach.
	deafFor = 30 * time.Second
	// logLines is how much of a failed task's log is shown.
	logLines = 10
	// logsWithin bounds the wait for that: the node may be gone.
	logsWithin = 5 * time.Second
	// stackLabel names the stack of a service.
	stackLabel = "com.docker.stack.namespace"
)

// exitInterrupted is the exit code after Ctrl-C, as shells have it.
const exitInterrupted = 130

// swarmAPI is what waiting needs of the Docker API.
type swarmAPI interface {
	ServiceList(ctx context.Context, options swarm.ServiceListOptions) ([]swarm.Service, error)
	TaskList(ctx context.Context, options swarm.TaskListOptions) ([]swarm.Task, error)
	TaskLogs(ctx context.Context, id string, options container.LogsOptions) (io.ReadCloser, error)
	NodeInspectWithRaw(ctx context.Context, id string) (swarm.Node, []byte, error)
}

// waiting stays until the services of a stack run, or have failed.
type waiting struct {
	api      swarmAPI
	stack    string
	services []string // without the stack's name in front
	timeout  time.Duration
	show     *display

	before map[string]bool // tasks that had ended before the deployment
}

// remember notes which tasks ended before the deployment: they say nothing
// about it.
func (w *waiting) remember(ctx context.Context) error {
	tasks, err := w.api.TaskList(ctx, swarm.TaskListOptions{Filters: filters.NewArgs(filters.Arg("label", stackLabel+"="+w.stack))})
	if err != nil {
		return err
	}
	w.before = map[string]bool{}
	for _, task := range tasks {
		w.before[task.ID] = hasEnded(task)
	}
	return nil
}

// followed is one service on the way.
type followed struct {
	name  string
	track tracker
	now   standing
	since time.Time // when it began to run; zero while it does not
	over  bool
	seen  swarm.Service
	log   []string // the last lines of track.last, read while they are there
}

// run returns nil when all services run. The error says of each that does not
// why, with the last lines that its task wrote.
func (w *waiting) run(ctx context.Context) error {
	all := make([]*followed, len(w.services))
	for i, name := range w.services {
		all[i] = &followed{name: name, track: tracker{before: w.before}, now: standing{text: "not seen yet"}}
	}
	asked := ctx
	if w.timeout > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, w.timeout)
		defer cancel()
	}
	defer w.show.end()
	ticker := time.NewTicker(pollEvery)
	defer ticker.Stop()
	var deafSince time.Time
	for {
		err := w.poll(ctx, all)
		switch {
		case err == nil:
			deafSince = time.Time{}
			if over(all) {
				return w.verdict(ctx, all)
			}
		case ctx.Err() != nil:
		case deafSince.IsZero():
			deafSince = time.Now()
		case time.Since(deafSince) > deafFor:
			return fmt.Errorf("cannot see what became of the stack %s, it may still come up: %w", w.stack, err)
		}
		select {
		case <-ticker.C:
		case <-ctx.Done():
			if interrupted(asked) {
				w.show.end()
				return cli.StatusError{StatusCode: exitInterrupted, Status: fmt.Sprintf("no longer waiting; the deployment goes on: docker stack ps %s", w.stack)}
			}
			return w.verdict(context.WithoutCancel(ctx), all)
		}
	}
}

// poll looks at all services once, and shows what changed.
func (w *waiting) poll(ctx context.Context, all []*followed) error {
	ofStack := filters.Arg("label", stackLabel+"="+w.stack)
	services, err := w.api.ServiceList(ctx, swarm.ServiceListOptions{Filters: filters.NewArgs(ofStack), Status: true})
	if err != nil {
		return err
	}
	// The filter of the newest specification is docker's own; there is no
	// other way to tell the tasks of two specifications apart.
	tasks, err := w.api.TaskList(ctx, swarm.TaskListOptions{Filters: filters.NewArgs(ofStack, filters.Arg("_up-to-date", "true"))})
	if err != nil {
		return err
	}
	for _, f := range all {
		for _, service := range services {
			if service.Spec.Name == w.stack+"_"+f.name && f.now.failed == "" {
				w.follow(ctx, f, service, tasks)
			}
		}
		w.show.set(f.name, f.line())
	}
	w.show.draw()
	return nil
}

// follow takes one service a step further. One that runs can fall back as long
// as others are waited for; one that failed stays so.
func (w *waiting) follow(ctx context.Context, f *followed, service swarm.Service, tasks []swarm.Task) {
	var own []swarm.Task
	for _, task := range tasks {
		if task.ServiceID == service.ID {
			own = append(own, task)
		}
	}
	var fresh []swarm.Task
	f.seen = service
	f.now, fresh = f.track.look(service, own)
	for _, task := range fresh {
		f.log = w.lastLines(ctx, task)
		w.show.note(f.name, fmt.Sprintf("task %s on %s %s", taskName(service, task), w.node(ctx, task.NodeID), taskEnd(task)))
	}
	switch {
	case f.now.failed != "":
		f.over = true
		if f.track.last == nil {
			w.findEnd(ctx, f)
		}
	case !f.now.runs:
		f.since, f.over = time.Time{}, false
	case f.since.IsZero():
		f.since = time.Now()
		f.over = f.now.sure
	default:
		f.over = f.now.sure || time.Since(f.since) >= monitor(service)
	}
}

// findEnd looks for the task that made a service fail among those of its other
// specifications: a rollback is quicker than we look.
func (w *waiting) findEnd(ctx context.Context, f *followed) {
	tasks, err := w.api.TaskList(ctx, swarm.TaskListOptions{Filters: filters.NewArgs(filters.Arg("service", f.seen.ID))})
	if err != nil {
		return // the failure is told without it
	}
	for _, task := range tasks {
		newer := f.track.last == nil || task.CreatedAt.After(f.track.last.CreatedAt)
		if isEnd(f.seen, task) && !w.before[task.ID] && newer {
			f.track.last = &task
			f.log = w.lastLines(ctx, task)
		}
	}
}

// line is the service's state for the display.
func (f *followed) line() string {
	switch {
	case f.now.failed != "":
		return "failed: " + f.now.failed
	case f.over:
		return f.now.text
	case f.now.runs:
		return f.now.text + ", watching that it stays so"
	default:
		return f.now.text
	}
}

func over(all []*followed) bool {
	for _, f := range all {
		if !f.over {
			return false
		}
	}
	return true
}

// verdict is nil when all services run, else an error with the reasons.
func (w *waiting) verdict(ctx context.Context, all []*followed) error {
	var b strings.Builder
	for _, f := range all {
		switch {
		case f.now.failed != "":
			fmt.Fprintf(&b, "\n  %s: %s", f.name, f.now.failed)
		case !f.over:
			fmt.Fprintf(&b, "\n  %s: not there after %v: %s", f.name, w.timeout, f.now.text)
		default:
			continue
		}
		if task := f.track.last; task != nil {
			fmt.Fprintf(&b, "\n    task %s on %s %s", taskName(f.seen, *task), w.node(ctx, task.NodeID), taskEnd(*task))
			for _, line := range f.log {
				b.WriteString("\n    | " + line)
			}
		}
	}
	if b.Len() == 0 {
		return nil
	}
	return errors.New("the stack " + w.stack + " has not come up:" + b.String())
}

// node is the name of a node, or its ID where the name cannot be had.
func (w *waiting) node(ctx context.Context, id string) string {
	if id == "" {
		return "no node"
	}
	node, _, err := w.api.NodeInspectWithRaw(ctx, id)
	if err != nil || node.Description.Hostname == "" {
		return id
	}
	return node.Description.Hostname
}

// lastLines are the last lines of a task's log; none where there is no log.
func (w *waiting) lastLines(ctx context.Context, task swarm.Task) []string {
	if c := task.Status.ContainerStatus; c == nil || c.ContainerID == "" {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, logsWithin)
	defer cancel()
	stream, err := w.api.TaskLogs(ctx, task.ID, container.LogsOptions{ShowStdout: true, ShowStderr: true, Tail: fmt.Sprint(logLines)})
	if err != nil {
		return nil
	}
	defer stream.Close()
	var text strings.Builder
	_, _ = stdcopy.StdCopy(&text, &text, stream)
	lines := strings.Split(strings.TrimRight(text.String(), "\n"), "\n")
	if len(lines) == 1 && lines[0] == "" {
		return nil
	}
	return lines[max(0, len(lines)-logLines):]
}
