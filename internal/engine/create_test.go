package engine

import (
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/compose-spec/compose-go/v2/types"
	"github.com/docker/docker/api/types/container"
	"github.com/google/go-cmp/cmp"
	ocispec "github.com/opencontainers/image-spec/specs-go/v1"

	"github.com/podlike/podlike/internal/labels"
	"github.com/podlike/podlike/internal/namespaces"
	"github.com/podlike/podlike/internal/pod"
)

// newest knows everything that we know of.
const newest = "1.55"

// component is what a label with these lines makes, besides an image.
func component(t *testing.T, yaml string) pod.Component {
	t.Helper()
	spec, _, err := labels.Parse(labels.Source{Labels: map[string]string{"pod.component.web": "image: scratch:1\n" + yaml}}, pod.Options{})
	if err != nil {
		t.Fatalf("%s\n%v", yaml, err)
	}
	return spec.Components[0]
}

// input is a create call of that component, in a pod without limits.
func input(t *testing.T, yaml string) createInput {
	c := component(t, yaml)
	return createInput{
		Component:   c,
		Modes:       namespaces.Modes{Network: "container:abc", PID: "container:abc", IPC: "private"},
		Pause:       namespaces.Pause{ID: "abc"},
		Owner:       labels.Owner{Identity: pod.Identity{ID: "abc", Run: "r", Name: "shop.1"}, Component: c.Name, Role: pod.RoleComponent, SpecHash: "h"},
		APIVersion:  newest,
		VolumeNames: map[string]string{"data": "shop_data"},
	}
}

func created(t *testing.T, in createInput) options {
	t.Helper()
	o, err := createOptions(in)
	if err != nil {
		t.Fatal(err)
	}
	return o
}

func TestCreateCarriesKeys(t *testing.T) {
	for _, c := range carriedKeys {
		t.Run(strings.Join(strings.Fields(c.keys[0]+" "+c.yaml), " "), func(t *testing.T) {
			in := input(t, c.yaml)
			o := created(t, in)
			if diff := cmp.Diff(c.want, c.got(o.Config, o.HostConfig)); diff != "" {
				t.Errorf("-want +got\n%s", diff)
			}

			in.APIVersion = "1.41"
			_, err := createOptions(in)
			if (err != nil) != (c.api != "") {
				t.Errorf("with API 1.41: %v, want an error: %v", err, c.api != "")
			}
			if c.api != "" {
				in.APIVersion = c.api
				created(t, in)
			}
		})
	}
}

// Nothing that the parser calls carried may be forgotten.
func TestCreateTableIsComplete(t *testing.T) {
	elsewhere := []string{
		"platform",           // TestCreatePlatform
		"pull_policy",        // the pull before the create
		"configs", "secrets", // files of the task
		"ipc", "pid", // createInput.Modes
	}
	tested := map[string]bool{}
	for _, c := range carriedKeys {
		for _, key := range c.keys {
			tested[key] = true
		}
	}
	for _, key := range labels.Keys() {
		if key.List == labels.Carried && !tested[key.Name] && !slices.Contains(elsewhere, strings.Split(key.Name, "[")[0]) {
			t.Errorf("no case carries %s", key.Name)
		}
	}
}

// Every part of the service that compose-go knows, filled in, must not reach
// the parts of the create call that a joiner may not have.
func TestCreateOfAJoiner(t *testing.T) {
	in := input(t, "")
	s := &in.Component.Service
	s.Hostname, s.DomainName, s.MacAddress, s.NetworkMode = "h", "d", "02:00:00:00:00:01", "host"
	s.DNS, s.DNSOpts, s.DNSSearch = []string{"1.1.1.1"}, []string{"use-vc"}, []string{"example.com"}
	s.ExtraHosts, s.Links, s.ExternalLinks = types.HostsList{"a": {"1.1.1.1"}}, []string{"a"}, []string{"b"}
	s.Expose, s.Ports = []string{"80"}, []types.ServicePortConfig{{Target: 80, Published: "80"}}
	s.Networks = map[string]*types.ServiceNetworkConfig{"n": nil}
	s.Restart, s.Pid, s.Ipc, s.Uts, s.CgroupParent = "always", "host", "host", "host", "/elsewhere"

	with, without := created(t, in), created(t, input(t, ""))
	if diff := cmp.Diff(without, with); diff != "" {
		t.Errorf("keys of the network change the container: -without +with\n%s", diff)
	}
	h := with.HostConfig
	if h.NetworkMode != "container:abc" || h.PidMode != "container:abc" || h.IpcMode != "private" {
		t.Errorf("modes: network %q, PID %q, IPC %q", h.NetworkMode, h.PidMode, h.IpcMode)
	}
	if h.RestartPolicy.Name != "no" || h.AutoRemove {
		t.Errorf("the engine restarts (%q) or removes (%v) by itself", h.RestartPolicy.Name, h.AutoRemove)
	}
	if with.Networking != nil {
		t.Errorf("networking %+v", with.Networking)
	}

	// The test above sets what the table names.
	compose := reflect.TypeFor[types.ServiceConfig]()
	for _, key := range namespaces.NotForJoiners {
		field, ok := compose.FieldByNameFunc(func(name string) bool {
			f, _ := compose.FieldByName(name)
			return strings.Split(f.Tag.Get("yaml"), ",")[0] == key
		})
		if !ok || reflect.ValueOf(*s).FieldByIndex(field.Index).IsZero() {
			t.Errorf("%s is not set by this test", key)
		}
	}
}

