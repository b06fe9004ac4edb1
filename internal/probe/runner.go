package probe

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/podlike/podlike/internal/pod"
)

// probe makes all checks of a container, from its start until ctx ends or the
// container is to stop.
func (e *Engine) probe(ctx context.Context, id string, c *container) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	var wg sync.WaitGroup
	defer wg.Wait()
	wg.Go(func() {
		select {
		case <-ctx.Done():
		case <-c.stopped.c:
			cancel()
		}
	})
	select {
	case <-ctx.Done():
		return
	case <-c.started.c:
	}
	e.tellWord(id)
	if e.repeat(ctx, id, c, pod.Startup) {
		wg.Go(func() { e.repeat(ctx, id, c, pod.Readiness) })
		e.repeat(ctx, id, c, pod.Liveness)
		<-ctx.Done()
	}
	cancel()
}

// repeat makes the checks of one probe, if there is such a probe, until ctx
// ends; a startup probe only until it has passed. It reports whether the
// component has started.
func (e *Engine) repeat(ctx context.Context, id string, c *container, kind pod.ProbeKind) bool {
	p := c.probes.Of(kind)
	if p == nil || (kind == pod.Startup && e.tallyOf(c, kind).word == pod.Healthy) {
		return true
	}
	if !sleep(ctx, p.InitialDelay) {
		return false
	}
	tick := time.NewTicker(p.Period)
	defer tick.Stop()
	for {
		if failure := e.once(ctx, id, kind, *p); ctx.Err() == nil && !errors.Is(failure, errNotAsked) {
			e.count(id, c, kind, *p, failure)
		}
		if kind == pod.Startup && e.tallyOf(c, kind).word == pod.Healthy {
			return true
		}
		select {
		case <-ctx.Done():
			return false
		case <-tick.C:
		}
	}
}

// once makes one check within its timeout.
func (e *Engine) once(ctx context.Context, id string, kind pod.ProbeKind, p pod.Probe) error {
	ctx, cancel := context.WithTimeoutCause(ctx, p.Timeout, fmt.Errorf("no answer within %s", p.Timeout))
	defer cancel()
	err := e.check(ctx, id, kind, p)
	if err != nil && ctx.Err() != nil && !errors.Is(err, errNotAsked) {
		return context.Cause(ctx)
	}
	return err
}

// count takes the result of one check.
func (e *Engine) count(id string, c *container, kind pod.ProbeKind, p pod.Probe, failure error) {
	e.mu.Lock()
	before := c.tallies[kind]
	after := before.after(p, failure)
	c.tallies[kind] = after
	if kind == pod.Startup && after.word == pod.Healthy {
		c.tallies[pod.Liveness] = tally{word: pod.Healthy}
	}
	e.mu.Unlock()
	if before.word == after.word {
		return
	}
	e.report(c, kind, p, before.word, after)
	if kind != pod.Readiness {
		e.tellWord(id)
	}
	if e.changed != nil {
		e.changed()
	}
}

// report says what a change of a probe's word means.
func (e *Engine) report(c *container, kind pod.ProbeKind, p pod.Probe, before pod.Health, t tally) {
	switch {
	case t.word == pod.Unhealthy && kind == pod.Readiness:
		e.sayf(c, "is not ready: %s: %s", p, t.reason)
	case t.word == pod.Unhealthy:
		e.sayf(c, "the %s probe failed %s: %s: %s", kind, times(t.streak), p, t.reason)
	case kind == pod.Readiness:
		e.sayf(c, "is ready")
	case kind == pod.Startup:
		e.sayf(c, "the startup probe passed")
	case before == pod.Unhealthy:
		e.sayf(c, "the %s probe passes again", kind)
	}
}

func times(n int) string {
	if n == 1 {
		return "once"
	}
	return fmt.Sprintf("%d times in a row", n)
}

func (e *Engine) tallyOf(c *container, kind pod.ProbeKind) tally {
	e.mu.Lock()
	defer e.mu.Unlock()
	return c.tallies[kind]
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
