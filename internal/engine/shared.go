package engine

import (
	"path"
	"slices"
	"strings"

	"github.com/docker/docker/api/types/container"
	"github.com/docker/docker/api/types/mount"
)

// usualSockets are where an engine's socket is on most hosts.
var usualSockets = []string{"/var/run/docker.sock", "/run/docker.sock"}

// sharedMounts are the task's mounts for a component, with --volumes: all but
// the engine's socket, which the task has at the path socket, and but those
// where the component mounts something of its own. known are further paths on
// the host, and names of volumes, that have the socket.
func sharedMounts(task []container.MountPoint, own *container.HostConfig, socket string, known []string) []mount.Mount {
	sockets := append(slices.Clone(usualSockets), known...)
	var all []mount.Mount
	for _, m := range task {
		if taken(own, m.Destination) || m.Destination == socket {
			continue
		}
		s := mount.Mount{Type: m.Type, Target: m.Destination, ReadOnly: !m.RW}
		switch m.Type {
		case mount.TypeVolume:
			if slices.Contains(known, m.Name) {
				continue
			}
			s.Source = m.Name
			// An image's files must not get into a volume of the task's.
			s.VolumeOptions = &mount.VolumeOptions{NoCopy: true}
		case mount.TypeBind:
			if holdsSocket(m.Source, sockets) {
				continue
			}
			s.Source = m.Source
			if m.Propagation != "" {
				s.BindOptions = &mount.BindOptions{Propagation: m.Propagation}
			}
		default:
			continue // a tmpfs is the container's own
		}
		all = append(all, s)
	}
	return all
}

// holdsSocket: a directory above the socket counts, too.
func holdsSocket(source string, sockets []string) bool {
	above := strings.TrimSuffix(source, "/") + "/"
	return path.Base(source) == "docker.sock" || slices.ContainsFunc(sockets, func(s string) bool {
		return s == source || strings.HasPrefix(s, above)
	})
}

func taken(own *container.HostConfig, target string) bool {
	same := func(other string) bool { return path.Clean(other) == path.Clean(target) }
	for t := range own.Tmpfs {
		if same(t) {
			return true
		}
	}
	if slices.ContainsFunc(own.Mounts, func(m mount.Mount) bool { return same(m.Target) }) {
		return true
	}
	return slices.ContainsFunc(own.Binds, func(b string) bool {
		fields := strings.Split(b, ":")
		return len(fields) >= 2 && same(fields[1])
	})
}
