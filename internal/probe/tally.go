package probe

import "github.com/podlike/podlike/internal/pod"

// tally is how a probe stands: its word, and how often in a row the last
// result came.
type tally struct {
	word   pod.Health
	passed bool // the last result
	streak int  // how often in a row it came; 0 before the first
	reason string
}

// after is the tally after one more check, which passed if failure is nil. The
// word changes when a result has come in a row as often as its threshold says.
func (t tally) after(p pod.Probe, failure error) tally {
	passed := failure == nil
	if t.streak > 0 && t.passed == passed {
		t.streak++
	} else {
		t.streak = 1
	}
	t.passed, t.reason = passed, ""
	if !passed {
		t.reason = failure.Error()
	}
	switch {
	case passed && t.streak >= p.SuccessThreshold:
		t.word = pod.Healthy
	case !passed && t.streak >= p.FailureThreshold:
		t.word = pod.Unhealthy
	}
	return t
}

// tallies are those of one container's probes; those that it does not have
// stay starting.
type tallies map[pod.ProbeKind]tally

// newTallies is where the probes of a container begin. One that ran before we
// looked is taken as started, and alive until the contrary is shown.
func newTallies(ranBefore bool) tallies {
	t := tallies{}
	for _, kind := range pod.ProbeKinds {
		t[kind] = tally{word: pod.Starting}
	}
	if ranBefore {
		t[pod.Startup] = tally{word: pod.Healthy}
		t[pod.Liveness] = tally{word: pod.Healthy}
	}
	return t
}

// gates reports whether the probes have a say in the component's health.
func gates(p pod.Probes) bool { return p.Startup != nil || p.Liveness != nil }

// fold is the word of a container's probes together.
func (t tallies) fold(p pod.Probes) pod.Health {
	switch startup := t[pod.Startup].word; {
	case p.Startup != nil && startup != pod.Healthy:
		return startup
	case p.Liveness == nil:
		return pod.Healthy
	default:
		return t[pod.Liveness].word
	}
}

// worst is the worse of two words.
func worst(a, b pod.Health) pod.Health {
	for _, word := range []pod.Health{pod.Unhealthy, pod.Starting} {
		if a == word || b == word {
			return word
		}
	}
	return pod.Healthy
}
