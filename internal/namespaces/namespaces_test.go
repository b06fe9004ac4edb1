package namespaces

import (
	"strings"
	"testing"

	"github.com/podlike/podlike/internal/pod"
)

func TestJoin(t *testing.T) {
	p := Pause{ID: "abc"}
	donors := Donors{IPC: "donor", Components: map[string]string{"db": "def"}}
	component := func(pid, ipc string) pod.Component {
		c := pod.Component{Role: pod.RoleComponent}
		c.Service.Pid, c.Service.Ipc = pid, ipc
		return c
	}
	for name, c := range map[string]struct {
		opts      pod.Options
		component pod.Component
		donors    Donors
		want      Modes
	}{
		"the network always":     {pod.Options{}, component("", ""), donors, Modes{Network: "container:abc", IPC: "private"}},
		"PIDs":                   {pod.Options{PIDs: true}, component("", ""), donors, Modes{Network: "container:abc", PID: "container:abc", IPC: "private"}},
		"IPC":                    {pod.Options{IPC: true}, component("", ""), donors, Modes{Network: "container:abc", IPC: "container:donor"}},
		"no donor for IPC":       {pod.Options{IPC: true}, component("", ""), Donors{}, Modes{Network: "container:abc", IPC: "private"}},
		"private by choice":      {pod.Options{PIDs: true, IPC: true}, component("private", "private"), donors, Modes{Network: "container:abc", IPC: "private"}},
		"the host's":             {pod.Options{PIDs: true, IPC: true}, component("host", "host"), donors, Modes{Network: "container:abc", PID: "host", IPC: "host"}},
		"another component's":    {pod.Options{PIDs: true, IPC: true}, component("service:db", "service:db"), donors, Modes{Network: "container:abc", PID: "container:def", IPC: "container:def"}},
		"a donor by choice":      {pod.Options{IPC: true}, component("", "shareable"), donors, Modes{Network: "container:abc", IPC: "shareable"}},
		"one that is joined":     {pod.Options{}, component("", ""), Donors{Joined: true}, Modes{Network: "container:abc", IPC: "shareable"}},
		"joined, but shared":     {pod.Options{IPC: true}, component("", ""), Donors{IPC: "donor", Joined: true}, Modes{Network: "container:abc", IPC: "container:donor"}},
		"joined, but its choice": {pod.Options{IPC: true}, component("", "host"), Donors{Joined: true}, Modes{Network: "container:abc", IPC: "host"}},
		"init components do not": {pod.Options{IPC: true}, pod.Component{Role: pod.RoleInit}, donors, Modes{Network: "container:abc", IPC: "private"}},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := Join(c.opts, p, c.component, c.donors)
			if err != nil || got != c.want {
				t.Errorf("%+v, %v; want %+v", got, err, c.want)
			}
		})
	}
	if _, err := Join(pod.Options{}, p, component("service:gone", ""), donors); err == nil {
		t.Error("joining a component that does not run gave no error")
	}
}

func TestIPCDonor(t *testing.T) {
	sharing := pod.Component{Role: pod.RoleComponent}
	sharing.Service.ShmSize = 1 << 20
	private := sharing
	private.Service.Ipc, private.Service.ShmSize = "private", 1<<30
	for name, c := range map[string]struct {
		ipc        bool
		components []pod.Component
		want       bool
	}{
		"two share":           {true, []pod.Component{sharing, sharing}, true},
		"one has nobody":      {true, []pod.Component{sharing, private}, false},
		"nobody may":          {false, []pod.Component{sharing, sharing}, false},
		"two of three do":     {true, []pod.Component{private, sharing, sharing}, true},
		"there is nobody yet": {true, nil, false},
	} {
		t.Run(name, func(t *testing.T) {
			spec := pod.Spec{Components: c.components, Options: pod.Options{IPC: c.ipc}}
			if got := NeedsIPCDonor(spec); got != c.want {
				t.Errorf("needs a donor: %v, want %v", got, c.want)
			}
			if size := ShmSize(spec); c.want && size != 1<<20 {
				t.Errorf("its /dev/shm has %d bytes", size)
			}
		})
	}
}

