package main

import (
	"syscall"
	"time"

	"github.com/podlike/podlike/internal/handoff"
)

const (
	// attachWithin is how long a supervisor that was started may take to
	// attach before the launcher looks after it: one that died is replaced,
	// and one that runs is left alone until replaceAfter.
	attachWithin = 2 * time.Second
	replaceAfter = 20 * time.Second
	// hopeLasts is how long a pod may be without a supervisor.
	hopeLasts = 60 * time.Second

	backoffMin = 100 * time.Millisecond
	backoffMax = 10 * time.Second
)

// The launcher's exit codes that no second try can better.
const exitInvalid = 2 // the definition is wrong

// life decides what PID 1 does next. Its methods are called by one goroutine.
type life struct {
	launcher interface {
		// start starts it; with replace, a supervisor that runs is replaced;
		// served says that there was one before.
		start(replace, served bool) error
		terminate()
	}
	server interface {
		Signal(name string)
		Events() <-chan handoff.Event
	}

	// settled is called when a supervisor is here, and PID 1 has nothing to do
	// until something happens to it.
	settled func()

	launching bool // the launcher runs
	attached  bool // a supervisor is here
	served    bool // a supervisor was here once, so components may exist
	stopping  bool // SIGTERM or SIGINT came
	leftAt    time.Time
	// replacedAt is when a supervisor that runs was last replaced: the new one
	// has its time, too.
	replacedAt time.Time
	backoff    time.Duration
	wakeAt     time.Time // when to call woke; zero: never

	over bool
	code int
}

// launch starts the launcher, now.
func (l *life) launch() {
	if l.leftAt.IsZero() {
		l.leftAt = time.Now()
	}
	replace := time.Since(l.leftAt) > replaceAfter && time.Since(l.replacedAt) > replaceAfter
	if replace {
		l.replacedAt = time.Now()
	}
	if err := l.launcher.start(replace, l.served); err != nil {
		say("cannot start the supervisor's launcher: " + err.Error())
		l.retry()
		return
	}
	l.launching = true
}

// launched is called when the launcher has ended.
func (l *life) launched(code int) {
	l.launching = false
	final := code == exitInvalid || code == exitOurFailure
	switch {
	case l.attached:
	case code == 0:
		l.wakeAt = time.Now().Add(attachWithin)
	case l.stopping && !l.served:
		l.end(0)
	case final && !l.served:
		l.end(code)
	default:
		l.retry()
	}
}

// heard is called with what the supervisor says.
func (l *life) heard(e handoff.Event) {
	switch e.Kind {
	case handoff.Attached:
		l.attached, l.served = true, true
		l.wakeAt = time.Time{}
		if l.settled != nil {
			l.settled()
		}
	case handoff.Detached:
		if !l.stopping {
			say("the supervisor is gone without a verdict; starting another")
		}
		l.attached = false
		l.leftAt, l.backoff = time.Now(), 0
		l.retry()
	case handoff.Verdict:
		l.end(e.Code)
	}
}

// signalled is called with each signal that PID 1 gets.
func (l *life) signalled(s syscall.Signal) {
	switch s {
	case syscall.SIGTERM, syscall.SIGINT:
		l.stopping = true
		l.server.Signal(signalName(s))
		if l.launching && !l.served {
			l.launcher.terminate()
		} else if !l.launching && !l.attached {
			// Between two tries: the next one is due now, to clean up.
			l.wakeAt = time.Now()
		}
	default:
		l.server.Signal(signalName(s))
	}
}

// woke is called at wakeAt.
func (l *life) woke() {
	if !l.attached && !l.launching && !l.hopeless() {
		l.launch()
	}
}

// retry launches again after a pause, or gives up.
func (l *life) retry() {
	if l.hopeless() {
		return
	}
	if l.stopping {
		l.backoff = 0 // Swarm's clock runs
	}
	l.backoff = min(max(2*l.backoff, backoffMin), backoffMax)
	l.wakeAt = time.Now().Add(l.backoff)
}

// hopeless ends the pod when it was without a supervisor for too long.
func (l *life) hopeless() bool {
	if time.Since(l.leftAt) <= hopeLasts {
		return false
	}
	say("no supervisor attached for " + hopeLasts.String() + "; ending the pod")
	l.end(exitOurFailure)
	return true
}

func (l *life) end(code int) {
	if !l.over {
		l.over, l.code = true, code
	}
}

func signalName(s syscall.Signal) string {
	switch s {
	case syscall.SIGTERM:
		return "SIGTERM"
	case syscall.SIGINT:
		return "SIGINT"
	case syscall.SIGHUP:
		return "SIGHUP"
	case syscall.SIGQUIT:
		return "SIGQUIT"
	case syscall.SIGUSR1:
		return "SIGUSR1"
	case syscall.SIGUSR2:
		return "SIGUSR2"
	default:
		return "SIGWINCH"
	}
}
