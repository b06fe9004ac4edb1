package labels

import (
	"strings"
	"testing"
	"time"

	"github.com/compose-spec/compose-go/v2/types"
	"github.com/google/go-cmp/cmp"
	"github.com/podlike/podlike/internal/pod"
)

// What an older implementation got wrong in reading definitions, one test
// each, so that it stays right.

func TestBugListItemsThatAreNoStrings(t *testing.T) {
	c, _ := parseOne(t, "image: x\ncommand: [sleep, 5, true, 1.50]\nentrypoint: [7]\nhealthcheck: {test: [CMD, check, 80]}")
	got := [][]string{c.Service.Command, c.Service.Entrypoint, c.Service.HealthCheck.Test}
	if diff := cmp.Diff([][]string{{"sleep", "5", "true", "1.50"}, {"7"}, {"CMD", "check", "80"}}, got); diff != "" {
		t.Error(diff)
	}
}

func TestBugEnvironmentValuesThatAreNoStrings(t *testing.T) {
	c, _ := parseOne(t, "image: x\nenvironment: {PORT: 12000, ON: true, NONE: }\nlabels: {n: 1, b: false}")
	want := types.MappingWithEquals{"PORT": ptr("12000"), "ON": ptr("true"), "NONE": nil}
	if diff := cmp.Diff(want, c.Service.Environment); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff(types.Labels{"n": "1", "b": "false"}, c.Service.Labels); diff != "" {
		t.Error(diff)
	}
}

func TestBugEnvFileAsString(t *testing.T) {
	src := source(map[string]string{"pod.component.web": "image: x\nenv_file: /e"}, map[string]string{"/e": "A=1"})
	spec, _, err := Parse(src, pod.Options{})
	if err != nil {
		t.Fatal(err)
	}
	if v := spec.Components[0].Service.Environment["A"]; v == nil || *v != "1" {
		t.Errorf("%v", v)
	}
}

func TestBugBareNumberAsGracePeriodWasNanoseconds(t *testing.T) {
	got := mistakes(t, source(map[string]string{"pod.component.web": "image: x\nstop_grace_period: 10"}, nil))
	if len(got) != 1 || !strings.Contains(got[0], "write 10s") {
		t.Error(got)
	}
	c, _ := parseOne(t, "image: x\nstop_grace_period: 10s")
	if time.Duration(*c.Service.StopGracePeriod) != 10*time.Second {
		t.Error(*c.Service.StopGracePeriod)
	}
}

func TestBugTmpfsWithOptions(t *testing.T) {
	for _, text := range []string{"/x:size=1m", "[/x:size=1m]", "{/x: size=1m}"} {
		c, _ := parseOne(t, "image: x\ntmpfs: "+text)
		if diff := cmp.Diff(types.StringList{"/x:size=1m"}, c.Service.Tmpfs); diff != "" {
			t.Errorf("%s: %s", text, diff)
		}
	}
}

func TestBugSysctlsAsNumbers(t *testing.T) {
	c, _ := parseOne(t, "image: x\nsysctls: {net.core.somaxconn: 100}")
	if diff := cmp.Diff(types.Mapping{"net.core.somaxconn": "100"}, c.Service.Sysctls); diff != "" {
		t.Error(diff)
	}
}

func TestBugDevicePermissionsHaveADefault(t *testing.T) {
	c, _ := parseOne(t, "image: x\ndevices: [/dev/a, '/dev/b:/dev/c', '/dev/d:/dev/e:r']")
	want := []types.DeviceMapping{
		{Source: "/dev/a", Target: "/dev/a", Permissions: "rwm"},
		{Source: "/dev/b", Target: "/dev/c", Permissions: "rwm"},
		{Source: "/dev/d", Target: "/dev/e", Permissions: "r"},
	}
	if diff := cmp.Diff(want, c.Service.Devices); diff != "" {
		t.Error(diff)
	}
}

func TestBugMemoryReservationWithUnit(t *testing.T) {
	c, _ := parseOne(t, "image: x\nmem_reservation: 64m")
	if c.Service.MemReservation != 64<<20 {
		t.Error(c.Service.MemReservation)
	}
}

func TestBugSwapLimitOfMinusOne(t *testing.T) {
	for _, text := range []string{"-1", "'-1'"} {
		c, _ := parseOne(t, "image: x\nmemswap_limit: "+text)
		if c.Service.MemSwapLimit != -1 {
			t.Error(text, c.Service.MemSwapLimit)
		}
	}
}

