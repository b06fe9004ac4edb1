package lifecycle

import (
	"fmt"
	"strings"

	"github.com/podlike/podlike/internal/pod"
)

// settleInit lets the init components run one by one. One that failed for good
// has ended the pod already.
func (n *step) settleInit() {
	for i := range n.Parts {
		p := &n.Parts[i]
		if !p.isInit() {
			break
		}
		if p.State == Waiting {
			n.create(p)
		}
		if p.State != Ended {
			return
		}
	}
	n.enterPhase(Serving)
}

// settleServing starts every component that may start now, and restarts those
// whose health or whose dependencies ask for it.
func (n *step) settleServing() {
	allEnded := true
	for i := range n.Parts {
		p := &n.Parts[i]
		if p.isInit() {
			continue
		}
		switch p.State {
		case Waiting:
			n.settleWaiting(p)
		case Running:
			n.settleRunning(p)
		}
		if n.ending() {
			return
		}
		allEnded = allEnded && p.State == Ended
	}
	if allEnded {
		n.end(Verdict{Cause: AllEnded}, "every component has ended")
	}
}

func (n *step) settleWaiting(p *Part) {
	g := n.gate(p)
	switch {
	case g.never != "":
		n.fail(p, g.never, false)
	case g.pending == "":
		for _, w := range g.without {
			n.tell("%s starts although %s: it is not required", p, w)
		}
		n.create(p)
	case !p.TimedWait:
		p.TimedWait = true
		n.tell("%s waits: %s", p, g.pending)
		if p.StartTimeout > 0 {
			n.alarm(WaitOver, p.Name, p.StartTimeout)
		}
	}
}

func (n *step) settleRunning(p *Part) {
	if p.HasCheck && p.Health == pod.Unhealthy {
		// Nobody says "again" to what its policy would not restart.
		d := Decide(p.Restart, p.Attempts, p.ranUntil(n.at, n.at), false)
		if d.Again {
			n.count(p, d)
			n.replace(p, d.Delay)
			return
		}
	}
	for _, d := range n.Plan.Dependencies(p.Name) {
		if dependency := n.part(d.Name); d.Restart && dependency.replaced() {
			p.Restarts++
			n.tell("restarting %s together with %s", p, dependency)
			n.replace(p, 0)
			return
		}
	}
}

// replaced reports whether the component is between two containers, seen from
// one that has started after it.
func (p *Part) replaced() bool { return p.State != Running && p.State != Ended }

func (n *step) waitOver(p *Part) {
	if p.State != Waiting || !p.TimedWait || n.ending() {
		return // it started in time
	}
	n.fail(p, fmt.Sprintf("%s, after waiting for %s", n.gate(p).pending, p.StartTimeout), false)
}

func (n *step) create(p *Part) {
	n.tell("starting %s", p)
	n.enter(p, Creating)
	n.do(Action{Kind: DoCreate, Component: p.Name})
}

func (n *step) created(p *Part, made pod.Observed) {
	if p.State != Creating {
		return
	}
	p.Container, p.HasCheck = made.ContainerID, made.HasCheck
	if n.ending() {
		n.enter(p, Ended)
		return
	}
	n.enter(p, Starting)
	// The wait goes first, so that no end is missed.
	n.do(Action{Kind: DoWait, Component: p.Name, Container: p.Container})
	n.do(Action{Kind: DoStart, Component: p.Name, Container: p.Container})
}

func (n *step) createFailed(p *Part, err error) {
	if p.State != Creating {
		return
	}
	p.Container = ""
	n.fail(p, fmt.Sprint(err), true)
}

func (n *step) started(p *Part) {
	if p.State != Starting {
		return // it ended before the call returned
	}
	n.enter(p, Running)
	n.ran(p, n.at)
	n.tell("%s is running", p)
}

func (n *step) startFailed(p *Part, err error) {
	if p.State != Starting {
		return
	}
	// The call may have worked all the same.
	n.do(Action{Kind: DoKill, Component: p.Name, Container: p.Container, Signal: sigKill})
	n.fail(p, fmt.Sprint(err), true)
}

func (n *step) triedInVain(p *Part, err error) {
	if p.State == Creating || p.State == Starting {
		n.tell("cannot start %s yet, trying again: %v", p, err)
	}
}

// fail takes a component that could not be started. That ends the pod, unless
// the component is not essential: then its restart policy is asked, if retrying
// makes sense.
func (n *step) fail(p *Part, why string, retry bool) {
	if n.ending() {
		n.enter(p, Ended) // most likely because we cancelled the call
		return
	}
	n.complain("cannot start %s: %s", p, why)
	if retry && !p.decides() {
		if d := Decide(p.Restart, p.Attempts, 0, false); d.Again {
			n.count(p, d)
			n.backOff(p, d.Delay)
			return
		}
	}
	p.Failure = why
	n.enter(p, Ended)
	if p.decides() {
		n.end(Verdict{Cause: Failed}, "%s cannot be started", p)
	}
}

// gated is what a component's dependencies say: never is why it can never
// start, pending what it still waits for, without which optional dependencies
// it starts without. All empty: it may start.
type gated struct {
	never, pending string
	without        []string
}

// gate asks a component's dependencies. Once it ran, only those matter that it
// is restarted with: dependencies order the start, not the restarts.
func (n *step) gate(p *Part) gated {
	var g gated
	var pending []string
	for _, d := range n.Plan.Dependencies(p.Name) {
		if p.Starts > 0 && !d.Restart {
			continue
		}
		dependency := n.part(d.Name)
		state, why := meets(d.Condition, dependency)
		why = strings.Join([]string{dependency.String(), why}, " ")
		switch {
		case state == notYet:
			pending = append(pending, why)
		case state == never && d.Required:
			g.never = why
		case state == never:
			g.without = append(g.without, why)
		}
	}
	g.pending = strings.Join(pending, ", ")
	return g
}

// met is whether a condition of depends_on holds.
type met string

const (
	holds  met = "holds"
	notYet met = "not yet"
	never  met = "never"
)

// meets says whether the dependency is as far as the condition asks, and if
// not, what it lacks.
//   - service_started: it runs, or has done its work;
//   - service_healthy: the same, with its health check passed if it has one;
//   - service_completed_successfully: it ended with 0 or an ignored code.
func meets(c pod.Condition, d *Part) (met, string) {
	switch {
	case d.State == Ended && d.Failure != "":
		return never, "could not be started"
	case d.State == Ended && !d.succeeded():
		return never, ended(d.Exit)
	case d.State == Ended && c == pod.IsHealthy && d.HasCheck:
		return never, ended(d.Exit) + " before it was healthy"
	case d.State == Ended:
		return holds, ""
	case c == pod.Completed:
		return notYet, "has not completed"
	case d.State != Running:
		return notYet, "is not running"
	case c == pod.IsHealthy && d.health() != pod.Healthy:
		return notYet, "is not healthy"
	default:
		return holds, ""
	}
}
