package lifecycle

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/podlike/podlike/internal/pod"
)

const (
	defaultBudget = 10 * time.Second // Swarm's own default
	leastMargin   = time.Second
	mostMargin    = 2 * time.Second
	// unhurried is how much longer than the budget an end may take that nobody
	// asked for.
	unhurried = time.Minute
	// mourning is how long we clean up after a pause that died. Nobody waits.
	mourning = 30 * time.Second

	sigKill = "SIGKILL"
)

// Margin is the part of the stop budget that is kept for killing, removing and
// telling: a tenth, at least 1 s, at most 2 s, and never more than half.
func Margin(budget time.Duration) time.Duration {
	return min(max(budget/10, leastMargin), mostMargin, budget/2)
}

// end begins the pod's end, for whatever reason. Only the first counts.
func (n *step) end(v Verdict, reason string, args ...any) {
	if n.ending() {
		return
	}
	n.Verdict = v
	n.tell("stopping the pod: "+reason, args...)
	// A supervisor that was just replaced does not know yet what it has to
	// stop: the list comes first then.
	if n.Phase != Adopting || (v.Cause != Asked && v.Cause != Resumed) {
		n.enterPhase(Ending)
	}

	n.spend(0)
	if v.Cause != Asked && v.Cause != Failed {
		// Nobody's clock runs: what the components wrote last may take longer.
		n.alarm(BudgetOver, "", n.budget()+unhurried)
	}
	for i := range n.Parts {
		if p := &n.Parts[i]; p.State == Creating || p.State == Starting {
			n.do(Action{Kind: DoCancel, Component: p.Name})
		}
	}
}

func (n *step) budget() time.Duration {
	if n.Spec.StopBudget <= 0 {
		return defaultBudget
	}
	return n.Spec.StopBudget
}

// spend sets the alarms of the stop budget, of which so much is spent already.
func (n *step) spend(spent time.Duration) {
	budget := n.budget()
	margin := Margin(budget)
	// Whoever is asked to stop although the budget is spent has more of it
	// than we know; the margin is what killing and removing needs.
	spent = min(spent, budget-margin)
	n.Deadline = n.at.Add(budget - margin - spent)
	// Late enough for components that need their time, early enough to give
	// the others some, when one does not end at all.
	n.alarm(OrderOver, "", (budget-margin)*2/3-spent)
	n.alarm(GraceOver, "", budget-margin-spent)
	n.alarm(ForceOver, "", budget-margin/2-spent)
	n.alarm(BudgetOver, "", budget-margin/10-spent)
}

// stopAsked takes SIGTERM and SIGINT. A second one changes nothing. One that an
// earlier supervisor was told already leaves less of the budget.
func (n *step) stopAsked(signal string, ago time.Duration) {
	ended := n.ending()
	n.end(Verdict{Cause: Asked}, "%s", signal)
	if n.Verdict.StopAsked {
		return
	}
	n.Verdict.StopAsked = true
	margin := Margin(n.budget())
	switch {
	case n.at.Add(n.budget() - margin - ago).Before(n.Deadline):
		n.spend(ago)
	case ended && n.Verdict.Cause != Orphaned:
		n.alarm(BudgetOver, "", n.budget()-margin/10-ago)
	}
}

// signalled passes a signal on to the components that ask for it.
func (n *step) signalled(signal string) {
	for i := range n.Parts {
		p := &n.Parts[i]
		if p.State == Running && slices.Contains(p.Signals, signal) {
			n.tell("passing %s on to %s", signal, p)
			n.do(Action{Kind: DoKill, Component: p.Name, Container: p.Container, Signal: signal})
		}
	}
}

// pauseGone removes everything at once: the namespaces are dead.
func (n *step) pauseGone() {
	if n.Verdict.Cause == Orphaned {
		return
	}
	n.end(Verdict{Cause: Orphaned}, "the pause died")
	n.Verdict.Cause = Orphaned
	if n.Phase == Adopting {
		n.enterPhase(Ending)
	}
	n.alarm(BudgetOver, "", mourning)
	n.force()
}

