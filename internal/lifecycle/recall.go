package lifecycle

import (
	"slices"
	"time"

	"github.com/podlike/podlike/internal/pod"
)

// What an earlier supervisor said last is worth more than the list of
// containers in a few things only: how often a component was restarted, that
// an end was judged already, when its backoff is over, and which hooks it was
// about to run. What runs, and how it ended, the engine knows better.

// recalled is what an earlier supervisor said of the part, nil if nothing.
func (s *Snapshot) recalled(p *Part) *pod.ComponentStatus {
	if s.Remembered == nil {
		return nil
	}
	i := slices.IndexFunc(s.Remembered.Components, func(c pod.ComponentStatus) bool {
		return c.Name == p.Name && c.Role == p.Role
	})
	if i < 0 {
		return nil
	}
	return &s.Remembered.Components[i]
}

// recall takes over the counts.
func (s *Snapshot) recall(p *Part) {
	r := s.recalled(p)
	if r == nil {
		return
	}
	p.Restarts, p.Attempts = r.Restarts, r.Attempts
	if r.LastExit != nil {
		p.Exit, p.HasExit = *r.LastExit, true
	}
	if p.HasExit || p.Restarts > 0 || r.Life == pod.LifeRunning {
		p.Starts = 1
	}
}

// wasStarting reports whether an earlier supervisor had not finished the start
// of the part's container: its post_start hooks are run again, from the first.
func (n *step) wasStarting(p *Part) bool {
	r := n.recalled(p)
	return r != nil && r.Life == pod.LifeStarting && r.ContainerID == p.Container && !n.ending()
}

// wasStopping reports whether an earlier supervisor had begun to stop the
// part's container: its pre_stop hooks are not run again.
func (n *step) wasStopping(p *Part) bool {
	r := n.recalled(p)
	return r != nil && r.Life == pod.LifeStopping && r.ContainerID == p.Container
}

// hadEnded reports whether an earlier supervisor saw the part end for good, and
// judged that.
func (n *step) hadEnded(p *Part) bool {
	r := n.recalled(p)
	return r != nil && r.Life == pod.LifeEnded && r.LastExit != nil
}

// restarting is the rest of the backoff of a part whose restart was decided
// already, given the container that it has now, "" if none.
func (n *step) restarting(p *Part, container string) (rest time.Duration, ok bool) {
	r := n.recalled(p)
	if r == nil || r.Life != pod.LifeRestarting || r.ContainerID != container {
		return 0, false
	}
	if r.RestartAt != nil {
		rest = max(0, r.RestartAt.Sub(n.at))
	}
	return rest, true
}
