package engine

import (
	"context"
	"fmt"
	"strings"

	cerrdefs "github.com/containerd/errdefs"
	"github.com/docker/docker/api/types/container"
	"github.com/docker/docker/api/types/mount"

	"github.com/podlike/podlike/internal/namespaces"
)

// Facts are what the engine says about the pod's surroundings. They do not
// change while the pod runs.
type Facts struct {
	// Name is the pause's container name, without the slash.
	Name   string
	Labels map[string]string
	// Environment is the pause's, as configured.
	Environment map[string]string
	// UnderSwarm: the pause is a Swarm task.
	UnderSwarm bool
	// Volumes maps the names that users write to those of the task's volumes.
	Volumes map[string]string

	Pause namespaces.Pause
	Host  namespaces.Host

	inspect    container.InspectResponse
	dockerRoot string // where the engine keeps its containers, on the host
}

// Facts asks for everything about the pod whose pause has this ID.
func (c *Client) Facts(ctx context.Context, pauseID string) (Facts, error) {
	found, err := c.api.ContainerInspect(ctx, pauseID)
	if cerrdefs.IsNotFound(err) {
		return Facts{}, fmt.Errorf("this engine does not know the pod's own container %.12s: does DOCKER_HOST, or the socket, belong to another engine?", pauseID)
	}
	if err != nil {
		return Facts{}, fmt.Errorf("%w: cannot inspect the pause %.12s: %w", ErrUnreachable, pauseID, err)
	}
	info, err := c.api.Info(ctx)
	if err != nil {
		return Facts{}, fmt.Errorf("%w: cannot ask about its host: %w", ErrUnreachable, err)
	}
	f := Facts{
		Name:        strings.TrimPrefix(found.Name, "/"),
		Labels:      found.Config.Labels,
		Environment: map[string]string{},
		UnderSwarm:  found.Config.Labels["com.docker.swarm.task.id"] != "",
		Host: namespaces.Host{
			CgroupDriver:  info.CgroupDriver,
			CgroupVersion: info.CgroupVersion,
			MemTotal:      info.MemTotal,
		},
		Pause: namespaces.Pause{
			ID:           found.ID,
			CgroupParent: found.HostConfig.CgroupParent,
			Memory:       found.HostConfig.Memory,
			MemorySwap:   found.HostConfig.MemorySwap,
			NanoCPUs:     found.HostConfig.NanoCPUs,
			CPUQuota:     found.HostConfig.CPUQuota,
			CPUPeriod:    found.HostConfig.CPUPeriod,
			NetworkMode:  string(found.HostConfig.NetworkMode),
		},
		inspect:    found,
		dockerRoot: info.DockerRootDir,
	}
	if found.HostConfig.PidsLimit != nil {
		f.Pause.PidsLimit = *found.HostConfig.PidsLimit
	}
	for _, e := range found.Config.Env {
		k, v, _ := strings.Cut(e, "=")
		f.Environment[k] = v
	}
	if f.Volumes, err = c.volumeNames(ctx, found.Mounts); err != nil {
		return Facts{}, err
	}
	return f, nil
}

// The labels by which a task's volume is known under another name than its
// own, the first that a volume has counts.
const (
	labelVolumeRef   = "com.github.rycus86.podlike.volume-ref" // what users of the older implementation set
	labelStack       = "com.docker.stack.namespace"            // set by docker stack deploy
	labelComposeName = "com.docker.compose.volume"             // set by Compose
)

// volumeNames maps what users write in a component to the volumes that the
// task has. Other names stay what they are.
func (c *Client) volumeNames(ctx context.Context, mounts []container.MountPoint) (map[string]string, error) {
	names := map[string]string{}
	for _, m := range mounts {
		if m.Type != mount.TypeVolume || m.Name == "" {
			continue
		}
		v, err := c.api.VolumeInspect(ctx, m.Name)
		if err != nil {
			return nil, fmt.Errorf("cannot inspect the pod's volume %q: %w", m.Name, err)
		}
		if name := volumeAlias(m.Name, v.Labels); name != "" {
			names[name] = m.Name
		}
	}
	return names, nil
}

func volumeAlias(name string, labels map[string]string) string {
	if ref := labels[labelVolumeRef]; ref != "" {
		return ref
	}
	if stack := labels[labelStack]; stack != "" {
		if short, ok := strings.CutPrefix(name, stack+"_"); ok {
			return short
		}
	}
	return labels[labelComposeName]
}
