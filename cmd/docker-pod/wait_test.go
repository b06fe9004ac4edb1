package main

import (
	"bytes"
	"context"
	"errors"
	"io"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/docker/cli/cli"
	"github.com/docker/docker/api/types/container"
	"github.com/docker/docker/api/types/swarm"
	"github.com/docker/docker/pkg/stdcopy"
)

// fakeSwarm is a Swarm whose state is a function of the time.
type fakeSwarm struct {
	began time.Time
	at    func(d time.Duration) (swarm.Service, []swarm.Task, error)
	other func(d time.Duration) []swarm.Task // of another service; nil for one that failed
	all   []swarm.Task                       // of every specification of the service
	logs  map[string]string                  // by task
}

func (f *fakeSwarm) now() (swarm.Service, []swarm.Task, error) { return f.at(time.Since(f.began)) }

func (f *fakeSwarm) ServiceList(_ context.Context, o swarm.ServiceListOptions) ([]swarm.Service, error) {
	if !o.Filters.Contains("label") || !o.Filters.ExactMatch("label", stackLabel+"=shop") || !o.Status {
		return nil, errors.New("not asked for this stack")
	}
	s, _, err := f.now()
	other := aService(1)
	other.ID, other.Spec.Name = "other-id", "shop_other"
	return []swarm.Service{other, s}, err
}

func (f *fakeSwarm) TaskList(_ context.Context, o swarm.TaskListOptions) ([]swarm.Task, error) {
	if o.Filters.Contains("service") {
		return f.all, nil
	}
	if !o.Filters.Contains("label") || !o.Filters.ExactMatch("label", stackLabel+"=shop") {
		return nil, errors.New("not asked for this stack")
	}
	_, tasks, err := f.now()
	others := []swarm.Task{aTask("strange", 1, swarm.TaskStateFailed)}
	if f.other != nil {
		others = f.other(time.Since(f.began))
	}
	for _, task := range others {
		task.ServiceID = "other-id"
		tasks = append(tasks, task)
	}
	return tasks, err
}

func (f *fakeSwarm) TaskLogs(_ context.Context, id string, _ container.LogsOptions) (io.ReadCloser, error) {
	text, ok := f.logs[id]
	if !ok {
		return nil, errors.New("no such task")
	}
	var b bytes.Buffer
	_, err := stdcopy.NewStdWriter(&b, stdcopy.Stderr).Write([]byte(text))
	return io.NopCloser(&b), err
}

func (f *fakeSwarm) NodeInspectWithRaw(_ context.Context, id string) (swarm.Node, []byte, error) {
	var n swarm.Node
	n.Description.Hostname = "host-of-" + id
	return n, nil, nil
}

// waitOn waits for a Swarm to come up, in virtual time.
func waitOn(t *testing.T, timeout time.Duration, at func(time.Duration) (swarm.Service, []swarm.Task, error)) (shown string, took time.Duration, err error) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		var out bytes.Buffer
		f := &fakeSwarm{began: time.Now(), at: at, logs: map[string]string{"a": "podlike: one\n", "b": "podlike: component \"app\" ended with code 3\nbye\n"}}
		w := &waiting{api: f, stack: "shop", services: []string{"web"}, timeout: timeout, show: &display{out: &out}}
		err = w.run(t.Context())
		shown, took = out.String(), time.Since(f.began)
	})
	return shown, took, err
}

func ended(id string) swarm.Task {
	return aTask(id, 1, swarm.TaskStateFailed, because("task: non-zero exit (3)"), func(t *swarm.Task) {
		t.Status.ContainerStatus = &swarm.ContainerStatus{ContainerID: "c-" + id, ExitCode: 3}
	})
}

