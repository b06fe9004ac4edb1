package engine

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/docker/docker/api/types/container"

	"github.com/podlike/podlike/internal/labels"
	"github.com/podlike/podlike/internal/namespaces"
	"github.com/podlike/podlike/internal/pod"
)

// TestHelpersGetNoMoreThanTheyNeed shows the rights of each errand's helper.
func TestHelpersGetNoMoreThanTheyNeed(t *testing.T) {
	owner := labels.Owner{Identity: pod.Identity{ID: "abc", Name: "web"}, Role: pod.RoleHelper}
	for name, c := range map[string]struct {
		host     namespaces.Host
		errand   namespaces.Errand
		mounts   []string
		pid      string
		cgroups  string
		security []string
	}{
		"a leaf": {
			namespaces.Host{AppArmor: true}, namespaces.Errand{Leaf: "/sys/fs/cgroup/docker/abc"},
			[]string{"/sys/fs/cgroup/docker/abc:/cgroup"}, "container:abc", "host", nil,
		},
		"a slice": {
			namespaces.Host{}, namespaces.Errand{Slice: &namespaces.Slice{}},
			[]string{"/run/dbus/system_bus_socket:/var/run/dbus/system_bus_socket"}, "", "", nil,
		},
		"a slice with AppArmor": {
			namespaces.Host{AppArmor: true}, namespaces.Errand{Slice: &namespaces.Slice{}},
			[]string{"/run/dbus/system_bus_socket:/var/run/dbus/system_bus_socket"}, "", "", []string{"apparmor=unconfined"},
		},
		"a slice with SELinux": {
			namespaces.Host{SELinux: true}, namespaces.Errand{Slice: &namespaces.Slice{}},
			[]string{"/run/dbus/system_bus_socket:/var/run/dbus/system_bus_socket"}, "", "", []string{"label=disable"},
		},
		"a count": {
			namespaces.Host{}, namespaces.Errand{Kills: "/sys/fs/cgroup/podlike_abc.slice"},
			[]string{"/sys/fs/cgroup/podlike_abc.slice:/cgroup"}, "", "", nil,
		},
		"a sweep at the top": {
			namespaces.Host{}, namespaces.Errand{Sweep: []string{"/podlike_abc.slice"}},
			[]string{"/sys/fs/cgroup:/cgroup"}, "", "", nil,
		},
		"a sweep with SELinux": {
			namespaces.Host{SELinux: true}, namespaces.Errand{Sweep: []string{"/docker/abc"}},
			[]string{"/sys/fs/cgroup:/cgroup"}, "", "", []string{"label=disable"},
		},
		"a sweep": {
			namespaces.Host{AppArmor: true, UserNS: true}, namespaces.Errand{Sweep: []string{"/docker/abc"}},
			[]string{"/sys/fs/cgroup:/cgroup"}, "", "", nil,
		},
	} {
		t.Run(name, func(t *testing.T) {
			o := helperOptions(owner, "sha256:1", c.host, c.errand, "{}")
			h := o.HostConfig
			var mounts []string
			for _, m := range h.Mounts {
				mounts = append(mounts, m.Source+":"+m.Target)
				if m.ReadOnly != (c.errand.Kills != "") {
					t.Errorf("%s is read-only: %v", m.Source, m.ReadOnly)
				}
			}
			if !slices.Equal(mounts, c.mounts) {
				t.Errorf("mounts %q, want %q", mounts, c.mounts)
			}
			if string(h.PidMode) != c.pid || string(h.CgroupnsMode) != c.cgroups {
				t.Errorf("PIDs %q, cgroups %q; want %q, %q", h.PidMode, h.CgroupnsMode, c.pid, c.cgroups)
			}
			if want := append([]string{"no-new-privileges"}, c.security...); !slices.Equal(h.SecurityOpt, want) {
				t.Errorf("security %q, want %q", h.SecurityOpt, want)
			}
			if want := map[bool]string{true: "host"}[c.host.UserNS]; string(h.UsernsMode) != want {
				t.Errorf("users %q, want %q", h.UsernsMode, want)
			}
			var more []string
			if slices.Contains(c.errand.Sweep, "/podlike_abc.slice") {
				more = []string{"DAC_OVERRIDE"}
			}
			if h.Privileged || h.NetworkMode != "none" || !h.ReadonlyRootfs || !slices.Equal(h.CapDrop, []string{"ALL"}) || !slices.Equal(h.CapAdd, more) {
				t.Errorf("%+v", h)
			}
		})
	}
}

// hosting answers for a helper that ends with this code.
func hosting(code string) *canned {
	return &canned{answers: map[string]string{
		"POST /containers/create":     `{"Id":"h"}`,
		"POST /containers/h/start":    "",
		"GET /containers/h/json":      `{"Id":"h","Config":{"Tty":true,"Labels":{}},"State":{"Status":"exited","ExitCode":` + code + `}}`,
		"GET /containers/h/logs":      "podlike_x.slice\r\n",
		"DELETE /containers/h":        "",
		"POST /containers/h/wait":     `{"StatusCode":` + code + `}`,
		"GET /containers/mine/json":   `{"Id":"mine","HostConfig":{"CgroupParent":"/docker/abc"}}`,
		"GET /containers/free/json":   `{"Id":"free","HostConfig":{"CgroupParent":"/docker/else"}}`,
		"GET /containers/nobody/json": "error",
		"GET /containers/json":        "[]",
		"GET /info":                   `{"CgroupVersion":"1","CgroupDriver":"cgroupfs","SecurityOptions":["name=selinux","name=userns"]}`,
	}}
}

