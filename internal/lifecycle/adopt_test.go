package lifecycle_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/podlike/podlike/internal/lifecycle/enginetest"
	"github.com/podlike/podlike/internal/pod"
)

// old is a container that an earlier supervisor left.
func old(c pod.Component, state pod.State, changes ...func(*pod.Observed)) pod.Observed {
	o := pod.Observed{
		Identity: identity, ContainerID: "old " + c.Name, Component: c.Name, Role: c.Role,
		SpecHash: hash(c), State: state, Health: pod.Starting,
	}
	if state != pod.StateCreated {
		o.StartedAt = time.Now().Add(-time.Minute)
	}
	for _, change := range changes {
		change(&o)
	}
	return o
}

func exited(code int, ago time.Duration) func(*pod.Observed) {
	return func(o *pod.Observed) { o.Exit = pod.Exit{Code: code, At: time.Now().Add(-ago)} }
}

func TestASupervisorIsReplaced(t *testing.T) {
	bubble(t, "while all is well", func(t *testing.T) {
		w := newWorld(t, component("i", asInit), component("db"), component("web", needs("db", pod.IsHealthy)))
		w.does("i", runs(s, 0))
		w.does("db", enginetest.Script{HasCheck: true, HealthyAfter: s})
		w.does("web", runs(20*s, 7))
		ctx, cancel := context.WithTimeout(t.Context(), 10*s)
		defer cancel()
		w.runWith(ctx)
		w.story = nil
		<-time.After(5 * s) // in virtual time: nobody is there
		if code := w.run(); code != 7 {
			t.Errorf("code %d", code)
		}
		w.gone()
		w.tells(`15s taking the pod over
			15s component "db" is running already
			15s component "web" is running already
			15s init component "i" ended with code 0 after 1s
			15s the pod is healthy
			15s health healthy
			22s component "web" ended with code 7 after 20s
			22s stopping the pod: component "web" ended with code 7
			22s stopping component "db"
			22s component "db" ended with code 0 after 21s
			22s the pod has ended with code 7`)
		if n := len(w.engine.History()); n != 3 {
			t.Errorf("%d containers were made, want 3", n)
		}
	})
	bubble(t, "at every moment of the start", func(t *testing.T) {
		for at := time.Duration(0); at < 4*s; at += 130 * ms {
			w := newWorld(t, component("i", asInit), component("j", asInit), component("db"), component("web", needs("db", pod.IsHealthy)))
			w.does("i", runs(s, 0))
			w.does("j", runs(s, 0))
			w.does("db", enginetest.Script{HasCheck: true, HealthyAfter: 500 * ms})
			w.engine.Fault = func(string, string, int) enginetest.Fault { return enginetest.Fault{Delay: 50 * ms} }
			ctx, cancel := context.WithTimeout(t.Context(), at)
			w.runWith(ctx)
			cancel()
			w.signal(10*s, "SIGTERM")
			if code := w.run(); code != 0 {
				t.Errorf("code %d", code)
			}
			w.gone()
			if n := len(w.engine.History()); n != 4 {
				t.Errorf("replaced at %v: %d containers were made, want 4", at, n)
			}
		}
	})
	bubble(t, "while the pod ends with a code", func(t *testing.T) {
		w := newWorld(t, component("app"), component("db"), component("last", needs("db", pod.Completed)))
		w.does("app", runs(s, 3))
		w.does("db", enginetest.Script{Drain: 4 * s})
		ctx, cancel := context.WithTimeout(t.Context(), 3*s)
		defer cancel()
		w.runWith(ctx)
		if code := w.run(); code != 3 {
			t.Errorf("code %d, want that of the component that ended first", code)
		}
		w.gone()
		if n := len(w.engine.History()); n != 2 {
			t.Errorf("%d containers were made, want 2: nothing starts any more", n)
		}
	})
	bubble(t, "in the middle of a stop", func(t *testing.T) {
		w := newWorld(t, component("a"))
		w.engine.Put(old(w.spec.Components[0], pod.StateRunning), enginetest.Script{Drain: 2 * s})
		w.signal(0, "SIGTERM")
		w.engine.Fault = func(method, _ string, _ int) (f enginetest.Fault) {
			if method == "List" {
				f.Delay = 100 * ms
			}
			return f
		}
		if code := w.run(); code != 0 {
			t.Errorf("code %d", code)
		}
		w.gone()
		if c := w.engine.History()[0]; c.Killed || len(c.Signals) != 1 {
			t.Errorf("was not stopped but killed: %+v", c)
		}
	})
}

