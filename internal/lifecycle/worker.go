package lifecycle

import (
	"context"
	"errors"
	"maps"
	"sync"
	"time"

	"github.com/podlike/podlike/internal/pod"
)

const (
	// startsAtOnce bounds the create and start calls: more at a time only
	// delay the first starts, because the engine is bound by its CPU.
	startsAtOnce = 6
	// patience is how long a failing list or remove is repeated before its
	// failure is an event. The engine may be restarting.
	patience   = 60 * time.Second
	retryFirst = 100 * time.Millisecond
	retryMost  = 5 * time.Second
)

// workers make the engine's calls, each in a goroutine of its own, and send
// what came of them as events. Its methods are for the loop's goroutine.
type workers struct {
	engine Engine
	events chan Event
	slots  chan struct{}

	ctx    context.Context
	cancel context.CancelFunc
	wg     sync.WaitGroup

	// starts has the end of each component's create or start call, containers
	// that of all calls about a container.
	starts     map[string]context.CancelFunc
	containers map[string]*scope
}

type scope struct {
	ctx    context.Context
	cancel context.CancelFunc
}

func newWorkers(ctx context.Context, engine Engine) *workers {
	w := &workers{
		engine:     engine,
		events:     make(chan Event),
		slots:      make(chan struct{}, startsAtOnce),
		starts:     map[string]context.CancelFunc{},
		containers: map[string]*scope{},
	}
	w.ctx, w.cancel = context.WithCancel(ctx)
	return w
}

// close ends all calls and waits for them.
func (w *workers) close() {
	w.cancel()
	w.wg.Wait()
}

func (w *workers) send(e Event) {
	select {
	case w.events <- e:
	case <-w.ctx.Done():
	}
}

// watch sends the containers' health until the end.
func (w *workers) watch() {
	w.wg.Go(func() {
		retry(w.ctx, func() error {
			err := w.engine.Watch(w.ctx, func(container string, h pod.Health) {
				w.send(Event{Kind: HealthChanged, Container: container, Health: h})
			})
			if err == nil {
				err = context.Canceled // it never ends well before ctx does
			}
			return err
		})
	})
}

func (w *workers) perform(a Action, c pod.Component) {
	switch a.Kind {
	case DoList:
		w.wg.Go(w.list)
	case DoCreate:
		ctx := w.cancellable(a.Component)
		w.wg.Go(func() { w.create(ctx, c) })
	case DoStart:
		ctx := w.cancellable(a.Component)
		scope := w.scope(a.Container)
		w.wg.Go(func() { w.start(ctx, scope.ctx, a) })
	case DoCancel:
		if cancel := w.starts[a.Component]; cancel != nil {
			cancel()
		}
	case DoWait:
		scope := w.scope(a.Container)
		w.wg.Go(func() { w.wait(scope.ctx, a) })
	case DoStop:
		scope := w.scope(a.Container)
		w.wg.Go(func() {
			retry(scope.ctx, func() error { return w.engine.Stop(scope.ctx, a.Container, c, a.Grace) })
		})
	case DoKill:
		scope := w.scope(a.Container)
		w.wg.Go(func() { w.kill(scope.ctx, a) })
	case DoRemove:
		scope := w.scope(a.Container)
		w.wg.Go(func() { w.remove(scope, a) })
	}
}

// cancellable makes the context of a component's next create or start call.
func (w *workers) cancellable(component string) context.Context {
	if cancel := w.starts[component]; cancel != nil {
		cancel() // of a call that has returned
	}
	ctx, cancel := context.WithCancel(w.ctx)
	w.starts[component] = cancel
	return ctx
}

// scope is what all calls about a container share; it ends when the container
// is removed.
func (w *workers) scope(container string) *scope {
	s := w.containers[container]
	if s == nil || s.ctx.Err() != nil {
		// Those of removed containers go now: only the loop touches the map.
		maps.DeleteFunc(w.containers, func(_ string, s *scope) bool { return s.ctx.Err() != nil })
		s = &scope{}
		s.ctx, s.cancel = context.WithCancel(w.ctx)
		w.containers[container] = s
	}
	return s
}

func (w *workers) list() {
	var list []pod.Observed
	err := retryFor(w.ctx, patience, func(ctx context.Context) (err error) {
		list, err = w.engine.List(ctx)
		return err
	})
	if err != nil {
		w.send(Event{Kind: ListFailed, Err: err})
		return
	}
	w.send(Event{Kind: Listed, List: list})
}

