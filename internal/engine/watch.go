package engine

import (
	"context"
	"time"

	"github.com/docker/docker/api/types/events"
	"github.com/docker/docker/api/types/filters"

	"github.com/podlike/podlike/internal/labels"
	"github.com/podlike/podlike/internal/pod"
)

// lookAgain is how long a stream of events is believed.
const lookAgain = 2 * time.Minute

// Watch implements lifecycle.Engine. The stream is only a hint: it breaks
// with the daemon, and its order means nothing. So every event makes us look,
// and every new stream makes us look at all.
func (p *Pod) Watch(ctx context.Context, tell func(containerID string, h pod.Health)) error {
	for {
		p.watchOnce(ctx, tell)
		if err := pause(ctx, 500*time.Millisecond); err != nil {
			return err
		}
	}
}

func (p *Pod) watchOnce(ctx context.Context, tell func(string, pod.Health)) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	messages, errs := p.client.api.Events(ctx, events.ListOptions{Filters: filters.NewArgs(
		filters.Arg("type", string(events.ContainerEventType)),
		filters.Arg("label", labels.KeyPod+"="+p.spec.ID),
		// The engine matches "health_status: healthy" by its prefix.
		filters.Arg("event", string(events.ActionHealthStatus)),
	)})
	// Listed after subscribing, so that no change falls between the two.
	seen, err := p.List(ctx)
	if err != nil {
		return
	}
	for _, o := range seen {
		if o.HasCheck && o.State == pod.StateRunning {
			tell(o.ContainerID, o.Health)
		}
	}
	// A stream that hangs looks like one that has nothing to say.
	again := time.NewTimer(lookAgain)
	defer again.Stop()
	for {
		select {
		case <-errs:
			return
		case <-again.C:
			return
		case m := <-messages:
			// API 1.52 drops the old top-level fields: Actor has the ID.
			if o, err := p.inspect(ctx, m.Actor.ID); err == nil && o.HasCheck && o.State == pod.StateRunning {
				tell(o.ContainerID, o.Health)
			}
		}
	}
}
