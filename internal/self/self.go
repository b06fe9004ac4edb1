// Package self finds out which container a process runs in, from its own
// /proc and without asking anybody.
package self

import (
	"errors"
	"strings"
)

// ErrUnknown says that the process does not seem to run in a Docker container.
var ErrUnknown = errors.New("cannot find the ID of this container: neither /proc/self/mountinfo nor /proc/self/cgroup names it; is this a Docker container?")

// ContainerID returns the 64 hex digits of the container whose
// /proc/self/mountinfo and /proc/self/cgroup these are.
//
// The engine mounts hostname, resolv.conf and hosts from
// <data root>/containers/<id>/, on cgroup v1 and v2 and with any hostname; in
// a container that joined another's network they are the other one's. The
// cgroup path names the container itself, but is only "/" in a private cgroup
// namespace, which is the default on cgroup v2: it wins where it says
// something.
func ContainerID(mountinfo, cgroup string) (string, error) {
	if id := fromCgroup(cgroup); id != "" {
		return id, nil
	}
	if id := fromMountinfo(mountinfo); id != "" {
		return id, nil
	}
	return "", ErrUnknown
}

// fromMountinfo reads lines of proc(5): field 4 is the mount's root within
// its file system, field 5 the mount point.
func fromMountinfo(mountinfo string) string {
	for line := range strings.Lines(mountinfo) {
		fields := strings.Fields(line)
		if len(fields) < 5 {
			continue
		}
		switch fields[4] {
		case "/etc/hostname", "/etc/resolv.conf", "/etc/hosts":
			// From the end: <data root> may have a "containers" of its own.
			path := strings.Split(fields[3], "/")
			if n := len(path); n >= 3 && path[n-3] == "containers" && isID(path[n-2]) {
				return path[n-2]
			}
		}
	}
	return ""
}

// fromCgroup reads "4:memory:/docker/<id>" of the cgroupfs driver and
// "0::/system.slice/docker-<id>.scope" of the systemd driver.
func fromCgroup(cgroup string) string {
	for line := range strings.Lines(cgroup) {
		name := strings.TrimSpace(line[strings.LastIndexByte(line, '/')+1:])
		name = strings.TrimSuffix(strings.TrimPrefix(name, "docker-"), ".scope")
		if isID(name) {
			return name
		}
	}
	return ""
}

func isID(s string) bool {
	if len(s) != 64 {
		return false
	}
	for _, c := range s {
		if (c < '0' || c > '9') && (c < 'a' || c > 'f') {
			return false
		}
	}
	return true
}