func TestBugBlockIORatesWereSwapped(t *testing.T) {
	c, _ := parseOne(t, `image: x
blkio_config:
  weight: 300
  weight_device: [{path: /dev/a, weight: 400}]
  device_read_bps: [{path: /dev/b, rate: 1mb}]
  device_write_bps: [{path: /dev/c, rate: '2048'}]
  device_read_iops: [{path: /dev/d, rate: 3}]
  device_write_iops: [{path: /dev/e, rate: 4}]`)
	want := &types.BlkioConfig{
		Weight: 300, WeightDevice: []types.WeightDevice{{Path: "/dev/a", Weight: 400}},
		DeviceReadBps:   []types.ThrottleDevice{{Path: "/dev/b", Rate: 1 << 20}},
		DeviceWriteBps:  []types.ThrottleDevice{{Path: "/dev/c", Rate: 2048}},
		DeviceReadIOps:  []types.ThrottleDevice{{Path: "/dev/d", Rate: 3}},
		DeviceWriteIOps: []types.ThrottleDevice{{Path: "/dev/e", Rate: 4}},
	}
	if diff := cmp.Diff(want, c.Service.BlkioConfig); diff != "" {
		t.Error(diff)
	}
}

func TestBugTmpfsSizeAsNumberAndInBinaryUnits(t *testing.T) {
	for text, want := range map[string]types.UnitBytes{"1048576": 1 << 20, "1m": 1 << 20, "'1m'": 1 << 20} {
		c, _ := parseOne(t, "image: x\nvolumes: [{type: tmpfs, target: /t, tmpfs: {size: "+text+"}}]")
		if got := c.Service.Volumes[0].Tmpfs.Size; got != want {
			t.Errorf("%s: %d", text, got)
		}
	}
}

func TestBugUnknownKeysOfVolumesWereIgnored(t *testing.T) {
	got := mistakes(t, source(map[string]string{"pod.component.web": "image: x\nvolumes: [{type: volume, source: a, target: /t, readonly: true}]"}, nil))
	want := `pod.component.web, line 2: unknown key "readonly" in volumes[0]; did you mean "read_only"?`
	if diff := cmp.Diff([]string{want}, got); diff != "" {
		t.Error(diff)
	}
}

func TestBugMistakesInValuesAppearedAtStart(t *testing.T) {
	labels := map[string]string{
		"pod.component.a": "image: x\nenvironment: {A: [1]}",
		"pod.component.b": "image: x\ndepends_on: {a: {condition: soon}}",
		"pod.copy.a":      "/x:",
	}
	want := []string{
		"pod.component.a, line 2: environment.A must be a string, a number or a boolean, not a list",
		`pod.component.b, line 2: depends_on.a.condition must be one of service_started, service_healthy, service_completed_successfully, not "soon"`,
		"pod.copy.a, line 1: is not valid YAML",
	}
	got := mistakes(t, source(labels, nil))
	if len(got) == 3 {
		got[2] = want[2] // `/x:` is a mapping in YAML; any mistake will do
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestBugCopyForNobodyWasIgnored(t *testing.T) {
	got := mistakes(t, source(map[string]string{"pod.component.web": "image: x", "pod.copy.app": "/a:/b"}, nil))
	if diff := cmp.Diff([]string{`pod.copy.app: there is no component "app"`}, got); diff != "" {
		t.Error(diff)
	}
}

func TestBugUnknownDependencyHungForEver(t *testing.T) {
	got := mistakes(t, source(map[string]string{"pod.component.web": "image: x\ndepends_on: [nobody]"}, nil))
	if diff := cmp.Diff([]string{`pod.component.web, line 2: depends_on names "nobody", which is no component`}, got); diff != "" {
		t.Error(diff)
	}
}

func TestBugOrderWasRandom(t *testing.T) {
	labels := map[string]string{"pod.component.a": "ports: [1]\nfoo: 1\nulimits: {b: x, c: y, d: z}", "pod.component.b": "image: x\nenvironment: {A: 1, B: 2}", "pod.copy.b": "{/a: /b, /c: /d, /e: /f}"}
	first := strings.Join(mistakes(t, source(labels, nil)), "\n")
	delete(labels, "pod.component.a")
	spec, _ := parse(t, labels)
	for range 20 {
		labels["pod.component.a"] = "ports: [1]\nfoo: 1\nulimits: {b: x, c: y, d: z}"
		if again := strings.Join(mistakes(t, source(labels, nil)), "\n"); again != first {
			t.Fatalf("%s\n%s", first, again)
		}
		delete(labels, "pod.component.a")
		other, _ := parse(t, labels)
		if diff := cmp.Diff(spec, other); diff != "" {
			t.Fatal(diff)
		}
	}
}
