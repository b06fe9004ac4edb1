package probe

import (
	"errors"
	"strings"
	"testing"

	"github.com/podlike/podlike/internal/pod"
)

// Each letter of results is a check, p for passed and f for failed; each of
// words is what the probe says after it: s starting, h healthy, u unhealthy.
func TestTally(t *testing.T) {
	tests := []struct {
		name               string
		successes, failure int
		results, words     string
	}{
		{"passes at once", 1, 3, "ppp", "hhh"},
		{"fails", 1, 3, "ffff", "ssuu"},
		{"failures must be in a row", 1, 3, "ffpffpff", "sshhhhhh"},
		{"and then count", 1, 3, "pfff", "hhhu"},
		{"recovers", 1, 3, "fffp", "ssuh"},
		{"recovers slowly", 3, 1, "fpppfpfppp", "uuuhuuuuuh"},
		{"successes must be in a row", 2, 2, "pfpfpp", "sssssh"},
		{"touchy", 1, 1, "fpf", "uhu"},
	}
	letters := map[pod.Health]string{pod.Starting: "s", pod.Healthy: "h", pod.Unhealthy: "u"}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			p := pod.Probe{SuccessThreshold: tt.successes, FailureThreshold: tt.failure}
			now, words := tally{word: pod.Starting}, ""
			for _, r := range tt.results {
				var failure error
				if r == 'f' {
					failure = errors.New("why")
				}
				now = now.after(p, failure)
				words += letters[now.word]
				if (now.reason == "why") != (r == 'f') {
					t.Errorf("after %c the reason is %q", r, now.reason)
				}
			}
			if words != tt.words {
				t.Errorf("%s gives %s, want %s", tt.results, words, tt.words)
			}
		})
	}
}

func TestFold(t *testing.T) {
	const s, h, u = pod.Starting, pod.Healthy, pod.Unhealthy
	probe := &pod.Probe{}
	tests := []struct {
		probes                             string // which there are
		startup, liveness, readiness, want pod.Health
	}{
		{"startup", s, s, s, s}, {"startup", h, s, s, h}, {"startup", u, s, s, u},
		{"liveness", s, s, s, s}, {"liveness", s, h, u, h}, {"liveness", s, u, h, u},
		{"startup liveness", s, h, h, s}, {"startup liveness", u, h, h, u}, {"startup liveness", h, s, h, s},
		{"startup liveness", h, h, s, h}, {"startup liveness", h, u, h, u},
		{"startup liveness readiness", h, h, u, h}, {"readiness", s, s, u, h}, {"readiness", s, s, s, h},
	}
	for _, tt := range tests {
		var p pod.Probes
		if strings.Contains(tt.probes, "startup") {
			p.Startup = probe
		}
		if strings.Contains(tt.probes, "liveness") {
			p.Liveness = probe
		}
		if strings.Contains(tt.probes, "readiness") {
			p.Readiness = probe
		}
		all := tallies{pod.Startup: {word: tt.startup}, pod.Liveness: {word: tt.liveness}, pod.Readiness: {word: tt.readiness}}
		if got := all.fold(p); got != tt.want {
			t.Errorf("%s with %s, %s, %s: got %s, want %s", tt.probes, tt.startup, tt.liveness, tt.readiness, got, tt.want)
		}
		if got, want := gates(p), tt.probes != "readiness"; got != want {
			t.Errorf("%s: gates is %v", tt.probes, got)
		}
	}
}

func TestWorst(t *testing.T) {
	const s, h, u = pod.Starting, pod.Healthy, pod.Unhealthy
	for _, tt := range [][3]pod.Health{{s, s, s}, {s, h, s}, {s, u, u}, {h, s, s}, {h, h, h}, {h, u, u}, {u, s, u}, {u, h, u}, {u, u, u}} {
		if got := worst(tt[0], tt[1]); got != tt[2] {
			t.Errorf("%s and %s: got %s, want %s", tt[0], tt[1], got, tt[2])
		}
	}
}
