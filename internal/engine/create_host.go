package engine

import (
	"cmp"
	"maps"
	"slices"
	"strings"

	"github.com/docker/docker/api/types/container"
)

// hostConfig is the part that depends on the host.
func (t *translation) hostConfig() *container.HostConfig {
	h := &container.HostConfig{
		NetworkMode: container.NetworkMode(t.in.Modes.Network),
		PidMode:     container.PidMode(t.in.Modes.PID),
		IpcMode:     container.IpcMode(t.in.Modes.IPC),

		// Restarting is the supervisor's: the engine's own restarts of joined
		// containers race with the donor's. So is removing, after the last
		// line of output was read.
		RestartPolicy: container.RestartPolicy{Name: container.RestartPolicyDisabled},
		AutoRemove:    false,

		Annotations:    t.s.Annotations,
		CapAdd:         t.s.CapAdd,
		CapDrop:        t.s.CapDrop,
		CgroupnsMode:   container.CgroupnsMode(t.s.Cgroup),
		GroupAdd:       t.s.GroupAdd,
		Init:           t.s.Init,
		Isolation:      container.Isolation(t.s.Isolation),
		OomScoreAdj:    int(t.s.OomScoreAdj),
		Privileged:     t.s.Privileged,
		ReadonlyRootfs: t.s.ReadOnly,
		Runtime:        t.s.Runtime,
		ShmSize:        int64(t.s.ShmSize),
		StorageOpt:     t.s.StorageOpt,
		Sysctls:        t.s.Sysctls,
		UsernsMode:     container.UsernsMode(cmp.Or(t.s.UserNSMode, t.in.Modes.User)),
		Resources:      t.resources(),
	}
	if len(h.Annotations) > 0 {
		t.needs(apiAnnotations, "annotations")
	}
	if l := t.s.Logging; l != nil {
		h.LogConfig = container.LogConfig{Type: l.Driver, Config: maps.Clone(l.Options)}
	}
	t.securityOpt(h)
	t.mounts(h)
	return h
}

// securityOpt carries what the engine knows, and does what Docker's own
// command line does before it calls the engine.
func (t *translation) securityOpt(h *container.HostConfig) {
	for _, opt := range t.s.SecurityOpt {
		key, value, _ := strings.Cut(opt, "=")
		switch {
		case opt == "systempaths=unconfined":
			// Empty is none; nil would be the engine's default.
			h.MaskedPaths, h.ReadonlyPaths = []string{}, []string{}
			continue
		case key == "seccomp" && !slices.Contains([]string{"unconfined", "builtin"}, value) && !strings.HasPrefix(value, "{"):
			t.mistake("security_opt %q names a file, which the engine cannot read: write the profile's JSON in its place", opt)
		}
		h.SecurityOpt = append(h.SecurityOpt, opt)
	}
}
