package lifecycle

import (
	"context"
	"time"

	"github.com/podlike/podlike/internal/plan"
	"github.com/podlike/podlike/internal/pod"
)

// Abandoned is what [Run] returns when its context ended: it is no verdict,
// the pod lives on, and whoever runs it next takes it over.
const Abandoned = -1

// Config is what a pod's life needs. The functions are called one at a time,
// from the goroutine of [Run], which waits for them: they must not block. Those
// that are nil are not called.
type Config struct {
	Spec   pod.Spec
	Plan   *plan.Plan // of Spec
	Engine Engine
	// Hash is the definition's hash, as Engine.List tells it; containers of
	// another one are not adopted.
	Hash func(pod.Component) string
	// UnderSwarm: somebody replaces a pod that ends because it is unhealthy.
	UnderSwarm bool
	// Commands is what the pause says. It may be closed.
	Commands <-chan Command

	// Resume is the exit code that an earlier supervisor gave to Ending; nil
	// if the pod is to live.
	Resume *int
	// Ending is told the exit code when the pod's end begins. Should this
	// process die before the verdict, the next one resumes with it.
	Ending func(code int)

	// Remembered is what an earlier supervisor last gave to Status; nil if
	// there was none. Restarts and backoffs go on from there.
	Remembered *pod.Status

	// Health is told the pod's health at first, and when it changes.
	Health func(pod.Health)
	// Message is told the pod's story, a line at a time, Error what failed.
	Message, Error func(string)
	// Status is told the state of the pod after everything that happened.
	Status func(pod.Status)
}

// Run runs a pod from its start, or from where another supervisor left it, to
// its end, and returns the exit code that the pause shall end with (see
// [ExitCode]). Nothing of the pod is left then, unless the stop budget was not
// enough. If ctx ends first, the containers are left as they are and the result
// is [Abandoned]. All that it started has ended when it returns, provided that
// the engine's calls end with their context.
func Run(ctx context.Context, cfg Config) int {
	l := &loop{
		cfg:      cfg,
		snapshot: newSnapshot(cfg),
		alarms:   alarms{},
		timer:    time.NewTimer(0),
		verdict:  Abandoned,
	}
	l.workers = newWorkers(ctx, cfg.Engine)
	defer l.workers.close()
	defer l.timer.Stop()
	l.workers.watch()
	l.step(Event{Kind: Begun})
	l.run(ctx)
	return l.verdict
}

// loop is the one owner of the snapshot. It waits for events and for nothing
// else.
type loop struct {
	cfg      Config
	snapshot Snapshot
	alarms   alarms
	timer    *time.Timer
	workers  *workers
	verdict  int
}

func (l *loop) run(ctx context.Context) {
	commands := l.cfg.Commands
	for l.snapshot.Phase != Over {
		select {
		case <-ctx.Done():
			return
		case e := <-l.workers.events:
			l.step(e)
		case c, ok := <-commands:
			if !ok {
				commands = nil
				continue
			}
			l.step(Event{Kind: c.kind, Signal: c.signal, Ago: c.ago})
		case <-l.timer.C:
			for _, e := range l.alarms.due(time.Now()) {
				l.step(e)
			}
		}
		l.wind()
	}
}

// wind sets the timer to the next alarm.
func (l *loop) wind() {
	if at, ok := l.alarms.next(); ok {
		l.timer.Reset(time.Until(at))
	} else {
		l.timer.Stop()
	}
}

func (l *loop) step(e Event) {
	e.At = time.Now()
	next, actions := Next(l.snapshot, e)
	if next.ending() && !l.snapshot.ending() {
		call(l.cfg.Ending, ExitCode(next.Verdict))
	}
	l.snapshot = next
	for _, a := range actions {
		l.perform(a)
	}
	if l.cfg.Status != nil {
		l.cfg.Status(Status(next))
	}
}

func (l *loop) perform(a Action) {
	switch a.Kind {
	case DoAlarm:
		l.alarms.set(a.Alarm, a.Component, a.At)
	case DoTell:
		call(l.cfg.Message, a.Text)
	case DoComplain:
		call(l.cfg.Error, a.Text)
	case DoHealth:
		call(l.cfg.Health, a.Health)
	case DoFinish:
		l.verdict = a.Code
	default:
		var c pod.Component
		if p := l.snapshot.part(a.Component); p != nil {
			c = p.Component
		}
		l.workers.perform(a, c)
	}
}

func call[T any](f func(T), value T) {
	if f != nil {
		f(value)
	}
}
