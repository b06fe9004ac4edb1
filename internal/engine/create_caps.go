package engine

import (
	"fmt"
	"math"

	"github.com/docker/docker/api/types/container"
	"github.com/docker/go-units"

	"github.com/podlike/podlike/internal/namespaces"
)

// The pod's limits hold for each component: more than the pod has is lowered
// to it, with a warning. Below the pod's cgroup that changes little, except
// that cgroup v1 refuses a child with more CPU than its parent. Elsewhere it
// is all there is, and so a component without a limit gets the pod's.

func (t *translation) capMemory(r *container.Resources) {
	if limit := t.in.Pause.Memory; limit > 0 {
		if t.in.Placement.Cap && r.Memory == 0 {
			r.Memory = limit
		}
		t.lower("mem_limit", &r.Memory, limit, byteSize)
		// The engine refuses a reservation above the limit.
		t.lower("mem_reservation", &r.MemoryReservation, limit, byteSize)
	}
	if limit := t.in.Pause.MemorySwap; limit > 0 {
		t.lower("memswap_limit", &r.MemorySwap, limit, byteSize)
		// Left out, it is twice the memory.
		if r.MemorySwap == 0 && r.Memory > limit/2 {
			r.MemorySwap = limit
		}
	}
}

// capCPUSet keeps a component where the pod is; cgroup v1 refuses others below
// the pod's.
func (t *translation) capCPUSet(r *container.Resources) {
	if r.CpusetCpus == "" {
		r.CpusetCpus = t.in.Pause.CpusetCpus
	}
}

func (t *translation) capPids(r *container.Resources) {
	limit := t.in.Pause.PidsLimit
	switch {
	case limit <= 0:
	case r.PidsLimit != nil:
		t.lower("pids_limit", r.PidsLimit, limit, func(n int64) string { return fmt.Sprint(n) })
	case t.in.Placement.Cap:
		r.PidsLimit = &limit
	}
}

// lower lowers a value of a key to the pod's limit; less than zero is no
// limit, zero is not set.
func (t *translation) lower(key string, value *int64, limit int64, show func(int64) string) {
	if *value >= 0 && *value <= limit {
		return
	}
	has := "unlimited"
	if *value > 0 {
		has = show(*value)
	}
	t.warn("%s is %s, but the pod has %s, which holds", key, has, show(limit))
	*value = limit
}

func byteSize(n int64) string { return units.BytesSize(float64(n)) }

func (t *translation) capCPUs(r *container.Resources) {
	limit := t.in.Pause.CPUs()
	if limit == 0 {
		return
	}
	has := namespaces.Pause{NanoCPUs: r.NanoCPUs, CPUQuota: r.CPUQuota, CPUPeriod: r.CPUPeriod}.CPUs()
	switch {
	case has == 0 && !t.in.Placement.Cap:
		return
	// A quota in whole microseconds is a little off.
	case has != 0 && has <= limit*(1+1e-6):
		return
	case has != 0:
		t.warn("cpus is %.3g, but the pod has %.3g, which holds", has, limit)
	}
	// The engine refuses both forms at once, so the user's stays.
	if r.CPUPeriod == 0 && r.CPUQuota == 0 {
		r.NanoCPUs = toNano(limit)
		return
	}
	if r.CPUPeriod == 0 {
		r.CPUPeriod = namespaces.DefaultCPUPeriod
	}
	r.CPUQuota = int64(limit * float64(r.CPUPeriod))
}

func toNano(cpus float64) int64 { return int64(math.Round(cpus * 1e9)) }
