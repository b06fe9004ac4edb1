package probe

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/podlike/podlike/internal/pod"
)

// bench is an engine with probes above a fake one, on a fake clock.
type bench struct {
	*Engine
	t     *testing.T
	began time.Time
	ended chan struct{} // closed at the end of the container c1

	mu            sync.Mutex
	observed      pod.Observed
	health        func(string, pod.Health) // what the engine below tells with
	fails         map[pod.ProbeKind]bool
	slow          time.Duration // how long each check takes
	checks        []string      // kind and second of each check
	told          []string      // container, word and second
	said, changed []string
}

// newBench has one component, "web", whose container is c1.
func newBench(t *testing.T, probes pod.Probes) *bench {
	t.Helper()
	b := &bench{t: t, began: time.Now(), ended: make(chan struct{}), fails: map[pod.ProbeKind]bool{}}
	b.observed = pod.Observed{ContainerID: "c1", Component: "web", Role: pod.RoleComponent, State: pod.StateCreated}
	b.Engine = NewEngine(Config{
		Containers: below{b},
		Components: []pod.Component{{Name: "web", Probes: probes}, {Name: "plain"}},
		Check:      b.checkOne,
		Say: func(line string) {
			b.mu.Lock()
			defer b.mu.Unlock()
			b.said = append(b.said, line)
		},
		Changed: func() {
			b.mu.Lock()
			defer b.mu.Unlock()
			b.changed = append(b.changed, fmt.Sprint(int(time.Since(b.began).Seconds())))
		},
	})
	return b
}

func (b *bench) now() int { return int(time.Since(b.began) / time.Second) }

func (b *bench) fail(kind pod.ProbeKind, fails bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.fails[kind] = fails
}

func (b *bench) checkOne(ctx context.Context, id string, kind pod.ProbeKind, p pod.Probe) error {
	if p.TCP.Port != slices.Index(pod.ProbeKinds, kind) {
		b.t.Errorf("the %s probe is %v", kind, p)
	}
	b.mu.Lock()
	b.checks = append(b.checks, fmt.Sprintf("%s %d", kind, b.now()))
	fails, slow := b.fails[kind], b.slow
	b.mu.Unlock()
	if id != "c1" {
		b.t.Errorf("container %q is checked", id)
	}
	if slow > 0 {
		select {
		case <-time.After(slow):
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	if fails {
		return errors.New("connection refused")
	}
	return nil
}

// run begins to watch and to wait for c1, as a lifecycle does.
func (b *bench) run() (exited <-chan pod.Exit) {
	go b.Watch(b.t.Context(), func(id string, h pod.Health) {
		b.mu.Lock()
		defer b.mu.Unlock()
		line := fmt.Sprintf("%s %s %d", id, h, b.now())
		if word := strings.Join(strings.Fields(line)[:2], " ") + " "; len(b.told) == 0 || !strings.HasPrefix(b.told[len(b.told)-1], word) {
			b.told = append(b.told, line) // repeating is allowed
		}
	})
	c := make(chan pod.Exit, 1)
	go func() {
		if exit, err := b.Wait(b.t.Context(), "c1"); err == nil {
			c <- exit
		}
	}()
	synctest.Wait()
	return c
}

// start is the way of a fresh container to its start.
func (b *bench) start() pod.Observed {
	b.t.Helper()
	o, err := b.Create(b.t.Context(), pod.Component{Name: "web"})
	if err != nil {
		b.t.Fatal(err)
	}
	b.run()
	if err := b.Start(b.t.Context(), "c1"); err != nil {
		b.t.Fatal(err)
	}
	synctest.Wait()
	return o
}

// until lets the clock run to that second, and a half.
func (b *bench) until(second int) {
	<-time.After(time.Until(b.began.Add(time.Duration(second)*time.Second + time.Second/2)))
	synctest.Wait()
}

func (b *bench) want(what string, got *[]string, want ...string) {
	b.t.Helper()
	b.mu.Lock()
	defer b.mu.Unlock()
	if !slices.Equal(*got, want) {
		b.t.Errorf("%s (-want +got):\n%s", what, cmp.Diff(want, *got))
	}
	*got = nil
}

// below is the engine below.
type below struct{ b *bench }

func (e below) List(context.Context) ([]pod.Observed, error) {
	plain := pod.Observed{ContainerID: "c2", Component: "plain", Role: pod.RoleComponent, State: pod.StateRunning}
	return []pod.Observed{e.b.observed, plain}, nil
}
func (e below) Create(context.Context, pod.Component) (pod.Observed, error) { return e.b.observed, nil }
func (e below) Start(context.Context, string) error                         { return nil }
func (e below) Kill(context.Context, string, string) error                  { return nil }
func (e below) Remove(context.Context, string) error                        { return nil }
func (e below) Stop(context.Context, string, pod.Component, time.Duration) error {
	return nil
}
func (e below) Wait(ctx context.Context, _ string) (pod.Exit, error) {
	select {
	case <-e.b.ended:
		return pod.Exit{Code: 7}, nil
	case <-ctx.Done():
		return pod.Exit{}, ctx.Err()
	}
}
func (e below) Watch(ctx context.Context, health func(string, pod.Health)) error {
	e.b.mu.Lock()
	e.b.health = health
	e.b.mu.Unlock()
	<-ctx.Done()
	return ctx.Err()
}

// every is a probe of that kind each period seconds, which fails after two
// failures in a row.
func every(kind pod.ProbeKind, period int) *pod.Probe {
	return &pod.Probe{TCP: &pod.TCPProbe{Port: slices.Index(pod.ProbeKinds, kind)},
		Period: time.Duration(period) * time.Second, Timeout: time.Second, SuccessThreshold: 1, FailureThreshold: 2}
}
