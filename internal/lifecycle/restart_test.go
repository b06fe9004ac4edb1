package lifecycle

import (
	"testing"
	"time"

	"github.com/podlike/podlike/internal/pod"
)

func TestBackoff(t *testing.T) {
	want := []time.Duration{0, 1, 2, 4, 8, 16, 32, 60, 60}
	for attempts, seconds := range want {
		if got := Backoff(attempts); got != seconds*time.Second {
			t.Errorf("Backoff(%d) = %v, want %v", attempts, got, seconds*time.Second)
		}
	}
	if got := Backoff(1 << 30); got != time.Minute {
		t.Errorf("Backoff of very many = %v", got)
	}
}

func TestDecide(t *testing.T) {
	const s = time.Second
	never, onFailure, always := pod.RestartPolicy{Condition: pod.RestartNever},
		pod.RestartPolicy{Condition: pod.RestartOnFailure}, pod.RestartPolicy{Condition: pod.RestartAlways}
	limited := pod.RestartPolicy{Condition: pod.RestartOnFailure, MaxAttempts: 2}
	own := pod.RestartPolicy{Condition: pod.RestartAlways, Delay: 7 * s, Window: 5 * s}
	tests := []struct {
		name     string
		policy   pod.RestartPolicy
		attempts int
		ran      time.Duration
		well     bool
		want     Decision
	}{
		{"no policy at all", pod.RestartPolicy{}, 0, s, false, Decision{}},
		{"never, failed", never, 0, s, false, Decision{}},
		{"never, well", never, 0, s, true, Decision{}},
		{"on-failure, well", onFailure, 0, s, true, Decision{}},
		{"on-failure, failed", onFailure, 0, s, false, Decision{Again: true, Attempts: 1}},
		{"always, well", always, 0, s, true, Decision{Again: true, Attempts: 1}},
		{"always, failed", always, 0, s, false, Decision{Again: true, Attempts: 1}},
		{"the second", always, 1, s, false, Decision{Again: true, Delay: s, Attempts: 2}},
		{"the eighth", always, 7, s, false, Decision{Again: true, Delay: 60 * s, Attempts: 8}},
		{"just not long enough", always, 3, 60*s - 1, false, Decision{Again: true, Delay: 4 * s, Attempts: 4}},
		{"long enough to forget", always, 3, 60 * s, false, Decision{Again: true, Attempts: 1}},
		{"the last one", limited, 1, s, false, Decision{Again: true, Delay: s, Attempts: 2}},
		{"one too many", limited, 2, s, false, Decision{Exhausted: true}},
		{"one too many, but long ago", limited, 2, 60 * s, false, Decision{Again: true, Attempts: 1}},
		{"exhausted, but it ended well", limited, 2, s, true, Decision{}},
		{"own delay, the first too", own, 0, s, true, Decision{Again: true, Delay: 7 * s, Attempts: 1}},
		{"own delay does not grow", own, 6, s, true, Decision{Again: true, Delay: 7 * s, Attempts: 7}},
		{"own window", own, 6, 5 * s, true, Decision{Again: true, Delay: 7 * s, Attempts: 1}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got := Decide(tt.policy, tt.attempts, tt.ran, tt.well); got != tt.want {
				t.Errorf("got %+v, want %+v", got, tt.want)
			}
		})
	}
}
