package engine

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"path"
	"slices"
	"strings"
	"time"

	"github.com/docker/docker/api/types/container"
	"github.com/docker/docker/api/types/mount"

	"github.com/podlike/podlike/internal/labels"
	"github.com/podlike/podlike/internal/namespaces"
	"github.com/podlike/podlike/internal/pod"
)

const (
	// cgroupsInHelper is where a helper has the cgroups that it needs.
	cgroupsInHelper = "/cgroup"
	cgroupsOnHost   = "/sys/fs/cgroup"
	// systemdsBus is the address on the host, and busInHelper where clients
	// look for it.
	systemdsBus = "/run/dbus/system_bus_socket"
	busInHelper = "/var/run/dbus/system_bus_socket"

	// helpsWithin bounds a helper, which bounds its errand itself: this is for
	// an engine that takes long to start it.
	helpsWithin = 2 * time.Minute
)

// help sends a helper, a container that lives for this one errand, and returns
// what it printed. The pod's supervisor keeps no right on the host for that.
// image is one that has the supervisor, by ID.
func (c *Client) help(ctx context.Context, of pod.Identity, image string, host namespaces.Host, errand namespaces.Errand) (string, error) {
	ctx, cancel := context.WithTimeoutCause(ctx, helpsWithin, errors.New("the helper did not end"))
	defer cancel()
	errand.Cgroups = cgroupsInHelper
	argument, err := json.Marshal(errand)
	if err != nil {
		return "", err
	}
	// One that was made for another errand is none for this.
	hash := sha256.Sum256(argument)
	owner := labels.Owner{Identity: of, Component: string(pod.RoleHelper), Role: pod.RoleHelper, SpecHash: hex.EncodeToString(hash[:8])}
	id, err := c.create(ctx, helperOptions(owner, image, host, errand, string(argument)), owner, false, true, func(string) {})
	if err != nil {
		return "", err
	}
	defer c.discard(ctx, id)
	if err := c.start(ctx, id, false); err != nil {
		return "", err
	}
	exit, err := c.ended(ctx, id)
	if err != nil {
		return "", err
	}
	if exit.Code == 0 && errand.Slice == nil && errand.Kills == "" {
		return "", nil // and nothing to say
	}
	text, err := c.lastOutput(ctx, id)
	if err != nil {
		return "", err
	}
	said := strings.TrimSpace(string(text))
	if exit.Code != 0 {
		if said == "" {
			said = fmt.Sprintf("the helper ended with code %d", exit.Code)
		}
		return "", errors.New(strings.ReplaceAll(said, "\n", "; "))
	}
	return said, nil
}

// helperOptions give a helper what its errand needs, and no more.
func helperOptions(owner labels.Owner, image string, host namespaces.Host, errand namespaces.Errand, argument string) options {
	h := &container.HostConfig{
		NetworkMode: "none", IpcMode: "private", ReadonlyRootfs: true, CapDrop: []string{"ALL"},
		SecurityOpt: []string{"no-new-privileges"},
		// Whatever the daemon's is, its answer must be readable.
		LogConfig: container.LogConfig{Type: "json-file"},
	}
	bind := func(source, target string) {
		h.Mounts = append(h.Mounts, mount.Mount{Type: mount.TypeBind, Source: source, Target: target})
	}
	switch {
	case errand.Leaf != "":
		// Processes are moved by one who sees them, between cgroups that it
		// sees: of all namespaces, the kernel asks for these two.
		h.PidMode, h.CgroupnsMode = container.PidMode("container:"+owner.ID), container.CgroupnsModeHost
		bind(errand.Leaf, cgroupsInHelper)
	case errand.Slice != nil:
		bind(systemdsBus, busInHelper)
		if host.AppArmor {
			// Where AppArmor watches D-Bus, as on Ubuntu, the engine's profile
			// has no word for it.
			h.SecurityOpt = append(h.SecurityOpt, "apparmor=unconfined")
		}
	case errand.Kills != "":
		bind(errand.Kills, cgroupsInHelper)
		h.Mounts[0].ReadOnly = true
	default:
		bind(cgroupsOnHost, cgroupsInHelper)
		if slices.ContainsFunc(errand.Sweep, func(p string) bool { return path.Dir(p) == "/" }) {
			// The top of a hierarchy is not writable, not even by its owner.
			h.CapAdd = []string{"DAC_OVERRIDE"}
		}
	}
	if host.UserNS {
		h.UsernsMode = "host" // whose root the directories belong to
	}
	if host.SELinux {
		h.SecurityOpt = append(h.SecurityOpt, "label=disable") // neither was labelled for containers
	}
	return options{
		Config: &container.Config{
			Image: image, User: "0", Entrypoint: []string{"/supervisor", "help-on-host", argument}, Labels: owner.Add(nil),
			Healthcheck: &container.HealthConfig{Test: []string{"NONE"}},
		},
		HostConfig: h,
	}
}
