package namespaces

// Errand is what a helper container is sent to do on the host: one of Leaf,
// Slice, Kills and Sweep is set.
type Errand struct {
	// Leaf is a cgroup of version 2, as a directory of the host: see
	// [MakeLeaf].
	Leaf string `json:",omitempty"`
	// Slice is to be started.
	Slice *Slice `json:",omitempty"`
	// Kills is the directory on the host of a slice, in which processes that
	// were killed for memory are to be counted.
	Kills string `json:",omitempty"`
	// Sweep are cgroups, as /docker/<ID>, that nobody is in any more, below
	// those of the host.
	Sweep []string `json:",omitempty"`
	// Cgroups is the directory in which the helper has what it needs for Leaf,
	// Kills or Sweep.
	Cgroups string `json:",omitempty"`
}

// Slice is systemd's group of the pod's components, which has the limits of
// the pod. It is bound to the scope that the engine made for the pause: when
// the pause is gone, however that came, systemd ends the slice with all that is
// in it.
type Slice struct {
	// Pause is the ID of the pod's first container, Pod the name.
	Pause, Pod string

	Memory            int64  `json:",omitempty"` // bytes, 0 for no limit
	MemoryReservation int64  `json:",omitempty"` // bytes, 0 for none
	Swap              *int64 `json:",omitempty"` // bytes, nil for what systemd has, -1 for no limit
	// CPU is the time that it may use in a second, in microseconds, 0 for no
	// limit.
	CPU int64 `json:",omitempty"`
	// CPUShares is its weight, 2 to 262144, 0 for the usual.
	CPUShares int64 `json:",omitempty"`
	Pids      int64 `json:",omitempty"`
}

// microseconds is the limit of CPU time in each second, 0 for none.
func (p Pause) microseconds() int64 {
	if p.NanoCPUs > 0 {
		return p.NanoCPUs / 1000
	}
	return max(0, p.CPUQuota) * 1_000_000 / p.period()
}

// NewSlice returns the slice of the pod that has this name and this pause.
func NewSlice(name string, p Pause) *Slice {
	s := &Slice{
		Pause: p.ID, Pod: name,
		Memory: max(0, p.Memory), MemoryReservation: max(0, p.MemoryReservation),
		CPU: p.microseconds(), CPUShares: max(0, p.CPUShares), Pids: max(0, p.PidsLimit),
	}
	switch {
	case p.MemorySwap < 0:
		s.Swap = new(int64(-1))
	case p.MemorySwap > 0 && p.MemorySwap >= p.Memory:
		s.Swap = new(p.MemorySwap - max(0, p.Memory))
	}
	return s
}
