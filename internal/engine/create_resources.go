package engine

import (
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/compose-spec/compose-go/v2/types"
	"github.com/docker/docker/api/types/blkiodev"
	"github.com/docker/docker/api/types/container"
)

func (t *translation) resources() container.Resources {
	r := container.Resources{
		CgroupParent:       t.in.Placement.Parent,
		CPUCount:           t.s.CPUCount,
		CPUPercent:         int64(t.s.CPUPercent),
		CPUPeriod:          t.s.CPUPeriod,
		CPUQuota:           t.s.CPUQuota,
		CPURealtimePeriod:  t.s.CPURTPeriod,
		CPURealtimeRuntime: t.s.CPURTRuntime,
		CPUShares:          t.s.CPUShares,
		CpusetCpus:         t.s.CPUSet,
		DeviceCgroupRules:  t.s.DeviceCgroupRules,
		Memory:             int64(t.s.MemLimit),
		MemoryReservation:  int64(t.s.MemReservation),
		MemorySwap:         int64(t.s.MemSwapLimit),
		NanoCPUs:           nanoCPUs(t.s.CPUS),
		Ulimits:            ulimits(t.s.Ulimits),
	}
	// In these, compose-go does not tell zero from nothing.
	if v := int64(t.s.MemSwappiness); v != 0 {
		r.MemorySwappiness = &v
	}
	if v := t.s.PidsLimit; v != 0 {
		r.PidsLimit = &v
	}
	if v := t.s.OomKillDisable; v {
		r.OomKillDisable = &v
	}
	blkio(&r, t.s.BlkioConfig)
	t.devices(&r)
	t.capMemory(&r)
	t.capCPUs(&r)
	t.capCPUSet(&r)
	t.capPids(&r)
	return r
}

// nanoCPUs is exact for what the user wrote: as a float32, 0.1 is 0.100000001.
func nanoCPUs(cpus float32) int64 {
	exact, err := strconv.ParseFloat(strconv.FormatFloat(float64(cpus), 'f', -1, 32), 64)
	if err != nil {
		return 0 // cannot happen: FormatFloat wrote it
	}
	return toNano(exact)
}

func ulimits(m map[string]*types.UlimitsConfig) []*container.Ulimit {
	var all []*container.Ulimit
	for _, name := range slices.Sorted(maps.Keys(m)) {
		u := &container.Ulimit{Name: name, Soft: int64(m[name].Soft), Hard: int64(m[name].Hard)}
		if single := int64(m[name].Single); single != 0 {
			u.Soft, u.Hard = single, single
		}
		all = append(all, u)
	}
	return all
}

func blkio(r *container.Resources, c *types.BlkioConfig) {
	if c == nil {
		return
	}
	r.BlkioWeight = c.Weight
	for _, w := range c.WeightDevice {
		r.BlkioWeightDevice = append(r.BlkioWeightDevice, &blkiodev.WeightDevice{Path: w.Path, Weight: w.Weight})
	}
	r.BlkioDeviceReadBps = throttles(c.DeviceReadBps)
	r.BlkioDeviceReadIOps = throttles(c.DeviceReadIOps)
	r.BlkioDeviceWriteBps = throttles(c.DeviceWriteBps)
	r.BlkioDeviceWriteIOps = throttles(c.DeviceWriteIOps)
}

func throttles(list []types.ThrottleDevice) []*blkiodev.ThrottleDevice {
	var all []*blkiodev.ThrottleDevice
	for _, d := range list {
		all = append(all, &blkiodev.ThrottleDevice{Path: d.Path, Rate: uint64(d.Rate)})
	}
	return all
}

// devices carries devices, and what drivers shall find: gpus, and devices by
// their names in the Container Device Interface, as vendor.com/class=name.
func (t *translation) devices(r *container.Resources) {
	var cdi []string
	for _, d := range t.s.Devices {
		if !strings.HasPrefix(d.Source, "/") && strings.Contains(d.Source, "=") {
			t.needs(apiCDI, "device "+strconv.Quote(d.Source))
			cdi = append(cdi, d.Source)
			continue
		}
		m := container.DeviceMapping{PathOnHost: d.Source, PathInContainer: d.Target, CgroupPermissions: d.Permissions}
		if m.CgroupPermissions == "" {
			m.CgroupPermissions = "rwm" // Compose's default; without any, runc refuses
		}
		r.Devices = append(r.Devices, m)
	}
	if len(cdi) > 0 {
		r.DeviceRequests = append(r.DeviceRequests, container.DeviceRequest{Driver: "cdi", DeviceIDs: cdi})
	}
	for _, g := range t.s.Gpus {
		capabilities := g.Capabilities
		if len(capabilities) == 0 {
			capabilities = []string{"gpu"}
		}
		r.DeviceRequests = append(r.DeviceRequests, container.DeviceRequest{
			Driver:       g.Driver,
			Count:        int(g.Count),
			DeviceIDs:    g.IDs,
			Capabilities: [][]string{capabilities},
			Options:      g.Options,
		})
	}
}
