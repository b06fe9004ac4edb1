package lifecycle_test

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/podlike/podlike/internal/lifecycle/enginetest"
)

// passing is a failure of the engine's own.
type passing struct{ error }

func (passing) Patience() time.Duration { return 60 * s }

// TestPassingFailures: what fails for a reason of the engine is tried again,
// and changes nothing for the pod.
func TestPassingFailures(t *testing.T) {
	for _, method := range []string{"Create", "Start"} {
		for _, late := range []bool{false, true} {
			bubble(t, fmt.Sprintf("%s, the answer only: %t", method, late), func(t *testing.T) {
				w := newWorld(t, component("a"), component("b"))
				w.engine.Fault = func(m, c string, _ int) (f enginetest.Fault) {
					if m == method && c == "a" && time.Since(w.began) < 20*s {
						f.Err, f.Late = passing{errors.New("no answer")}, late
					}
					return f
				}
				w.signal(60*s, "SIGTERM")
				if code := w.run(); code != 0 || len(w.trouble) > 0 {
					t.Errorf("code %d, trouble %q", code, w.trouble)
				}
				if n := len(w.engine.History()); n != 2 {
					t.Errorf("%d containers were made", n)
				}
				w.has(`0s cannot start component "a" yet, trying again: no answer`, `1m0s stopping component "a"`)
				w.gone()
			})
		}
	}
	bubble(t, "it has started and ended meanwhile", func(t *testing.T) {
		w := newWorld(t, component("a"))
		w.does("a", runs(s, 5))
		w.engine.Fault = func(m, _ string, n int) (f enginetest.Fault) {
			if m == "Start" && n < 6 {
				f.Err, f.Late = passing{errors.New("no answer")}, true
			}
			return f
		}
		if code := w.run(); code != 5 {
			t.Errorf("code %d", code)
		}
		if n := len(w.engine.History()); n != 1 {
			t.Errorf("%d containers were made", n)
		}
		w.gone()
	})
	bubble(t, "for ever", func(t *testing.T) {
		w := newWorld(t, component("a"))
		w.engine.Fault = func(m, _ string, _ int) (f enginetest.Fault) {
			if m == "Create" {
				f.Err = passing{errors.New("no answer")}
			}
			return f
		}
		if code := w.run(); code != 125 {
			t.Errorf("code %d", code)
		}
		if took := time.Since(w.began); took < 60*s || took > 70*s {
			t.Errorf("took %v", took)
		}
		if len(w.trouble) != 1 || w.trouble[0] != `cannot start component "a": no answer` {
			t.Errorf("trouble %q", w.trouble)
		}
	})
	bubble(t, "a long pull, cut now and then", func(t *testing.T) {
		w := newWorld(t, component("a"))
		w.engine.Fault = func(m, _ string, n int) (f enginetest.Fault) {
			if m == "Create" && time.Since(w.began) < 10*time.Minute {
				f.Delay, f.Err = 3*time.Minute, passing{errors.New("connection reset")}
			}
			return f
		}
		w.signal(20*time.Minute, "SIGTERM")
		if code := w.run(); code != 0 || len(w.trouble) > 0 {
			t.Errorf("code %d, trouble %q", code, w.trouble)
		}
		w.gone()
	})
	bubble(t, "until a stop", func(t *testing.T) {
		w := newWorld(t, component("a"))
		w.engine.Fault = func(m, _ string, _ int) (f enginetest.Fault) {
			if m == "Start" {
				f.Err = passing{errors.New("no answer")}
			}
			return f
		}
		w.signal(20*s, "SIGTERM")
		if code := w.run(); code != 0 {
			t.Errorf("code %d", code)
		}
		if took := time.Since(w.began); took > 21*s {
			t.Errorf("took %v", took)
		}
		w.gone()
	})
}
