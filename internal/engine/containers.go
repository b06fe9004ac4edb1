package engine

import (
	"context"
	"fmt"
	"slices"
	"time"

	cerrdefs "github.com/containerd/errdefs"
	"github.com/docker/docker/api/types/container"
	"github.com/docker/docker/api/types/filters"

	"github.com/podlike/podlike/internal/labels"
	"github.com/podlike/podlike/internal/pod"
)

// killed is the code of a container that was removed before anybody could
// read how it ended: only SIGKILL does that.
const killed = 137

// removalsEndWithin bounds the wait for a removal that somebody else began.
const removalsEndWithin = 15 * time.Second

// List implements lifecycle.Engine.
func (p *Pod) List(ctx context.Context) ([]pod.Observed, error) {
	list, err := p.client.api.ContainerList(ctx, container.ListOptions{
		All:     true,
		Filters: filters.NewArgs(filters.Arg("label", labels.KeyPod+"="+p.spec.ID)),
	})
	if err != nil {
		return nil, fmt.Errorf("cannot list the pod's containers: %w", err)
	}
	var seen []pod.Observed
	for _, c := range list {
		if owner, _ := labels.ReadOwner(c.Labels); owner.Role == pod.RoleSupervisor {
			continue
		}
		o, err := p.inspect(ctx, c.ID)
		if cerrdefs.IsNotFound(err) {
			continue
		}
		if err != nil {
			return nil, err
		}
		// Of what somebody debugs with, nothing belongs into the pod's log.
		if o.Run == p.spec.Run && (o.Role == pod.RoleComponent || o.Role == pod.RoleInit) && o.State != pod.StateCreated {
			p.attempts.start(c.ID) // by whomever: it must not run a second time
			p.follow(ctx, c.ID)
		}
		if i := slices.IndexFunc(p.spec.Components, func(c pod.Component) bool { return c.Name == o.Component }); i >= 0 && o.Run == p.spec.Run {
			p.hooks.made(o.ContainerID, p.spec.Components[i]) // if another supervisor did not get to them
		}
		seen = append(seen, o)
	}
	return seen, nil
}

// inspect is the truth about one container.
func (p *Pod) inspect(ctx context.Context, id string) (pod.Observed, error) {
	return p.client.inspect(ctx, id)
}

func (c *Client) inspect(ctx context.Context, id string) (pod.Observed, error) {
	found, err := c.api.ContainerInspect(ctx, id)
	if err != nil {
		return pod.Observed{}, err
	}
	return observed(found), nil
}

// observed translates an inspect's answer.
func observed(c container.InspectResponse) pod.Observed {
	owner, _ := labels.ReadOwner(c.Config.Labels)
	o := pod.Observed{
		Identity:    owner.Identity,
		ContainerID: c.ID,
		Component:   owner.Component,
		Role:        owner.Role,
		SpecHash:    owner.SpecHash,
		HasCheck:    hasCheck(c.Config.Healthcheck),
		StartedAt:   parseTime(c.State.StartedAt),
	}
	switch {
	// Paused and restarting containers have processes, which is what counts.
	case c.State.Running:
		o.State = pod.StateRunning
	case c.State.Status == container.StateCreated:
		o.State = pod.StateCreated
	default:
		o.State = pod.StateExited
		o.Exit = pod.Exit{Code: c.State.ExitCode, At: parseTime(c.State.FinishedAt)}
		// The engine says so too when another process of it was killed, which
		// its first one may have survived.
		o.Exit.OOMKilled = c.State.OOMKilled && c.State.ExitCode == killed
	}
	if c.State.Health != nil {
		o.Health = health(c.State.Health.Status)
	}
	return o
}

// hasCheck reports whether a health check runs: the engine merges the image's
// into the container's, and ["NONE"] disables it.
func hasCheck(h *container.HealthConfig) bool {
	return h != nil && len(h.Test) > 0 && h.Test[0] != "NONE"
}

// health is the pod's word for the engine's.
func health(status string) pod.Health {
	switch status {
	case container.Healthy:
		return pod.Healthy
	case container.Unhealthy:
		return pod.Unhealthy
	default:
		return pod.Starting
	}
}

// parseTime reads the engine's times; its "0001-01-01T00:00:00Z" is the zero
// time.
func parseTime(s string) time.Time {
	t, err := time.Parse(time.RFC3339Nano, s)
	if err != nil {
		return time.Time{}
	}
	return t
}