func TestWaitRuns(t *testing.T) {
	shown, took, err := waitOn(t, time.Hour, func(d time.Duration) (swarm.Service, []swarm.Task, error) {
		switch {
		case d < 2*time.Second:
			return aService(1), nil, nil
		case d < 4*time.Second:
			return aService(1), []swarm.Task{aTask("a", 1, swarm.TaskStateStarting)}, nil
		default:
			return aService(1), []swarm.Task{aTask("a", 1, swarm.TaskStateRunning)}, nil
		}
	})
	want := "web: 0/1 running\nweb: 0/1 running, 1 starting\nweb: 1/1 running, watching that it stays so\nweb: 1/1 running\n"
	if err != nil || shown != want || took < 9*time.Second || took > 11*time.Second {
		t.Errorf("after %v: %v, shown\n%swant\n%s", took, err, shown, want)
	}
}

// TestWaitFallsBack: what runs for a moment only has not come up.
func TestWaitFallsBack(t *testing.T) {
	_, took, err := waitOn(t, time.Hour, func(d time.Duration) (swarm.Service, []swarm.Task, error) {
		if d > 2*time.Second && d < 6*time.Second || d > 8*time.Second {
			return aService(1), []swarm.Task{aTask("a", 1, swarm.TaskStateRunning)}, nil
		}
		return aService(1), nil, nil
	})
	if err != nil || took < 13*time.Second {
		t.Errorf("%v after %v", err, took)
	}
}

// TestWaitForOthers: what ran for long enough is still looked at while another
// service takes its time.
func TestWaitForOthers(t *testing.T) {
	running := []swarm.Task{aTask("a", 1, swarm.TaskStateRunning)}
	for _, test := range []struct {
		name  string
		then  []swarm.Task // from 20 s
		until time.Duration
		after time.Duration
	}{
		{"away for a while", nil, time.Minute, 65 * time.Second},
		{"failed for a while", []swarm.Task{ended("a"), ended("b"), ended("c")}, 25 * time.Second, 35 * time.Second},
	} {
		synctest.Test(t, func(t *testing.T) {
			f := &fakeSwarm{began: time.Now(), at: func(d time.Duration) (swarm.Service, []swarm.Task, error) {
				if d < 20*time.Second || d > test.until {
					return aService(1), running, nil
				}
				return aService(1), test.then, nil
			}, other: func(d time.Duration) []swarm.Task {
				if d < 30*time.Second {
					return nil
				}
				return running
			}}
			w := &waiting{api: f, stack: "shop", services: []string{"other", "web"}, show: &display{out: io.Discard}}
			err := w.run(t.Context())
			if failed := test.then != nil; (err != nil) != failed || failed && (!strings.Contains(err.Error(), "\n  web: a task ended 3 times") || strings.Contains(err.Error(), "other")) {
				t.Errorf("%s: %v", test.name, err)
			}
			if took := time.Since(f.began); took < test.after || took > test.after+2*time.Second {
				t.Errorf("%s: took %v, want %v", test.name, took, test.after)
			}
		})
	}
}

// TestWaitRolledBack: the task that failed is not of the newest specification
// any more.
func TestWaitRolledBack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		old, older, b := ended("old"), ended("a"), ended("b")
		old.CreatedAt = time.Now().Add(time.Hour)
		b.CreatedAt = time.Now()
		f := &fakeSwarm{began: time.Now(), at: func(time.Duration) (swarm.Service, []swarm.Task, error) {
			return aService(1, updateState("rollback_completed", "why")), []swarm.Task{aTask("r", 1, swarm.TaskStateRunning)}, nil
		}, all: []swarm.Task{b, older, old}, logs: map[string]string{"b": "last words\n"}}
		w := &waiting{api: f, stack: "shop", services: []string{"web"}, show: &display{out: io.Discard}, before: map[string]bool{"old": true}}
		err := w.run(t.Context())
		want := "the stack shop has not come up:\n  web: it was rolled back: why\n    task shop_web.1 on host-of-node-id failed: non-zero exit (3)\n    | last words"
		if err == nil || err.Error() != want {
			t.Errorf("got\n%v\nwant\n%s", err, want)
		}
	})
}

