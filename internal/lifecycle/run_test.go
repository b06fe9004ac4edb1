package lifecycle_test

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/podlike/podlike/internal/lifecycle"
	"github.com/podlike/podlike/internal/lifecycle/enginetest"
	"github.com/podlike/podlike/internal/pod"
)

const (
	ms = time.Millisecond
	s  = time.Second
)

// runs is a script of a container that ends by itself.
func runs(d time.Duration, code int) enginetest.Script { return enginetest.Script{Runs: d, Code: code} }

func TestStartInOrderAndStopInReverse(t *testing.T) {
	bubble(t, "", func(t *testing.T) {
		w := newWorld(t,
			component("setup", asInit),
			component("web", needs("app", pod.Started)),
			component("app", needs("db", pod.IsHealthy)),
			component("db"))
		w.does("setup", runs(2*s, 0))
		w.does("db", enginetest.Script{HasCheck: true, HealthyAfter: 3 * s, Drain: s})
		w.does("app", enginetest.Script{Drain: 2 * s, StopCode: 143})
		w.does("web", enginetest.Script{Drain: s})
		w.signal(10*s, "SIGTERM")
		w.signal(11*s, "SIGTERM") // changes nothing
		if code := w.run(); code != 0 {
			t.Errorf("code %d", code)
		}
		w.gone()
		w.tells(`0s starting the pod: setup, app, db, web
			0s starting init component "setup"
			0s health starting
			0s init component "setup" is running
			2s init component "setup" ended with code 0 after 2s
			2s component "app" waits: component "db" is not running
			2s starting component "db"
			2s component "web" waits: component "app" is not running
			2s component "db" is running
			5s component "db" is healthy
			5s starting component "app"
			5s component "app" is running
			5s starting component "web"
			5s component "web" is running
			5s the pod is healthy
			5s health healthy
			10s stopping the pod: SIGTERM
			10s stopping component "web"
			11s component "web" ended with code 0 after 6s
			11s stopping component "app"
			13s component "app" ended with code 143 after 8s
			13s stopping component "db"
			14s component "db" ended with code 0 after 12s
			14s the pod has ended with code 0`)
	})
}

func TestTheFirstEndDecides(t *testing.T) {
	tests := []struct {
		name       string
		components []pod.Component
		scripts    map[string]enginetest.Script
		want       int
		at         time.Duration
	}{
		{"a failure", []pod.Component{component("a"), component("b")},
			map[string]enginetest.Script{"a": runs(5*s, 3), "b": runs(6*s, 4)}, 3, 5 * s},
		{"a job with an endless sidecar", []pod.Component{component("a"), component("b", sidecar)},
			map[string]enginetest.Script{"a": runs(5*s, 0)}, 0, 5 * s},
		{"a sidecar's end is not the pod's", []pod.Component{component("a"), component("b", sidecar)},
			map[string]enginetest.Script{"a": runs(5*s, 3), "b": runs(1*s, 4)}, 3, 5 * s},
		{"nothing but sidecars", []pod.Component{component("a", sidecar), component("b", sidecar)},
			map[string]enginetest.Script{"a": runs(5*s, 3), "b": runs(1*s, 4)}, 0, 5 * s},
		{"out of memory", []pod.Component{component("a")},
			map[string]enginetest.Script{"a": {Runs: s, Code: 137, OOM: true}}, 137, s},
		{"an ignored code", []pod.Component{component("a", func(c *pod.Component) { c.IgnoreExitCodes = []int{3} })},
			map[string]enginetest.Script{"a": runs(s, 3)}, 0, s},
		{"a migration that others wait for", []pod.Component{component("a", needs("b", pod.Completed)), component("b")},
			map[string]enginetest.Script{"a": runs(2*s, 7), "b": runs(s, 0)}, 7, 3 * s},
		{"a migration that fails", []pod.Component{component("a", needs("b", pod.Completed)), component("b")},
			map[string]enginetest.Script{"b": runs(s, 9)}, 9, s},
		{"a failing init component", []pod.Component{component("i", asInit), component("a")},
			map[string]enginetest.Script{"i": runs(s, 255)}, 255, s},
		{"a sidecar that fails while others wait for it", []pod.Component{component("a", needs("b", pod.Completed)), component("b", sidecar)},
			map[string]enginetest.Script{"b": runs(s, 9)}, 125, s},
		{"the same, not required", []pod.Component{component("a", needs("b", pod.Completed, optional)), component("b", sidecar)},
			map[string]enginetest.Script{"a": runs(s, 4), "b": runs(s, 9)}, 4, 2 * s},
		{"cannot be created", []pod.Component{component("a"), component("b")},
			map[string]enginetest.Script{"a": {CreateErr: errors.New("no such image")}}, 125, 0},
		{"cannot be started", []pod.Component{component("a"), component("b")},
			map[string]enginetest.Script{"a": {StartErr: errors.New("no such command")}}, 125, 0},
		{"a sidecar that cannot be created", []pod.Component{component("a"), component("b", sidecar)},
			map[string]enginetest.Script{"a": runs(s, 6), "b": {CreateErr: errors.New("no such image")}}, 6, s},
		{"an init component that cannot be created", []pod.Component{component("i", asInit), component("b")},
			map[string]enginetest.Script{"i": {CreateErr: errors.New("no such image")}}, 125, 0},
	}
	for _, tt := range tests {
		bubble(t, tt.name, func(t *testing.T) {
			w := newWorld(t, tt.components...)
			for name, script := range tt.scripts {
				w.does(name, script)
			}
			if code := w.run(); code != tt.want {
				t.Errorf("code %d, want %d", code, tt.want)
			}
			if took := time.Since(w.began); took != tt.at {
				t.Errorf("took %v, want %v", took, tt.at)
			}
			w.gone()
		})
	}
}

