package namespaces

import (
	"reflect"
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

	// With userns-remap the pause decides.
	free := Pause{ID: "abc", UsernsMode: "host"}
	out := component("", "")
	out.Service.UserNSMode = "host"
	for _, c := range []pod.Component{component("", ""), out} {
		if got, err := Join(pod.Options{}, free, c, donors); err != nil || got.User != "host" {
			t.Errorf("beside a pause in the host's user namespace: %+v, %v", got, err)
		}
	}
	if _, err := Join(pod.Options{}, Pause{ID: "abc", Remapped: true}, out, donors); err == nil {
		t.Error("leaving the pause's user namespace gave no error")
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
	rootless, mapped := systemd2, v2
	rootless.Rootless, mapped.UserNS = true, true
	limited := Pause{ID: "abc", Memory: 1}
	ofDaemon := Host{CgroupDriver: "cgroupfs", CgroupVersion: "1", DefaultParent: "/all"}
	for name, c := range map[string]struct {
		host  Host
		pause Pause
		want  Placement
	}{
		"v1":                         {v1, Pause{ID: "abc"}, Placement{Parent: "/docker/abc"}},
		"v1 with limits":             {v1, Pause{ID: "abc", Memory: 1, NanoCPUs: 1, PidsLimit: 1}, Placement{Parent: "/docker/abc"}},
		"v1 below a parent":          {v1, Pause{ID: "abc", CgroupParent: "/some/where/"}, Placement{Parent: "/some/where/abc"}},
		"v1, the daemon has its own": {ofDaemon, Pause{ID: "abc"}, Placement{Parent: "/all/abc"}},
		"v1, both":                   {ofDaemon, Pause{ID: "abc", CgroupParent: "/one"}, Placement{Parent: "/one/abc"}},
		"v1 below a relative parent": {v1, Pause{ID: "abc", CgroupParent: "some"}, Placement{Parent: "some/abc"}},

		"v2":                        {v2, Pause{ID: "abc"}, Placement{}},
		"v2, memory":                {v2, limited, Placement{Work: MakeLeaf, Parent: "/docker/abc"}},
		"v2, a promise":             {v2, Pause{ID: "abc", MemoryReservation: 1}, Placement{Work: MakeLeaf, Parent: "/docker/abc"}},
		"v2 below a parent":         {v2, Pause{ID: "abc", CPUShares: 2, CgroupParent: "/one"}, Placement{Work: MakeLeaf, Parent: "/one/abc"}},
		"systemd, v1":               {systemd1, Pause{ID: "abc"}, Placement{}},
		"systemd, v1, CPUs":         {systemd1, Pause{ID: "abc", NanoCPUs: 1}, Placement{Work: MakeSlice}},
		"systemd, v2, a parent":     {systemd2, Pause{ID: "abc", CgroupParent: "my.slice"}, Placement{}},
		"systemd, v2, PIDs":         {systemd2, Pause{ID: "abc", PidsLimit: 1}, Placement{Work: MakeSlice}},
		"systemd, v2, a quota":      {systemd2, Pause{ID: "abc", CPUQuota: 1}, Placement{Work: MakeSlice}},
		"-1 is no limit":            {systemd2, Pause{ID: "abc", Memory: -1, MemorySwap: -1, CPUQuota: -1, PidsLimit: -1}, Placement{}},
		"nothing is known":          {Host{}, limited, Placement{Cap: true, Warning: "cgroup v, driver "}},
		"rootless":                  {rootless, limited, Placement{Cap: true, Warning: "Docker is rootless"}},
		"rootless, only a promise":  {rootless, Pause{ID: "abc", MemoryReservation: 1}, Placement{}},
		"root is mapped":            {mapped, limited, Placement{Cap: true, Warning: "Docker maps root to another user (userns-remap)"}},
		"root is mapped, no limits": {mapped, Pause{ID: "abc"}, Placement{}},
	} {
		t.Run(name, func(t *testing.T) {
			if c.want.Warning != "" {
				c.want.Warning = "the limits of the service hold for each component, not for the sum of them: " + c.want.Warning
			}
			if got := Place(c.host, c.pause); got != c.want {
				t.Errorf("%+v, want %+v", got, c.want)
			}
		})
	}
	none := Host{CgroupDriver: "none", CgroupVersion: "1", Rootless: true}
	if got := Place(none, limited); got.Cap || !strings.Contains(got.Warning, "do not hold") {
		t.Errorf("without a driver: %+v", got)
	}
	if got := Place(none, Pause{ID: "abc"}); got != (Placement{}) {
		t.Errorf("without a driver, and without limits: %+v", got)
	}
}

func TestNewSlice(t *testing.T) {
	none, noLimit, half := int64(0), int64(-1), int64(50)
	for name, c := range map[string]struct {
		pause Pause
		want  Slice
	}{
		"nothing":   {Pause{}, Slice{}},
		"all":       {Pause{Memory: 100, MemoryReservation: 20, MemorySwap: 150, NanoCPUs: 5e8, CPUShares: 512, PidsLimit: 7}, Slice{Memory: 100, MemoryReservation: 20, Swap: &half, CPU: 500_000, CPUShares: 512, Pids: 7}},
		"no swap":   {Pause{Memory: 100, MemorySwap: 100}, Slice{Memory: 100, Swap: &none}},
		"all swap":  {Pause{Memory: 100, MemorySwap: -1}, Slice{Memory: 100, Swap: &noLimit}},
		"no limits": {Pause{Memory: -1, MemorySwap: 0, CPUQuota: -1, PidsLimit: -1}, Slice{}},
		"2.01 CPUs": {Pause{NanoCPUs: 2_010_000_000}, Slice{CPU: 2_010_000}},
		"a quota":   {Pause{CPUQuota: 20_000, CPUPeriod: 10_000}, Slice{CPU: 2_000_000}},
	} {
		t.Run(name, func(t *testing.T) {
			c.pause.ID, c.want.Pause, c.want.Pod = "abc", "abc", "web"
			if got := *NewSlice("web", c.pause); !reflect.DeepEqual(got, c.want) {
				t.Errorf("%+v, want %+v", got, c.want)
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
	outer := strings.Repeat("0f", 32)
	for name, c := range map[string]struct{ cgroup, want string }{
		"the usual":      {"12:cpu,cpuacct:/docker/abc\n4:memory:/docker/abc\n", "/docker"},
		"the daemon's":   {"4:memory:/all/containers/abc\n", "/all/containers"},
		"at the top":     {"4:memory:/abc\n", "/"},
		"in a container": {"4:memory:/docker/" + outer + "/docker/abc\n", "/docker"},
		"in a scope":     {"4:memory:/system.slice/docker-" + outer + ".scope/all/abc\n", "/all"},
		"at its top":     {"4:memory:/docker/" + outer + "/abc\n", "/"},
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
