package lifecycle

import (
	"fmt"
	"time"

	"github.com/podlike/podlike/internal/pod"
)

// Next is the whole of the pod's behaviour: what was known and what happened
// give what is known now and what to do, in that order. It is pure; the same
// input gives the same output.
//
// Events may come late, twice or in another order than they happened: one that
// says nothing about the container that a component has now, or that does not
// fit its state, changes nothing.
func Next(s Snapshot, e Event) (Snapshot, []Action) {
	n := advance(s, e)
	return n.Snapshot, n.actions
}

// step is a snapshot on its way to the next.
type step struct {
	Snapshot
	at      time.Time
	actions []Action
	moves   []move
	changed bool
}

type move struct{ from, to State }

func advance(s Snapshot, e Event) *step {
	n := &step{Snapshot: s.clone(), at: e.At}
	if n.Phase == Over {
		return n
	}
	n.handle(e)
	for n.changed = true; n.changed; {
		n.changed = false
		n.settle()
	}
	return n
}

// handle does what the event itself asks for; what follows from the new
// situation is settle's.
func (n *step) handle(e Event) {
	switch e.Kind {
	case Begun:
		n.PhaseSince = e.At
		if n.Resume != nil {
			n.end(Verdict{Cause: Resumed, Exit: pod.Exit{Code: *n.Resume}}, "its end had begun when the last supervisor died")
		}
		n.list()
	case ListDue:
		n.list()
	case Listed:
		n.listed(e.List)
	case ListFailed:
		n.listFailed(e.Err)
	case HealthChanged:
		n.healthChanged(e)
	case StopAsked:
		n.stopAsked(e.Signal, e.Ago)
	case Signalled:
		n.signalled(e.Signal)
	case PauseGone:
		n.pauseGone()
	case OrderOver:
		n.OrderGaveWay = true
	case GraceOver:
		n.graceOver()
	case ForceOver:
		n.forceOver()
	case BudgetOver:
		n.budgetOver()
	case Removed, RemoveFailed:
		if e.Component == "" {
			n.strayRemoved(e)
			return
		}
		fallthrough
	default:
		if p := n.part(e.Component); p != nil {
			n.handlePart(p, e)
		}
	}
}

// handlePart takes the events of one component. Alarms and answers to create
// calls come without a container; all others must be about the one it has.
func (n *step) handlePart(p *Part, e Event) {
	switch e.Kind {
	case Created:
		n.created(p, e.Made)
		return
	case CreateFailed:
		n.createFailed(p, e.Err)
		return
	case TriedInVain:
		n.triedInVain(p, e.Err)
		return
	case RestartDue:
		n.restartDue(p)
		return
	case WaitOver:
		n.waitOver(p)
		return
	}
	if p.Container == "" || p.Container != e.Container {
		return
	}
	switch e.Kind {
	case Started:
		n.started(p)
	case StartFailed:
		n.startFailed(p, e.Err)
	case Exited:
		n.exited(p, e.Exit)
	case Removed:
		n.removed(p)
	case RemoveFailed:
		n.removeFailed(p, e.Err)
	}
}

// settle does what the situation asks for, whatever led to it. It is called
// until nothing changes any more.
func (n *step) settle() {
	switch n.Phase {
	case Initializing:
		n.settleInit()
	case Serving:
		n.settleServing()
	case Ending:
		n.settleEnding()
	}
	// Not while the phase has just changed: its first turn is still to come.
	if !n.changed && (n.Phase == Initializing || n.Phase == Serving) {
		n.foldHealth()
	}
}

// exited takes the end of a container. It may come before the start call has
// returned.
func (n *step) exited(p *Part, exit pod.Exit) {
	switch p.State {
	case Starting:
		n.ran(p, n.at)
	case Running, Stopping, Waiting: // Waiting: found ended by the first list
	default:
		return // its end was seen, or it is being removed
	}
	wasStopping := p.State == Stopping
	p.Exit, p.HasExit = exit, true
	ran := p.ranUntil(exit.At, n.at)
	n.tell("%s %s after %s", p, ended(exit), lasted(ran))

	switch {
	case n.ending():
		if wasStopping && killed(p, exit) {
			n.Verdict.Killed = true
		}
		n.enter(p, Ended)
	case wasStopping:
		n.backOff(p, p.Delay)
	default:
		d := n.decide(p, ran, p.good(exit))
		if d.Again {
			n.count(p, d)
			n.backOff(p, d.Delay)
			return
		}
		n.enter(p, Ended)
		n.conclude(p)
	}
}

// conclude says what a component's end for good means for the pod.
func (n *step) conclude(p *Part) {
	exit := p.Exit
	if p.good(exit) {
		exit.Code = 0
	}
	switch {
	case p.isInit() && p.succeeded():
	case p.isInit():
		n.end(Verdict{Cause: InitFailed, Exit: exit}, "%s %s", p, ended(p.Exit))
	case !p.Essential:
	case p.succeeded() && n.Plan.AwaitedEnd(p.Name):
	default:
		n.end(Verdict{Cause: ComponentEnded, Exit: exit}, "%s %s", p, ended(p.Exit))
	}
}

// enter is the only way into a state.
func (n *step) enter(p *Part, s State) {
	n.moves = append(n.moves, move{p.State, s})
	p.State, p.Since = s, n.at
	p.TimedWait = false
	p.RestartAt = time.Time{}
	if s != Running && s != Starting {
		p.Health = ""
	}
	n.changed = true
}

func (n *step) enterPhase(p Phase) {
	n.Phase, n.PhaseSince = p, n.at
	if r := n.Remembered; r != nil && r.Phase == string(p) {
		n.PhaseSince = r.Since
	}
	n.changed = true
}

// ran notes that the part's container got to run.
func (n *step) ran(p *Part, since time.Time) {
	p.Starts++
	p.StartedAt = since
}

// ranUntil is how long the container ran. The engine's time of the end is
// better than ours, if it has one.
func (p *Part) ranUntil(end, now time.Time) time.Duration {
	if end.IsZero() {
		end = now
	}
	return max(0, end.Sub(p.StartedAt))
}

func (n *step) do(a Action) { n.actions = append(n.actions, a) }

func (n *step) remove(p *Part) {
	n.enter(p, Removing)
	n.do(Action{Kind: DoRemove, Component: p.Name, Container: p.Container})
}

func (n *step) list() {
	if n.Listing {
		return
	}
	n.Listing = true
	n.do(Action{Kind: DoList})
}

func (n *step) alarm(kind EventKind, component string, after time.Duration) {
	n.do(Action{Kind: DoAlarm, Alarm: kind, Component: component, At: n.at.Add(after)})
}

// tell adds a line to the pod's story.
func (n *step) tell(format string, args ...any) {
	n.do(Action{Kind: DoTell, Text: fmt.Sprintf(format, args...)})
}

// complain tells of a failure.
func (n *step) complain(format string, args ...any) {
	n.do(Action{Kind: DoComplain, Text: fmt.Sprintf(format, args...)})
}

// ended says how a container ended.
func ended(e pod.Exit) string {
	if e.OOMKilled {
		return "was killed because memory ran out (code 137)"
	}
	return fmt.Sprintf("ended with code %d", e.Code)
}

// lasted rounds a duration to what people want to read.
func lasted(d time.Duration) time.Duration {
	if d < time.Second {
		return d.Round(time.Millisecond)
	}
	return d.Round(time.Second)
}