func TestRestartsInPlace(t *testing.T) {
	bubble(t, "backoff, reset after a long run", func(t *testing.T) {
		w := newWorld(t, component("web", restarts(pod.RestartOnFailure)), component("other"))
		w.does("web", runs(s, 1), runs(s, 1), runs(s, 1), runs(s, 1), runs(60*s, 1), runs(s, 0))
		if code := w.run(); code != 0 {
			t.Errorf("code %d", code)
		}
		w.gone()
		w.has(
			`1s restarting component "web" at once (restart 1)`,
			`2s restarting component "web" in 1s (restart 2)`,
			`3s starting component "web"`,
			`4s restarting component "web" in 2s (restart 3)`,
			`6s starting component "web"`,
			`7s restarting component "web" in 4s (restart 4)`,
			`11s starting component "web"`,
			`1m11s restarting component "web" at once (restart 1)`,
			`1m12s stopping the pod: component "web" ended with code 0`)
	})
	bubble(t, "only so often", func(t *testing.T) {
		w := newWorld(t, component("web", restarts(pod.RestartAlways, 2)))
		w.does("web", runs(s, 0), runs(s, 0), runs(s, 8))
		if code := w.run(); code != 8 {
			t.Errorf("code %d", code)
		}
		w.has(`2s restarting component "web" in 1s (restart 2 of 2)`,
			`4s component "web" is not restarted any more: that was restart 2 of 2`,
			`4s the pod has ended with code 8`)
	})
	bubble(t, "an init component", func(t *testing.T) {
		w := newWorld(t, component("i", asInit, restarts(pod.RestartOnFailure)), component("a"))
		w.does("i", runs(s, 1), runs(s, 1), runs(s, 0))
		w.does("a", runs(s, 5))
		if code := w.run(); code != 5 {
			t.Errorf("code %d", code)
		}
		w.has(`3s starting init component "i"`, `4s starting component "a"`)
	})
	bubble(t, "with its dependents", func(t *testing.T) {
		w := newWorld(t, component("web", needs("db", pod.IsHealthy, together)), component("db", restarts(pod.RestartAlways)),
			component("log", needs("db", pod.Started)))
		w.does("db", enginetest.Script{HasCheck: true, HealthyAfter: s, Runs: 10 * s}, enginetest.Script{HasCheck: true, HealthyAfter: s})
		w.does("web", enginetest.Script{Drain: 500 * ms})
		w.signal(20*s, "SIGINT")
		if code := w.run(); code != 0 {
			t.Errorf("code %d", code)
		}
		w.gone()
		w.has(`10s component "db" ended with code 0 after 10s`, `10s restarting component "web" together with component "db"`,
			`10s component "db" is running`, `10.5s component "web" ended with code 0 after 10s`,
			`10.5s component "web" waits: component "db" is not healthy`, `11s starting component "web"`)
		if n := len(w.engine.History()); n != 5 {
			t.Errorf("%d containers, want 5: log is not restarted", n)
		}
	})
	bubble(t, "a sidecar that cannot be created at first", func(t *testing.T) {
		w := newWorld(t, component("a"), component("b", sidecar, restarts(pod.RestartAlways)))
		tries := 0
		w.engine.Fault = func(method, component string, n int) (f enginetest.Fault) {
			if method == "Create" && component == "b" && n <= 2 {
				tries++
				f.Err = errors.New("no space")
			}
			return f
		}
		w.signal(5*s, "SIGTERM")
		w.run()
		w.has(`0s ERROR cannot start component "b": no space`, `0s restarting component "b" in 1s (restart 2)`, `1s component "b" is running`)
	})
}

