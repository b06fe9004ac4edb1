package engine

import (
	"slices"

	"github.com/docker/docker/api/types/container"

	"github.com/podlike/podlike/internal/labels"
	"github.com/podlike/podlike/internal/pod"
)

// The kinds of things that carry our label, in the order in which they are
// removed: a volume or a network is free when its containers are gone.
const (
	kindContainer = "container"
	kindVolume    = "volume"
	kindNetwork   = "network"
)

// thing is something on this node that carries our label.
type thing struct {
	kind  string
	id    string // for a volume its name
	name  string // for people
	state string // of a container, as the engine says
	owner labels.Owner
}

// lives: a container that is about to do something, or could again.
func (t thing) lives() bool {
	return t.kind == kindContainer && (t.state == container.StateRunning || t.state == container.StatePaused || t.state == container.StateRestarting)
}

// pauseIsOver: a pause in this state, as the engine says, has no pod any more.
// One that was only created has none yet, one that is paused or restarting has
// one, and one that is being removed is looked at again when it is gone.
func pauseIsOver(state string) bool {
	return state == container.StateExited || state == container.StateDead
}

// leftovers picks what is to be removed, in order. over says of a pod's ID that
// its pause is gone or has ended, hangs that its supervisor, which runs, had
// time enough to clean up after it. pending are the pods whose supervisor has
// time still.
//
// What is picked stays right although a pause may be started again: the things
// were listed before the pauses were looked at, so they are of a run that is
// over, and the next run adopts nothing of it.
func leftovers(things []thing, over, hangs func(id string) bool) (remove []thing, pending []string) {
	tended := map[string]bool{}
	for _, t := range things {
		if t.owner.Role == pod.RoleSupervisor && t.lives() && over(t.owner.ID) && !hangs(t.owner.ID) {
			tended[t.owner.ID] = true
		}
	}
	for _, t := range things {
		switch {
		case !over(t.owner.ID):
		case tended[t.owner.ID]:
			if !slices.Contains(pending, t.owner.ID) {
				pending = append(pending, t.owner.ID)
			}
		case t.state == container.StateRemoving: // somebody is at it
		case t.owner.Role == pod.RoleHelper && t.lives(): // it ends by itself, and somebody waits for it
		default:
			remove = append(remove, t)
		}
	}
	// A supervisor that hangs goes first: it might wake up and remove, too.
	slices.SortStableFunc(remove, func(a, b thing) int { return rank(a) - rank(b) })
	return remove, pending
}

func rank(t thing) int {
	switch {
	case t.kind == kindNetwork:
		return 3
	case t.kind == kindVolume:
		return 2
	case t.owner.Role == pod.RoleSupervisor:
		return 0
	default:
		return 1
	}
}
