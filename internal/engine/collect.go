package engine

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	cerrdefs "github.com/containerd/errdefs"
	"github.com/docker/docker/api/types/container"
	"github.com/docker/docker/api/types/filters"
	"github.com/docker/docker/api/types/network"
	"github.com/docker/docker/api/types/volume"

	"github.com/podlike/podlike/internal/labels"
	"github.com/podlike/podlike/internal/pod"
)

// Collector removes what dead pods left on this node: containers with their
// anonymous volumes, and if asked other volumes and networks, that carry our
// label, and whose pause is gone or has ended. It never touches a pod whose
// pause lives.
type Collector struct {
	Client *Client
	// Own is the ID of a pod that is left alone in any case.
	Own string
	// Patience is how long the supervisor of a dead pod, while it runs, may
	// take to clean up, counted from when this collector first saw the pod
	// dead. Zero is for ever.
	Patience time.Duration
	// Everything is to collect volumes and networks too: those of containers
	// that somebody else removed. A proxy before the engine may not let every
	// supervisor list them, and a volume plugin may take its time.
	Everything bool
	// Image is one that has the supervisor, by ID, for what must be removed on
	// the host; "" for none.
	Image string
	// DryRun removes nothing.
	DryRun bool
	// Say is called with a line for each thing that was removed, or would be.
	Say func(string)

	since   map[string]time.Time // when a pod was first seen dead
	cgroups orphans
}

// Collected is what one round did.
type Collected struct {
	Removed int
	// Pending is how many pods were left to their supervisors.
	Pending int
}

// Collect does one round. It goes on after an error; the error says all that
// could not be removed.
func (k *Collector) Collect(ctx context.Context) (Collected, error) {
	things, err := k.Client.labelled(ctx, k.Everything)
	if err != nil {
		return Collected{}, fmt.Errorf("cannot list what dead pods left: %w", err)
	}
	// After the list: see leftovers.
	dead := map[string]time.Time{}
	asked := map[string]bool{k.Own: true}
	var failed []error
	for _, t := range things {
		id := t.owner.ID
		if asked[id] {
			continue
		}
		asked[id] = true
		over, err := k.Client.isOver(ctx, id)
		if err != nil {
			failed = append(failed, fmt.Errorf("cannot ask about the pod %q: %w", t.owner.Name, err))
		}
		if over {
			dead[id] = time.Now()
			if first, seen := k.since[id]; seen {
				dead[id] = first
			}
		}
	}
	k.since = dead
	remove, pending := leftovers(things,
		func(id string) bool { return !dead[id].IsZero() },
		func(id string) bool { return k.Patience > 0 && time.Since(dead[id]) >= k.Patience })
	result := Collected{Pending: len(pending)}
	if k.cgroups == nil {
		k.cgroups = orphans{}
	}
	for _, t := range remove {
		if err := ctx.Err(); err != nil {
			return result, errors.Join(append(failed, err)...)
		}
		did := "would remove"
		if !k.DryRun {
			did = "removed"
			if t.kind == kindContainer {
				k.cgroups.note(ctx, k.Client, t.id, t.owner.Identity)
			}
			if err := k.Client.removeThing(ctx, t); err != nil {
				failed = append(failed, fmt.Errorf("cannot remove %s of the dead pod %q: %w", t.describe(), t.owner.Name, err))
				continue
			}
		}
		result.Removed++
		if k.Say != nil {
			k.Say(fmt.Sprintf("%s %s of the dead pod %q", did, t.describe(), t.owner.Name))
		}
	}
	return result, errors.Join(append(failed, k.Sweep(ctx))...)
}

// Sweep removes the cgroups of the pods that were collected, which Collect does
// in the end, if nobody ends it before.
func (k *Collector) Sweep(ctx context.Context) error {
	if err := k.cgroups.sweep(ctx, k.Client, k.Image); err != nil {
		return fmt.Errorf("cannot remove the cgroups of dead pods: %w", err)
	}
	return nil
}

