//go:build e2e

package e2e

import (
	"fmt"
	"strings"
	"testing"
	"time"
)

// TestComponentsCannotReachThePause: a component that is root and shares the
// PID namespace sees PID 1, the health check, the IPC donor and the launcher of
// a new supervisor. None of them gives it the pause's root directory, where
// the engine's socket and the task's secrets are, nor the hand-off's token.
func TestComponentsCannotReachThePause(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	p := s.create(podSpec{args: []string{"--logs"}, components: map[string]string{
		"spy":  probe("spy", "20s"),
		"side": probe("sleep"),
	}})
	p.start()
	p.component("spy")
	// Three launchers to look at.
	for n := range 3 {
		s.signal(p.component("supervisor").ID, "SIGKILL")
		eventually(t, startWithin, func() error {
			if got := strings.Count(s.log(t.Context(), p.id), "taking the pod over"); got != n+1 {
				return fmt.Errorf("%d supervisors took the pod over, want %d", got, n+1)
			}
			return nil
		})
	}
	if code := p.wait(60 * time.Second); code != 0 {
		t.Errorf("the pod ended with %d", code)
	}
	log := s.log(t.Context(), p.id)
	if strings.Contains(log, "reached") {
		t.Errorf("the component got too far:\n%s", log)
	}
	for _, want := range []string{"/pause --logs", "/pause healthcheck", "/pause hold", "/supervisor launch", "spied"} {
		if !strings.Contains(log, want) {
			t.Errorf("the spy did not see %q, so it proves nothing:\n%s", want, log)
		}
	}
}