func TestPlace(t *testing.T) {
	v1, v2 := Host{CgroupDriver: "cgroupfs", CgroupVersion: "1"}, Host{CgroupDriver: "cgroupfs", CgroupVersion: "2"}
	systemd1, systemd2 := Host{CgroupDriver: "systemd", CgroupVersion: "1"}, Host{CgroupDriver: "systemd", CgroupVersion: "2"}
	for name, c := range map[string]struct {
		host   Host
		pause  Pause
		parent string
		cap    bool
	}{
		"v1":                         {v1, Pause{ID: "abc"}, "/docker/abc", false},
		"v1 with limits":             {v1, Pause{ID: "abc", Memory: 1, NanoCPUs: 1, PidsLimit: 1}, "/docker/abc", false},
		"v1 below a parent":          {v1, Pause{ID: "abc", CgroupParent: "/some/where/"}, "/some/where/abc", false},
		"v1, the daemon has its own": {Host{CgroupDriver: "cgroupfs", CgroupVersion: "1", DefaultParent: "/all"}, Pause{ID: "abc"}, "/all/abc", false},
		"v1, both":                   {Host{CgroupDriver: "cgroupfs", CgroupVersion: "1", DefaultParent: "/all"}, Pause{ID: "abc", CgroupParent: "/one"}, "/one/abc", false},
		"v1 below a relative parent": {v1, Pause{ID: "abc", CgroupParent: "some"}, "some/abc", false},

		"v2":                  {v2, Pause{ID: "abc"}, "", false},
		"v2 with a limit":     {v2, Pause{ID: "abc", Memory: 1}, "", true},
		"systemd, v1":         {systemd1, Pause{ID: "abc"}, "", false},
		"systemd, v1, limit":  {systemd1, Pause{ID: "abc", NanoCPUs: 1}, "", true},
		"systemd, v2":         {systemd2, Pause{ID: "abc", CgroupParent: "my.slice"}, "", false},
		"systemd, v2, limit":  {systemd2, Pause{ID: "abc", PidsLimit: 1}, "", true},
		"a CPU quota":         {systemd2, Pause{ID: "abc", CPUQuota: 1}, "", true},
		"-1 is no limit":      {systemd2, Pause{ID: "abc", Memory: -1, MemorySwap: -1, CPUQuota: -1, PidsLimit: -1}, "", false},
		"nothing is known":    {Host{}, Pause{ID: "abc", Memory: 1}, "", true},
		"rootless, no driver": {Host{CgroupDriver: "none", CgroupVersion: "1"}, Pause{ID: "abc", Memory: 1}, "", true},
	} {
		t.Run(name, func(t *testing.T) {
			got := Place(c.host, c.pause)
			if got.Parent != c.parent || got.Cap != c.cap {
				t.Errorf("%+v, want parent %q, cap %v", got, c.parent, c.cap)
			}
			if warned := strings.Contains(got.Warning, "not for the sum"); warned != c.cap {
				t.Errorf("warning %q with cap %v", got.Warning, c.cap)
			}
		})
	}
}

func TestCPUs(t *testing.T) {
	for name, c := range map[string]struct {
		pause Pause
		want  float64
	}{
		"none":             {Pause{}, 0},
		"billionths":       {Pause{NanoCPUs: 1_500_000_000}, 1.5},
		"quota":            {Pause{CPUQuota: 50_000}, 0.5},
		"quota and period": {Pause{CPUQuota: 50_000, CPUPeriod: 25_000}, 2},
		"period alone":     {Pause{CPUPeriod: 25_000}, 0},
		"no quota":         {Pause{CPUQuota: -1, CPUPeriod: 25_000}, 0},
	} {
		t.Run(name, func(t *testing.T) {
			if got := c.pause.CPUs(); got != c.want {
				t.Errorf("%v, want %v", got, c.want)
			}
		})
	}
}

func TestDefaultParent(t *testing.T) {
	for name, c := range map[string]struct{ cgroup, want string }{
		"the usual":      {"12:cpu,cpuacct:/docker/abc\n4:memory:/docker/abc\n", "/docker"},
		"the daemon's":   {"4:memory:/all/containers/abc\n", "/all/containers"},
		"at the top":     {"4:memory:/abc\n", "/"},
		"another's":      {"4:memory:/docker/def\n", ""},
		"cgroup v2":      {"0::/\n", ""},
		"none of memory": {"3:cpuset:/docker/abc\n", ""},
	} {
		t.Run(name, func(t *testing.T) {
			if got := DefaultParent(c.cgroup, "abc"); got != c.want {
				t.Errorf("%q, want %q", got, c.want)
			}
		})
	}
}
