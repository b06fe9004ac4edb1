package engine

import (
	"slices"
	"strings"

	"github.com/docker/docker/api/types/container"
)

// An engine with SELinux gives each container a level of its own, as
// "s0:c12,c345", and keeps containers of different levels from each other's
// files and processes. A pod is one thing: its containers have the level of
// the pause, unless a component says something else. The engine sees to that
// only where it knows of the join, and of no other security option
// (generateSecurityOpt in its daemon/create.go).

// levelOf is the level in a label like "system_u:system_r:container_t:s0:c1,c2",
// "" where there is none.
func levelOf(label string) string {
	parts := strings.SplitN(label, ":", 4)
	if len(parts) < 4 {
		return ""
	}
	return parts[3]
}

// useLevel gives a container the pod's level. The engine labels those that are
// privileged, or share the host's processes or memory, not at all.
func useLevel(h *container.HostConfig, level string) {
	if level == "" || h.Privileged || h.PidMode.IsHost() || h.IpcMode.IsHost() || saysLabel(h.SecurityOpt) {
		return
	}
	h.SecurityOpt = append(h.SecurityOpt, "label=level:"+level)
}

// useNoLabel takes a container out of SELinux: containers may not connect to
// the engine's socket, whose label must not be changed, since other programs
// of the node use it.
func useNoLabel(h *container.HostConfig) {
	if !saysLabel(h.SecurityOpt) {
		h.SecurityOpt = append(h.SecurityOpt, "label=disable")
	}
}

func saysLabel(options []string) bool {
	return slices.ContainsFunc(options, func(o string) bool {
		return strings.HasPrefix(o, "label=") || strings.HasPrefix(o, "label:")
	})
}
