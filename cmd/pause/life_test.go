package main

import (
	"errors"
	"slices"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/podlike/podlike/internal/handoff"
)

// world is what life acts on, written down as words.
type world struct {
	did       []string
	failStart bool
}

func (w *world) start(replace, served bool) error {
	what := "launch"
	if served {
		what = "launch another"
	}
	if replace {
		what = "launch anew"
	}
	w.did = append(w.did, what)
	if w.failStart {
		return errors.New("no such file")
	}
	return nil
}
func (w *world) terminate()                   { w.did = append(w.did, "terminate launcher") }
func (w *world) Signal(name string)           { w.did = append(w.did, "tell "+name) }
func (w *world) Events() <-chan handoff.Event { return nil }

// TestLife tells stories: what happens to PID 1, and what it then does.
func TestLife(t *testing.T) {
	attached := func(l *life) { l.heard(handoff.Event{Kind: handoff.Attached}) }
	detached := func(l *life) { l.heard(handoff.Event{Kind: handoff.Detached}) }
	verdict := func(code int) func(*life) {
		return func(l *life) { l.heard(handoff.Event{Kind: handoff.Verdict, Code: code}) }
	}
	launched := func(code int) func(*life) { return func(l *life) { l.launched(code) } }
	signal := func(s syscall.Signal) func(*life) { return func(l *life) { l.signalled(s) } }
	// wait lets the time come at which life wants to be woken.
	wait := func(l *life) {
		if !l.wakeAt.IsZero() {
			<-time.After(time.Until(l.wakeAt)) // virtual time
			l.wakeAt = time.Time{}
			l.woke()
		}
	}
	const running = -1

	tests := []struct {
		name  string
		steps []func(*life)
		did   []string
		code  int
	}{
		{"the usual", []func(*life){launched(0), attached, verdict(3)}, []string{"launch"}, 3},
		{"verdict zero", []func(*life){launched(0), attached, verdict(0)}, []string{"launch"}, 0},
		{"the supervisor attaches before its launcher ends", []func(*life){attached, launched(0), wait}, []string{"launch"}, running},
		{"an invalid definition", []func(*life){launched(2)}, []string{"launch"}, 2},
		{"no socket", []func(*life){launched(125)}, []string{"launch"}, 125},
		{"an engine that does not answer yet", []func(*life){launched(75), wait, launched(0), attached}, []string{"launch", "launch"}, running},
		{"a launcher that was killed", []func(*life){launched(137), wait}, []string{"launch", "launch"}, running},
		{"a supervisor that never attaches", []func(*life){launched(0), wait}, []string{"launch", "launch"}, running},
		{"a supervisor that runs and never attaches is replaced", func() (steps []func(*life)) {
			for range 11 {
				steps = append(steps, launched(0), wait)
			}
			return steps
		}(), append(slices.Repeat([]string{"launch"}, 11), "launch anew"), running},
		{"the one that replaces it has its time", func() (steps []func(*life)) {
			for range 22 {
				steps = append(steps, launched(0), wait)
			}
			return steps
		}(), slices.Concat(slices.Repeat([]string{"launch"}, 11), []string{"launch anew"}, slices.Repeat([]string{"launch"}, 10), []string{"launch anew"}), running},
		{"a supervisor that dies is replaced", []func(*life){launched(0), attached, detached, wait, launched(0), attached, verdict(0)}, []string{"launch", "launch another"}, 0},
		{"with components about, no launcher's error is final", []func(*life){launched(0), attached, detached, wait, launched(125), wait, launched(2), wait}, []string{"launch", "launch another", "launch another", "launch another"}, running},
		{"a stop is told and waits for the verdict", []func(*life){launched(0), attached, signal(syscall.SIGTERM), wait}, []string{"launch", "tell SIGTERM"}, running},
		{"a stop is told once more", []func(*life){launched(0), attached, signal(syscall.SIGTERM), signal(syscall.SIGINT)}, []string{"launch", "tell SIGTERM", "tell SIGINT"}, running},
		{"a stop during the launch", []func(*life){signal(syscall.SIGTERM), launched(143)}, []string{"launch", "tell SIGTERM", "terminate launcher"}, 0},
		{"a stop during the launch that comes too late for it", []func(*life){signal(syscall.SIGTERM), launched(0), attached, verdict(0)}, []string{"launch", "tell SIGTERM", "terminate launcher"}, 0},
		{"a stop while the first launch is being retried", []func(*life){launched(75), signal(syscall.SIGTERM), wait, launched(75)}, []string{"launch", "tell SIGTERM", "launch"}, 0},
		{"a stop while the supervisor is being replaced", []func(*life){launched(0), attached, detached, signal(syscall.SIGTERM), wait, launched(0), attached, verdict(0)}, []string{"launch", "tell SIGTERM", "launch another"}, 0},
		{"a relaunch is not broken off by a stop: somebody must clean up", []func(*life){launched(0), attached, detached, wait, signal(syscall.SIGTERM)}, []string{"launch", "launch another", "tell SIGTERM"}, running},
		{"other signals only pass", []func(*life){launched(0), attached, signal(syscall.SIGHUP), signal(syscall.SIGWINCH), wait}, []string{"launch", "tell SIGHUP", "tell SIGWINCH"}, running},
		{"the first verdict counts", []func(*life){launched(0), attached, verdict(3), verdict(0)}, []string{"launch"}, 3},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := &world{}
				l := &life{launcher: w, server: w}
				l.launch()
				for _, step := range tt.steps {
					step(l)
				}
				if !slices.Equal(w.did, tt.did) {
					t.Errorf("did %q, want %q", w.did, tt.did)
				}
				if l.over != (tt.code != running) || (l.over && l.code != tt.code) {
					t.Errorf("over is %v with code %d, want code %d", l.over, l.code, tt.code)
				}
			})
		})
	}
}

func TestHopeEndsWithoutAnAttach(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := &world{}
		l := &life{launcher: w, server: w}
		began := time.Now()
		for l.launch(); !l.over; {
			l.launched(0) // it says that it started one, each time
			<-time.After(time.Until(l.wakeAt))
			l.wakeAt = time.Time{}
			l.woke()
		}
		if took := time.Since(began); l.code != 125 || took < hopeLasts || took > hopeLasts+2*attachWithin {
			t.Errorf("ended with %d after %s", l.code, took)
		}
	})
}

func TestHopeEnds(t *testing.T) {
	for _, tt := range []struct {
		name      string
		failStart bool
	}{
		{"the launcher cannot be started", true},
		{"the launcher fails each time", false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := &world{failStart: tt.failStart}
				l := &life{launcher: w, server: w}
				began := time.Now()
				l.launch()
				for !l.over {
					if l.launching {
						l.launched(exitTemporary)
						continue
					}
					if l.wakeAt.IsZero() {
						t.Fatal("it neither ends nor tries again")
					}
					<-time.After(time.Until(l.wakeAt)) // virtual time
					l.wakeAt = time.Time{}
					l.woke()
				}
				took := time.Since(began)
				if l.code != 125 || took < hopeLasts || took > hopeLasts+2*backoffMax {
					t.Errorf("ended with %d after %s", l.code, took)
				}
				if tries := len(w.did); tries < 8 || tries > 20 {
					t.Errorf("tried %d times; the backoff is broken", tries)
				}
			})
		})
	}
}

// exitTemporary is what the launcher says when another try may succeed.
const exitTemporary = 75