func TestAdopts(t *testing.T) {
	a, b, i := component("a"), component("b"), component("i", asInit)
	// made is how many containers are made besides the old ones.
	tests := []struct {
		name string
		spec []pod.Component
		old  func() []pod.Observed
		made int
		want int
	}{
		{"nothing", []pod.Component{a}, func() []pod.Observed { return nil }, 1, 0},
		{"what runs", []pod.Component{a, b}, func() []pod.Observed { return []pod.Observed{old(a, pod.StateRunning)} }, 1, 0},
		{"what was only created", []pod.Component{a}, func() []pod.Observed { return []pod.Observed{old(a, pod.StateCreated)} }, 0, 0},
		{"an init component that did its work", []pod.Component{i, a},
			func() []pod.Observed { return []pod.Observed{old(i, pod.StateExited, exited(0, s))} }, 1, 0},
		{"an init component that failed", []pod.Component{i, a},
			func() []pod.Observed { return []pod.Observed{old(i, pod.StateExited, exited(4, s))} }, 0, 4},
		{"components whose init component is gone", []pod.Component{i, a},
			func() []pod.Observed { return []pod.Observed{old(a, pod.StateRunning)} }, 0, 0},
		{"what ended meanwhile, the first", []pod.Component{a, b},
			func() []pod.Observed {
				return []pod.Observed{old(a, pod.StateExited, exited(3, s)), old(b, pod.StateExited, exited(5, 2*s))}
			}, 0, 5},
		{"what ended and is restarted", []pod.Component{component("a", restarts(pod.RestartAlways))},
			func() []pod.Observed { return []pod.Observed{old(a, pod.StateExited, exited(3, s))} }, 1, 0},
		{"nothing of another run", []pod.Component{a},
			func() []pod.Observed {
				return []pod.Observed{old(a, pod.StateRunning, func(o *pod.Observed) { o.Run = "run-1" })}
			}, 1, 0},
		{"nothing of another definition", []pod.Component{a},
			func() []pod.Observed {
				return []pod.Observed{old(a, pod.StateRunning, func(o *pod.Observed) { o.SpecHash = "another" })}
			}, 1, 0},
		{"nothing of another role", []pod.Component{a},
			func() []pod.Observed {
				return []pod.Observed{old(a, pod.StateRunning, func(o *pod.Observed) { o.Role = pod.RoleInit })}
			}, 1, 0},
		{"no unknown component", []pod.Component{a},
			func() []pod.Observed { return []pod.Observed{old(b, pod.StateRunning)} }, 1, 0},
		{"only one of a component", []pod.Component{a},
			func() []pod.Observed {
				return []pod.Observed{old(a, pod.StateCreated), old(a, pod.StateRunning, func(o *pod.Observed) { o.ContainerID = "twin" })}
			}, 0, 0},
		{"the donor of this run", []pod.Component{a},
			func() []pod.Observed {
				return []pod.Observed{old(component("donor"), pod.StateRunning, func(o *pod.Observed) { o.Role = pod.RoleIPC })}
			}, 1, 0},
	}
	for _, tt := range tests {
		bubble(t, tt.name, func(t *testing.T) {
			w := newWorld(t, tt.spec...)
			w.does("i", runs(s, 0))
			olds := tt.old()
			for _, o := range olds {
				w.engine.Put(o, enginetest.Script{})
			}
			w.signal(30*s, "SIGTERM")
			if code := w.run(); code != tt.want {
				t.Errorf("code %d, want %d", code, tt.want)
			}
			w.gone()
			if made := len(w.engine.History()) - len(olds); made != tt.made {
				t.Errorf("%d containers were made, want %d", made, tt.made)
			}
		})
	}
}

// TestDebugContainerStays: what a user joined to the pod goes when the pod
// ends, and not when a supervisor takes the pod over.
func TestDebugContainerStays(t *testing.T) {
	bubble(t, "", func(t *testing.T) {
		w := newWorld(t, component("a"))
		w.engine.Put(old(component("debug"), pod.StateRunning, func(o *pod.Observed) {
			o.Role, o.ContainerID = pod.RoleDebug, "look-around"
		}), enginetest.Script{})
		w.signal(30*s, "SIGTERM")
		if code := w.run(); code != 0 {
			t.Errorf("code %d", code)
		}
		w.has(`30s removing container look-around of component "debug", which was left behind`)
		w.gone()
	})
}

func TestTheEngineDoesNotAnswer(t *testing.T) {
	down := func(until time.Duration, method string) func(*world) {
		return func(w *world) {
			w.engine.Fault = func(m, _ string, _ int) (f enginetest.Fault) {
				if m == method && time.Since(w.began) < until {
					f.Err = errors.New("connection refused")
				}
				return f
			}
		}
	}
	bubble(t, "for 20 seconds", func(t *testing.T) {
		w := newWorld(t, component("a"))
		down(20*s, "List")(w)
		w.signal(60*s, "SIGTERM")
		if code := w.run(); code != 0 {
			t.Errorf("code %d", code)
		}
		w.gone()
	})
	bubble(t, "for two minutes", func(t *testing.T) {
		w := newWorld(t, component("a"))
		down(2*time.Minute, "List")(w)
		if code := w.run(); code != 125 {
			t.Errorf("code %d", code)
		}
		w.has("1m0s ERROR cannot start the pod: connection refused", "1m0s stopping the pod: the engine does not answer")
		if took := time.Since(w.began); took > 70*s {
			t.Errorf("took %v", took)
		}
	})
	bubble(t, "and an earlier run cannot be removed", func(t *testing.T) {
		w := newWorld(t, component("a"))
		w.engine.Put(old(w.spec.Components[0], pod.StateRunning, func(o *pod.Observed) { o.Run = "run-1" }), enginetest.Script{})
		down(time.Hour, "Remove")(w)
		if code := w.run(); code != 125 {
			t.Errorf("code %d", code)
		}
		w.has("1m0s stopping the pod: it cannot be cleaned up")
	})
}
