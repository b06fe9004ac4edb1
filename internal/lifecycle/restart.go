package lifecycle

import (
	"fmt"
	"time"

	"github.com/podlike/podlike/internal/pod"
)

const (
	backoffFirst  = time.Second
	backoffMost   = 60 * time.Second
	defaultWindow = 60 * time.Second
)

// Backoff is the default delay before the restart after that many others: at
// once, then 1 s, doubling to 60 s.
func Backoff(attempts int) time.Duration {
	if attempts == 0 {
		return 0
	}
	delay := backoffFirst
	for range attempts - 1 {
		if delay *= 2; delay >= backoffMost {
			return backoffMost
		}
	}
	return delay
}

// Decision is what a restart policy says about an end.
type Decision struct {
	Again bool
	// Delay and Attempts are valid if Again: how long to wait, and how many
	// restarts count then, this one included.
	Delay    time.Duration
	Attempts int
	// Exhausted: it would be restarted, had it not been so often already.
	Exhausted bool
}

// Decide asks the policy what to do about a component that ran that long and
// ended well or not, after so many restarts that count.
func Decide(p pod.RestartPolicy, attempts int, ran time.Duration, well bool) Decision {
	window := p.Window
	if window == 0 {
		window = defaultWindow
	}
	if ran >= window {
		attempts = 0
	}
	wanted := p.Condition == pod.RestartAlways || (p.Condition == pod.RestartOnFailure && !well)
	switch {
	case !wanted:
		return Decision{}
	case p.MaxAttempts > 0 && attempts >= p.MaxAttempts:
		return Decision{Exhausted: true}
	}
	delay := p.Delay
	if delay == 0 {
		delay = Backoff(attempts)
	}
	return Decision{Again: true, Delay: delay, Attempts: attempts + 1}
}

// decide asks the part's policy; ran is how long it ran.
func (n *step) decide(p *Part, ran time.Duration, well bool) Decision {
	if p.isInit() && well {
		return Decision{}
	}
	d := Decide(p.Restart, p.Attempts, ran, well)
	if d.Exhausted {
		n.tell("%s is not restarted any more: that was restart %d of %d", p, p.Attempts, p.Restart.MaxAttempts)
	}
	return d
}

// count notes the decision to restart.
func (n *step) count(p *Part, d Decision) {
	p.Restarts++
	p.Attempts = d.Attempts
	when := "at once"
	if d.Delay > 0 {
		when = "in " + d.Delay.String()
	}
	number := fmt.Sprint(d.Attempts)
	if p.Restart.MaxAttempts > 0 {
		number += fmt.Sprintf(" of %d", p.Restart.MaxAttempts)
	}
	n.tell("restarting %s %s (restart %s)", p, when, number)
}

// backOff lets the part wait for its restart. What is left of it is removed
// afterwards, so that it can be looked at meanwhile.
func (n *step) backOff(p *Part, delay time.Duration) {
	n.enter(p, BackingOff)
	p.RestartAt = n.at.Add(delay)
	if delay <= 0 {
		n.restartDue(p)
		return
	}
	n.alarm(RestartDue, p.Name, delay)
}

func (n *step) restartDue(p *Part) {
	if p.State != BackingOff || n.ending() {
		return // the alarm of an earlier time
	}
	if p.Container != "" {
		n.remove(p)
	} else {
		n.enter(p, Waiting)
	}
}

// replace stops a running part in order to start it again.
func (n *step) replace(p *Part, delay time.Duration) {
	n.enter(p, Stopping)
	p.Delay, p.RestartAt = delay, n.at.Add(delay)
	n.do(Action{Kind: DoStop, Component: p.Name, Container: p.Container, Grace: p.grace()})
}
