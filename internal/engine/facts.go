package engine

import (
	"context"
	"fmt"
	"path"
	"slices"
	"strings"

	cerrdefs "github.com/containerd/errdefs"
	"github.com/docker/docker/api/types/container"
	"github.com/docker/docker/api/types/mount"
	"github.com/docker/docker/api/types/system"

	"github.com/podlike/podlike/internal/labels"
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
	// ImageDeny is what the pause's image denies. It is read from the image
	// itself: labels, environment and files of the container are the author's.
	ImageDeny string

	Pause namespaces.Pause
	Host  namespaces.Host

	inspect    container.InspectResponse
	dockerRoot string // where the engine keeps its containers, on the host
	sockets    []string
	plugins    []string // of the engine, that authorize calls
	level      string   // the pause's, of SELinux; "" without
}

// Image is the pause's, by ID. It has the supervisor too.
func (f Facts) Image() string { return f.inspect.Image }

// Policy is what the components of this pod may not have, by its image and by
// the argument --deny of its service.
func (f Facts) Policy(argument []string) (labels.Policy, error) {
	p, err := labels.NewPolicy(argument, f.ImageDeny)
	p.Sockets = f.sockets
	for name, real := range f.Volumes {
		p.Volumes = append(p.Volumes, name, real)
	}
	for _, m := range f.inspect.Mounts {
		if m.Type == mount.TypeVolume {
			p.Volumes = append(p.Volumes, m.Name)
		}
	}
	return p, err
}

// Facts asks for everything about the pod whose pause has this ID.
func (c *Client) Facts(ctx context.Context, pauseID string) (Facts, error) {
	found, err := c.api.ContainerInspect(ctx, pauseID)
	if cerrdefs.IsNotFound(err) {
		return Facts{}, fmt.Errorf("this engine does not know the pod's own container %.12s: does DOCKER_HOST, or the socket, belong to another engine?", pauseID)
	}
	if err != nil {
		return Facts{}, unanswered(fmt.Sprintf("inspect the pause %.12s", pauseID), err)
	}
	host, info, err := c.host(ctx)
	if err != nil {
		return Facts{}, err
	}
	f := Facts{
		Name:        strings.TrimPrefix(found.Name, "/"),
		Labels:      found.Config.Labels,
		Environment: map[string]string{},
		UnderSwarm:  found.Config.Labels["com.docker.swarm.task.id"] != "",
		Host:        host,
		Pause: namespaces.Pause{
			ID:           found.ID,
			CgroupParent: found.HostConfig.CgroupParent,
			Memory:       found.HostConfig.Memory,
			MemorySwap:   found.HostConfig.MemorySwap,
			NanoCPUs:     found.HostConfig.NanoCPUs,
			CPUQuota:     found.HostConfig.CPUQuota,
			CPUPeriod:    found.HostConfig.CPUPeriod,
			CPUShares:    found.HostConfig.CPUShares,
			CpusetCpus:   found.HostConfig.CpusetCpus,
			NetworkMode:  string(found.HostConfig.NetworkMode),
			UsernsMode:   string(found.HostConfig.UsernsMode),

			MemoryReservation: found.HostConfig.MemoryReservation,
		},
		inspect:    found,
		dockerRoot: info.DockerRootDir,
		plugins:    info.Plugins.Authorization,
	}
	if f.Host.SELinux {
		f.level = levelOf(found.ProcessLabel)
	}
	f.Pause.Remapped = f.Host.UserNS && !found.HostConfig.UsernsMode.IsHost()
	if found.HostConfig.PidsLimit != nil {
		f.Pause.PidsLimit = *found.HostConfig.PidsLimit
	}
	for _, e := range found.Config.Env {
		k, v, _ := strings.Cut(e, "=")
		f.Environment[k] = v
	}
	image, err := c.api.ImageInspect(ctx, found.Image)
	if cerrdefs.IsNotFound(err) {
		// Where containerd keeps the images, engines before 28.1 forget one
		// when another gets its tag.
		return Facts{}, fmt.Errorf("the pause's image %.19s is gone from this node, and what it denies components with it: pull or build it again, or replace the pod", found.Image)
	}
	if err != nil {
		return Facts{}, unanswered(fmt.Sprintf("inspect the pause's image %s, which may deny something", found.Image), err)
	}
	if image.Config != nil {
		f.ImageDeny = image.Config.Labels[labels.LabelDeny]
	}
	if source, _, ok := hostPath(found.Mounts, c.socket); ok && c.socket != "" {
		f.sockets = append(f.sockets, source)
	}
	if err := f.askVolumes(ctx, c); err != nil {
		return Facts{}, err
	}
	return f, nil
}

// host asks about the engine's machine.
func (c *Client) host(ctx context.Context) (namespaces.Host, system.Info, error) {
	info, err := c.api.Info(ctx)
	if err != nil {
		return namespaces.Host{}, info, unanswered("ask about its host", err)
	}
	return namespaces.Host{
		CgroupDriver:  info.CgroupDriver,
		CgroupVersion: info.CgroupVersion,
		MemTotal:      info.MemTotal,
		Rootless:      hasSecurity(info, "rootless"),
		UserNS:        hasSecurity(info, "userns"),
		AppArmor:      hasSecurity(info, "apparmor"),
		SELinux:       hasSecurity(info, "selinux"),
	}, info, nil
}

// hasSecurity reports whether the engine lists a security option, as
// "name=seccomp,profile=default".
func hasSecurity(info system.Info, name string) bool {
	return slices.ContainsFunc(info.SecurityOptions, func(option string) bool {
		return slices.Contains(strings.Split(option, ","), "name="+name)
	})
}

// The labels by which a task's volume is known under another name than its
// own, the first that a volume has counts.
const (
	labelVolumeRef   = "com.github.rycus86.podlike.volume-ref" // what users of the older implementation set
	labelStack       = "com.docker.stack.namespace"            // set by docker stack deploy
	labelComposeName = "com.docker.compose.volume"             // set by Compose
)

// askVolumes finds the names by which users mean the volumes that the task
// has, and the volumes that are a bind to where the engine's socket is. Other
// names stay what they are.
func (f *Facts) askVolumes(ctx context.Context, c *Client) error {
	f.Volumes = map[string]string{}
	sockets := append(slices.Clone(usualSockets), f.sockets...)
	for _, m := range f.inspect.Mounts {
		if m.Type != mount.TypeVolume || m.Name == "" {
			continue
		}
		v, err := c.api.VolumeInspect(ctx, m.Name)
		if err != nil {
			return fmt.Errorf("cannot inspect the pod's volume %q: %w", m.Name, err)
		}
		name := volumeAlias(m.Name, v.Labels)
		if name != "" {
			f.Volumes[name] = m.Name
		}
		if device := v.Options["device"]; path.IsAbs(device) && holdsSocket(path.Clean(device), sockets) {
			f.sockets = append(f.sockets, m.Name, name)
		}
	}
	return nil
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
