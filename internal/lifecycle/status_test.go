package lifecycle

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/podlike/podlike/internal/pod"
)

func TestStatus(t *testing.T) {
	at := func(p *Part) { p.Since, p.Container, p.Restarts = start, "x", 2 }
	s := Snapshot{Phase: Serving, Health: pod.Unhealthy, Parts: []Part{
		part("setup", Ended, initial, exit(0)),
		part("db", Running, checked(pod.Unhealthy), at),
		part("job", Ended, func(p *Part) { p.HasExit, p.Exit = true, pod.Exit{Code: 137, OOMKilled: true} }),
		part("web", Ended, unstartable),
	}}
	want := pod.Status{Phase: "running", Health: pod.Unhealthy, Supervisors: 1, Components: []pod.ComponentStatus{
		{Name: "setup", Role: pod.RoleInit, Life: pod.LifeEnded, LastExit: &pod.Exit{}, Reason: "ended with code 0"},
		{Name: "db", Role: pod.RoleComponent, Life: pod.LifeRunning, Health: pod.Unhealthy, Since: start, Restarts: 2, ContainerID: "x"},
		{Name: "job", Role: pod.RoleComponent, Life: pod.LifeEnded, LastExit: &pod.Exit{Code: 137, OOMKilled: true},
			Reason: "was killed because memory ran out (code 137)"},
		{Name: "web", Role: pod.RoleComponent, Life: pod.LifeEnded, Reason: "cannot start: no image"},
	}}
	if diff := cmp.Diff(want, Status(s)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestLife(t *testing.T) {
	tests := map[State][2]pod.Life{ // while the pod runs, and while it ends
		Waiting:    {"waiting", "waiting"},
		Creating:   {"starting", "starting"},
		Starting:   {"starting", "starting"},
		Running:    {"running", "running"},
		Stopping:   {"restarting", "stopping"},
		BackingOff: {"restarting", "restarting"},
		Removing:   {"restarting", "stopping"},
		Ended:      {"ended", "ended"},
		Gone:       {"ended", "ended"},
	}
	if len(tests) != len(everyState) {
		t.Errorf("%d states are tested of %d", len(tests), len(everyState))
	}
	for state, want := range tests {
		p := part("a", state)
		if got := [2]pod.Life{life(&p, false), life(&p, true)}; got != want {
			t.Errorf("%s: got %v, want %v", state, got, want)
		}
	}
	again := part("a", Waiting, func(p *Part) { p.Starts = 1 })
	if got := life(&again, false); got != pod.LifeRestarting {
		t.Errorf("waiting for another start: got %s", got)
	}
}

func TestHealthToldBeforeTheListIsNotLost(t *testing.T) {
	s := pair(t, Adopting, Waiting)
	s.part("db").State, s.part("db").Container = Waiting, ""
	s, _ = Next(s, Event{Kind: Begun, At: start})
	s, _ = Next(s, Event{Kind: HealthChanged, At: start, Container: "db.1", Health: pod.Healthy})
	s, _ = Next(s, Event{Kind: Listed, At: start, List: []pod.Observed{{
		Component: "db", Role: pod.RoleComponent, ContainerID: "db.1", State: pod.StateRunning, HasCheck: true, Health: pod.Starting,
	}}})
	if got := s.part("db").health(); got != pod.Healthy {
		t.Errorf("got %s", got)
	}
}
