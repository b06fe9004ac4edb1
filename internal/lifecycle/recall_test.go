package lifecycle_test

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/compose-spec/compose-go/v2/types"

	"github.com/podlike/podlike/internal/lifecycle"
	"github.com/podlike/podlike/internal/lifecycle/enginetest"
	"github.com/podlike/podlike/internal/pod"
)

// runFor lets a supervisor live that long, and then die.
func (w *world) runFor(d time.Duration) {
	ctx, cancel := context.WithTimeout(w.t.Context(), d)
	defer cancel()
	w.runWith(ctx)
}

func TestRestartsSurviveASupervisor(t *testing.T) {
	bubble(t, "in the middle of a backoff", func(t *testing.T) {
		w := newWorld(t, component("web", restarts(pod.RestartOnFailure, 3)))
		w.does("web", runs(100*ms, 5))
		w.runFor(2 * s) // ended at 0.1, 0.2 and, after 1 s, 1.3 s: 2 s to wait
		w.story = nil
		<-time.After(500 * ms) // virtual
		if code := w.run(); code != 5 {
			t.Errorf("code %d", code)
		}
		w.gone()
		w.tells(`2.5s taking the pod over
			2.5s health starting
			3.3s starting component "web"
			3.3s component "web" is running
			3.3s the pod is healthy
			3.3s health healthy
			3.4s component "web" ended with code 5 after 100ms
			3.4s component "web" is not restarted any more: that was restart 3 of 3
			3.4s stopping the pod: component "web" ended with code 5
			3.4s the pod has ended with code 5`)
		if w.status.Supervisors != 2 || w.status.Components[0].Restarts != 3 {
			t.Errorf("the status says %+v", w.status)
		}
	})
	bubble(t, "at every moment", func(t *testing.T) {
		for at := 10 * ms; at < 6*s; at += 70 * ms {
			w := newWorld(t, component("web", restarts(pod.RestartOnFailure, 3)))
			w.does("web", runs(100*ms, 5))
			w.engine.Fault = func(string, string, int) enginetest.Fault { return enginetest.Fault{Delay: 20 * ms} }
			w.runFor(at)
			w.runFor(200 * ms)
			if code := w.run(); code != 5 {
				t.Errorf("replaced at %v: code %d", at, code)
			}
			w.gone()
			if n := len(w.engine.History()); n != 4 {
				t.Errorf("replaced at %v: %d containers were made, want 4", at, n)
			}
		}
	})
	bubble(t, "an end that nobody saw counts", func(t *testing.T) {
		w := newWorld(t, component("web", restarts(pod.RestartOnFailure)))
		w.does("web", runs(s, 5))
		w.runFor(1500 * ms) // ended once
		w.story = nil
		<-time.After(s) // virtual; it ends a second time
		w.runFor(5 * s)
		w.has(`2.5s component "web" ended with code 5 after 1s`, `2.5s restarting component "web" in 1s (restart 2)`)
	})
	bubble(t, "a stop that was meant for a restart", func(t *testing.T) {
		w := newWorld(t, component("web", restarts(pod.RestartAlways)))
		w.does("web", enginetest.Script{HasCheck: true, UnhealthyAfter: s, Drain: 4 * s}, enginetest.Script{})
		w.runFor(2 * s)
		w.signal(30*s, "SIGTERM")
		if code := w.run(); code != 0 {
			t.Errorf("code %d", code)
		}
		w.gone()
		if got := w.status.Components[0].Restarts; got != 1 || len(w.engine.History()) != 2 {
			t.Errorf("%d restarts and %d containers, want 1 and 2", got, len(w.engine.History()))
		}
	})
	bubble(t, "a sidecar that cannot be made", func(t *testing.T) {
		w := newWorld(t, component("app"), component("log", sidecar, restarts(pod.RestartAlways)))
		tries := 0
		w.engine.Fault = func(method, component string, _ int) (f enginetest.Fault) {
			if method == "Create" && component == "log" {
				f.Err = context.DeadlineExceeded
				tries++
			}
			return f
		}
		w.runFor(4 * s) // tried at 0, 0, 1 and 3 s
		w.runFor(time.Second)
		w.runFor(time.Second)
		if tries != 4 {
			t.Errorf("tried %d times, want 4: the backoff is to last until 7s", tries)
		}
	})
}

