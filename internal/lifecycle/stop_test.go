package lifecycle_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/podlike/podlike/internal/lifecycle"
	"github.com/podlike/podlike/internal/lifecycle/enginetest"
	"github.com/podlike/podlike/internal/pod"
)

func TestMargin(t *testing.T) {
	for budget, want := range map[time.Duration]time.Duration{
		0: 0, 400 * ms: 200 * ms, s: 500 * ms, 5 * s: s, 10 * s: s, 20 * s: 2 * s, time.Hour: 2 * s,
	} {
		if got := lifecycle.Margin(budget); got != want {
			t.Errorf("Margin(%v) = %v, want %v", budget, got, want)
		}
	}
}

func TestStopKeepsTheBudget(t *testing.T) {
	deaf := enginetest.Script{Deaf: true}
	web := component("web", needs("db", pod.Started))
	tests := []struct {
		name       string
		budget     time.Duration
		components []pod.Component
		scripts    map[string]enginetest.Script
		want       int
		took       time.Duration
	}{
		{"at once", 10 * s, []pod.Component{web, component("db")}, nil, 0, 0},
		{"three seconds of work", 10 * s, []pod.Component{component("db")},
			map[string]enginetest.Script{"db": {Drain: 3 * s}}, 0, 3 * s},
		{"killed at the end of its own grace", 10 * s, []pod.Component{component("db", grace(2*s))},
			map[string]enginetest.Script{"db": deaf}, 137, 2 * s},
		{"killed at the end of the budget", 10 * s, []pod.Component{component("db", grace(time.Minute))},
			map[string]enginetest.Script{"db": deaf}, 137, 9 * s},
		{"a small budget", s, []pod.Component{component("db")}, map[string]enginetest.Script{"db": deaf}, 137, 500 * ms},
		{"a large budget", 2 * time.Minute, []pod.Component{component("db", grace(100*s))},
			map[string]enginetest.Script{"db": {Drain: 99 * s}}, 0, 99 * s},
		{"no budget given", 0, []pod.Component{component("db")}, map[string]enginetest.Script{"db": deaf}, 137, 9 * s},
		{"SIGKILL as stop signal is no failure", 10 * s,
			[]pod.Component{component("db", func(c *pod.Component) { c.Service.StopSignal = "SIGKILL" })},
			map[string]enginetest.Script{"db": {StopCode: 137}}, 0, 0},
		// web costs db its turn, but not its signal: the order gives way at 6 s.
		{"one that hangs does not cost the others their chance", 10 * s, []pod.Component{web, component("db")},
			map[string]enginetest.Script{"web": deaf, "db": {Drain: 2 * s}}, 137, 9 * s},
	}
	for _, tt := range tests {
		bubble(t, tt.name, func(t *testing.T) {
			w := newWorld(t, tt.components...)
			w.spec.StopBudget = tt.budget
			for name, script := range tt.scripts {
				w.does(name, script)
			}
			w.signal(5*s, "SIGTERM")
			if code := w.run(); code != tt.want {
				t.Errorf("code %d, want %d", code, tt.want)
			}
			if took := time.Since(w.began) - 5*s; took != tt.took {
				t.Errorf("took %v, want %v", took, tt.took)
			}
			w.gone()
			for _, c := range w.engine.History() {
				if c.Component == "db" && (len(c.Signals) == 0 || c.Signals[0] != "stop") {
					t.Error("db never got its stop signal")
				}
			}
		})
	}
}

func TestStopDuringTheStart(t *testing.T) {
	slow := func(method string) func(string, string, int) enginetest.Fault {
		return func(m, _ string, _ int) (f enginetest.Fault) {
			if m == method {
				f.Delay = 400 * ms
			}
			return f
		}
	}
	tests := []struct {
		name    string
		fault   func(string, string, int) enginetest.Fault
		scripts map[string]enginetest.Script
		at      time.Duration
		started int // containers that ever ran
	}{
		{"a long pull", func(m, _ string, _ int) (f enginetest.Fault) {
			if m == "Create" {
				f.Delay = time.Hour
			}
			return f
		}, nil, 3 * s, 0},
		{"the list", slow("List"), nil, 100 * ms, 0},
		{"a create", slow("Create"), nil, 100 * ms, 0},
		{"a start", slow("Start"), nil, 100 * ms, 1},
		{"init", nil, map[string]enginetest.Script{"i": {}}, s, 1},
		{"backoff of init", nil, map[string]enginetest.Script{"i": runs(0, 1)}, 5 * s, -1},
		{"the wait for a dependency", nil, map[string]enginetest.Script{"i": runs(s, 0), "db": {HasCheck: true}}, 5 * s, 2},
	}
	for _, tt := range tests {
		bubble(t, tt.name, func(t *testing.T) {
			w := newWorld(t, component("i", asInit, restarts(pod.RestartOnFailure)), component("db"), component("web", needs("db", pod.IsHealthy)))
			w.engine.Fault = tt.fault
			for name, script := range tt.scripts {
				if name == "i" && script.Code != 0 {
					script.Runs = 100 * ms
				}
				w.does(name, script)
			}
			w.signal(tt.at, "SIGTERM")
			if code := w.run(); code != 0 {
				t.Errorf("code %d", code)
			}
			if took := time.Since(w.began) - tt.at; took > s {
				t.Errorf("took %v", took)
			}
			w.gone()
			started := 0
			for _, c := range w.engine.History() {
				if !c.StartedAt.IsZero() {
					started++
				}
			}
			if tt.started >= 0 && started != tt.started {
				t.Errorf("%d containers ran, want %d", started, tt.started)
			}
		})
	}
}

