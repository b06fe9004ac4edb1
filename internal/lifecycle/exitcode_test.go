package lifecycle

import (
	"testing"

	"github.com/podlike/podlike/internal/pod"
)

func TestExitCode(t *testing.T) {
	code := func(n int) pod.Exit { return pod.Exit{Code: n} }
	oom := pod.Exit{Code: 137, OOMKilled: true}
	tests := []struct {
		name    string
		verdict Verdict
		want    int
	}{
		{"a stop", Verdict{Cause: Asked, StopAsked: true}, 0},
		{"a stop that had to kill", Verdict{Cause: Asked, StopAsked: true, Killed: true}, 137},
		{"a component ended, then a stop", Verdict{Cause: ComponentEnded, Exit: code(143), StopAsked: true}, 0},
		{"a component ended, then a stop that had to kill", Verdict{Cause: ComponentEnded, Exit: code(3), StopAsked: true, Killed: true}, 137},
		{"init failed", Verdict{Cause: InitFailed, Exit: code(5)}, 5},
		{"init failed with 255", Verdict{Cause: InitFailed, Exit: code(255)}, 255},
		{"init without memory", Verdict{Cause: InitFailed, Exit: oom}, 137},
		{"a component ended well", Verdict{Cause: ComponentEnded, Exit: code(0)}, 0},
		{"a component ended", Verdict{Cause: ComponentEnded, Exit: code(3)}, 3},
		{"a component got SIGTERM from elsewhere", Verdict{Cause: ComponentEnded, Exit: code(143)}, 143},
		{"a component without memory", Verdict{Cause: ComponentEnded, Exit: oom}, 137},
		{"no memory, whatever the engine's code", Verdict{Cause: ComponentEnded, Exit: pod.Exit{OOMKilled: true}}, 137},
		{"its own end counts, not that others were killed", Verdict{Cause: ComponentEnded, Exit: code(3), Killed: true}, 3},
		{"nothing left to run", Verdict{Cause: AllEnded}, 0},
		{"begun by another supervisor", Verdict{Cause: Resumed, Exit: pod.Exit{Code: 3}}, 3},
		{"begun by another supervisor, then asked", Verdict{Cause: Resumed, Exit: pod.Exit{Code: 3}, StopAsked: true}, 0},
		{"unhealthy", Verdict{Cause: TurnedUnhealthy}, 1},
		{"our failure", Verdict{Cause: Failed}, 125},
		{"the pause died", Verdict{Cause: Orphaned}, 125},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got := ExitCode(tt.verdict); got != tt.want {
				t.Errorf("ExitCode(%+v) = %d, want %d", tt.verdict, got, tt.want)
			}
		})
	}
	for n := range 256 {
		if got := ExitCode(Verdict{Cause: ComponentEnded, Exit: code(n)}); got != n {
			t.Errorf("code %d became %d", n, got)
		}
	}
}
