package engine

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/podlike/podlike/internal/namespaces"
	"github.com/podlike/podlike/internal/pod"
)

// sweepsAgain is how often a sweep is tried: another supervisor that cleans up
// may remove a helper that has not started yet.
const sweepsAgain = 3

// orphans are cgroup parents that may stay when all containers of a pod are
// gone. It is kept until they are swept: nothing else knows of them then.
type orphans map[string]pod.Identity

// note remembers where a container of the pod is, before it is removed.
func (o orphans) note(ctx context.Context, c *Client, id string, of pod.Identity) {
	found, err := c.api.ContainerInspect(ctx, id)
	if err != nil || found.HostConfig == nil {
		return // gone already
	}
	o.add(found.HostConfig.CgroupParent, of)
}

func (o orphans) add(parent string, of pod.Identity) {
	if namespaces.OfPod(parent, of.ID) {
		o[parent] = of
	}
}

// sweep removes them, by a helper of this image for each pod. What may succeed
// at another try stays in o.
func (o orphans) sweep(ctx context.Context, c *Client, image string) error {
	if len(o) == 0 {
		return nil
	}
	host, _, err := c.host(ctx)
	if err != nil {
		return err
	}
	var failed []error
	for _, parent := range slices.Sorted(maps.Keys(o)) {
		of, path := o[parent], namespaces.Remains(host, parent)
		if path != "" {
			err := c.sweep(ctx, host, path, of, image)
			if ctx.Err() != nil || MayPass(err) {
				failed = append(failed, err)
				continue
			}
			failed = append(failed, err)
		}
		delete(o, parent)
	}
	return errors.Join(failed...)
}

func (c *Client) sweep(ctx context.Context, host namespaces.Host, path string, of pod.Identity, image string) error {
	if image == "" {
		return fmt.Errorf("the cgroup %s may stay: the image with the supervisor is not known", path)
	}
	for attempt := 1; ; attempt++ {
		// A pause that was started again has its cgroup there.
		if over, err := c.isOver(ctx, of.ID); err != nil || !over {
			return err
		}
		_, err := c.help(ctx, of, image, host, namespaces.Errand{Sweep: []string{path}})
		if err == nil || attempt == sweepsAgain || pause(ctx, 500*time.Millisecond) != nil {
			return err
		}
	}
}

// Sweep removes what of the pod's cgroups may be left when its containers are
// gone. The engine removes that of the pause with it, but only if nobody was
// below it then: so there is something to do where the pause died first, and,
// on some hosts, always.
func (p *Pod) Sweep(ctx context.Context, pauseDied bool) error {
	p.placing.mu.Lock()
	parent, made := p.placing.plan.Parent, p.placing.done
	p.placing.mu.Unlock()
	if !made || !pauseDied && !namespaces.AlwaysRemains(p.host, parent) {
		return nil
	}
	// It has its verdict, but may take a moment to end.
	p.client.ended(ctx, p.spec.ID)
	left := orphans{}
	left.add(parent, p.spec.Identity)
	if err := left.sweep(ctx, p.client, p.image); err != nil {
		return fmt.Errorf("cannot remove the pod's cgroups: %w", err)
	}
	return nil
}
