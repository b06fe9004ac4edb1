package namespaces

import (
	"cmp"
	"path"
	"regexp"
	"slices"
	"strings"
)

// Pause is what the engine says about the pod's first container. Limits are
// in the engine's units: bytes, billionths of a CPU, microseconds. Zero or
// less means no limit.
type Pause struct {
	ID           string
	NetworkMode  string
	CgroupParent string // "" for the engine's default
	// UsernsMode is "host" for a pause that was taken out of the engine's user
	// namespace. Remapped: the engine has one, and the pause is in it.
	UsernsMode string
	Remapped   bool

	Memory            int64
	MemoryReservation int64 // what it should keep when the host is short
	MemorySwap        int64 // memory and swap together
	NanoCPUs          int64
	CPUQuota          int64
	CPUPeriod         int64
	CPUShares         int64 // its weight against others, 1024 is usual
	CpusetCpus        string
	PidsLimit         int64
}

// Limited says whether the pod has a limit of any kind.
func (p Pause) Limited() bool {
	return p.Memory > 0 || p.CPUs() > 0 || p.PidsLimit > 0
}

// Shares says whether the pod has a part of the host, limited or promised,
// that its components have to share.
func (p Pause) Shares() bool {
	return p.Limited() || p.MemoryReservation > 0 || p.CPUShares > 0
}

// DefaultCPUPeriod is the kernel's, in microseconds.
const DefaultCPUPeriod = 100_000

// CPUs is the limit as a number of CPUs, 0 for none, in whichever of the
// engine's two forms it was set.
func (p Pause) CPUs() float64 {
	if p.NanoCPUs > 0 {
		return float64(p.NanoCPUs) / 1e9
	}
	if p.CPUQuota <= 0 {
		return 0
	}
	return float64(p.CPUQuota) / float64(p.period())
}

func (p Pause) period() int64 {
	if p.CPUPeriod <= 0 {
		return DefaultCPUPeriod
	}
	return p.CPUPeriod
}

// Host is what the engine says about the machine.
type Host struct {
	CgroupDriver  string // "cgroupfs", "systemd" or "none"
	CgroupVersion string // "1" or "2"
	MemTotal      int64  // bytes
	// Rootless: the engine is not root's. UserNS: root of its containers is
	// not the host's. Neither may change cgroups, or speak for root.
	Rootless, UserNS bool
	// AppArmor and SELinux confine containers that do not say otherwise.
	AppArmor, SELinux bool
	// DefaultParent is where the engine puts containers without a cgroup
	// parent; "" where that is not known. See [DefaultParent].
	DefaultParent string
}

// DefaultParent finds the engine's default cgroup parent in /proc/self/cgroup
// of a container, with this ID, that was made without one: a daemon that was
// started with --cgroup-parent tells nobody. It is "" on cgroup v2, where a
// container does not see where it is.
func DefaultParent(cgroup, id string) string {
	for line := range strings.Lines(cgroup) {
		// 4:memory:/docker/<id>
		fields := strings.SplitN(strings.TrimSpace(line), ":", 3)
		if len(fields) == 3 && slices.Contains(strings.Split(fields[1], ","), "memory") && path.Base(fields[2]) == id {
			return withinEngines(path.Dir(fields[2]))
		}
	}
	return ""
}

// withinEngines is the path as an engine sees it that runs in a container
// itself: its own view begins at its container's cgroup.
func withinEngines(parent string) string {
	parts := strings.Split(parent, "/")
	for i := len(parts) - 1; i >= 0; i-- {
		if ofContainer.MatchString(parts[i]) {
			return "/" + path.Join(parts[i+1:]...)
		}
	}
	return parent
}

var ofContainer = regexp.MustCompile(`^(docker-)?[0-9a-f]{64}(\.scope)?$`)

// Work is what has to be done on the host before the first component's
// container is made. It takes a right that the supervisor does not have.
type Work string

const (
	// NoWork: the engine does all by itself.
	NoWork Work = ""
	// MakeLeaf: the processes of the pause's cgroup move into a leaf, since a
	// cgroup of version 2 that has processes gives its children no controllers.
	MakeLeaf Work = "leaf"
	// MakeSlice: systemd gets a slice for the pod, see [Slice].
	MakeSlice Work = "slice"
)

// Placement says where the components' cgroups are.
type Placement struct {
	// Work comes first.
	Work Work
	// Parent is their cgroup parent, "" for the engine's default. That of a
	// slice is known when it is made.
	Parent string
	// Cap: a component that has no limit of its own gets the pod's, since
	// nothing else would hold it.
	Cap bool
	// Warning is for the user, "" for none.
	Warning string
}

// defaultParent is where engines with the cgroupfs driver put containers.
const defaultParent = "/docker"

// Place decides where the components of the pod with this pause go on this
// host.
func Place(h Host, p Pause) Placement {
	below := path.Join(cmp.Or(p.CgroupParent, h.DefaultParent, defaultParent), p.ID)
	switch {
	case h.CgroupDriver == "cgroupfs" && h.CgroupVersion == "1":
		return Placement{Parent: below}
	case !p.Shares():
		return Placement{}
	case h.CgroupDriver == "none" && p.Limited():
		// A rootless engine without systemd and cgroup v2: it takes limits, and
		// forgets them.
		return Placement{Warning: "the limits of the service do not hold: this engine has no cgroup driver, so it limits nothing"}
	case h.Rootless:
		return Apart(p, "Docker is rootless")
	case h.UserNS:
		return Apart(p, "Docker maps root to another user (userns-remap)")
	case h.CgroupDriver == "cgroupfs" && h.CgroupVersion == "2":
		return Placement{Work: MakeLeaf, Parent: below}
	case h.CgroupDriver == "systemd":
		return Placement{Work: MakeSlice}
	default:
		return Apart(p, "cgroup v"+h.CgroupVersion+", driver "+h.CgroupDriver)
	}
}

// Apart is the placement for a host on which components cannot be held
// together, for the reason that is given.
func Apart(p Pause, reason string) Placement {
	if !p.Limited() {
		return Placement{}
	}
	return Placement{
		Cap:     true,
		Warning: "the limits of the service hold for each component, not for the sum of them: " + reason,
	}
}
