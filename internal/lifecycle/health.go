package lifecycle

import (
	"slices"

	"github.com/podlike/podlike/internal/pod"
)

// Fold is the pod's health in one word. Essential components count, or all of
// them where none is essential: one that is unhealthy makes the pod unhealthy;
// else one that does not run yet, or whose check has not passed yet, makes it
// starting; else it is healthy. Without a check, running is healthy. Components
// that have done their work do not hold the pod back.
func Fold(s Snapshot) pod.Health {
	if s.Phase == Adopting || s.Phase == Initializing {
		return pod.Starting
	}
	someEssential := slices.ContainsFunc(s.Parts, func(p Part) bool { return !p.isInit() && p.Essential })
	folded := pod.Healthy
	for i := range s.Parts {
		p := &s.Parts[i]
		if p.isInit() || p.Essential != someEssential {
			continue
		}
		switch p.health() {
		case pod.Unhealthy:
			return pod.Unhealthy
		case pod.Starting:
			folded = pod.Starting
		}
	}
	return folded
}

// health is one component's word.
func (p *Part) health() pod.Health {
	switch {
	case p.State == Ended:
		return pod.Healthy
	case p.State != Running:
		return pod.Starting
	case !p.HasCheck:
		return pod.Healthy
	case p.Health == "":
		return pod.Starting
	default:
		return p.Health
	}
}

// healthChanged takes what the engine says about a container, which may be
// nothing new, or about one that is long gone.
func (n *step) healthChanged(e Event) {
	if n.Phase == Adopting {
		n.early(e.Container, e.Health)
		return
	}
	p := n.holder(e.Container)
	if p == nil || p.isInit() || !p.HasCheck || p.Health == e.Health || (p.State != Starting && p.State != Running) {
		return
	}
	p.Health = e.Health
	if e.Health != pod.Starting {
		n.tell("%s is %s", p, e.Health)
	}
}

// foldHealth tells the pod's health when it changed, and ends the pod when it
// turned unhealthy where that is wanted: under Swarm the pause's own check
// runs too seldom to notice soon.
func (n *step) foldHealth() {
	health := Fold(n.Snapshot)
	if health == n.Health {
		return
	}
	if n.Health = health; health != pod.Starting {
		n.tell("the pod is %s", health)
	}
	n.do(Action{Kind: DoHealth, Health: health})
	exit := n.Spec.Options.OnUnhealthy == pod.UnhealthyExit
	if n.Spec.Options.OnUnhealthy == pod.UnhealthyAuto || n.Spec.Options.OnUnhealthy == "" {
		exit = n.UnderSwarm
	}
	if health == pod.Unhealthy && exit {
		n.end(Verdict{Cause: TurnedUnhealthy}, "it is unhealthy")
	}
}
