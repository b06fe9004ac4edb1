//go:build e2e

package e2e

import (
	"fmt"
	"testing"
	"time"

	"github.com/docker/docker/api/types/swarm"
)

// endWithin is how long a pod may take to end when nothing in it is slow.
const endWithin = 20 * time.Second

// TestFailureRestarts: a component that exits with 3 makes the task fail with
// 3, and the restart policy on-failure starts another task.
func TestFailureRestarts(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	v := s.deploy(podSpec{restart: "on-failure", components: map[string]string{
		"app":  probe("exit-on", "USR1", "3"),
		"side": probe("sleep"),
	}})
	p := v.running()
	s.signal(p.component("app").ID, "SIGUSR1")
	v.wantEnd(v.ended(endWithin), swarm.TaskStateFailed, 3)
	eventually(t, startWithin, func() error {
		tasks := v.tasks(t.Context())
		if len(tasks) < 2 || tasks[1].Status.State != swarm.TaskStateRunning {
			return fmt.Errorf("no second task runs, of %d", len(tasks))
		}
		return nil
	})
	if err := p.gone(); err != nil {
		t.Error(err)
	}
}

// TestSuccessCompletes: a component that exits with 0 completes the task, and
// on-failure leaves it at that.
func TestSuccessCompletes(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	v := s.deploy(podSpec{restart: "on-failure", components: map[string]string{
		"app":  probe("exit-on", "USR1", "0"),
		"side": probe("sleep"),
	}})
	p := v.running()
	s.signal(p.component("app").ID, "SIGUSR1")
	v.wantEnd(v.ended(endWithin), swarm.TaskStateComplete, 0)
	steadily(t, 3*time.Second, func() error {
		if n := len(v.tasks(t.Context())); n != 1 {
			return fmt.Errorf("there are %d tasks: a completed one was replaced", n)
		}
		return nil
	})
}

// TestExitCodes: the pod's code is the one of the component that ended first,
// as it is.
func TestExitCodes(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name, app, signal string
		code              int
	}{
		{"at-once", probe("exit", "1"), "", 1},
		{"later", probe("exit", "42", "1s"), "", 42},
		{"255", probe("exit", "255"), "", 255},
		{"SIGKILL", probe("sleep"), "SIGKILL", 137},
		{"SIGHUP", probe("sleep"), "SIGHUP", 129},
		{"no-program", "image: " + probeImage + "\nentrypoint: [\"/no/such/program\"]\n", "", 125},
	} {
		t.Run(tt.name, func(t *testing.T) {
			s := newSite(t)
			p := s.create(podSpec{components: map[string]string{"app": tt.app, "side": probe("sleep")}})
			p.start()
			if tt.signal != "" {
				s.signal(p.component("app").ID, tt.signal)
			}
			if code := p.wait(endWithin); code != tt.code {
				t.Errorf("the pod ended with %d, want %d", code, tt.code)
			}
			eventually(t, 2*time.Second, p.gone)
		})
	}
}