// settleEnding stops the components in reverse dependency order and removes
// what ended. Its last act is to look whether anything is left.
func (n *step) settleEnding() {
	gone := true
	for i := range n.Parts {
		p := &n.Parts[i]
		switch p.State {
		case Waiting, BackingOff, Ended:
			n.release(p)
		case Running:
			if n.OrderGaveWay || !n.needed(p) {
				n.stop(p)
			}
		}
		gone = gone && p.State == Gone
	}
	if gone {
		n.enterPhase(Sweeping)
		if len(n.Strays) == 0 {
			n.list()
		}
	}
}

// needed reports whether a component that depends on this one still runs.
func (n *step) needed(p *Part) bool {
	return slices.ContainsFunc(n.Plan.Dependents(p.Name), func(name string) bool {
		s := n.part(name).State
		return s == Starting || s == Running || s == Stopping
	})
}

// stop sends the stop signal, with as much grace as the budget has.
func (n *step) stop(p *Part) {
	left := n.Deadline.Sub(n.at)
	if left <= 0 {
		n.kill(p)
		return
	}
	n.tell("stopping %s", p)
	n.enter(p, Stopping)
	n.do(Action{Kind: DoStop, Component: p.Name, Container: p.Container, Grace: min(p.grace(), left)})
}

func (n *step) kill(p *Part) {
	n.tell("killing %s: the time to stop is over", p)
	if p.State == Running {
		n.enter(p, Stopping)
	}
	n.do(Action{Kind: DoKill, Component: p.Name, Container: p.Container, Signal: sigKill})
}

func (n *step) release(p *Part) {
	if p.Container != "" {
		n.remove(p)
	} else {
		n.enter(p, Gone)
	}
}

func (n *step) removed(p *Part) {
	if p.State != Removing {
		return
	}
	p.Container = ""
	if n.ending() {
		n.enter(p, Gone)
	} else {
		n.enter(p, Waiting)
	}
}

// removeFailed comes after several tries.
func (n *step) removeFailed(p *Part, err error) {
	switch {
	case p.State != Removing:
	case n.ending():
		n.do(Action{Kind: DoRemove, Component: p.Name, Container: p.Container})
	default:
		n.fail(p, fmt.Sprintf("cannot remove its old container: %v", err), false)
	}
}

// graceOver kills what still runs.
func (n *step) graceOver() {
	if !n.ending() {
		return
	}
	n.OrderGaveWay = true
	for i := range n.Parts {
		if p := &n.Parts[i]; p.State == Running || p.State == Stopping {
			n.kill(p)
		}
	}
}

// forceOver no longer waits to be told how things ended.
func (n *step) forceOver() {
	if n.ending() {
		n.force()
	}
}

func (n *step) force() {
	for i := range n.Parts {
		p := &n.Parts[i]
		switch p.State {
		case Starting, Running, Stopping:
			n.Verdict.Killed = true
			n.remove(p)
		}
	}
}

// budgetOver gives the verdict, because Swarm would not wait any longer.
func (n *step) budgetOver() {
	if !n.ending() {
		return
	}
	var left []string
	for i := range n.Parts {
		if p := &n.Parts[i]; p.State != Gone {
			left = append(left, p.String())
		}
	}
	switch {
	case len(left) > 0:
		n.complain("cannot remove everything in time, left behind: %s", strings.Join(left, ", "))
	default:
		n.complain("cannot tell in time whether anything is left behind: the next pod on this node looks for that")
	}
	n.finish()
}

func (n *step) finish() {
	code := ExitCode(n.Verdict)
	n.tell("the pod has ended with code %d", code)
	n.enterPhase(Over)
	n.do(Action{Kind: DoFinish, Code: code})
}

// killed reports whether a component that was stopping got SIGKILL because its
// grace was over.
func killed(p *Part, e pod.Exit) bool {
	switch strings.TrimPrefix(strings.ToUpper(p.Service.StopSignal), "SIG") {
	case "KILL", "9":
		return false // that is how the user wants it stopped
	}
	return e.Code == codeKilled && !e.OOMKilled
}