func TestCreatePlacement(t *testing.T) {
	in := input(t, "")
	in.Placement.Parent = "/docker/abc"
	if got := created(t, in).HostConfig.CgroupParent; got != "/docker/abc" {
		t.Errorf("cgroup parent %q", got)
	}
}

func TestCreateLabels(t *testing.T) {
	in := input(t, "labels: {mine: x, podlike.pod: stolen}\nvolumes: [/cache, data:/data]")
	o := created(t, in)
	want := in.Owner.Add(map[string]string{"mine": "x"})
	if diff := cmp.Diff(want, o.Config.Labels); diff != "" {
		t.Errorf("-want +got\n%s", diff)
	}
	if got := in.Component.Service.Labels["podlike.pod"]; got != "stolen" {
		t.Errorf("the definition itself was changed to %q", got)
	}
	if owner, ok := labels.ReadOwner(o.HostConfig.Mounts[0].VolumeOptions.Labels); !ok || owner != in.Owner {
		t.Errorf("the anonymous volume belongs to %+v", owner)
	}
	// Ours are removed with the pod; the user's data are not.
	if _, ok := labels.ReadOwner(o.HostConfig.Mounts[1].VolumeOptions.Labels); ok {
		t.Error("the named volume carries our labels")
	}
}

func TestCreatePlatform(t *testing.T) {
	for name, want := range map[string]*ocispec.Platform{
		"":             nil,
		"linux":        {OS: "linux"},
		"linux/arm64":  {OS: "linux", Architecture: "arm64"},
		"linux/arm/v7": {OS: "linux", Architecture: "arm", Variant: "v7"},
	} {
		o := created(t, input(t, "platform: "+fmt.Sprintf("%q", name)))
		if diff := cmp.Diff(want, o.Platform); diff != "" || o.PlatformName != name {
			t.Errorf("%q: name %q, -want +got\n%s", name, o.PlatformName, diff)
		}
	}
}

func TestCreateMistakes(t *testing.T) {
	for name, c := range map[string]struct {
		api    string
		change func(*types.ServiceConfig)
		want   string
	}{
		"no image": {newest, func(s *types.ServiceConfig) { s.Image = "" }, `it has no image`},
		"start_interval": {"1.43", func(s *types.ServiceConfig) {
			s.HealthCheck = &types.HealthCheckConfig{StartInterval: ptr(types.Duration(time.Second))}
		}, `healthcheck.start_interval needs Docker 25 or newer (API 1.44), this engine speaks 1.43`},
		"annotations": {"1.42", func(s *types.ServiceConfig) { s.Annotations = types.Mapping{"a": "b"} }, `annotations needs Docker 24 or newer (API 1.43), this engine speaks 1.42`},
		"subpath": {"1.44", func(s *types.ServiceConfig) {
			s.Volumes = []types.ServiceVolumeConfig{{Type: "volume", Source: "a", Target: "/a", Volume: &types.ServiceVolumeVolume{Subpath: "b"}}}
		}, `volume.subpath needs Docker 26 or newer (API 1.45), this engine speaks 1.44`},
		"a CDI device": {"1.43", func(s *types.ServiceConfig) { s.Devices = []types.DeviceMapping{{Source: "a/b=c"}} }, `device "a/b=c" needs Docker 25 or newer (API 1.44), this engine speaks 1.43`},
		"a named pipe": {newest, func(s *types.ServiceConfig) { s.Volumes = []types.ServiceVolumeConfig{{Type: "npipe", Target: "/a"}} }, `volume "/a" has the type "npipe", which is not supported: use bind, volume or tmpfs`},
		"platform":     {newest, func(s *types.ServiceConfig) { s.Platform = "linux//v8" }, `platform must be like linux/arm64 or linux/arm/v7, not "linux//v8"`},
		"seccomp":      {newest, func(s *types.ServiceConfig) { s.SecurityOpt = []string{`seccomp={"a": 1}`, "seccomp=p.json"} }, `security_opt "seccomp=p.json" names a file, which the engine cannot read: write the profile's JSON in its place`},
		"all at once": {"1.41", func(s *types.ServiceConfig) { s.Image, s.Annotations = "", types.Mapping{"a": "b"} }, `it has no image
annotations needs Docker 24 or newer (API 1.43), this engine speaks 1.41`},
	} {
		t.Run(name, func(t *testing.T) {
			in := input(t, "")
			c.change(&in.Component.Service)
			in.APIVersion = c.api
			if _, err := createOptions(in); err == nil || err.Error() != c.want {
				t.Errorf("error\n%v\nwant\n%s", err, c.want)
			}
		})
	}
}

