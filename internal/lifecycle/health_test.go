package lifecycle

import (
	"testing"

	"github.com/podlike/podlike/internal/pod"
)

// part makes a component for tables: essential, without a check.
func part(name string, state State, change ...func(*Part)) Part {
	p := Part{State: state, Component: pod.Component{Name: name, Role: pod.RoleComponent, Essential: true}}
	for _, c := range change {
		c(&p)
	}
	return p
}

func checked(h pod.Health) func(*Part) {
	return func(p *Part) { p.HasCheck, p.Health = true, h }
}

func exit(code int) func(*Part) {
	return func(p *Part) { p.HasExit, p.Exit.Code = true, code }
}

func sidecar(p *Part) { p.Essential = false }

func initial(p *Part) { p.Role = pod.RoleInit }

func unstartable(p *Part) { p.Failure = "no image" }

func TestFold(t *testing.T) {
	tests := []struct {
		name  string
		phase Phase
		parts []Part
		want  pod.Health
	}{
		{"adopting", Adopting, []Part{part("a", Waiting)}, pod.Starting},
		{"adopting what runs", Adopting, []Part{part("a", Running)}, pod.Starting},
		{"init", Initializing, []Part{part("i", Running, initial), part("a", Waiting)}, pod.Starting},
		{"nothing started", Serving, []Part{part("a", Waiting), part("b", Creating)}, pod.Starting},
		{"one started", Serving, []Part{part("a", Running), part("b", Starting)}, pod.Starting},
		{"all run, no checks", Serving, []Part{part("a", Running), part("b", Running)}, pod.Healthy},
		{"a check that said nothing yet", Serving, []Part{part("a", Running, checked(""))}, pod.Starting},
		{"a check not passed yet", Serving, []Part{part("a", Running, checked(pod.Starting)), part("b", Running)}, pod.Starting},
		{"checks passed", Serving, []Part{part("a", Running, checked(pod.Healthy)), part("b", Running)}, pod.Healthy},
		{"unhealthy", Serving, []Part{part("a", Running, checked(pod.Unhealthy)), part("b", Running)}, pod.Unhealthy},
		{"unhealthy wins over starting", Serving, []Part{part("a", Waiting), part("b", Running, checked(pod.Unhealthy)), part("c", Creating)}, pod.Unhealthy},
		{"health without a check means nothing", Serving, []Part{part("a", Running, func(p *Part) { p.Health = pod.Unhealthy })}, pod.Healthy},
		{"init components do not count", Serving, []Part{part("i", Ended, initial, exit(0)), part("a", Running)}, pod.Healthy},
		{"backing off", Serving, []Part{part("a", BackingOff), part("b", Running)}, pod.Starting},
		{"being restarted", Serving, []Part{part("a", Stopping, checked(pod.Unhealthy)), part("b", Running)}, pod.Starting},
		{"being removed", Serving, []Part{part("a", Removing), part("b", Running)}, pod.Starting},
		{"a job that is done", Serving, []Part{part("a", Ended, exit(0)), part("b", Running)}, pod.Healthy},
		{"a sidecar that waits", Serving, []Part{part("a", Waiting, sidecar), part("b", Running)}, pod.Healthy},
		{"an unhealthy sidecar", Serving, []Part{part("a", Running, sidecar, checked(pod.Unhealthy)), part("b", Running)}, pod.Healthy},
		{"only sidecars, waiting", Serving, []Part{part("a", Waiting, sidecar)}, pod.Starting},
		{"only sidecars", Serving, []Part{part("a", Running, sidecar), part("b", Ended, sidecar, exit(3))}, pod.Healthy},
		{"only sidecars, unhealthy", Serving, []Part{part("a", Running, sidecar, checked(pod.Unhealthy))}, pod.Unhealthy},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got := Fold(Snapshot{Phase: tt.phase, Parts: tt.parts}); got != tt.want {
				t.Errorf("got %s, want %s", got, tt.want)
			}
		})
	}
}
