//go:build e2e

package e2e

import (
	"slices"
	"strings"
	"testing"
	"time"
)

// swarmGrace is how long Swarm waits for a task to end, by default.
const swarmGrace = 10 * time.Second

// TestServiceRemoved: components get SIGTERM and finish their work; the pod
// then ends with 0, in less than Swarm's grace, and nothing is left.
func TestServiceRemoved(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	v := s.deploy(podSpec{args: []string{"--logs"}, components: map[string]string{
		"worker": probe("drain", "3s"),
		"side":   probe("sleep"),
	}})
	p := v.running()
	var stdout, stderr syncBuffer
	done := p.attach(&stdout, &stderr)
	watch := p.watchEnd()
	v.remove()
	end := watch(swarmGrace + 10*time.Second)
	if end.code != "0" || !slices.Equal(end.signals, []string{"15"}) {
		t.Errorf("the pod ended with code %s after the signals %s, want 0 after 15", end.code, end.signals)
	}
	if end.took < 3*time.Second || end.took > patience(swarmGrace) {
		t.Errorf("the end took %s, want between 3 s and %s", end.took, patience(swarmGrace))
	}
	eventually(t, 2*time.Second, p.gone)
	<-done
	if !strings.Contains(stdout.String(), "[out] worker: drained\n") {
		t.Errorf("the worker was not let finish; the pod printed:\n%s%s", &stdout, &stderr)
	}
	t.Logf("the end took %s", end.took)
}

// TestStopIgnored: a component that ignores SIGTERM is killed inside the
// budget, so that the verdict comes before Swarm's SIGKILL.
func TestStopIgnored(t *testing.T) {
	t.Parallel()
	grace := patience(4 * time.Second)
	s := newSite(t)
	v := s.deploy(podSpec{grace: grace, components: map[string]string{
		"stubborn": probe("ignore-term"),
		"side":     probe("sleep"),
	}})
	p := v.running()
	p.component("stubborn")
	watch := p.watchEnd()
	v.remove()
	end := watch(grace + 10*time.Second)
	// The code alone would be the same if Swarm had to kill the pause.
	if end.code != "137" || !slices.Equal(end.signals, []string{"15"}) {
		t.Errorf("the pod ended with code %s after the signals %s, want 137 after 15", end.code, end.signals)
	}
	if end.took < grace/2 || end.took > grace {
		t.Errorf("the end took %s, want most of %s", end.took, grace)
	}
	eventually(t, 2*time.Second, p.gone)
	t.Logf("the end took %s", end.took)
}