func TestWaitFails(t *testing.T) {
	shown, _, err := waitOn(t, time.Hour, func(d time.Duration) (swarm.Service, []swarm.Task, error) {
		s := aService(1, restart("any", 1))
		switch {
		case d < time.Second:
			return s, []swarm.Task{ended("a")}, nil
		default: // the first is forgotten
			return s, []swarm.Task{ended("b")}, nil
		}
	})
	want := `the stack shop has not come up:
  web: a task ended 2 times, and its restart_policy allows no more
    task shop_web.1 on host-of-node-id failed: non-zero exit (3)
    | podlike: component "app" ended with code 3
    | bye`
	if err == nil || err.Error() != want {
		t.Errorf("got\n%v\nwant\n%s", err, want)
	}
	if want := "web: task shop_web.1 on host-of-node-id failed: non-zero exit (3)\nweb: 0/1 running\n"; !strings.HasPrefix(shown, want) {
		t.Errorf("shown\n%s", shown)
	}
}

func TestWaitTakesTooLong(t *testing.T) {
	_, took, err := waitOn(t, 20*time.Second, func(time.Duration) (swarm.Service, []swarm.Task, error) {
		return aService(1), []swarm.Task{ended("a"), aTask("n", 1, swarm.TaskStatePending, because("no suitable node"))}, nil
	})
	want := "the stack shop has not come up:\n  web: not there after 20s: 0/1 running, 1 pending: no suitable node\n    task shop_web.1 on host-of-node-id failed: non-zero exit (3)\n    | podlike: one"
	if err == nil || err.Error() != want || took != 20*time.Second {
		t.Errorf("after %v:\n%v\nwant\n%s", took, err, want)
	}
}

// TestWaitWithoutManager: a manager that is away for a while is waited for.
func TestWaitWithoutManager(t *testing.T) {
	away := func(until time.Duration) func(d time.Duration) (swarm.Service, []swarm.Task, error) {
		return func(d time.Duration) (swarm.Service, []swarm.Task, error) {
			if d < until {
				return swarm.Service{}, nil, errors.New("there is no leader")
			}
			return aService(1), []swarm.Task{aTask("a", 1, swarm.TaskStateRunning)}, nil
		}
	}
	if _, _, err := waitOn(t, 0, away(20*time.Second)); err != nil {
		t.Error(err)
	}
	if _, took, err := waitOn(t, 0, away(time.Hour)); err == nil || !strings.Contains(err.Error(), "there is no leader") || took > time.Minute {
		t.Errorf("%v after %v", err, took)
	}
}

// TestWaitInterrupted: Ctrl-C ends the waiting only, and says so.
func TestWaitInterrupted(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		time.AfterFunc(3*time.Second, cancel)
		f := &fakeSwarm{began: time.Now(), at: func(time.Duration) (swarm.Service, []swarm.Task, error) { return aService(1), nil, nil }}
		w := &waiting{api: f, stack: "shop", services: []string{"web"}, timeout: time.Hour, show: &display{out: io.Discard}}
		err := w.run(ctx)
		var status cli.StatusError
		if !errors.As(err, &status) || status.StatusCode != 130 || err.Error() != "no longer waiting; the deployment goes on: docker stack ps shop" {
			t.Error(err)
		}
	})
}

// TestWaitRemembers: failures from before the deployment are not counted.
func TestWaitRemembers(t *testing.T) {
	f := &fakeSwarm{began: time.Now(), at: func(time.Duration) (swarm.Service, []swarm.Task, error) {
		return aService(1), []swarm.Task{ended("a"), aTask("r", 1, swarm.TaskStateRunning)}, nil
	}}
	w := &waiting{api: f, stack: "shop"}
	if err := w.remember(t.Context()); err != nil || !w.before["a"] || w.before["r"] {
		t.Error(err, w.before)
	}
}