func blank() container.InspectResponse {
	return container.InspectResponse{ContainerJSONBase: &container.ContainerJSONBase{}}
}

// TestPlaced shows where components go when the helper did its work, and when
// it could not.
func TestPlaced(t *testing.T) {
	systemd := namespaces.Host{CgroupDriver: "systemd", CgroupVersion: "2"}
	leaf := namespaces.Host{CgroupDriver: "cgroupfs", CgroupVersion: "2"}
	limited := namespaces.Pause{ID: "abc", Memory: 1}
	blank := blank()
	for name, c := range map[string]struct {
		host    namespaces.Host
		pause   namespaces.Pause
		code    string
		want    namespaces.Placement
		helpers int
		said    []string
	}{
		"a slice":    {systemd, limited, "0", namespaces.Placement{Work: namespaces.MakeSlice, Parent: "podlike_x.slice"}, 1, nil},
		"a leaf":     {leaf, limited, "0", namespaces.Placement{Work: namespaces.MakeLeaf, Parent: "/docker/abc"}, 1, nil},
		"no limits":  {leaf, namespaces.Pause{ID: "abc"}, "0", namespaces.Placement{}, 0, nil},
		"no success": {systemd, limited, "125", namespaces.Apart(limited, "the host could not be made ready: podlike_x.slice"), 1, []string{"warning: the limits of the service hold for each component, not for the sum of them: the host could not be made ready: podlike_x.slice"}},
	} {
		t.Run(name, func(t *testing.T) {
			engine := hosting(c.code)
			var said []string
			p := engine.client(t).Pod(PodConfig{
				Spec:  pod.Spec{Identity: pod.Identity{ID: "abc", Name: "web"}},
				Facts: Facts{Host: c.host, Pause: c.pause, inspect: blank}, Say: func(line string) { said = append(said, line) },
			})
			for range 2 { // the second time it knows
				if got, err := p.placed(t.Context()); err != nil || got != c.want {
					t.Fatalf("%+v, %v; want %+v", got, err, c.want)
				}
			}
			if !slices.Equal(said, c.said) {
				t.Errorf("said %q, want %q", said, c.said)
			}
			made := 0
			for _, path := range engine.took("POST") {
				if strings.HasPrefix(path, "/containers/create") {
					made++
				}
			}
			if made != c.helpers {
				t.Errorf("%d helpers, want %d", made, c.helpers)
			}
		})
	}
	// A pod that has components already needs no helper: they say where.
	taken := hosting("125")
	taken.answers["GET /containers/json"] = `[{"Id":"app","Labels":{"podlike.pod":"abc","podlike.role":"component"}}]`
	taken.answers["GET /containers/app/json"] = `{"Id":"app","HostConfig":{"CgroupParent":"podlike_abc.slice"}}`
	adopting := taken.client(t).Pod(PodConfig{Spec: pod.Spec{Identity: pod.Identity{ID: "abc"}}, Facts: Facts{Host: systemd, Pause: limited, inspect: blank}, Say: func(string) {}})
	if got, err := adopting.placed(t.Context()); err != nil || got.Parent != "podlike_abc.slice" || got.Cap || len(taken.took("POST")) > 0 {
		t.Errorf("taken over: %+v, %v", got, err)
	}
	// What may pass is for the caller to try again.
	engine := hosting("0")
	delete(engine.answers, "POST /containers/create")
	engine.answers["POST /containers/create"] = "error"
	p := engine.client(t).Pod(PodConfig{Facts: Facts{Host: leaf, Pause: limited, inspect: blank}, Say: func(string) {}})
	if _, err := p.placed(t.Context()); !MayPass(err) {
		t.Errorf("an engine out of order: %v", err)
	}
	// ... but not until it gives the pod up: that could run all the same.
	late := hosting("0").client(t).Pod(PodConfig{Facts: Facts{Host: leaf, Pause: limited, inspect: blank}, Say: func(string) {}})
	late.placing.since = time.Now().Add(-readyWithin)
	late.client = engine.client(t)
	if got, err := late.placed(t.Context()); err != nil || !got.Cap {
		t.Errorf("out of order for long: %+v, %v", got, err)
	}
	engine.answers["POST /containers/create"] = `{"Id":"h"}`
	if got, err := p.placed(t.Context()); err != nil || got.Parent != "/docker/abc" {
		t.Errorf("in order again: %+v, %v", got, err)
	}
}

// TestObservedOutOfMemory: the engine sets its mark for any process of the
// container.
func TestObservedOutOfMemory(t *testing.T) {
	for code, want := range map[int]bool{0: false, 1: false, 137: true} {
		var c container.InspectResponse
		text, _ := json.Marshal(map[string]any{"Config": map[string]any{}, "State": map[string]any{"Status": "exited", "ExitCode": code, "OOMKilled": true}})
		if err := json.Unmarshal(text, &c); err != nil {
			t.Fatal(err)
		}
		if got := observed(c).Exit; got.OOMKilled != want || got.Code != code {
			t.Errorf("code %d: %+v", code, got)
		}
	}
}