// Start implements lifecycle.Engine. It returns after the post_start hooks.
func (p *Pod) Start(ctx context.Context, id string) error {
	if err := p.client.start(ctx, id, p.attempts.start(id)); err != nil {
		return err
	}
	return p.postStart(ctx, id)
}

// Stop implements lifecycle.Engine. It does not use the engine's own stop:
// that counts in whole seconds, and its time would end with the connection. The
// pre_stop hooks come first, within the grace.
func (p *Pod) Stop(ctx context.Context, id string, component pod.Component, grace time.Duration) error {
	c, err := p.client.api.ContainerInspect(ctx, id)
	if cerrdefs.IsNotFound(err) {
		return nil
	}
	if err != nil {
		return err
	}
	if c.State.Running {
		grace = p.preStop(ctx, id, component, grace)
	}
	// From the inspect: the image may have a STOPSIGNAL.
	signal := c.Config.StopSignal
	if signal == "" {
		signal = "SIGTERM"
	}
	// Not a second time: many programs hurry then.
	if asked := p.attempts.stopped(id); !asked.IsZero() {
		grace -= time.Since(asked)
	} else if err := p.Kill(ctx, id, signal); err != nil {
		return err
	} else {
		p.attempts.stop(id)
	}
	gentle, cancel := context.WithTimeout(ctx, grace)
	defer cancel()
	_, err = p.client.ended(gentle, id)
	if err == nil || ctx.Err() != nil {
		return err
	}
	if err := p.Kill(ctx, id, "SIGKILL"); err != nil {
		return err
	}
	_, err = p.client.ended(ctx, id)
	return err
}

// Kill implements lifecycle.Engine.
func (p *Pod) Kill(ctx context.Context, id, signal string) error {
	err := p.client.api.ContainerKill(ctx, id, signal)
	// 409 and, on some engines, 500 say that it is not running.
	if err == nil || cerrdefs.IsNotFound(err) || cerrdefs.IsConflict(err) {
		return nil
	}
	if o, inspectErr := p.inspect(ctx, id); cerrdefs.IsNotFound(inspectErr) || (inspectErr == nil && o.State != pod.StateRunning) {
		return nil
	}
	return err
}

// Remove implements lifecycle.Engine.
func (p *Pod) Remove(ctx context.Context, id string) error {
	p.hooks.removed(id)
	p.attempts.removed(id)
	o, err := p.inspect(ctx, id)
	ran := err == nil && o.State != pod.StateCreated
	if err == nil && o.State == pod.StateExited {
		p.drained(ctx, id) // its log goes with it, and may not have been read to the end
	}
	p.keepLast(ctx, o)
	if err := p.client.remove(ctx, id); err != nil {
		return err
	}
	p.forget(ctx, id, ran)
	return nil
}

// remove removes a container and its anonymous volumes, and returns when it
// is gone.
func (c *Client) remove(ctx context.Context, id string) error {
	err := c.api.ContainerRemove(ctx, id, container.RemoveOptions{Force: true, RemoveVolumes: true})
	switch {
	case err == nil, cerrdefs.IsNotFound(err):
		return nil
	case cerrdefs.IsConflict(err):
		// Somebody removes it already; wait for them, but not for one that
		// hangs in a mount that does not come off.
		ctx, cancel := context.WithTimeout(ctx, removalsEndWithin)
		defer cancel()
		return every(ctx, 50*time.Millisecond, func() (bool, error) {
			_, err := c.api.ContainerInspect(ctx, id)
			return cerrdefs.IsNotFound(err), nil
		})
	default:
		return err
	}
}

// Wait implements lifecycle.Engine.
func (p *Pod) Wait(ctx context.Context, id string) (pod.Exit, error) {
	p.follow(ctx, id)
	exit, err := p.client.ended(ctx, id)
	if err != nil {
		return pod.Exit{}, err
	}
	p.drained(ctx, id)
	if exit.Code == killed {
		exit.OOMKilled = p.ranOutOfMemory(ctx, id, exit)
		p.awaitHost(ctx, id)
	}
	return exit, nil
}

// pause waits for d, or for the end of ctx, whose error it returns.
func pause(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-timer.C:
		return nil
	}
}

// every calls done at once and then at each interval, until it says true or
// fails or ctx ends.
func every(ctx context.Context, interval time.Duration, done func() (bool, error)) error {
	for {
		if ok, err := done(); ok || err != nil {
			return err
		}
		if err := pause(ctx, interval); err != nil {
			return err
		}
	}
}