func TestUnhealthy(t *testing.T) {
	sick := enginetest.Script{HasCheck: true, HealthyAfter: s, UnhealthyAfter: 5 * s, Drain: s}
	tests := []struct {
		name       string
		swarm      bool
		option     pod.OnUnhealthy
		want       int
		at         time.Duration
		components []pod.Component
	}{
		{"under Swarm", true, pod.UnhealthyAuto, 1, 6 * s, []pod.Component{component("a")}},
		{"elsewhere", false, pod.UnhealthyAuto, 0, 21 * s, []pod.Component{component("a")}},
		{"elsewhere, exit", false, pod.UnhealthyExit, 1, 6 * s, []pod.Component{component("a")}},
		{"under Swarm, report", true, pod.UnhealthyReport, 0, 21 * s, []pod.Component{component("a")}},
		{"a sidecar", true, pod.UnhealthyAuto, 0, 21 * s, []pod.Component{component("a", sidecar), component("b")}},
		// From 0 to 6, 6 to 12, 13 to 19: the fourth is still to come at 20.
		{"restarted", true, pod.UnhealthyAuto, 0, 20 * s, []pod.Component{component("a", restarts(pod.RestartOnFailure))}},
		{"restarted once", true, pod.UnhealthyAuto, 1, 12 * s, []pod.Component{component("a", restarts(pod.RestartAlways, 1))}},
	}
	for _, tt := range tests {
		bubble(t, tt.name, func(t *testing.T) {
			w := newWorld(t, tt.components...)
			w.underSwarm, w.spec.Options.OnUnhealthy = tt.swarm, tt.option
			w.does("a", sick)
			w.signal(20*s, "SIGTERM")
			if code := w.run(); code != tt.want {
				t.Errorf("code %d, want %d", code, tt.want)
			}
			if took := time.Since(w.began); took != tt.at {
				t.Errorf("took %v, want %v", took, tt.at)
			}
			w.gone()
		})
	}
	bubble(t, "the word goes to the pause", func(t *testing.T) {
		w := newWorld(t, component("a"))
		w.does("a", enginetest.Script{HasCheck: true, HealthyAfter: s, UnhealthyAfter: 5 * s})
		w.after(6*s, func() { w.engine.SetHealth("a", pod.Healthy) })
		w.signal(7*s, "SIGTERM")
		w.run()
		w.has("0s health starting", "1s health healthy", "5s health unhealthy", "6s health healthy")
	})
}

