//go:build e2e

package e2e

import (
	"fmt"
	"strings"
	"testing"
	"time"
)

// begin makes and starts a pod, and returns what it prints.
func (s *site) begin(spec podSpec) (p *runningPod, stdout, stderr *syncBuffer, done <-chan struct{}) {
	s.t.Helper()
	p = s.create(spec)
	stdout, stderr = &syncBuffer{}, &syncBuffer{}
	done = p.attach(stdout, stderr)
	p.start()
	return p, stdout, stderr, done
}

// linesFollow checks that the lines come in this order, with others between them.
func linesFollow(t *testing.T, output string, lines ...string) {
	t.Helper()
	rest := output
	for _, line := range lines {
		_, after, ok := strings.Cut(rest, line)
		if !ok {
			t.Errorf("%q is not where it should be in\n%s", line, output)
			return
		}
		rest = after
	}
}

// TestHooks: post_start runs before the component counts as started, pre_stop
// before its stop signal; their output is in the pod's log.
func TestHooks(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	p, stdout, stderr, done := s.begin(podSpec{args: []string{"--logs"}, components: map[string]string{
		"app": probe("exit-on", "USR1", "9") + `tmpfs: [/state]
environment: {GREETING: hello}
post_start:
- command: /probe write /state/a "from post_start"
- {command: [/probe, write, who, x], user: "1000:1001", working_dir: /state}
- {command: [/probe, env], environment: {GREETING: bye}}
- command: [/probe, await, /state/go]
- command: [/probe, touch, /state/started]
pre_stop:
- command: [/probe, cat, /missing]
- command: [/probe, cat, /state/a]
`,
		"after": probe("sleep") + "depends_on: [app]\n",
	}})
	said(t, stdout, "[out] app: GREETING=bye")
	steadily(t, time.Second, func() error {
		if strings.Contains(stdout.String(), `starting component "after"`) {
			return hopeless{fmt.Errorf("the dependent started before post_start was over:\n%s", stdout)}
		}
		return nil
	})
	p.mustExec("app", "touch", "/state/go")
	p.component("after")
	p.mustExec("app", "exists", "/state/started")
	if got := p.mustExec("app", "stat", "/state/who"); !strings.Contains(got, `"UID":1000,"GID":1001`) {
		t.Errorf("the second hook wrote %s", got)
	}
	s.signal(p.id, "SIGTERM")
	equal(t, "the code", p.wait(endWithin), 0)
	<-done
	linesFollow(t, stdout.String(), "[out] app: GREETING=bye", `component "app" is running`, `starting component "after"`,
		`stopping component "app"`, `component "app": pre_stop hook ["/probe" "cat" "/missing"] ended with code 1: probe: open /missing`,
		"[out] app: from post_start", "[out] app: got terminated", `component "app" ended with code 0`)
	if !strings.Contains(stderr.String(), "[err] app: probe: open /missing") || strings.Contains(stderr.String(), "podlike:") {
		t.Errorf("stderr:\n%s", stderr)
	}
	eventually(t, 2*time.Second, p.gone)
}

// TestPostStartFails: the pod cannot be started.
func TestPostStartFails(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	p, stdout, stderr, done := s.begin(podSpec{components: map[string]string{
		"app":   probe("sleep") + "post_start: [{command: [/probe, cat, /missing]}, {command: [/probe, touch, /never]}]\n",
		"after": probe("sleep") + "depends_on: [app]\n",
	}})
	equal(t, "the code", p.wait(startWithin), 125)
	<-done
	want := `cannot start component "app": post_start hook ["/probe" "cat" "/missing"] ended with code 1: probe: open /missing: no such file or directory`
	if !strings.Contains(stderr.String(), want) {
		t.Errorf("%q is not in\n%s", want, stderr)
	}
	if strings.Contains(stdout.String(), `starting component "after"`) {
		t.Errorf("the dependent was started:\n%s", stdout)
	}
	eventually(t, 2*time.Second, p.gone)
}

// TestPreStopInsideTheBudget: a hook that does not end leaves the component
// its second, and the pod its verdict before Swarm's SIGKILL.
func TestPreStopInsideTheBudget(t *testing.T) {
	t.Parallel()
	const grace = 6 * time.Second
	s := newSite(t)
	v := s.deploy(podSpec{args: []string{"--logs"}, grace: grace, components: map[string]string{
		"app": probe("exit-on", "USR1", "9") + "pre_stop: [{command: [/probe, sleep]}, {command: [/probe, cat, /never]}]\n",
	}})
	p := v.running()
	var stdout, stderr syncBuffer
	done := p.attach(&stdout, &stderr)
	watch := p.watchEnd()
	v.remove()
	end := watch(grace + 10*time.Second)
	<-done
	if end.code != "0" || len(end.signals) != 1 {
		t.Errorf("the pod ended with code %s after the signals %s, want 0 after one", end.code, end.signals)
	}
	if end.took < grace/2 || end.took > grace {
		t.Errorf("the end took %s, want most of %s", end.took, grace)
	}
	linesFollow(t, stdout.String(), `component "app": pre_stop hook ["/probe" "sleep"] has not ended within `, "[out] app: got terminated")
	if strings.Contains(stdout.String()+stderr.String(), "/never") {
		t.Errorf("a hook ran after the time was over:\n%s%s", &stdout, &stderr)
	}
	eventually(t, 2*time.Second, p.gone)
	t.Logf("the end took %s", end.took)
}

// TestStopDuringPostStart: a hook that does not end does not hold up the stop,
// and its component still gets its signal.
func TestStopDuringPostStart(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	p, stdout, _, done := s.begin(podSpec{args: []string{"--logs"}, components: map[string]string{
		"app": probe("exit-on", "USR1", "9") + "post_start: [{command: [/probe, facts]}]\n",
	}})
	said(t, stdout, "[out] app: {")
	watch := p.watchEnd()
	s.signal(p.id, "SIGTERM")
	end := watch(endWithin)
	<-done
	equal(t, "the code", end.code, "0")
	if end.took > 2*time.Second {
		t.Errorf("the end took %s", end.took)
	}
	linesFollow(t, stdout.String(), `component "app": not waiting for its post_start hook ["/probe" "facts"], because the pod ends`, "[out] app: got terminated")
	eventually(t, 2*time.Second, p.gone)
	t.Logf("the end took %s", end.took)
}

// TestPreStart: an init component with what it has of its service.
func TestPreStart(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	p, stdout, _, done := s.begin(podSpec{args: []string{"--logs"}, components: map[string]string{
		"app": probe("cat", "/data/a") + "volumes: ['" + s.name + `_data:/data']
restart: on-failure
pre_start:
- command: [write, /data/a, from pre_start]
- {command: [cat, /data/a], user: "1000"}
`,
	}})
	equal(t, "the code", p.wait(startWithin), 0)
	<-done
	linesFollow(t, stdout.String(), `component "app-pre-1"`, "[out] app-pre-2: from pre_start", "[out] app: from pre_start")
	eventually(t, 2*time.Second, p.gone)
}
