//go:build e2e

package e2e

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// blow is a fault that strikes pods in all states at once: their engine is
// killed and started again.
type blow struct {
	fault
	live  bool // its containers outlive the engine
	start func() (*ownDaemon, error)

	met, ready gathering
	once       sync.Once
	done       atomic.Bool
}

// blows are the faults that hit an engine. pods is how many will be there.
func blows(t *testing.T, pods int) []*blow {
	all := []*blow{
		{fault: fault{word: "engine", name: "engine killed, with live-restore"}, live: true},
		{fault: fault{word: "engine-cold", name: "engine killed, without live-restore", orphans: true, together: &sync.Once{}}},
	}
	for _, b := range all {
		b.mayLoseLines = true
		b.met, b.ready = newGathering(pods), newGathering(pods)
		b.start = sync.OnceValues(func() (*ownDaemon, error) {
			d, err := startOwnDaemon(t.Context(), b.live)
			t.Cleanup(func() {
				if t.Failed() && d != nil {
					t.Logf("the end of the log of the %s:\n%s", b.name, d.printed())
				}
				if err := d.end(); err != nil {
					t.Error(err)
				}
			})
			return d, err
		})
	}
	return all
}

// of is the blow as the fault of one cell, which takes part until leave is
// called.
func (b *blow) of() (f *fault, leave func()) {
	met, ready := sync.OnceFunc(b.met.arrive), sync.OnceFunc(b.ready.arrive)
	one := b.fault
	one.meet = func(x *cell) {
		met()
		b.met.wait(x.t.Context())
	}
	one.strike = func(x *cell) {
		ready()
		b.ready.wait(x.t.Context())
		b.once.Do(func() {
			d, _ := b.start()
			d.kill()
			if err := d.start(x.t.Context()); err != nil {
				x.t.Error(err)
			}
			b.done.Store(true)
		})
	}
	one.over = func(*cell) error {
		if !b.done.Load() {
			return errors.New("the engine is not back")
		}
		return nil
	}
	return &one, func() {
		met()
		ready()
	}
}

// site is where a cell works: on the engine that will be killed, which
// removes everything in the end.
func (b *blow) site(t *testing.T) (*site, *engineWay) {
	t.Helper()
	d, err := b.start()
	if err != nil {
		t.Fatal(err)
	}
	s := &site{t: t, api: d.api, name: siteName(t.Name()), pauses: map[string]bool{}, began: time.Now()}
	t.Cleanup(func() {
		if t.Failed() {
			s.dump()
		}
	})
	return s, byDirectory(d.socket())
}

// gathering is where so many meet.
type gathering struct {
	missing *atomic.Int32
	all     chan struct{}
}

func newGathering(n int) gathering {
	g := gathering{&atomic.Int32{}, make(chan struct{})}
	g.missing.Store(int32(n))
	return g
}

func (g gathering) arrive() {
	if g.missing.Add(-1) == 0 {
		close(g.all)
	}
}

func (g gathering) wait(ctx context.Context) {
	select {
	case <-g.all:
	case <-ctx.Done():
	}
}
