package lifecycle

import (
	"testing"

	"github.com/podlike/podlike/internal/pod"
)

func TestMeets(t *testing.T) {
	ignored := func(p *Part) { p.IgnoreExitCodes = []int{7} }
	oom := func(p *Part) { p.HasExit, p.Exit = true, pod.Exit{OOMKilled: true} }
	tests := []struct {
		name                        string
		dependency                  Part
		started, healthy, completed met
	}{
		{"waiting", part("d", Waiting), notYet, notYet, notYet},
		{"creating", part("d", Creating), notYet, notYet, notYet},
		{"starting", part("d", Starting), notYet, notYet, notYet},
		{"running", part("d", Running), holds, holds, notYet},
		{"running, check starting", part("d", Running, checked(pod.Starting)), holds, notYet, notYet},
		{"running, healthy", part("d", Running, checked(pod.Healthy)), holds, holds, notYet},
		{"running, unhealthy", part("d", Running, checked(pod.Unhealthy)), holds, notYet, notYet},
		{"stopping", part("d", Stopping), notYet, notYet, notYet},
		{"backing off", part("d", BackingOff, exit(1)), notYet, notYet, notYet},
		{"removing", part("d", Removing, exit(1)), notYet, notYet, notYet},
		{"ended well", part("d", Ended, exit(0)), holds, holds, holds},
		{"ended well, never healthy", part("d", Ended, exit(0), checked("")), holds, never, holds},
		{"ended with an ignored code", part("d", Ended, exit(7), ignored), holds, holds, holds},
		{"ended with another code", part("d", Ended, exit(8), ignored), never, never, never},
		{"ended without memory", part("d", Ended, oom), never, never, never},
		{"never started", part("d", Ended, unstartable), never, never, never},
		{"cannot be started again", part("d", Ended, exit(0), unstartable), never, never, never},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			for condition, want := range map[pod.Condition]met{pod.Started: tt.started, pod.IsHealthy: tt.healthy, pod.Completed: tt.completed} {
				got, why := meets(condition, &tt.dependency)
				if got != want {
					t.Errorf("%s: got %q (%s), want %q", condition, got, why, want)
				}
				if (got == holds) != (why == "") {
					t.Errorf("%s: %q with the reason %q", condition, got, why)
				}
			}
		})
	}
}
