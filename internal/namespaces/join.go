package namespaces

import (
	"errors"
	"fmt"
	"strings"

	"github.com/podlike/podlike/internal/pod"
)

// Modes are the namespace modes of a component in the engine's words: ""
// leaves it to the engine, "private" is its own, "container:<id>" a donor's.
type Modes struct {
	Network, PID, IPC string
	// User is the pause's: the kernel lets nobody into namespaces of another
	// user namespace that is not below his own.
	User string
}

// Donors are the containers whose namespaces can be joined, by ID.
type Donors struct {
	// IPC is the pod's IPC donor, "" if there is none.
	IPC string
	// Components are the components that run, by name.
	Components map[string]string
	// Joined: another component joins the IPC namespace of this one.
	Joined bool
}

// Join returns the modes of a component of the pod that has this pause. It
// fails where the component wants to join one that is not among the donors.
func Join(opts pod.Options, p Pause, c pod.Component, d Donors) (Modes, error) {
	m := Modes{Network: container(p.ID), IPC: "private", User: p.UsernsMode}
	if p.Remapped && c.Service.UserNSMode == "host" {
		return Modes{}, errors.New("userns_mode: host is not possible in a pod whose own container is in the engine's user namespace: it shares that one's network")
	}
	if opts.PIDs {
		m.PID = container(p.ID)
	}
	switch {
	case wantsSharedIPC(opts, c) && d.IPC != "":
		m.IPC = container(d.IPC)
	case d.Joined:
		m.IPC = "shareable" // the engine refuses to join a private one
	}
	var err error
	if c.Service.Pid != "" {
		if m.PID, err = chosen("pid", c.Service.Pid, d); err != nil {
			return Modes{}, err
		}
		if m.PID == "private" {
			m.PID = "" // the engine has no such word for PIDs, it is its default
		}
	}
	if c.Service.Ipc != "" {
		if m.IPC, err = chosen("ipc", c.Service.Ipc, d); err != nil {
			return Modes{}, err
		}
	}
	return m, nil
}

// chosen is what the user's word means to the engine.
func chosen(key, value string, d Donors) (string, error) {
	name, joins := strings.CutPrefix(value, "service:")
	if !joins {
		return value, nil
	}
	id := d.Components[name]
	if id == "" {
		return "", fmt.Errorf("%s: component %q does not run, so its namespace cannot be joined", key, name)
	}
	return container(id), nil
}

// NeedsIPCDonor reports whether the pod needs a container that only holds an
// IPC namespace: two or more components share it, and the pause's own cannot
// be joined.
func NeedsIPCDonor(s pod.Spec) bool {
	sharing := 0
	for _, c := range s.Components {
		if wantsSharedIPC(s.Options, c) {
			sharing++
		}
	}
	return sharing >= 2
}

// wantsSharedIPC: init components have ended before anybody could share with
// them.
func wantsSharedIPC(opts pod.Options, c pod.Component) bool {
	return opts.IPC && c.Service.Ipc == "" && c.Role != pod.RoleInit
}

// ShmSize is the size of the IPC donor's /dev/shm in bytes, 0 for the
// engine's default: the largest that a sharing component asks for.
func ShmSize(s pod.Spec) int64 {
	var size int64
	for _, c := range s.Components {
		if wantsSharedIPC(s.Options, c) {
			size = max(size, int64(c.Service.ShmSize))
		}
	}
	return size
}

func container(id string) string { return "container:" + id }

// NotForJoiners are the Compose keys that the engine refuses for a container
// that joins another's network ("conflicting options: ..."), because they
// belong to the donor.
var NotForJoiners = []string{
	"dns",
	"dns_opt",
	"dns_search",
	"domainname",
	"expose",
	"external_links",
	"extra_hosts",
	"hostname",
	"links",
	"mac_address",
	"networks",
	"ports",
}
