package engine

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"sync"
	"time"

	"github.com/compose-spec/compose-go/v2/types"
	"github.com/docker/docker/api/types/container"

	"github.com/podlike/podlike/internal/pod"
)

// leastGrace is what pre_stop hooks leave of a component's grace for the
// component itself, or half of the grace if that is less.
const leastGrace = time.Second

var errEnding = errors.New("the pod ends")

// hooks is what must be known to run hooks: start and stop calls name
// containers only, and may be repeated.
type hooks struct {
	mu sync.Mutex
	// components are those of the containers that we made and did not start
	// yet.
	components map[string]pod.Component
	// stopping are the containers whose pre_stop hooks were run.
	stopping map[string]bool
	// ending is closed when the pod ends.
	ending chan struct{}
	once   sync.Once
}

func newHooks() *hooks {
	return &hooks{components: map[string]pod.Component{}, stopping: map[string]bool{}, ending: make(chan struct{})}
}

// made remembers whose container it is.
func (h *hooks) made(id string, c pod.Component) {
	if len(c.Service.PostStart) == 0 {
		return
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	h.components[id] = c
}

// take returns whose container it is, once.
func (h *hooks) take(id string) (pod.Component, bool) {
	h.mu.Lock()
	defer h.mu.Unlock()
	c, ok := h.components[id]
	delete(h.components, id)
	return c, ok
}

// firstStop reports whether this is the first stop of the container.
func (h *hooks) firstStop(id string) bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	first := !h.stopping[id]
	h.stopping[id] = true
	return first
}

func (h *hooks) removed(id string) {
	h.mu.Lock()
	defer h.mu.Unlock()
	delete(h.components, id)
	delete(h.stopping, id)
}

// Ending says that the pod ends: post_start hooks that still run are waited
// for no longer, so that their components can be stopped like the others. It
// may be called again.
func (p *Pod) Ending() { p.hooks.once.Do(func() { close(p.hooks.ending) }) }

// postStart runs the post_start hooks of a container that was just started,
// one after the other, all within the component's start timeout. The first
// that fails is an error, and the rest is not run. A container that has ended
// meanwhile is no error: how it ended says more.
func (p *Pod) postStart(ctx context.Context, id string) error {
	c, ok := p.hooks.take(id)
	if !ok {
		return nil
	}
	waiting, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	go func() {
		select {
		case <-p.hooks.ending:
			cancel(errEnding)
		case <-waiting.Done():
		}
	}()
	ctx = waiting
	if limit := c.StartTimeout; limit > 0 {
		var free context.CancelFunc
		ctx, free = context.WithTimeoutCause(ctx, limit, fmt.Errorf("has not ended within %s", limit))
		defer free()
	}
	for _, h := range c.Service.PostStart {
		err := p.hook(ctx, id, c, h)
		if err == nil {
			continue
		}
		if errors.Is(err, errEnding) {
			p.say(fmt.Sprintf("component %q: not waiting for its post_start hook %q, because the pod ends", c.Name, h.Command))
			return nil
		}
		if o, lookErr := p.inspect(context.WithoutCancel(ctx), id); lookErr == nil && o.State == pod.StateExited {
			return nil
		}
		if MayPass(err) {
			// Not wrapped: a start that is repeated would not run them again.
			return fmt.Errorf("post_start hook %q %v", h.Command, err)
		}
		return fmt.Errorf("post_start hook %q %w", h.Command, err)
	}
	return nil
}

// preStop runs the pre_stop hooks of a container, once, one after the other,
// and returns what is left of the grace then. Nothing that goes wrong keeps
// the container from being stopped.
func (p *Pod) preStop(ctx context.Context, id string, c pod.Component, grace time.Duration) time.Duration {
	if len(c.Service.PreStop) == 0 || !p.hooks.firstStop(id) {
		return grace
	}
	began := time.Now()
	limit := max(grace-leastGrace, grace/2)
	ctx, cancel := context.WithTimeoutCause(ctx, limit, fmt.Errorf("has not ended within %s", limit.Round(time.Millisecond)))
	defer cancel()
	for _, h := range c.Service.PreStop {
		if ctx.Err() != nil {
			break
		}
		if err := p.hook(ctx, id, c, h); err != nil {
			p.say(fmt.Sprintf("component %q: pre_stop hook %q %v", c.Name, h.Command, err))
		}
	}
	return max(0, grace-time.Since(began))
}

func (p *Pod) hook(ctx context.Context, id string, c pod.Component, h types.ServiceHook) error {
	o := container.ExecOptions{Cmd: h.Command, User: h.User, Privileged: h.Privileged, WorkingDir: h.WorkingDir}
	for _, k := range slices.Sorted(maps.Keys(h.Environment)) {
		if v := h.Environment[k]; v != nil {
			o.Env = append(o.Env, k+"="+*v)
		}
	}
	return p.exec(ctx, id, o, c.Name)
}
