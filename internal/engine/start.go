package engine

import (
	"context"
	"sync"
	"time"

	"github.com/docker/docker/api/types/container"

	"github.com/podlike/podlike/internal/pod"
)

// start starts a container that was created. Its answer may be lost, and a
// container that has run must not run a second time, so it is looked at before
// the call is repeated: again says that there was a call before.
func (c *Client) start(ctx context.Context, id string, again bool) error {
	if again {
		if ran, err := c.hasRun(ctx, id); ran || err != nil {
			return err
		}
	}
	err := c.api.ContainerStart(ctx, id, container.StartOptions{})
	if MayPass(err) {
		if ran, lookErr := c.hasRun(ctx, id); ran && lookErr == nil {
			return nil
		}
	}
	return err
}

// hasRun reports whether a container was started, and may have ended since.
func (c *Client) hasRun(ctx context.Context, id string) (bool, error) {
	found, err := c.api.ContainerInspect(ctx, id)
	return err == nil && observed(found).State != pod.StateCreated, err
}

// attempts is what must be known of calls that may be repeated, by container.
type attempts struct {
	mu sync.Mutex
	// starts are the containers for which a start call was made.
	starts map[string]bool
	// stops says since when a container knows that it has to stop.
	stops map[string]time.Time
}

func newAttempts() *attempts {
	return &attempts{starts: map[string]bool{}, stops: map[string]time.Time{}}
}

// start notes a start call, and reports whether there was one before.
func (a *attempts) start(id string) (again bool) {
	a.mu.Lock()
	defer a.mu.Unlock()
	again = a.starts[id]
	a.starts[id] = true
	return again
}

// stopped returns since when the container has its stop signal, the zero time
// if it has not.
func (a *attempts) stopped(id string) time.Time {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.stops[id]
}

// stop notes that the container got its stop signal.
func (a *attempts) stop(id string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.stops[id] = time.Now()
}

func (a *attempts) removed(id string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	delete(a.starts, id)
	delete(a.stops, id)
}
