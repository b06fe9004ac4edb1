//go:build e2e

package e2e

import (
	"fmt"
	"testing"
	"time"
)

const notEssential = "x-podlike: {essential: false}\n"

// TestEssential: which ends are the pod's, and with which code.
func TestEssential(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name       string
		components map[string]string
		code       int
	}{
		{"the-sidecar-fails-first", map[string]string{"side": probe("exit", "3") + notEssential, "app": probe("exit", "0", "3s")}, 0},
		{"the-work-fails", map[string]string{"side": probe("sleep") + notEssential, "app": probe("exit", "6", "1s")}, 6},
		{"an-ignored-code", map[string]string{"side": probe("sleep"), "app": probe("exit", "7", "1s") + "x-podlike: {ignore_exit_codes: [6, 7]}\n"}, 0},
		{"another-code", map[string]string{"side": probe("sleep"), "app": probe("exit", "8", "1s") + "x-podlike: {ignore_exit_codes: [6, 7]}\n"}, 8},
		{"an-ignored-code-is-no-failure", map[string]string{"side": probe("sleep"),
			"app": probe("exit", "7") + "restart: on-failure\nx-podlike: {ignore_exit_codes: [7]}\n"}, 0},
		{"all-are-sidecars", map[string]string{"a": probe("exit", "3") + notEssential, "b": probe("exit", "4", "1s") + notEssential}, 0},
	} {
		t.Run(tt.name, func(t *testing.T) {
			s := newSite(t)
			r := s.record()
			p := s.create(podSpec{args: []string{"--logs"}, components: tt.components})
			p.start()
			equal(t, "code", p.wait(startWithin), tt.code)
			for name := range tt.components {
				equal(t, "starts of "+name, len(r.wait(t, name, "start", 1)), 1)
			}
			if tt.name == "the-sidecar-fails-first" {
				inOrder(t, moment{"the sidecar's end", r.of("side", "die")[0].at}, moment{"the application's end", r.of("app", "die")[0].at})
				equal(t, "the application's code", r.of("app", "die")[0].detail, "0")
				equal(t, "signals to it", len(r.of("app", "kill")), 0)
			}
			eventually(t, 2*time.Second, p.gone)
		})
	}
}

// TestSignals: a signal to the task reaches the components that ask for it,
// and only them.
func TestSignals(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	r := s.record()
	asks := func(program, signal string) string {
		return program + fmt.Sprintf("restart: on-failure\nx-podlike: {signals: [%s]}\n", signal)
	}
	v := s.deploy(podSpec{args: []string{"--logs"}, components: map[string]string{
		"hup":  asks(probe("exit-on", "HUP", "3"), "HUP"),
		"usr1": asks(probe("exit-on", "USR1", "3"), "SIGUSR1"),
		"usr2": asks(probe("exit-on", "USR2", "3"), "usr2"),
		"quit": asks(probe("sleep"), "SIGQUIT"), // ends a Go program with 2
		"deaf": probe("exit-on", "HUP", "3"),
	}})
	p := v.running()
	for _, signal := range []string{"hup", "usr1", "usr2", "quit"} {
		// The program listens a moment after its container runs.
		p.mustExec(signal, "exists", "/probe")
		c := p.component(signal)
		if _, err := s.docker(t.Context(), "", "kill", "--signal", signal, p.id); err != nil {
			t.Fatal(err)
		}
		eventually(t, startWithin, func() error { return p.replaced(map[string]string{signal: c.ID}) })
	}
	if _, err := s.docker(t.Context(), "", "kill", "--signal", "WINCH", p.id); err != nil {
		t.Fatal(err)
	}
	for name, n := range map[string]int{"hup": 2, "usr1": 2, "usr2": 2, "quit": 2, "deaf": 1} {
		equal(t, "starts of "+name, len(r.wait(t, name, "start", n)), n)
		equal(t, "signals to "+name, len(r.of(name, "kill")), n-1)
	}
	wantLines(t, p.told(), [][]string{{`passing SIGHUP on to component "hup"`}, {"[out] hup: got hangup"}})
	equal(t, "tasks", len(v.tasks(t.Context())), 1)
}
