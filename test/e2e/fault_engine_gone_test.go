//go:build e2e

package e2e

import (
	"fmt"
	"testing"
	"time"

	"github.com/podlike/podlike/test/faultproxy"
)

// away is how long the engine is out of reach in these tests.
const away = 30 * time.Second

// TestEngineCutsStreams: streams are cut again and again, and the pod notices
// health and ends all the same.
func TestEngineCutsStreams(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ name, method, path string }{
		{"events", "GET", "/events"},
		{"wait", "POST", waitPath},
		{"attach", "POST", "/containers/*/attach"},
		{"all", "", "/*"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			s := newSite(t)
			components := faultyComponents()
			components["side"] += "tmpfs: [/state]\nhealthcheck: {test: [CMD, /probe, exists, /state/ok], interval: 1s, retries: 99}\n"
			f := s.faulty(podSpec{components: components}, false)
			f.start()
			before := lives{"app": f.component("app"), "side": f.component("side")}
			for range 5 {
				eventually(t, 10*time.Second, func() error {
					if f.proxy.Cut(tt.method, tt.path) == 0 {
						return fmt.Errorf("nothing to cut: %q", f.proxy.Calls())
					}
					return nil
				})
				if tt.name == "all" {
					f.proxy.CutAll()
				}
				if tt.name == "attach" {
					break // it is read on from the log
				}
			}
			f.mustExec("side", "touch", "/state/ok")
			f.says("healthy")
			if err := f.unharmed(before); err != nil {
				t.Error(err)
			}
			f.exits(before)
			f.wantOnce("app", "side")
			f.wantSaid("[out] app: got user defined signal 1")
		})
	}
}

// TestEngineGoneWhileRunning: the pod runs on without its engine, and with the
// next one, whose socket is another file in the same directory.
func TestEngineGoneWhileRunning(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	f := s.faulty(podSpec{components: faultyComponents()}, true)
	before := f.up()
	f.proxy.Vanish()
	steadily(t, away, func() error { return f.unharmed(before) })
	if err := f.proxy.Return(); err != nil {
		t.Fatal(err)
	}
	f.says("healthy")
	if err := f.unharmed(before); err != nil {
		t.Error(err)
	}
	f.exits(before)
	f.wantOnce("app", "side")
}

// TestComponentEndsWhileEngineIsGone: how it ended is known when the engine is
// back.
func TestComponentEndsWhileEngineIsGone(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	f := s.faulty(podSpec{components: faultyComponents()}, true)
	before := f.up()
	f.proxy.Vanish()
	s.signal(before["app"].ID, "SIGUSR1")
	side := lives{"side": before["side"]}
	steadily(t, 5*time.Second, func() error { return f.unharmed(side) })
	if err := f.proxy.Return(); err != nil {
		t.Fatal(err)
	}
	f.ends(startWithin, 5)
	f.wantOnce("app", "side")
}

// vanishAtCreate lets the engine go when the first component is to be made.
func (f *faultyPod) vanishAtCreate() {
	f.t.Helper()
	h := f.proxy.Add(faultproxy.Rule{Method: "POST", Path: createPath, Skip: 1, Fault: faultproxy.Hang()})
	f.start()
	eventually(f.t, startWithin, hits(h, 1))
	f.proxy.Vanish()
	f.proxy.Clear()
}

func TestEngineGoneWhileStarting(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	f := s.faulty(podSpec{components: faultyComponents()}, true)
	f.vanishAtCreate()
	steadily(t, away, func() error {
		if c, err := s.api.ContainerInspect(t.Context(), f.id); err != nil || !c.State.Running {
			return fmt.Errorf("the pod has ended: %v", err)
		}
		return nil
	})
	if err := f.proxy.Return(); err != nil {
		t.Fatal(err)
	}
	before := f.healthy()
	f.exits(before)
	f.wantOnce("app", "side")
}

// TestEngineGoneForGood: a pod that cannot be started within a minute ends.
func TestEngineGoneForGood(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	f := s.faulty(podSpec{args: []string{"--ipc=false"}, components: map[string]string{"app": probe("sleep")}}, true)
	f.vanishAtCreate()
	code := f.wait(90 * time.Second)
	if err := f.proxy.Return(); err != nil { // for the supervisor, who looks after what may be left
		t.Fatal(err)
	}
	f.ends(time.Second, 125)
	equal(t, "code", code, 125)
	f.wantSaid(`cannot start component "app": the Docker engine does not answer`)
}

// TestEngineGoneWhileStopping: with time enough the stop waits for the engine;
// without it, the pod ends in its time, and what is left is removed when the
// engine is back.
func TestEngineGoneWhileStopping(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name  string
		grace time.Duration
		code  int
	}{
		{"time enough", 60 * time.Second, 0},
		{"too long", 10 * time.Second, 137},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			s := newSite(t)
			f := s.faulty(podSpec{components: faultyComponents(), grace: tt.grace}, true)
			f.up()
			h := f.proxy.Add(faultproxy.Rule{Method: "POST", Path: killPath, Fault: faultproxy.Hang()})
			f.signal(f.id, "SIGTERM")
			eventually(t, 5*time.Second, hits(h, 1))
			f.proxy.Vanish()
			f.proxy.Clear()
			over := time.Now().Add(tt.grace + 2*time.Second) // this machine may be busy
			steadily(t, away, func() error {
				c, err := s.api.ContainerInspect(t.Context(), f.id)
				if err == nil && c.State.Running && time.Now().After(over) {
					err = fmt.Errorf("the pod runs longer than its stop may last")
				}
				return err
			})
			if err := f.proxy.Return(); err != nil {
				t.Fatal(err)
			}
			f.ends(30*time.Second, tt.code)
		})
	}
}