func TestCreateCaps(t *testing.T) {
	const m = 1 << 20
	type limits struct {
		Memory, Swap, Reservation, Nano, Period, Quota, Pids int64
	}
	limited := namespaces.Pause{ID: "abc", Memory: 100 * m, MemorySwap: 200 * m, NanoCPUs: 5e8, PidsLimit: 50}
	noSwap := namespaces.Pause{ID: "abc", Memory: 100 * m, MemorySwap: 100 * m}
	for name, c := range map[string]struct {
		pause  namespaces.Pause
		nested bool
		yaml   string
		want   limits
		warn   []string
	}{
		"nothing anywhere":         {want: limits{}},
		"its own in a pod without": {yaml: "mem_limit: 1g\ncpus: 8\npids_limit: 1000", want: limits{Memory: 1024 * m, Nano: 8e9, Pids: 1000}},
		"the pod's":                {pause: limited, want: limits{Memory: 100 * m, Nano: 5e8, Pids: 50}},
		"nested, none":             {pause: limited, nested: true, want: limits{}},
		"less than the pod's":      {pause: limited, yaml: "mem_limit: 10m\ncpus: 0.1\npids_limit: 5", want: limits{Memory: 10 * m, Nano: 1e8, Pids: 5}},
		"as much as the pod's":     {pause: limited, yaml: "mem_limit: 100m\nmemswap_limit: 200m\ncpus: 0.5\npids_limit: 50", want: limits{Memory: 100 * m, Swap: 200 * m, Nano: 5e8, Pids: 50}},
		"more than the pod's": {
			pause: limited, nested: true, yaml: "mem_limit: 1g\nmem_reservation: 512m\nmemswap_limit: 2g\ncpus: 2\npids_limit: 51",
			want: limits{Memory: 100 * m, Reservation: 100 * m, Swap: 200 * m, Nano: 5e8, Pids: 50},
			warn: []string{
				"mem_limit is 1GiB, but the pod has 100MiB, which holds",
				"mem_reservation is 512MiB, but the pod has 100MiB, which holds",
				"memswap_limit is 2GiB, but the pod has 200MiB, which holds",
				"cpus is 2, but the pod has 0.5, which holds",
				"pids_limit is 51, but the pod has 50, which holds",
			},
		},
		"without bounds": {
			pause: limited, nested: true, yaml: "memswap_limit: -1\npids_limit: -1", want: limits{Swap: 200 * m, Pids: 50},
			warn: []string{"memswap_limit is unlimited, but the pod has 200MiB, which holds", "pids_limit is unlimited, but the pod has 50, which holds"},
		},
		"a quota keeps its form": {
			pause: limited, yaml: "mem_limit: 1m\ncpu_quota: 80000\npids_limit: 1", want: limits{Memory: m, Period: 100_000, Quota: 50_000, Pids: 1},
			warn: []string{"cpus is 0.8, but the pod has 0.5, which holds"},
		},
		"a period alone":              {pause: limited, yaml: "cpu_period: 20000", want: limits{Memory: 100 * m, Period: 20_000, Quota: 10_000, Pids: 50}},
		"a smaller quota":             {pause: limited, yaml: "cpu_quota: 10000", want: limits{Memory: 100 * m, Quota: 10_000, Pids: 50}},
		"a pod with a quota":          {pause: namespaces.Pause{CPUQuota: 20_000, CPUPeriod: 10_000}, want: limits{Nano: 2e9}},
		"swap left out, pod has none": {pause: noSwap, yaml: "mem_limit: 60m", want: limits{Memory: 60 * m, Swap: 100 * m}},
		"swap left out, fits":         {pause: noSwap, yaml: "mem_limit: 50m", want: limits{Memory: 50 * m}},
	} {
		t.Run(name, func(t *testing.T) {
			in := input(t, c.yaml)
			in.Pause, in.Placement.Cap = c.pause, !c.nested
			o := created(t, in)
			r := o.HostConfig.Resources
			got := limits{Memory: r.Memory, Swap: r.MemorySwap, Reservation: r.MemoryReservation, Nano: r.NanoCPUs, Period: r.CPUPeriod, Quota: r.CPUQuota}
			if r.PidsLimit != nil {
				got.Pids = *r.PidsLimit
			}
			if got != c.want {
				t.Errorf("got  %+v\nwant %+v", got, c.want)
			}
			if diff := cmp.Diff(c.warn, o.Warnings); diff != "" {
				t.Errorf("warnings: -want +got\n%s", diff)
			}
		})
	}
}

// What nobody set is the engine's or the image's to say.
func TestCreateOfTheSmallestComponent(t *testing.T) {
	o := created(t, input(t, ""))
	want := &container.Config{Image: "scratch:1", Labels: o.Config.Labels}
	if diff := cmp.Diff(want, o.Config); diff != "" {
		t.Errorf("config: -want +got\n%s", diff)
	}
	wantHost := &container.HostConfig{
		NetworkMode: "container:abc", PidMode: "container:abc", IpcMode: "private",
		RestartPolicy: container.RestartPolicy{Name: "no"},
	}
	if diff := cmp.Diff(wantHost, o.HostConfig); diff != "" {
		t.Errorf("host config: -want +got\n%s", diff)
	}
}