func TestVerdictOfAnEndFollowedByAStop(t *testing.T) {
	bubble(t, "", func(t *testing.T) {
		w := newWorld(t, component("a"), component("b"))
		w.does("a", runs(s, 143))
		w.does("b", enginetest.Script{Drain: 3 * s})
		w.signal(2*s, "SIGTERM")
		if code := w.run(); code != 0 {
			t.Errorf("code %d", code)
		}
	})
}

func TestThePauseDies(t *testing.T) {
	bubble(t, "", func(t *testing.T) {
		w := newWorld(t, component("a"), component("b"), component("c", needs("a", pod.IsHealthy)))
		w.does("a", enginetest.Script{Deaf: true, HasCheck: true})
		w.engine.Fault = func(method, component string, _ int) (f enginetest.Fault) {
			if method == "Create" && component == "b" {
				f.Delay = time.Hour
			}
			return f
		}
		w.after(s, func() { w.commands <- lifecycle.PauseDied() })
		w.run()
		if took := time.Since(w.began); took != s {
			t.Errorf("took %v", took)
		}
		w.gone()
	})
	bubble(t, "in the middle of a stop", func(t *testing.T) {
		w := newWorld(t, component("a"))
		w.does("a", enginetest.Script{Deaf: true})
		w.signal(s, "SIGTERM")
		w.after(2*s, func() { w.commands <- lifecycle.PauseDied() })
		w.run()
		if took := time.Since(w.began); took != 2*s {
			t.Errorf("took %v", took)
		}
		w.gone()
	})
}

func TestRemovalsThatFail(t *testing.T) {
	stuck := func(until int) func(string, string, int) enginetest.Fault {
		return func(method, _ string, n int) (f enginetest.Fault) {
			if method == "Remove" && n <= until {
				f.Err = errors.New("device busy")
			}
			return f
		}
	}
	bubble(t, "for a while", func(t *testing.T) {
		w := newWorld(t, component("a"))
		w.engine.Fault = stuck(4)
		w.signal(s, "SIGTERM")
		if code := w.run(); code != 0 {
			t.Errorf("code %d", code)
		}
		w.gone()
	})
	bubble(t, "for ever", func(t *testing.T) {
		w := newWorld(t, component("a"))
		w.engine.Fault = stuck(1 << 30)
		w.signal(s, "SIGTERM")
		if code := w.run(); code != 0 {
			t.Errorf("code %d", code)
		}
		if took := time.Since(w.began) - s; took != 9900*ms {
			t.Errorf("took %v", took)
		}
		w.has(`10.9s ERROR cannot remove everything in time, left behind: component "a"`)
	})
	bubble(t, "between two restarts", func(t *testing.T) {
		w := newWorld(t, component("a", restarts(pod.RestartAlways)))
		w.does("a", runs(s, 1))
		w.engine.Fault = stuck(18)
		if code := w.run(); code != 125 {
			t.Errorf("code %d", code)
		}
		w.has(`1m1s ERROR cannot start component "a": cannot remove its old container: device busy`)
		w.gone()
	})
}

func TestTheSupervisorEndsButNotThePod(t *testing.T) {
	bubble(t, "", func(t *testing.T) {
		w := newWorld(t, component("a"))
		ctx, cancel := context.WithTimeout(t.Context(), 5*s)
		defer cancel()
		if code := w.runWith(ctx); code != lifecycle.Abandoned {
			t.Errorf("code %d", code)
		}
		if left := w.engine.Left(); len(left) != 1 || left[0].State != pod.StateRunning {
			t.Errorf("left: %+v", left)
		}
	})
}

func TestKillsWhenTheStopCallFails(t *testing.T) {
	bubble(t, "", func(t *testing.T) {
		w := newWorld(t, component("a"))
		w.engine.Fault = func(method, _ string, _ int) (f enginetest.Fault) {
			if method == "Stop" {
				f.Err = errors.New("connection reset")
			}
			return f
		}
		w.signal(s, "SIGTERM")
		if code := w.run(); code != 137 {
			t.Errorf("code %d", code)
		}
		w.gone()
		w.has(`10s killing component "a": the time to stop is over`, `10s component "a" ended with code 137 after 10s`)
	})
}

// TestLastLinesMayTakeLonger: what a pod's components wrote last is written to
// the end when nobody asked for the stop; from the moment that somebody does,
// his clock counts.
func TestLastLinesMayTakeLonger(t *testing.T) {
	slowly := func(w *world, takes time.Duration) {
		w.does("web", runs(s, 3))
		w.engine.Fault = func(method, _ string, _ int) (f enginetest.Fault) {
			if method == "Remove" { // it waits for the lines
				f.Delay = takes
			}
			return f
		}
	}
	for _, tt := range []struct {
		name         string
		takes, asked time.Duration
		code         int
		over         time.Duration
	}{
		{"nobody asks", 40 * s, 0, 3, 41 * s},
		{"not for ever", 400 * s, 0, 3, 71 * s},
		{"asked meanwhile", 400 * s, 21 * s, 0, 31 * s},
	} {
		bubble(t, tt.name, func(t *testing.T) {
			w := newWorld(t, component("web"))
			slowly(w, tt.takes)
			if tt.asked > 0 {
				w.signal(tt.asked, "SIGTERM")
			}
			if code := w.run(); code != tt.code {
				t.Errorf("code %d, want %d", code, tt.code)
			}
			if took := time.Since(w.began); took > tt.over || took < tt.over-2*s {
				t.Errorf("over after %v, want %v", took, tt.over)
			}
		})
	}
}
