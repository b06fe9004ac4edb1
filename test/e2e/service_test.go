//go:build e2e

package e2e

import (
	"bytes"
	"cmp"
	"context"
	"fmt"
	"io"
	"slices"
	"time"

	"github.com/docker/docker/api/types/container"
	"github.com/docker/docker/api/types/filters"
	"github.com/docker/docker/api/types/swarm"
	"github.com/docker/docker/pkg/stdcopy"
)

const (
	// startWithin is how long a pod may take to run, on a busy machine.
	startWithin = 60 * time.Second
	// stackLabel names the stack of a container, a service, a network.
	stackLabel = "com.docker.stack.namespace"
)

// service is a pod as a Swarm service.
type service struct {
	*site
	name string
}

// deploy deploys a stack whose only service is the pod.
func (s *site) deploy(p podSpec) *service {
	s.t.Helper()
	info, err := s.api.Info(s.t.Context())
	if err != nil {
		s.t.Fatal(err)
	}
	file := toYAML(s.t, p.stack(s.t, info.Swarm.NodeID))
	if _, err := s.docker(s.t.Context(), file, "stack", "deploy", "--resolve-image", "never", "-c", "-", s.name); err != nil {
		s.t.Fatal(err)
	}
	return &service{s, s.name + "_pod"}
}

// tasks returns the service's tasks, the oldest first.
func (v *service) tasks(ctx context.Context) []swarm.Task {
	tasks, err := v.api.TaskList(ctx, swarm.TaskListOptions{Filters: filters.NewArgs(filters.Arg("service", v.name))})
	if err != nil {
		v.t.Errorf("cannot list the tasks: %v", err)
	}
	slices.SortFunc(tasks, func(a, b swarm.Task) int { return cmp.Compare(a.CreatedAt.UnixNano(), b.CreatedAt.UnixNano()) })
	for _, task := range tasks {
		if status := task.Status.ContainerStatus; status != nil && status.ContainerID != "" {
			v.pauses[status.ContainerID] = true
		}
	}
	return tasks
}

// running waits until the first task runs, which means that its pod was
// healthy, and returns that pod.
func (v *service) running() *runningPod {
	v.t.Helper()
	var p *runningPod
	eventually(v.t, startWithin, func() error {
		for _, task := range v.tasks(v.t.Context()) {
			switch {
			case task.Status.State == swarm.TaskStateRunning:
				p = v.pod(task.Status.ContainerStatus.ContainerID)
				return nil
			case ended(task):
				return hopeless{fmt.Errorf("the task does not run: %s", describe(task))}
			}
		}
		return fmt.Errorf("no task of %s runs", v.name)
	})
	return p
}

// ended waits until the first task is over, and returns it.
func (v *service) ended(within time.Duration) swarm.Task {
	v.t.Helper()
	var first swarm.Task
	eventually(v.t, within, func() error {
		tasks := v.tasks(v.t.Context())
		if len(tasks) == 0 {
			return fmt.Errorf("%s has no task", v.name)
		}
		if first = tasks[0]; !ended(first) {
			return fmt.Errorf("the task is not over: %s", describe(first))
		}
		return nil
	})
	return first
}

// ended tells whether a task is over, one way or the other.
func ended(task swarm.Task) bool {
	switch task.Status.State {
	case swarm.TaskStateComplete, swarm.TaskStateFailed, swarm.TaskStateRejected, swarm.TaskStateShutdown, swarm.TaskStateOrphaned:
		return true
	default:
		return false
	}
}

// wantEnd checks how a task ended.
func (v *service) wantEnd(task swarm.Task, state swarm.TaskState, code int) {
	v.t.Helper()
	if got := task.Status; got.State != state || got.ContainerStatus == nil || got.ContainerStatus.ExitCode != code {
		v.t.Errorf("the task ended as %s; want %s with code %d", describe(task), state, code)
	}
}

func describe(task swarm.Task) string {
	text := fmt.Sprintf("%s, wanted %s", task.Status.State, task.DesiredState)
	if c := task.Status.ContainerStatus; c != nil {
		text += fmt.Sprintf(", code %d", c.ExitCode)
	}
	if task.Status.Err != "" {
		text += ", " + task.Status.Err
	}
	return text
}

// logs is what `docker service logs` shows of the service so far.
func (v *service) logs(ctx context.Context) (stdout, stderr string) {
	stream, err := v.api.ServiceLogs(ctx, v.name, container.LogsOptions{ShowStdout: true, ShowStderr: true})
	if err != nil {
		v.t.Errorf("cannot read the service's logs: %v", err)
		return "", ""
	}
	defer stream.Close()
	return v.split(stream)
}

// split takes the two streams of the engine's answer apart.
func (s *site) split(stream io.Reader) (stdout, stderr string) {
	var out, err bytes.Buffer
	if _, e := stdcopy.StdCopy(&out, &err, stream); e != nil {
		s.t.Errorf("cannot read the logs: %v", e)
	}
	return out.String(), err.String()
}

// remove removes the service, as `docker service rm` does.
func (v *service) remove() {
	v.t.Helper()
	if err := v.api.ServiceRemove(v.t.Context(), v.name); err != nil {
		v.t.Fatal(err)
	}
}
