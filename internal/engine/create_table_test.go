package engine

import (
	"time"

	"github.com/docker/docker/api/types/blkiodev"
	"github.com/docker/docker/api/types/container"
	"github.com/docker/docker/api/types/mount"
	"github.com/docker/docker/api/types/strslice"
)

// carriedKey is one way to write keys of the Compose specification, and where
// they are found in the engine's words. It holds for what we send, and for
// what an engine's inspect answers.
type carriedKey struct {
	keys []string // as in labels.Keys
	yaml string   // below the component, without its image
	api  string   // the oldest API that has it, "" for all
	got  func(*container.Config, *container.HostConfig) any
	want any
}

func ptr[T any](v T) *T { return &v }

type (
	cc = container.Config
	hc = container.HostConfig
)

var carriedKeys = []carriedKey{
	{[]string{"image"}, ``, "", func(c *cc, _ *hc) any { return c.Image }, "scratch:1"},
	{[]string{"command"}, `command: serve --port "8 0"`, "", func(c *cc, _ *hc) any { return c.Cmd }, strslice.StrSlice{"serve", "--port", "8 0"}},
	{[]string{"command"}, `command: [serve, ""]`, "", func(c *cc, _ *hc) any { return c.Cmd }, strslice.StrSlice{"serve", ""}},
	{[]string{"entrypoint"}, `entrypoint: /bin/run`, "", func(c *cc, _ *hc) any { return c.Entrypoint }, strslice.StrSlice{"/bin/run"}},
	{[]string{"entrypoint"}, `entrypoint: [/bin/run, -x]`, "", func(c *cc, _ *hc) any { return c.Entrypoint }, strslice.StrSlice{"/bin/run", "-x"}},
	{[]string{"environment"}, `environment: {B: "2", A: "", GONE: }`, "", func(c *cc, _ *hc) any { return c.Env[:3] }, []string{"A=", "B=2", "GONE"}},
	{[]string{"environment"}, `environment: [B=2, A=1=1]`, "", func(c *cc, _ *hc) any { return c.Env[:2] }, []string{"A=1=1", "B=2"}},
	{[]string{"user"}, `user: 1000:1000`, "", func(c *cc, _ *hc) any { return c.User }, "1000:1000"},
	{[]string{"working_dir"}, `working_dir: /srv`, "", func(c *cc, _ *hc) any { return c.WorkingDir }, "/srv"},
	{[]string{"labels"}, `labels: {a: b}`, "", func(c *cc, _ *hc) any { return c.Labels["a"] }, "b"},
	{[]string{"annotations"}, `annotations: {a: b}`, "1.43", func(_ *cc, h *hc) any { return h.Annotations["a"] }, "b"},
	{[]string{"stop_signal"}, `stop_signal: SIGQUIT`, "", func(c *cc, _ *hc) any { return c.StopSignal }, "SIGQUIT"},
	{[]string{"stop_grace_period"}, `stop_grace_period: 1m30s`, "", func(c *cc, _ *hc) any { return *c.StopTimeout }, 90},
	{[]string{"stop_grace_period"}, `stop_grace_period: 1ms`, "", func(c *cc, _ *hc) any { return *c.StopTimeout }, 1},
	{[]string{"tty"}, `tty: true`, "", func(c *cc, _ *hc) any { return c.Tty }, true},
	{[]string{"stdin_open"}, `stdin_open: true`, "", func(c *cc, _ *hc) any { return c.OpenStdin }, true},

	{
		[]string{"healthcheck", "healthcheck.test", "healthcheck.interval", "healthcheck.timeout", "healthcheck.retries", "healthcheck.start_period"},
		`healthcheck: {test: curl -f localhost, interval: 1s, timeout: 2s, retries: 3, start_period: 4s}`, "",
		func(c *cc, _ *hc) any { return c.Healthcheck },
		&container.HealthConfig{Test: []string{"CMD-SHELL", "curl -f localhost"}, Interval: time.Second, Timeout: 2 * time.Second, Retries: 3, StartPeriod: 4 * time.Second},
	},
	{[]string{"healthcheck.test"}, `healthcheck: {test: [CMD, check]}`, "", func(c *cc, _ *hc) any { return c.Healthcheck.Test }, []string{"CMD", "check"}},
	{[]string{"healthcheck.disable"}, `healthcheck: {disable: true}`, "", func(c *cc, _ *hc) any { return c.Healthcheck.Test }, []string{"NONE"}},
	{[]string{"healthcheck.start_interval"}, `healthcheck: {test: x, start_interval: 500ms}`, "1.44", func(c *cc, _ *hc) any { return c.Healthcheck.StartInterval }, 500 * time.Millisecond},

	{[]string{"cap_add"}, `cap_add: [CAP_NET_ADMIN]`, "", func(_ *cc, h *hc) any { return h.CapAdd }, strslice.StrSlice{"CAP_NET_ADMIN"}},
	{[]string{"cap_drop"}, `cap_drop: [CAP_CHOWN]`, "", func(_ *cc, h *hc) any { return h.CapDrop }, strslice.StrSlice{"CAP_CHOWN"}},
	{[]string{"cgroup"}, `cgroup: private`, "", func(_ *cc, h *hc) any { return string(h.CgroupnsMode) }, "private"},
	{[]string{"group_add"}, `group_add: ["7", mail]`, "", func(_ *cc, h *hc) any { return h.GroupAdd }, []string{"7", "mail"}},
	{[]string{"init"}, `init: true`, "", func(_ *cc, h *hc) any { return h.Init }, ptr(true)},
	{[]string{"init"}, `init: false`, "", func(_ *cc, h *hc) any { return h.Init }, ptr(false)},
	{[]string{"isolation"}, `isolation: default`, "", func(_ *cc, h *hc) any { return string(h.Isolation) }, "default"},
	{
		[]string{"logging", "logging.driver", "logging.options"}, `logging: {driver: json-file, options: {max-size: 1m}}`, "",
		func(_ *cc, h *hc) any { return h.LogConfig }, container.LogConfig{Type: "json-file", Config: map[string]string{"max-size": "1m"}},
	},
	{[]string{"oom_score_adj"}, `oom_score_adj: -5`, "", func(_ *cc, h *hc) any { return h.OomScoreAdj }, -5},
	{[]string{"oom_kill_disable"}, `oom_kill_disable: true`, "", func(_ *cc, h *hc) any { return h.OomKillDisable }, ptr(true)},
	{[]string{"privileged"}, `privileged: true`, "", func(_ *cc, h *hc) any { return h.Privileged }, true},
	{[]string{"read_only"}, `read_only: true`, "", func(_ *cc, h *hc) any { return h.ReadonlyRootfs }, true},
	{[]string{"runtime"}, `runtime: runc`, "", func(_ *cc, h *hc) any { return h.Runtime }, "runc"},
	{[]string{"security_opt"}, `security_opt: [no-new-privileges, seccomp=unconfined, seccomp=builtin]`, "", func(_ *cc, h *hc) any { return h.SecurityOpt }, []string{"no-new-privileges", "seccomp=unconfined", "seccomp=builtin"}},
	{[]string{"security_opt"}, `security_opt: [systempaths=unconfined]`, "", func(_ *cc, h *hc) any { return len(h.MaskedPaths) + len(h.ReadonlyPaths) + len(h.SecurityOpt) }, 0},
	{[]string{"shm_size"}, `shm_size: 32m`, "", func(_ *cc, h *hc) any { return h.ShmSize }, int64(32 << 20)},
	{[]string{"storage_opt"}, `storage_opt: {size: 1G}`, "", func(_ *cc, h *hc) any { return h.StorageOpt }, map[string]string{"size": "1G"}},
	{[]string{"sysctls"}, `sysctls: {net.core.somaxconn: 100}`, "", func(_ *cc, h *hc) any { return h.Sysctls }, map[string]string{"net.core.somaxconn": "100"}},
	{[]string{"userns_mode"}, `userns_mode: host`, "", func(_ *cc, h *hc) any { return string(h.UsernsMode) }, "host"},

	{[]string{"mem_limit"}, `mem_limit: 64m`, "", func(_ *cc, h *hc) any { return h.Memory }, int64(64 << 20)},
	{[]string{"mem_reservation"}, `mem_reservation: 32m`, "", func(_ *cc, h *hc) any { return h.MemoryReservation }, int64(32 << 20)},
	{[]string{"memswap_limit", "mem_limit"}, "mem_limit: 64m\nmemswap_limit: 96m", "", func(_ *cc, h *hc) any { return h.MemorySwap }, int64(96 << 20)},
	{[]string{"memswap_limit", "mem_limit"}, "mem_limit: 64m\nmemswap_limit: -1", "", func(_ *cc, h *hc) any { return h.MemorySwap }, int64(-1)},
	{[]string{"mem_swappiness"}, `mem_swappiness: 60`, "", func(_ *cc, h *hc) any { return h.MemorySwappiness }, ptr(int64(60))},
	{[]string{"cpus"}, `cpus: 0.1`, "", func(_ *cc, h *hc) any { return h.NanoCPUs }, int64(100_000_000)},
	{[]string{"cpus"}, `cpus: "1.123456"`, "", func(_ *cc, h *hc) any { return h.NanoCPUs }, int64(1_123_456_000)},
	{[]string{"cpuset"}, `cpuset: 0-1`, "", func(_ *cc, h *hc) any { return h.CpusetCpus }, "0-1"},
	{[]string{"cpu_shares"}, `cpu_shares: 512`, "", func(_ *cc, h *hc) any { return h.CPUShares }, int64(512)},
	{[]string{"cpu_period", "cpu_quota"}, "cpu_period: 50000\ncpu_quota: 25000", "", func(_ *cc, h *hc) any { return []int64{h.CPUPeriod, h.CPUQuota} }, []int64{50000, 25000}},
	{[]string{"cpu_rt_period", "cpu_rt_runtime"}, "cpu_rt_period: 11000\ncpu_rt_runtime: 9000", "", func(_ *cc, h *hc) any { return []int64{h.CPURealtimePeriod, h.CPURealtimeRuntime} }, []int64{11000, 9000}},
	{[]string{"cpu_count"}, `cpu_count: 2`, "", func(_ *cc, h *hc) any { return h.CPUCount }, int64(2)},
	{[]string{"cpu_percent"}, `cpu_percent: 25`, "", func(_ *cc, h *hc) any { return h.CPUPercent }, int64(25)},
	{[]string{"pids_limit"}, `pids_limit: 50`, "", func(_ *cc, h *hc) any { return h.PidsLimit }, ptr(int64(50))},
	{[]string{"pids_limit"}, `pids_limit: -1`, "", func(_ *cc, h *hc) any { return h.PidsLimit }, ptr(int64(-1))},
	{
		[]string{"ulimits", "ulimits.*", "ulimits.*.soft", "ulimits.*.hard"}, `ulimits: {nofile: {soft: 10, hard: 20}, core: 0, nproc: 7}`, "",
		func(_ *cc, h *hc) any { return h.Ulimits },
		[]*container.Ulimit{{Name: "core"}, {Name: "nofile", Soft: 10, Hard: 20}, {Name: "nproc", Soft: 7, Hard: 7}},
	},

	// Six parts that are easily mistaken for each other.
	{[]string{"blkio_config", "blkio_config.weight"}, `blkio_config: {weight: 300}`, "", func(_ *cc, h *hc) any { return h.BlkioWeight }, uint16(300)},
	{
		[]string{
			"blkio_config.weight_device", "blkio_config.weight_device[].path", "blkio_config.weight_device[].weight",
			"blkio_config.device_read_bps", "blkio_config.device_read_bps[].path", "blkio_config.device_read_bps[].rate",
			"blkio_config.device_read_iops", "blkio_config.device_read_iops[].path", "blkio_config.device_read_iops[].rate",
			"blkio_config.device_write_bps", "blkio_config.device_write_bps[].path", "blkio_config.device_write_bps[].rate",
			"blkio_config.device_write_iops", "blkio_config.device_write_iops[].path", "blkio_config.device_write_iops[].rate",
		},
		`
blkio_config:
  weight_device: [{path: /dev/a, weight: 11}]
  device_read_bps: [{path: /dev/b, rate: 1mb}]
  device_read_iops: [{path: /dev/c, rate: 13}]
  device_write_bps: [{path: /dev/d, rate: 2k}]
  device_write_iops: [{path: /dev/e, rate: 15}]`, "",
		func(_ *cc, h *hc) any {
			return map[string]any{"weight": h.BlkioWeightDevice, "rbps": h.BlkioDeviceReadBps, "riops": h.BlkioDeviceReadIOps, "wbps": h.BlkioDeviceWriteBps, "wiops": h.BlkioDeviceWriteIOps}
		},
		map[string]any{
			"weight": []*blkiodev.WeightDevice{{Path: "/dev/a", Weight: 11}},
			"rbps":   []*blkiodev.ThrottleDevice{{Path: "/dev/b", Rate: 1 << 20}},
			"riops":  []*blkiodev.ThrottleDevice{{Path: "/dev/c", Rate: 13}},
			"wbps":   []*blkiodev.ThrottleDevice{{Path: "/dev/d", Rate: 2 << 10}},
			"wiops":  []*blkiodev.ThrottleDevice{{Path: "/dev/e", Rate: 15}},
		},
	},

	{[]string{"device_cgroup_rules"}, `device_cgroup_rules: ["c 1:3 mr"]`, "", func(_ *cc, h *hc) any { return h.DeviceCgroupRules }, []string{"c 1:3 mr"}},
	{
		[]string{"devices", "devices[].source", "devices[].target", "devices[].permissions"},
		`devices: [/dev/null, "/dev/zero:/dev/z", "/dev/full:/dev/f:r", {source: /dev/tty, target: /dev/t}, {source: /dev/a, target: /dev/b, permissions: rw}]`, "",
		func(_ *cc, h *hc) any { return h.Devices },
		[]container.DeviceMapping{
			{PathOnHost: "/dev/null", PathInContainer: "/dev/null", CgroupPermissions: "rwm"},
			{PathOnHost: "/dev/zero", PathInContainer: "/dev/z", CgroupPermissions: "rwm"},
			{PathOnHost: "/dev/full", PathInContainer: "/dev/f", CgroupPermissions: "r"},
			{PathOnHost: "/dev/tty", PathInContainer: "/dev/t", CgroupPermissions: "rwm"},
			{PathOnHost: "/dev/a", PathInContainer: "/dev/b", CgroupPermissions: "rw"},
		},
	},
	{
		[]string{"devices"}, `devices: [vendor.com/net=eth0]`, "1.44", func(_ *cc, h *hc) any { return h.DeviceRequests },
		[]container.DeviceRequest{{Driver: "cdi", DeviceIDs: []string{"vendor.com/net=eth0"}}},
	},
	{
		[]string{"gpus", "gpus[].driver", "gpus[].count", "gpus[].options"}, `gpus: [{driver: nvidia, count: 2, options: {a: b}}]`, "",
		func(_ *cc, h *hc) any { return h.DeviceRequests },
		[]container.DeviceRequest{{Driver: "nvidia", Count: 2, Capabilities: [][]string{{"gpu"}}, Options: map[string]string{"a": "b"}}},
	},
	{
		[]string{"gpus", "gpus[].device_ids", "gpus[].capabilities"}, `gpus: [{device_ids: ["0", "3"], capabilities: [gpu, utility]}]`, "",
		func(_ *cc, h *hc) any { return h.DeviceRequests },
		[]container.DeviceRequest{{DeviceIDs: []string{"0", "3"}, Capabilities: [][]string{{"gpu", "utility"}}}},
	},
	{
		[]string{"gpus"}, `gpus: all`, "", func(_ *cc, h *hc) any { return h.DeviceRequests },
		[]container.DeviceRequest{{Count: -1, Capabilities: [][]string{{"gpu"}}}},
	},

	{
		[]string{"deploy.resources", "deploy.resources.limits", "deploy.resources.limits.cpus", "deploy.resources.limits.memory", "deploy.resources.limits.pids"},
		`deploy: {resources: {limits: {cpus: "0.3", memory: 64m, pids: 9}}}`, "",
		func(_ *cc, h *hc) any { return []int64{h.NanoCPUs, h.Memory, *h.PidsLimit} }, []int64{300_000_000, 64 << 20, 9},
	},
	{
		[]string{"deploy.resources.reservations", "deploy.resources.reservations.memory"}, `deploy: {resources: {reservations: {memory: 64m}}}`, "",
		func(_ *cc, h *hc) any { return h.MemoryReservation }, int64(64 << 20),
	},
	{
		[]string{
			"deploy.resources.reservations.devices", "deploy.resources.reservations.devices[].capabilities",
			"deploy.resources.reservations.devices[].count", "deploy.resources.reservations.devices[].device_ids",
			"deploy.resources.reservations.devices[].driver", "deploy.resources.reservations.devices[].options",
		},
		`
deploy:
  resources:
    reservations:
      devices:
        - {driver: nvidia, count: 1, capabilities: [gpu]}
        - {driver: acme, device_ids: [x], capabilities: [tpu], options: {a: b}}`, "",
		func(_ *cc, h *hc) any { return h.DeviceRequests },
		[]container.DeviceRequest{
			{Driver: "nvidia", Count: 1, Capabilities: [][]string{{"gpu"}}},
			{Driver: "acme", DeviceIDs: []string{"x"}, Capabilities: [][]string{{"tpu"}}, Options: map[string]string{"a": "b"}},
		},
	},

	{[]string{"tmpfs"}, `tmpfs: /run`, "", func(_ *cc, h *hc) any { return h.Tmpfs }, map[string]string{"/run": ""}},
	{[]string{"tmpfs"}, `tmpfs: [/run, "/tmp:size=1m,mode=1777"]`, "", func(_ *cc, h *hc) any { return h.Tmpfs }, map[string]string{"/run": "", "/tmp": "size=1m,mode=1777"}},
	{
		[]string{"volumes", "volumes[].type", "volumes[].source", "volumes[].target", "volumes[].read_only", "volumes[].consistency"},
		`volumes: [{type: volume, source: data, target: /data, read_only: true, consistency: cached}]`, "",
		func(_ *cc, h *hc) any { return h.Mounts },
		[]mount.Mount{{Type: "volume", Source: "shop_data", Target: "/data", ReadOnly: true, Consistency: "cached", VolumeOptions: &mount.VolumeOptions{}}},
	},
	{
		[]string{"volumes"}, `volumes: ["data:/data:ro,nocopy", "other:/other"]`, "",
		func(_ *cc, h *hc) any { return h.Mounts },
		[]mount.Mount{
			{Type: "volume", Source: "shop_data", Target: "/data", ReadOnly: true, VolumeOptions: &mount.VolumeOptions{NoCopy: true}},
			{Type: "volume", Source: "other", Target: "/other", VolumeOptions: &mount.VolumeOptions{}},
		},
	},
	{
		[]string{"volumes[].volume", "volumes[].volume.nocopy", "volumes[].volume.labels"},
		`volumes: [{type: volume, source: new, target: /new, volume: {nocopy: true, labels: {a: b}}}]`, "",
		func(_ *cc, h *hc) any { return h.Mounts[0].VolumeOptions }, &mount.VolumeOptions{NoCopy: true, Labels: map[string]string{"a": "b"}},
	},
	{
		[]string{"volumes[].volume.subpath"}, `volumes: [{type: volume, source: data, target: /data, volume: {subpath: in/here}}]`, "1.45",
		func(_ *cc, h *hc) any { return h.Mounts[0].VolumeOptions.Subpath }, "in/here",
	},
	{
		[]string{"volumes"}, `volumes: [/cache]`, "", func(_ *cc, h *hc) any { return h.Mounts[0].Source + h.Mounts[0].Target }, "/cache",
	},
	{
		[]string{"volumes"}, `volumes: ["/host:/in", "/host:/ro:ro,rslave", "/sel:/sel:z"]`, "",
		func(_ *cc, h *hc) any { return h.Binds }, []string{"/host:/in", "/host:/ro:rslave,ro", "/sel:/sel:z"},
	},
	{
		[]string{"volumes[].bind", "volumes[].bind.create_host_path", "volumes[].bind.propagation"},
		`volumes: [{type: bind, source: /host, target: /in, read_only: true, bind: {create_host_path: false, propagation: rshared}}]`, "",
		func(_ *cc, h *hc) any { return h.Mounts },
		[]mount.Mount{{Type: "bind", Source: "/host", Target: "/in", ReadOnly: true, BindOptions: &mount.BindOptions{Propagation: "rshared"}}},
	},
	{
		[]string{"volumes[].bind.create_host_path"}, `volumes: [{type: bind, source: "/a:b", target: /in, bind: {create_host_path: true}}]`, "",
		func(_ *cc, h *hc) any { return h.Mounts },
		[]mount.Mount{{Type: "bind", Source: "/a:b", Target: "/in", BindOptions: &mount.BindOptions{CreateMountpoint: true}}},
	},
	{
		[]string{"volumes[].bind.selinux"}, `volumes: [{type: bind, source: /host, target: /in, bind: {selinux: Z, create_host_path: false}}]`, "",
		func(_ *cc, h *hc) any { return h.Binds }, []string{"/host:/in:Z"},
	},
	{
		[]string{"volumes[].bind.selinux"}, `volumes: ["data:/data:z,nocopy"]`, "",
		func(_ *cc, h *hc) any { return h.Binds }, []string{"shop_data:/data:z,nocopy"},
	},
	{
		[]string{"volumes[].tmpfs", "volumes[].tmpfs.size", "volumes[].tmpfs.mode"},
		`volumes: [{type: tmpfs, target: /t, tmpfs: {size: 1m, mode: 01770}}]`, "",
		func(_ *cc, h *hc) any { return h.Mounts },
		[]mount.Mount{{Type: "tmpfs", Target: "/t", TmpfsOptions: &mount.TmpfsOptions{SizeBytes: 1 << 20, Mode: 0o1770}}},
	},
}
