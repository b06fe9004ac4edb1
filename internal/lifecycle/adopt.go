package lifecycle

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/podlike/podlike/internal/pod"
)

const (
	// manyCleanings is how often strays may come back before we give up.
	manyCleanings = 10
	listAgain     = 50 * time.Millisecond
)

// listed takes what the engine has of this pod. Before the start, strays are
// removed first, and the rest is adopted when none is left; after the end,
// everything that is left is a stray.
func (n *step) listed(list []pod.Observed) {
	n.Listing = false
	switch n.Phase {
	case Adopting:
		kept, strays := n.sort(list)
		if n.ending() {
			// Nothing will be made, so nothing has to go first.
			n.clean(strays)
			n.adopt(kept)
			return
		}
		if len(strays) == 0 {
			n.adopt(kept)
			return
		}
		if n.Cleanings++; n.Cleanings > manyCleanings {
			n.end(Verdict{Cause: Failed}, "containers of an earlier run cannot be removed")
			return
		}
		n.clean(strays)
	case Sweeping:
		if len(list) == 0 {
			n.finish()
			return
		}
		n.clean(list)
	}
}

func (n *step) listFailed(err error) {
	n.Listing = false
	switch {
	case n.Phase == Sweeping, n.ending():
		n.list()
	case n.Phase == Adopting:
		n.complain("cannot start the pod: %v", err)
		n.end(Verdict{Cause: Failed}, "the engine does not answer")
	}
}

// sort tells the containers that can be adopted from the strays: those of
// another run, whose namespaces are dead; of another definition; of no
// component; and all but the liveliest of one component.
func (n *step) sort(list []pod.Observed) (kept map[string]pod.Observed, strays []pod.Observed) {
	kept = map[string]pod.Observed{}
	for _, o := range list {
		if o.Run == n.Spec.Run && (o.Role == pod.RoleIPC || o.Role == pod.RoleHelper || o.Role == pod.RoleDebug) {
			continue // not ours to judge; goes with the last sweep
		}
		p := n.part(o.Component)
		if o.Run != n.Spec.Run || p == nil || p.Role != o.Role || p.Hash != o.SpecHash {
			strays = append(strays, o)
			continue
		}
		if other, twice := kept[o.Component]; twice {
			if liveliness(other) > liveliness(o) {
				other, o = o, other
			}
			strays = append(strays, other)
		}
		kept[o.Component] = o
	}
	return kept, strays
}

func liveliness(o pod.Observed) int {
	return slices.Index([]pod.State{pod.StateCreated, pod.StateExited, pod.StateRunning}, o.State)
}

// clean removes strays; when all are gone, we look again.
func (n *step) clean(strays []pod.Observed) {
	slices.SortFunc(strays, func(a, b pod.Observed) int { return cmp.Compare(a.ContainerID, b.ContainerID) })
	for _, o := range strays {
		what := fmt.Sprintf("container %.12s", o.ContainerID)
		if o.Component != "" {
			what += fmt.Sprintf(" of component %q", o.Component)
		}
		if o.Role != pod.RoleIPC || o.Run != n.Spec.Run { // our own donor goes last, as it should
			n.tell("removing %s, which was left behind", what)
		}
		n.Strays = append(n.Strays, o.ContainerID)
		n.do(Action{Kind: DoRemove, Container: o.ContainerID})
	}
}

func (n *step) strayRemoved(e Event) {
	i := slices.Index(n.Strays, e.Container)
	if i < 0 {
		return
	}
	n.Strays = slices.Delete(n.Strays, i, i+1)
	if e.Kind == RemoveFailed && n.Phase == Adopting {
		n.complain("cannot start the pod: cannot remove container %.12s, which was left behind: %v", e.Container, e.Err)
		n.end(Verdict{Cause: Failed}, "it cannot be cleaned up")
	}
	if len(n.Strays) == 0 {
		n.alarm(ListDue, "", listAgain)
	}
}

// adopt goes on with the containers of an earlier supervisor, or starts the
// pod if there are none. What ended meanwhile counts as ended just now, in the
// order in which it ended.
func (n *step) adopt(kept map[string]pod.Observed) {
	switch {
	case n.ending():
		n.enterPhase(Ending)
	case len(kept) == 0 && n.Remembered == nil:
		n.enterPhase(Initializing)
		n.tell("starting the pod: %s", strings.Join(n.names(), ", "))
	default:
		n.enterPhase(Initializing)
		n.tell("taking the pod over")
	}
	var exited []pod.Observed
	initsDone := n.Remembered != nil && n.Remembered.Phase == string(Serving)
	for _, name := range slices.Sorted(maps.Keys(kept)) {
		o, p := kept[name], n.part(name)
		initsDone = initsDone || !p.isInit()
		p.Container, p.HasCheck = o.ContainerID, o.HasCheck
		switch o.State {
		case pod.StateRunning:
			if n.wasStarting(p) {
				n.tell("%s was being started", p)
				n.enter(p, Starting)
				n.do(Action{Kind: DoWait, Component: p.Name, Container: p.Container})
				n.do(Action{Kind: DoStart, Component: p.Name, Container: p.Container})
				continue
			}
			n.enter(p, Running)
			if n.wasStopping(p) {
				p.Service.PreStop = nil
			}
			p.Health = o.Health
			if h, ok := n.Early[o.ContainerID]; ok {
				p.Health = h
			}
			n.ran(p, o.StartedAt)
			if !o.StartedAt.IsZero() {
				p.Since = o.StartedAt
			}
			n.tell("%s is running already", p)
			n.do(Action{Kind: DoWait, Component: p.Name, Container: p.Container})
			if rest, again := n.restarting(p, p.Container); again && !n.ending() {
				n.replace(p, rest) // it was being stopped for that
			}
		case pod.StateExited:
			n.ran(p, o.StartedAt)
			exited = append(exited, o)
		}
		// One that never started stays Waiting; the create call takes it over.
	}
	n.Early = nil
	slices.SortStableFunc(exited, func(a, b pod.Observed) int { return a.Exit.At.Compare(b.Exit.At) })
	for _, o := range exited {
		p := n.part(o.Component)
		if rest, again := n.restarting(p, p.Container); again && !n.ending() && p.State == Waiting {
			n.backOff(p, rest)
		} else if p.State == Waiting {
			n.exited(p, o.Exit)
		}
	}
	for i := range n.Parts {
		p := &n.Parts[i]
		if p.State != Waiting || p.Container != "" || n.ending() {
			continue
		}
		if rest, again := n.restarting(p, ""); again && rest > 0 {
			n.backOff(p, rest) // it could not be made
		} else if n.hadEnded(p) {
			n.enter(p, Ended) // docker system prune takes containers that have ended
		}
	}
	if initsDone && !n.ending() {
		n.skipInits()
	}
}

// skipInits: a component was started, so all of them had ended well.
func (n *step) skipInits() {
	for i := range n.Parts {
		if p := &n.Parts[i]; p.isInit() && p.State == Waiting {
			p.HasExit = true
			n.enter(p, Ended)
		}
	}
}

// early remembers what was said of a container before the list came; the list
// may be older.
func (n *step) early(container string, h pod.Health) {
	early := maps.Clone(n.Early)
	if early == nil {
		early = map[string]pod.Health{}
	}
	early[container] = h
	n.Early = early
}

func (n *step) names() []string {
	names := make([]string, len(n.Parts))
	for i := range n.Parts {
		names[i] = n.Parts[i].Name
	}
	return names
}
