package engine

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/docker/docker/api/types/container"
	"github.com/docker/docker/api/types/filters"

	"github.com/podlike/podlike/internal/labels"
	"github.com/podlike/podlike/internal/pod"
)

// A component that joins the namespaces of another one, its host, is a guest.
// When the host ends, the kernel kills all that is in its PID namespace, and
// the engine often tells of the guest's end first. Restarted at once, the
// guest would join what is dead.

const (
	// hostWithin is how long a guest waits for its host to run again.
	hostWithin = 10 * time.Second
	// hostEndsWithin is by how much the host's end may be told later than
	// the guest's.
	hostEndsWithin = time.Second
)

// hosts are the running components that the component wants to join, by name.
// One that is missing does not come within hostWithin.
func (p *Pod) hosts(ctx context.Context, c pod.Component) (map[string]string, error) {
	found := map[string]string{}
	var wanted []string
	for _, mode := range []string{c.Service.Pid, c.Service.Ipc} {
		if name, joins := strings.CutPrefix(mode, "service:"); joins {
			wanted = append(wanted, name)
		}
	}
	if len(wanted) == 0 {
		return found, nil
	}
	patient, cancel := context.WithTimeout(ctx, hostWithin)
	defer cancel()
	err := every(patient, 100*time.Millisecond, func() (bool, error) {
		running, err := p.client.api.ContainerList(ctx, container.ListOptions{Filters: filters.NewArgs(
			filters.Arg("label", labels.KeyPod+"="+p.spec.ID), filters.Arg("label", labels.KeyRun+"="+p.spec.Run))})
		if err != nil {
			return false, fmt.Errorf("cannot list the pod's containers: %w", err)
		}
		clear(found)
		for _, r := range running {
			if owner, _ := labels.ReadOwner(r.Labels); owner.Role == pod.RoleComponent {
				found[owner.Component] = r.ID
			}
		}
		for _, name := range wanted {
			if found[name] == "" {
				return false, nil
			}
		}
		return true, nil
	})
	if patient.Err() != nil && ctx.Err() == nil {
		return found, nil // whoever joins will say what is missing
	}
	return found, err
}

// awaitHost lets the host's end be told before that of a guest that was killed
// with it.
func (p *Pod) awaitHost(ctx context.Context, id string) {
	guest, err := p.client.api.ContainerInspect(ctx, id)
	if err != nil {
		return
	}
	host, joins := strings.CutPrefix(string(guest.HostConfig.PidMode), "container:")
	if !joins || host == p.pause.ID {
		return
	}
	ctx, cancel := context.WithTimeout(ctx, hostEndsWithin)
	defer cancel()
	every(ctx, 50*time.Millisecond, func() (bool, error) {
		o, err := p.inspect(ctx, host)
		return err != nil || o.State != pod.StateRunning, nil
	})
}