// A supervisor that takes over in the middle of a stop has what is left of the
// budget, because Swarm's clock did not stop.
func TestTheStopBudgetSurvivesASupervisor(t *testing.T) {
	for _, tt := range []struct {
		name  string
		alone time.Duration // without a supervisor
		code  int
		over  time.Duration
	}{
		{"some is left", 3 * s, 0, 8 * s},
		{"hardly any is left", 7 * s, 137, 9 * s},
		{"nothing is left", 20 * s, 137, 22 * s},
	} {
		bubble(t, tt.name, func(t *testing.T) {
			w := newWorld(t, component("web", grace(time.Minute)))
			drain := 8*s - tt.alone - s // from the second SIGTERM on
			if tt.code != 0 {
				drain = time.Hour
			}
			w.does("web", enginetest.Script{Drain: drain})
			w.runFor(s)
			began := time.Now()
			w.commands <- lifecycle.Signal("SIGTERM", 0)
			w.runFor(s)
			<-time.After(tt.alone - s)
			w.commands <- lifecycle.Signal("SIGTERM", time.Since(began))
			if code := w.run(); code != tt.code {
				t.Errorf("code %d, want %d", code, tt.code)
			}
			w.gone()
			if took := time.Since(began); took > tt.over {
				t.Errorf("the stop took %v, want %v at most", took, tt.over)
			}
		})
	}
}

// What a supervisor had begun is finished by the next: hooks after the start
// are run again, those before the stop are not.
func TestHooksOverSupervisors(t *testing.T) {
	preStop := func(c *pod.Component) { c.Service.PreStop = []types.ServiceHook{{Command: []string{"bye"}}} }
	bubble(t, "in the middle of a start", func(t *testing.T) {
		w := newWorld(t, component("web"), component("after", needs("web", pod.Started)))
		w.wrap = func(e *enginetest.Engine) lifecycle.Engine { return starts{e} }
		w.runFor(500 * ms)
		<-time.After(2 * s)
		w.story = nil
		w.signal(10*s, "SIGTERM")
		if code := w.run(); code != 0 {
			t.Errorf("code %d", code)
		}
		w.has(`2.5s component "web" was being started`, `3.5s component "web" is running`, `3.5s starting component "after"`)
		w.gone()
	})
	bubble(t, "in the middle of a stop", func(t *testing.T) {
		w := newWorld(t, component("web", preStop))
		w.does("web", enginetest.Script{Drain: 3 * s})
		var hooks []int
		w.wrap = func(e *enginetest.Engine) lifecycle.Engine { return stops{e, &hooks} }
		w.signal(s, "SIGTERM")
		w.runFor(2 * s)
		w.commands <- lifecycle.Signal("SIGTERM", s)
		if code := w.run(); code != 0 {
			t.Errorf("code %d", code)
		}
		w.gone()
		if len(hooks) != 2 || hooks[0] != 1 || hooks[1] != 0 {
			t.Errorf("the stops had %v hooks to run, want 1 and then none", hooks)
		}
	})
}

// starts has post_start hooks that take a second.
type starts struct{ *enginetest.Engine }

func (s starts) Start(ctx context.Context, id string) error {
	if err := s.Engine.Start(ctx, id); err != nil {
		return err
	}
	select {
	case <-time.After(time.Second):
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// stops notes how many hooks each stop has to run.
type stops struct {
	*enginetest.Engine
	hooks *[]int
}

func (s stops) Stop(ctx context.Context, id string, c pod.Component, grace time.Duration) error {
	*s.hooks = append(*s.hooks, len(c.Service.PreStop))
	return s.Engine.Stop(ctx, id, c, grace)
}

// A component that has done its work is not run again because its container
// went meanwhile: docker system prune removes those that have ended.
func TestAnEndSurvivesItsContainer(t *testing.T) {
	for _, essential := range []bool{true, false} {
		bubble(t, fmt.Sprintf("essential: %t", essential), func(t *testing.T) {
			w := newWorld(t,
				component("migrate", func(c *pod.Component) { c.Essential = essential }),
				component("web", needs("migrate", pod.Completed)))
			w.does("migrate", runs(100*ms, 0))
			w.runFor(s)
			if err := w.engine.Remove(t.Context(), "migrate.1"); err != nil {
				t.Fatal(err)
			}
			w.story = nil
			w.signal(2*s, "SIGTERM")
			if code := w.run(); code != 0 {
				t.Errorf("code %d", code)
			}
			w.gone()
			if n := len(w.engine.History()); n != 2 {
				t.Errorf("%d containers were made, want 2:\n%s", n, strings.Join(w.story, "\n"))
			}
		})
	}
}
