package engine

import (
	"context"
	"fmt"
	"maps"
	"path"
	"slices"
	"strings"
	"time"

	cerrdefs "github.com/containerd/errdefs"
	"github.com/docker/docker/api/types/container"
	"github.com/docker/docker/api/types/mount"

	"github.com/podlike/podlike/internal/labels"
	"github.com/podlike/podlike/internal/namespaces"
	"github.com/podlike/podlike/internal/pod"
)

// SupervisorConfig is what the launcher decides about the supervisor.
type SupervisorConfig struct {
	Identity pod.Identity
	Facts    Facts
	// Definition is what the user said of it, nil for nothing.
	Definition *pod.Component
	// Args are its arguments: the pause's own.
	Args []string
	// Environment is added to the user's.
	Environment map[string]string
	// Replace: a supervisor that runs is replaced, because it does not attach.
	Replace bool
	Say     func(string)
}

// StartSupervisor makes sure that the pod's supervisor runs, and returns the
// ID of its container. One that runs already is left alone, unless it is to be
// replaced; what an earlier one left is removed.
//
// It joins the pause's network only: components must not see it, and it must
// outlive them. It is removed by the engine when it ends, has no capability
// but one, to read the pause's files, and cannot write to its own file system.
func (c *Client) StartSupervisor(ctx context.Context, config SupervisorConfig) (string, error) {
	definition := pod.Component{}
	if config.Definition != nil {
		definition = *config.Definition
	}
	definition.Name, definition.Role = string(pod.RoleSupervisor), pod.RoleSupervisor
	if definition.Service.Image == "" {
		// By ID: the very image that the pause runs, whatever its tag became.
		definition.Service.Image = config.Facts.inspect.Image
	}
	owner := labels.Owner{Identity: config.Identity, Component: definition.Name, Role: definition.Role, SpecHash: labels.SpecHash(definition)}
	name := labels.ContainerName(owner.Name, owner.Role, owner.Component)

	found, err := c.api.ContainerInspect(ctx, name)
	if err == nil {
		has, _ := labels.ReadOwner(found.Config.Labels)
		if found.State.Running && has.Identity == owner.Identity && !config.Replace {
			return found.ID, nil
		}
	} else if !cerrdefs.IsNotFound(err) {
		return "", err
	}

	options, err := createOptions(createInput{
		Component:  definition,
		Modes:      namespaces.Modes{Network: "container:" + config.Identity.ID, User: config.Facts.Pause.UsernsMode},
		Owner:      owner,
		APIVersion: c.APIVersion(),
	})
	if err != nil {
		return "", err
	}
	if err := c.confine(&options, config); err != nil {
		return "", err
	}
	always := definition.Service.PullPolicy == "always"
	never := definition.Service.PullPolicy == "never" || config.Definition == nil || config.Definition.Service.Image == ""
	id, err := c.create(ctx, options, owner, always, never, config.Say)
	if err != nil {
		return "", err
	}
	if err := c.start(ctx, id, false); err != nil {
		c.discard(ctx, id)
		return "", err
	}
	if ctx.Err() != nil {
		c.discard(ctx, id)
		return "", ctx.Err()
	}
	return id, nil
}

// discard removes a container although ctx may be done.
func (c *Client) discard(ctx context.Context, id string) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
	defer cancel()
	c.remove(ctx, id)
}

// confine sets what is not the user's to decide, and gives the supervisor its
// way to the engine.
func (c *Client) confine(o *options, config SupervisorConfig) error {
	if config.Definition == nil || len(config.Definition.Service.Entrypoint) == 0 {
		// Not the image's: the pause's image starts the pause.
		o.Config.Entrypoint = []string{"/supervisor", "run"}
	}
	o.Config.Cmd = append(slices.Clone(config.Args), o.Config.Cmd...)
	// The pause's health check is in the image that both share.
	o.Config.Healthcheck = &container.HealthConfig{Test: []string{"NONE"}}
	for _, k := range slices.Sorted(maps.Keys(config.Environment)) {
		o.Config.Env = append(o.Config.Env, k+"="+config.Environment[k])
	}
	o.HostConfig.AutoRemove = true
	o.HostConfig.ReadonlyRootfs = true
	o.HostConfig.CapDrop = []string{"ALL"}
	// To read files of the pause that are not root's, such as a secret with
	// uid 1000 and mode 0400. Its own file system is read-only.
	o.HostConfig.CapAdd = []string{"DAC_OVERRIDE"}
	o.HostConfig.SecurityOpt = append(o.HostConfig.SecurityOpt, "no-new-privileges")
	if config.Facts.Host.SELinux {
		useNoLabel(o.HostConfig)
	}
	// For whatever user the supervisor runs as; nobody else is in there.
	o.HostConfig.Mounts = append(o.HostConfig.Mounts, mount.Mount{
		Type: mount.TypeTmpfs, Target: PreviousDir, TmpfsOptions: &mount.TmpfsOptions{SizeBytes: previousSize, Mode: 0o1777},
	})

	if c.socket == "" {
		return nil
	}
	way, ok := socketMount(config.Facts.inspect.Mounts, c.socket)
	if !ok {
		return fmt.Errorf("cannot find where the pause got %s: mount it into the service, so that the supervisor can have it too", c.socket)
	}
	o.HostConfig.Mounts = append(o.HostConfig.Mounts, way)
	return nil
}

// socketMount is the pause's mount that has the socket in it, for the
// supervisor. Where that is a directory it stays one: an engine that restarts
// makes a new socket, which a mount of the old file would never show.
func socketMount(mounts []container.MountPoint, socket string) (mount.Mount, bool) {
	source, readOnly, ok := hostPath(mounts, socket)
	m := mount.Mount{Type: mount.TypeBind, Source: source, Target: socket, ReadOnly: readOnly}
	for _, has := range mounts {
		if below, inside := strings.CutPrefix(socket, has.Destination); inside && below != "" && path.Join(has.Source, below) == source {
			m.Source, m.Target = has.Source, has.Destination
		}
	}
	return m, ok
}

// hostPath is where a path of a container with these mounts is on the host.
// /var/run and /run are the same in many images, and in the pause's it is the
// mounts that decide.
func hostPath(mounts []container.MountPoint, name string) (source string, readOnly, ok bool) {
	best := -1
	for _, m := range mounts {
		rest, below := strings.CutPrefix(name, m.Destination)
		if !below || (rest != "" && rest[0] != '/' && m.Destination != "/") || len(m.Destination) <= best {
			continue
		}
		best = len(m.Destination)
		source, readOnly, ok = path.Join(m.Source, rest), !m.RW, true
	}
	return source, readOnly, ok
}
