package engine

import (
	"context"
	"fmt"
	"slices"

	cerrdefs "github.com/containerd/errdefs"
	"github.com/docker/docker/api/types/container"

	"github.com/podlike/podlike/internal/labels"
	"github.com/podlike/podlike/internal/namespaces"
	"github.com/podlike/podlike/internal/pod"
)

// donors are the containers whose namespaces the component may join. The
// pod's own donor is made with the first component that needs it.
func (p *Pod) donors(ctx context.Context, c pod.Component) (namespaces.Donors, error) {
	d := namespaces.Donors{Joined: slices.ContainsFunc(p.spec.Components, func(other pod.Component) bool {
		return other.Service.Ipc == "service:"+c.Name
	})}
	if namespaces.NeedsIPCDonor(p.spec) && c.Role == pod.RoleComponent && c.Service.Ipc == "" {
		id, err := p.runningDonor(ctx)
		if err != nil {
			return d, err
		}
		d.IPC = id
	}
	var err error
	d.Components, err = p.hosts(ctx, c)
	return d, err
}

// runningDonor returns the ID of the pod's donor, which it makes if there is
// none: a container that does nothing but hold what components share, the IPC
// namespace and the files of heldfiles.go. It is of the pause's image; with
// shared PIDs it is in the pause's PID namespace, so that it ends with it.
func (p *Pod) runningDonor(ctx context.Context) (string, error) {
	p.donor.Lock()
	defer p.donor.Unlock()
	id, err := p.ensureDonor(ctx)
	if err != nil {
		return "", fmt.Errorf("cannot start the pod's donor: %w", err)
	}
	return id, nil
}

func (p *Pod) ensureDonor(ctx context.Context) (string, error) {
	owner := labels.Owner{Identity: p.spec.Identity, Component: string(pod.RoleIPC), Role: pod.RoleIPC}
	name := labels.ContainerName(owner.Name, owner.Role, owner.Component)
	found, err := p.client.api.ContainerInspect(ctx, name)
	if err == nil && found.State.Running {
		if has, _ := labels.ReadOwner(found.Config.Labels); has == owner {
			return found.ID, nil
		}
	} else if err != nil && !cerrdefs.IsNotFound(err) {
		return "", err // one that runs must not be taken for a leftover
	}
	modes, err := namespaces.Join(pod.Options{PIDs: p.spec.Options.PIDs}, p.pause, pod.Component{}, namespaces.Donors{})
	if err != nil {
		return "", err
	}
	placement, err := p.placed(ctx)
	if err != nil {
		return "", err
	}
	o := options{
		Config: &container.Config{
			Image: p.image, Entrypoint: []string{"/pause", "hold"}, Labels: owner.Add(nil),
			Healthcheck: &container.HealthConfig{Test: []string{"NONE"}},
		},
		HostConfig: &container.HostConfig{
			NetworkMode: "none", PidMode: container.PidMode(modes.PID), IpcMode: "shareable", UsernsMode: container.UsernsMode(modes.User),
			ShmSize: namespaces.ShmSize(p.spec), ReadonlyRootfs: true, CapDrop: []string{"ALL"},
			// Not no-new-privileges: that would take the effect of the binary's
			// set-group-ID bit away, which keeps components out of it.
			Resources: container.Resources{CgroupParent: placement.Parent},
		},
	}
	useLevel(o.HostConfig, p.level)
	if p.holdsFiles() {
		o.HostConfig.Mounts = append(o.HostConfig.Mounts, heldVolume(owner))
	}
	id, err := p.client.create(ctx, o, owner, false, true, p.say)
	if err != nil {
		return "", err
	}
	if err := p.client.start(ctx, id, false); err != nil {
		p.client.discard(ctx, id)
		return "", err
	}
	return id, nil
}