func (w *workers) create(ctx context.Context, c pod.Component) {
	var made pod.Observed
	err := w.persist(ctx, c.Name, func() error {
		return w.inSlot(ctx, func() (err error) {
			made, err = w.engine.Create(ctx, c)
			return err
		})
	})
	if err != nil {
		w.send(Event{Kind: CreateFailed, Component: c.Name, Err: err})
		return
	}
	w.send(Event{Kind: Created, Component: c.Name, Made: made})
}

// start can be cancelled only before the call is made: half-way, nobody would
// know whether the container runs.
func (w *workers) start(cancelled, ctx context.Context, a Action) {
	err := w.persist(cancelled, a.Component, func() error {
		return w.inSlot(cancelled, func() error { return w.engine.Start(ctx, a.Container) })
	})
	if err != nil {
		w.send(Event{Kind: StartFailed, Component: a.Component, Container: a.Container, Err: err})
		return
	}
	w.send(Event{Kind: Started, Component: a.Component, Container: a.Container})
}

func (w *workers) wait(ctx context.Context, a Action) {
	var exit pod.Exit
	err := retry(ctx, func() (err error) {
		exit, err = w.engine.Wait(ctx, a.Container)
		return err
	})
	if err == nil {
		w.send(Event{Kind: Exited, Component: a.Component, Container: a.Container, Exit: exit})
	}
}

// kill repeats SIGKILL until it worked; another signal is sent once, because
// twice is not the same.
func (w *workers) kill(ctx context.Context, a Action) {
	if a.Signal != sigKill {
		w.engine.Kill(ctx, a.Container, a.Signal)
		return
	}
	retry(ctx, func() error { return w.engine.Kill(ctx, a.Container, a.Signal) })
}

func (w *workers) remove(s *scope, a Action) {
	err := retryFor(w.ctx, patience, func(ctx context.Context) error {
		return w.engine.Remove(ctx, a.Container)
	})
	if err != nil {
		w.send(Event{Kind: RemoveFailed, Component: a.Component, Container: a.Container, Err: err})
		return
	}
	s.cancel()
	w.send(Event{Kind: Removed, Component: a.Component, Container: a.Container})
}

// persist calls f until it succeeds, fails for good or ctx ends, or until its
// failures have lasted as long as they are worth. The first of them is told.
func (w *workers) persist(ctx context.Context, component string, f func() error) error {
	var since time.Time
	for delay := retryFirst; ; delay = min(2*delay, retryMost) {
		began := time.Now()
		err := f()
		failure, ok := errors.AsType[Passing](err)
		if !ok || ctx.Err() != nil {
			return err
		}
		// A pull may get on for long before it fails once more: that is not
		// the same trouble.
		if since.IsZero() || time.Since(began) > 2*failure.Patience() {
			since, delay = time.Now(), retryFirst
			w.send(Event{Kind: TriedInVain, Component: component, Err: err})
		}
		if time.Since(since) >= failure.Patience() || !sleep(ctx, delay) {
			return err
		}
	}
}

// inSlot calls f when a slot is free, unless ctx ends before.
func (w *workers) inSlot(ctx context.Context, f func() error) error {
	select {
	case <-ctx.Done():
		return ctx.Err()
	case w.slots <- struct{}{}:
	}
	defer func() { <-w.slots }()
	if ctx.Err() != nil {
		return ctx.Err() // select chooses at random if both are ready
	}
	return f()
}

// retryFor is retry with an end, that of the calls included. It returns the
// last error of f that was not ours.
func retryFor(ctx context.Context, limit time.Duration, f func(context.Context) error) error {
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	var last error
	err := retry(ctx, func() error {
		err := f(ctx)
		if err != nil && ctx.Err() == nil {
			last = err
		}
		return err
	})
	if err != nil && last != nil {
		return last
	}
	return err
}

// retry calls f until it succeeds or ctx ends, after 100 ms, doubling to 5 s.
// It returns nil or the context's error.
func retry(ctx context.Context, f func() error) error {
	for delay := retryFirst; ; delay = min(2*delay, retryMost) {
		if f() == nil {
			return nil
		}
		if !sleep(ctx, delay) {
			return ctx.Err()
		}
	}
}

// sleep reports whether d went by before ctx ended.
func sleep(ctx context.Context, d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-timer.C:
		return true
	}
}