func TestWaitsForDependenciesOnlySoLong(t *testing.T) {
	bubble(t, "", func(t *testing.T) {
		w := newWorld(t, component("web", needs("db", pod.IsHealthy)), component("db"))
		w.does("db", enginetest.Script{HasCheck: true})
		if code := w.run(); code != 125 {
			t.Errorf("code %d", code)
		}
		w.gone()
		w.has(`5m0s ERROR cannot start component "web": component "db" is not healthy, after waiting for 5m0s`,
			`5m0s stopping the pod: component "web" cannot be started`)
	})
}

func TestNoMoreThanSixStartsAtOnce(t *testing.T) {
	bubble(t, "", func(t *testing.T) {
		var components []pod.Component
		for i := range 20 {
			components = append(components, component(fmt.Sprintf("c%02d", i)))
		}
		w := newWorld(t, components...)
		w.engine.Fault = func(method, _ string, _ int) (f enginetest.Fault) {
			if method == "Create" || method == "Start" {
				f.Delay = s
			}
			return f
		}
		w.signal(20*s, "SIGTERM")
		if code := w.run(); code != 0 {
			t.Errorf("code %d", code)
		}
		// 40 calls of a second, six at a time.
		w.has("7s health healthy")
	})
}

func TestSignalsArePassedOn(t *testing.T) {
	bubble(t, "", func(t *testing.T) {
		wants := func(c *pod.Component) { c.Signals = []string{"SIGHUP"} }
		w := newWorld(t, component("a", wants), component("b"))
		w.signal(s, "SIGHUP")
		w.signal(2*s, "SIGUSR1")
		w.signal(3*s, "SIGTERM")
		if code := w.run(); code != 0 {
			t.Errorf("code %d", code)
		}
		for _, c := range w.engine.History() {
			want := "[stop]"
			if c.Component == "a" {
				want = "[SIGHUP stop]"
			}
			if got := fmt.Sprint(c.Signals); got != want {
				t.Errorf("%s got %s, want %s", c.Component, got, want)
			}
		}
	})
}

func TestBrokenCallsAreRepeated(t *testing.T) {
	bubble(t, "", func(t *testing.T) {
		w := newWorld(t, component("a"))
		w.does("a", runs(5*s, 3))
		w.engine.Fault = func(method, _ string, n int) (f enginetest.Fault) {
			if method != "Create" && method != "Start" && n <= 3 {
				f.Err = errors.New("connection reset")
			}
			return f
		}
		if code := w.run(); code != 3 {
			t.Errorf("code %d", code)
		}
		w.gone()
		if len(w.trouble) > 0 {
			t.Errorf("complained: %q", w.trouble)
		}
	})
}

func TestAStartThatOnlySeemedToFail(t *testing.T) {
	bubble(t, "", func(t *testing.T) {
		w := newWorld(t, component("a"), component("b", sidecar))
		w.engine.Fault = func(method, component string, _ int) (f enginetest.Fault) {
			if method == "Start" && component == "b" {
				f.Err, f.Late = errors.New("connection reset"), true
			}
			return f
		}
		w.after(s, func() {
			for _, o := range w.engine.Left() {
				if o.Component == "b" && o.State == pod.StateRunning {
					t.Error("b runs, and the pod does not know")
				}
			}
		})
		w.signal(2*s, "SIGTERM")
		if code := w.run(); code != 0 {
			t.Errorf("code %d", code)
		}
		w.gone()
	})
}

// shortWatch is an engine whose first watch ends by itself.
type shortWatch struct {
	*enginetest.Engine
	ended bool
}

func (e *shortWatch) Watch(ctx context.Context, tell func(string, pod.Health)) error {
	if !e.ended {
		e.ended = true
		return nil
	}
	return e.Engine.Watch(ctx, tell)
}

func TestTheWatchIsRepeated(t *testing.T) {
	bubble(t, "", func(t *testing.T) {
		w := newWorld(t, component("a"))
		w.does("a", enginetest.Script{HasCheck: true, HealthyAfter: s})
		w.wrap = func(e *enginetest.Engine) lifecycle.Engine { return &shortWatch{Engine: e} }
		w.signal(2*s, "SIGTERM")
		w.run()
		w.has(`1s component "a" is healthy`)
	})
}
