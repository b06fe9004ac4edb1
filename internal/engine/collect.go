package engine

import (
	"context"
	"fmt"

	cerrdefs "github.com/containerd/errdefs"
	"github.com/docker/docker/api/types/container"
	"github.com/docker/docker/api/types/filters"

	"github.com/podlike/podlike/internal/labels"
	"github.com/podlike/podlike/internal/pod"
)

// Collect removes what dead pods left on this node: containers that carry our
// label, and whose pause is gone or does not run. It never touches a pod
// whose pause lives, nor the pod with the ID own. It goes on after an error
// and returns how many it removed, and the first error.
func (c *Client) Collect(ctx context.Context, own string) (removed int, first error) {
	list, err := c.api.ContainerList(ctx, container.ListOptions{All: true, Filters: filters.NewArgs(filters.Arg("label", labels.KeyPod))})
	if err != nil {
		return 0, fmt.Errorf("cannot list what dead pods left: %w", err)
	}
	// The supervisor of a dead pod is cleaning up right now: it is not a
	// leftover while it runs, nor is what it has yet to remove.
	tended := map[string]bool{own: true}
	for _, leftover := range list {
		if owner, _ := labels.ReadOwner(leftover.Labels); owner.Role == pod.RoleSupervisor && leftover.State == container.StateRunning {
			tended[owner.ID] = true
		}
	}
	dead := map[string]bool{}
	for _, leftover := range list {
		owner, ours := labels.ReadOwner(leftover.Labels)
		if !ours || tended[owner.ID] {
			continue
		}
		gone, asked := dead[owner.ID]
		if !asked {
			gone = c.pauseIsDead(ctx, owner.ID)
			dead[owner.ID] = gone
		}
		if !gone {
			continue
		}
		if err := c.remove(ctx, leftover.ID); err != nil {
			if first == nil {
				first = fmt.Errorf("cannot remove container %.12s of the dead pod %q: %w", leftover.ID, owner.Name, err)
			}
			continue
		}
		removed++
	}
	return removed, first
}

// pauseIsDead is true only where the engine says so: an error is no proof.
func (c *Client) pauseIsDead(ctx context.Context, id string) bool {
	p, err := c.api.ContainerInspect(ctx, id)
	if cerrdefs.IsNotFound(err) {
		return true
	}
	return err == nil && !p.State.Running && !p.State.Restarting
}

// Bury removes everything that this run of a dead pod left, except its
// supervisor.
func (c *Client) Bury(ctx context.Context, id, run string) error {
	list, err := c.api.ContainerList(ctx, container.ListOptions{All: true, Filters: filters.NewArgs(
		filters.Arg("label", labels.KeyPod+"="+id), filters.Arg("label", labels.KeyRun+"="+run))})
	if err != nil {
		return fmt.Errorf("cannot list what the pod left: %w", err)
	}
	var first error
	for _, leftover := range list {
		if owner, _ := labels.ReadOwner(leftover.Labels); owner.Role == pod.RoleSupervisor {
			continue
		}
		if err := c.remove(ctx, leftover.ID); err != nil && first == nil {
			first = fmt.Errorf("cannot remove container %.12s: %w", leftover.ID, err)
		}
	}
	return first
}
