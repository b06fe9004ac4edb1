//go:build e2e

package e2e

import (
	"net/http"
	"testing"
	"time"

	"github.com/podlike/podlike/test/faultproxy"
)

const (
	createPath  = "/containers/create"
	listPath    = "/containers/json"
	startPath   = "/containers/*/start"
	inspectPath = "/containers/*/json"
	waitPath    = "/containers/*/wait"
	killPath    = "/containers/*/kill"
	removePath  = "/containers/*"
)

// TestEngineFailsAtStart: whatever happens to the calls that start a pod, it
// comes up, with each component made and started once.
func TestEngineFailsAtStart(t *testing.T) {
	t.Parallel()
	const fail = http.StatusInternalServerError
	for _, tt := range []struct {
		name, method, path string
		fault              faultproxy.Fault
		count              int
	}{
		// The first create and start calls are for the supervisor.
		{"slow create", "POST", createPath, faultproxy.Delay(10 * time.Second), 2},
		{"slow start", "POST", startPath, faultproxy.Delay(10 * time.Second), 2},
		{"slow list", "GET", listPath, faultproxy.Delay(10 * time.Second), 1},
		{"failing create", "POST", createPath, faultproxy.Fail(fail), 4},
		{"failing start", "POST", startPath, faultproxy.Fail(fail), 4},
		{"failing list", "GET", listPath, faultproxy.Fail(fail), 4},
		{"failing inspect", "GET", inspectPath, faultproxy.Fail(fail), 5},
		{"failing wait", "POST", waitPath, faultproxy.Fail(fail), 4},
		{"lost create", "POST", createPath, faultproxy.LoseAnswer(), 3},
		{"lost start", "POST", startPath, faultproxy.LoseAnswer(), 3},
		{"twice create", "POST", createPath, faultproxy.Duplicate(), 3},
		{"twice start", "POST", startPath, faultproxy.Duplicate(), 3},
		{"hanging list", "GET", listPath, faultproxy.Hang(), 1},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			s := newSite(t)
			f := s.faulty(podSpec{components: faultyComponents()}, false)
			h := f.proxy.Add(faultproxy.Rule{Method: tt.method, Path: tt.path, Count: tt.count, Fault: tt.fault})
			before := f.up()
			eventually(t, startWithin, hits(h, tt.count))
			if err := f.unharmed(before); err != nil {
				t.Error(err)
			}
			f.exits(before)
			f.wantOnce("app", "side")
		})
	}
}

// TestEngineFailsAtStop: a stop is clean and in its time, although calls fail,
// or lose their answers.
func TestEngineFailsAtStop(t *testing.T) {
	t.Parallel()
	const fail = http.StatusInternalServerError
	for _, tt := range []struct {
		name, method, path string
		fault              faultproxy.Fault
		count              int
	}{
		{"failing remove", "DELETE", removePath, faultproxy.Fail(fail), 4},
		{"failing kill", "POST", killPath, faultproxy.Fail(fail), 3},
		{"failing inspect", "GET", inspectPath, faultproxy.Fail(fail), 6},
		{"failing list", "GET", listPath, faultproxy.Fail(fail), 4},
		{"lost remove", "DELETE", removePath, faultproxy.LoseAnswer(), 3},
		{"lost kill", "POST", killPath, faultproxy.LoseAnswer(), 2},
		{"twice remove", "DELETE", removePath, faultproxy.Duplicate(), 2},
		{"twice kill", "POST", killPath, faultproxy.Duplicate(), 2},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			s := newSite(t)
			f := s.faulty(podSpec{components: faultyComponents()}, false)
			f.up()
			h := f.proxy.Add(faultproxy.Rule{Method: tt.method, Path: tt.path, Count: tt.count, Fault: tt.fault})
			f.stops()
			if err := hits(h, tt.count)(); err != nil {
				t.Error(err)
			}
		})
	}
}

// TestEngineLosesHooks: hooks run once, and count, although the answers to the
// calls that run them are lost.
func TestEngineLosesHooks(t *testing.T) {
	t.Parallel()
	for _, path := range []string{"/containers/*/exec", "/exec/*/start"} {
		t.Run(path, func(t *testing.T) {
			t.Parallel()
			s := newSite(t)
			components := faultyComponents()
			components["app"] += "tmpfs: [/state]\npost_start:\n- command: [/probe, touch, /state/hook]\n"
			f := s.faulty(podSpec{components: components}, false)
			h := f.proxy.Add(faultproxy.Rule{Method: "POST", Path: path, Count: 1, Fault: faultproxy.LoseAnswer()})
			before := f.up()
			f.mustExec("app", "exists", "/state/hook")
			if err := hits(h, 1)(); err != nil {
				t.Error(err)
			}
			f.exits(before)
			f.wantOnce("app", "side")
		})
	}
}

// TestEngineFailsForGood: an engine that stays in trouble is told from one
// that refuses: the pod ends with 125, and says what was tried.
func TestEngineFailsForGood(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	f := s.faulty(podSpec{args: []string{"--ipc=false"}, components: map[string]string{"app": probe("sleep")}}, false)
	f.proxy.Add(faultproxy.Rule{Method: "POST", Path: createPath, Skip: 1, Fault: faultproxy.Fail(http.StatusInternalServerError)})
	f.start()
	f.ends(startWithin, 125)
	f.wantSaid(`cannot start component "app": Error response from daemon: injected fault`)
}

// TestNameTakenByStranger: what carries our name and is not ours is left
// alone.
func TestNameTakenByStranger(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	stranger, err := s.docker(t.Context(), "", "create", "--name", s.name+".podlike.app", probeImage, "sleep")
	if err != nil {
		t.Fatal(err)
	}
	f := s.faulty(podSpec{components: faultyComponents()}, false)
	f.start()
	f.ends(startWithin, 125)
	f.wantSaid(`cannot start component "app": the name "` + s.name + `.podlike.app" is taken by container ` + stranger[:12] + `, which is not this pod's`)
	if _, err := s.api.ContainerInspect(t.Context(), stranger[:12]); err != nil {
		t.Error(err)
	}
}
