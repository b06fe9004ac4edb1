package main

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/docker/cli/cli/command/formatter"
	"github.com/docker/docker/api/types/container"
	"github.com/docker/go-units"
)

// usage is what one container uses, or all of a pod.
type usage struct {
	name, id              string
	cpu                   float64 // percent of one core
	memory, limit         float64 // bytes
	received, sent        float64 // bytes
	blockRead, blockWrite float64 // bytes
	pids                  uint64
	// nested: its cgroup is below the pause's, whose figures include it.
	nested bool
	// joined: its network is the pause's, and so are the figures.
	joined bool
}

// newUsage takes the figures as docker stats does: the share of the time of
// all cores between two readings, times the cores; memory without the page
// cache that the kernel can drop at once.
func newUsage(c part, s container.StatsResponse) usage {
	u := usage{name: c.name, id: c.id, limit: float64(s.MemoryStats.Limit), pids: s.PidsStats.Current}
	used := float64(s.CPUStats.CPUUsage.TotalUsage) - float64(s.PreCPUStats.CPUUsage.TotalUsage)
	passed := float64(s.CPUStats.SystemUsage) - float64(s.PreCPUStats.SystemUsage)
	cores := float64(s.CPUStats.OnlineCPUs)
	if cores == 0 {
		cores = float64(len(s.CPUStats.CPUUsage.PercpuUsage))
	}
	if used > 0 && passed > 0 {
		u.cpu = used / passed * cores * 100
	}
	cache, v1 := s.MemoryStats.Stats["total_inactive_file"]
	if !v1 {
		cache = s.MemoryStats.Stats["inactive_file"]
	}
	u.memory = float64(s.MemoryStats.Usage)
	if cache < s.MemoryStats.Usage {
		u.memory -= float64(cache)
	}
	u.joined = c.name != pausePart
	for _, n := range s.Networks {
		if !u.joined {
			u.received += float64(n.RxBytes)
			u.sent += float64(n.TxBytes)
		}
	}
	for _, entry := range s.BlkioStats.IoServiceBytesRecursive {
		switch strings.ToLower(entry.Op) {
		case "read":
			u.blockRead += float64(entry.Value)
		case "write":
			u.blockWrite += float64(entry.Value)
		}
	}
	return u
}

// isBelow reports whether a cgroup parent is the pause's cgroup.
func isBelow(parent, pauseID string) bool { return strings.Contains(parent, pauseID) }

// totalName is the row of the sum.
const totalName = "TOTAL"

// sumUp adds the row of the sum, and makes the pause's figures its own: where
// components are in its cgroup, the kernel counts them there too.
func sumUp(rows []usage) []usage {
	total := usage{name: totalName}
	var nested usage
	for _, u := range rows {
		if u.nested {
			nested = nested.plus(u)
		}
	}
	for i := range rows {
		u := &rows[i]
		if u.name == pausePart {
			total.limit = u.limit
			*u = u.minus(nested)
		}
		total = total.plus(*u)
	}
	return append(rows, total)
}

func (u usage) plus(v usage) usage {
	u.cpu += v.cpu
	u.memory += v.memory
	u.received += v.received
	u.sent += v.sent
	u.blockRead += v.blockRead
	u.blockWrite += v.blockWrite
	u.pids += v.pids
	return u
}

// minus is what is left; the figures were not taken at the same moment.
func (u usage) minus(v usage) usage {
	u.cpu = max(0, u.cpu-v.cpu)
	u.memory = max(0, u.memory-v.memory)
	u.blockRead = max(0, u.blockRead-v.blockRead)
	u.blockWrite = max(0, u.blockWrite-v.blockWrite)
	u.pids -= min(u.pids, v.pids)
	return u
}

// usageRow is one row; a template sees the methods.
type usageRow struct {
	formatter.HeaderContext
	u usage
}

// MarshalJSON makes an object of all the methods below.
func (r *usageRow) MarshalJSON() ([]byte, error) { return formatter.MarshalJSON(r) }

// Name is the component's; the pause and the rest are in brackets.
func (r *usageRow) Name() string { return r.u.name }

// ID is the container's, "" for the sum.
func (r *usageRow) ID() string { return formatter.TruncateID(r.u.id) }

// CPUPerc is in percent of one core.
func (r *usageRow) CPUPerc() string { return percent(r.u.cpu) }

// MemUsage is the memory used, and its limit.
func (r *usageRow) MemUsage() string {
	return units.BytesSize(r.u.memory) + " / " + units.BytesSize(r.u.limit)
}

// MemPerc is the memory used as a share of its limit.
func (r *usageRow) MemPerc() string {
	if r.u.limit == 0 {
		return "--"
	}
	return percent(r.u.memory / r.u.limit * 100)
}

// NetIO is what the pod received and sent; "--" for all but the pause, whose
// network they use.
func (r *usageRow) NetIO() string {
	if r.u.joined {
		return "--"
	}
	return inAndOut(r.u.received, r.u.sent)
}

// BlockIO is what was read and written.
func (r *usageRow) BlockIO() string { return inAndOut(r.u.blockRead, r.u.blockWrite) }

// PIDs counts processes and threads.
func (r *usageRow) PIDs() string { return strconv.FormatUint(r.u.pids, 10) }

func percent(v float64) string { return fmt.Sprintf("%.2f%%", v) }

func inAndOut(in, out float64) string {
	return units.HumanSizeWithPrecision(in, 3) + " / " + units.HumanSizeWithPrecision(out, 3)
}
