package namespaces

import (
	"path"
	"strings"
)

// OfPod says whether a container with this cgroup parent is in the cgroup of
// the pod whose pause has this ID: in that of the pause, or in the pod's slice.
func OfPod(parent, pause string) bool {
	return path.Base(parent) == pause || strings.HasSuffix(path.Base(parent), sliceEnd(pause))
}

// sliceEnd is how the name of the slice of the pod with this pause ends; see
// package cgroups.
func sliceEnd(pause string) string {
	if len(pause) < 12 {
		return pause + ".slice"
	}
	return "podlike_" + pause[:12] + ".slice"
}

// Remains is the directory, below each hierarchy of the host's cgroups, that
// may stay when the containers in this cgroup parent of a pod are gone, "" for
// none.
func Remains(h Host, parent string) string {
	switch {
	case !strings.HasSuffix(parent, ".slice"):
		return parent
	case h.CgroupVersion == "1":
		return SlicePath(parent)
	default:
		return "" // systemd ends it with the pause
	}
}

// AlwaysRemains: the runtime makes the slice's directory in all hierarchies of
// version 1, of which systemd, that removes it, knows some only.
func AlwaysRemains(h Host, parent string) bool {
	return strings.HasSuffix(parent, ".slice") && h.CgroupVersion == "1"
}

// SlicePath is where a slice is in a hierarchy: a-b.slice is in a.slice.
func SlicePath(name string) string {
	parts := strings.Split(strings.TrimSuffix(name, ".slice"), "-")
	dir := "/"
	for i := range parts {
		dir = path.Join(dir, strings.Join(parts[:i+1], "-")+".slice")
	}
	return dir
}