func (t thing) describe() string {
	if t.lives() {
		return fmt.Sprintf("%s %s, which was %s,", t.kind, t.name, t.state)
	}
	return t.kind + " " + t.name
}

// labelled lists the containers on this node that carry our label, and with
// everything volumes and networks.
func (c *Client) labelled(ctx context.Context, everything bool) ([]thing, error) {
	ours := filters.NewArgs(filters.Arg("label", labels.KeyPod))
	var all []thing
	add := func(kind, id, name, state string, text map[string]string) {
		if owner, ok := labels.ReadOwner(text); ok {
			all = append(all, thing{kind, id, name, state, owner})
		}
	}
	containers, err := c.api.ContainerList(ctx, container.ListOptions{All: true, Filters: ours})
	if err != nil {
		return nil, err
	}
	for _, found := range containers {
		name := found.ID[:12]
		if len(found.Names) > 0 {
			name = strings.TrimPrefix(found.Names[0], "/")
		}
		add(kindContainer, found.ID, name, found.State, found.Labels)
	}
	if !everything {
		return all, nil
	}
	volumes, err := c.api.VolumeList(ctx, volume.ListOptions{Filters: ours})
	if err != nil {
		return nil, named("GET /volumes", err)
	}
	for _, found := range volumes.Volumes {
		add(kindVolume, found.Name, found.Name, "", found.Labels)
	}
	networks, err := c.api.NetworkList(ctx, network.ListOptions{Filters: ours})
	if err != nil {
		return nil, named("GET /networks", err)
	}
	for _, found := range networks {
		add(kindNetwork, found.ID, found.Name, "", found.Labels)
	}
	return all, nil
}

// isOver asks whether a pod's pause is gone or has ended. An error is no proof
// of either.
func (c *Client) isOver(ctx context.Context, id string) (bool, error) {
	p, err := c.api.ContainerInspect(ctx, id)
	switch {
	case cerrdefs.IsNotFound(err):
		return true, nil
	case err != nil:
		return false, err
	default:
		return pauseIsOver(p.State.Status), nil
	}
}

// removeThing removes one; that it is gone already is as good.
func (c *Client) removeThing(ctx context.Context, t thing) error {
	var err error
	switch t.kind {
	case kindVolume:
		err = named("DELETE /volumes/{name}", c.api.VolumeRemove(ctx, t.id, false))
	case kindNetwork:
		err = named("DELETE /networks/{id}", c.api.NetworkRemove(ctx, t.id))
	default:
		err = c.remove(ctx, t.id)
	}
	if cerrdefs.IsNotFound(err) {
		return nil
	}
	return err
}

// Bury removes everything that this run of a dead pod left, except its
// supervisor, however often that has to be tried before ctx ends.
func (c *Client) Bury(ctx context.Context, id, run string) error {
	cgroups := orphans{}
	for {
		err := c.buryOnce(ctx, id, run, cgroups)
		if err == nil || Refused(err) || pause(ctx, time.Second) != nil {
			return err
		}
	}
}

func (c *Client) buryOnce(ctx context.Context, id, run string, cgroups orphans) error {
	list, err := c.api.ContainerList(ctx, container.ListOptions{All: true, Filters: filters.NewArgs(
		filters.Arg("label", labels.KeyPod+"="+id), filters.Arg("label", labels.KeyRun+"="+run))})
	if err != nil {
		return fmt.Errorf("cannot list what the pod left: %w", err)
	}
	var first error
	image := ""
	for _, leftover := range list {
		owner, _ := labels.ReadOwner(leftover.Labels)
		if owner.Role == pod.RoleSupervisor {
			image = leftover.ImageID
			continue
		}
		cgroups.note(ctx, c, leftover.ID, owner.Identity)
		if err := c.remove(ctx, leftover.ID); err != nil && first == nil {
			first = fmt.Errorf("cannot remove container %.12s: %w", leftover.ID, err)
		}
	}
	if first != nil {
		return first
	}
	if err := cgroups.sweep(ctx, c, image); err != nil {
		return fmt.Errorf("cannot remove the pod's cgroups: %w", err)
	}
	return nil
}
