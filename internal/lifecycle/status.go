package lifecycle

import (
	"github.com/podlike/podlike/internal/pod"
)

// Status is what a snapshot says to people.
func Status(s Snapshot) pod.Status {
	status := pod.Status{Phase: string(s.Phase), Since: s.PhaseSince, Health: s.Health, Supervisors: 1}
	if s.Remembered != nil {
		status.Supervisors += s.Remembered.Supervisors
	}
	for i := range s.Parts {
		p := &s.Parts[i]
		c := pod.ComponentStatus{
			Name: p.Name, Role: p.Role, Life: life(p, s.ending()), Since: p.Since,
			Restarts: p.Restarts, Attempts: p.Attempts, ContainerID: p.Container,
		}
		if at := p.RestartAt; !at.IsZero() && !s.ending() {
			c.RestartAt = &at
		}
		if p.State == Running {
			c.Health = p.health()
		}
		if p.HasExit {
			exit := p.Exit
			c.LastExit, c.Reason = &exit, ended(exit)
		}
		if p.Failure != "" {
			c.Reason = "cannot start: " + p.Failure
		}
		status.Components = append(status.Components, c)
	}
	return status
}

// life is the public word for a state.
func life(p *Part, ending bool) pod.Life {
	switch p.State {
	case Waiting:
		if p.Starts > 0 {
			return pod.LifeRestarting
		}
		return pod.LifeWaiting
	case Creating, Starting:
		return pod.LifeStarting
	case Running:
		return pod.LifeRunning
	case Stopping, Removing:
		if ending {
			return pod.LifeStopping
		}
		return pod.LifeRestarting
	case BackingOff:
		return pod.LifeRestarting
	default:
		return pod.LifeEnded
	}
}
