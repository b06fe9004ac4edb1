package labels

import (
	"errors"
	"io"
	"io/fs"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/compose-spec/compose-go/v2/types"
	"github.com/google/go-cmp/cmp"
	"github.com/podlike/podlike/internal/pod"
)

// source reads files from a map, as the pause would.
func source(labels, files map[string]string) Source {
	fsys := fstest.MapFS{}
	for name, text := range files {
		fsys[strings.TrimPrefix(name, "/")] = &fstest.MapFile{Data: []byte(text)}
	}
	return Source{
		Labels:      labels,
		Environment: map[string]string{"HOME": "/root", "TAG": "7"},
		Open: func(path string) (io.ReadCloser, error) {
			return fsys.Open(strings.TrimPrefix(path, "/"))
		},
	}
}

// parseOne parses text as the component web, without mistakes.
func parseOne(t *testing.T, text string) (pod.Component, []string) {
	t.Helper()
	spec, warnings := parse(t, map[string]string{"pod.component.web": text})
	return spec.Components[0], warnings
}

func parse(t *testing.T, labels map[string]string) (pod.Spec, []string) {
	t.Helper()
	spec, warnings, err := Parse(source(labels, nil), pod.Options{})
	if err != nil {
		t.Fatal(err)
	}
	return spec, warnings
}

// mistakes are the lines of the error, without the heading.
func mistakes(t *testing.T, src Source) []string {
	t.Helper()
	spec, _, err := Parse(src, pod.Options{})
	if err == nil {
		t.Fatal("no mistake was found")
	}
	var list *MistakesError
	if !errors.As(err, &list) {
		t.Fatalf("the error is a %T", err)
	}
	if diff := cmp.Diff(pod.Spec{}, spec); diff != "" {
		t.Errorf("a spec came with the error: %s", diff)
	}
	var lines []string
	for _, m := range list.Mistakes {
		lines = append(lines, m.String())
	}
	return lines
}

func ptr[T any](v T) *T { return &v }

func TestValues(t *testing.T) {
	type m = map[string]*string
	tests := []struct {
		name, text string
		get        func(pod.Component) any
		want       any
	}{
		{"user as number", "user: 1000", func(c pod.Component) any { return c.Service.User }, "1000"},
		{"user keeps its digits", "user: 0100", func(c pod.Component) any { return c.Service.User }, "0100"},
		{"cpuset as number", "cpuset: 0", func(c pod.Component) any { return c.Service.CPUSet }, "0"},
		{"command as list", "command: [sh, -c, 'a  b']", func(c pod.Component) any { return []string(c.Service.Command) }, []string{"sh", "-c", "a  b"}},
		{"command as string", `command: a "b c" 'd e' f\ g "" h`, func(c pod.Component) any { return []string(c.Service.Command) }, []string{"a", "b c", "d e", "f g", "", "h"}},
		{"folded command", "command: >\n  check\n  --on 8080\n", func(c pod.Component) any { return []string(c.Service.Command) }, []string{"check", "--on", "8080"}},
		{"empty command clears", "command: []", func(c pod.Component) any { return []string(c.Service.Command) }, []string{}},
		{"no command", "command:", func(c pod.Component) any { return []string(c.Service.Command) }, []string(nil)},
		{"environment map", "environment: {A: x, B: 1, C: true, D: '', E: 1.5, NOPE: null, HOME: }", func(c pod.Component) any { return m(c.Service.Environment) },
			m{"A": ptr("x"), "B": ptr("1"), "C": ptr("true"), "D": ptr(""), "E": ptr("1.5"), "NOPE": nil, "HOME": ptr("/root")}},
		{"environment list", "environment: [A=x, B=, C=a=b, NOPE, HOME]", func(c pod.Component) any { return m(c.Service.Environment) },
			m{"A": ptr("x"), "B": ptr(""), "C": ptr("a=b"), "NOPE": nil, "HOME": ptr("/root")}},
		{"keys that look like booleans", "environment: {Y: 1, on: 2, 3: x}", func(c pod.Component) any { return m(c.Service.Environment) },
			m{"Y": ptr("1"), "on": ptr("2"), "3": ptr("x")}},
		{"no interpolation", "environment: {A: '${TAG} $$x'}", func(c pod.Component) any { return m(c.Service.Environment) }, m{"A": ptr("${TAG} $$x")}},
		{"wide number", "environment: {A: 18446744073709551615}", func(c pod.Component) any { return m(c.Service.Environment) }, m{"A": ptr("18446744073709551615")}},
		{"timestamp", "environment: {A: 2001-12-14}", func(c pod.Component) any { return m(c.Service.Environment) }, m{"A": ptr("2001-12-14")}},
		{"empty environment", "environment:", func(c pod.Component) any { return len(c.Service.Environment) }, 0},
		{"labels list", "labels: [a=b, c]", func(c pod.Component) any { return c.Service.Labels }, types.Labels{"a": "b", "c": ""}},
		{"yes is true", "read_only: yes", func(c pod.Component) any { return c.Service.ReadOnly }, true},
		{"quoted boolean", "tty: 'true'", func(c pod.Component) any { return c.Service.Tty }, true},
		{"init off", "init: false", func(c pod.Component) any { return c.Service.Init }, ptr(false)},
		{"size with unit", "mem_limit: 64m", func(c pod.Component) any { return c.Service.MemLimit }, types.UnitBytes(64 << 20)},
		{"size in bytes", "mem_limit: 8589934592", func(c pod.Component) any { return c.Service.MemLimit }, types.UnitBytes(8 << 30)},
		{"size with exponent", "mem_limit: 1e9", func(c pod.Component) any { return c.Service.MemLimit }, types.UnitBytes(1e9)},
		{"mode of a tmpfs", "volumes: [{type: tmpfs, target: /a, tmpfs: {mode: 0750}}, {type: tmpfs, target: /b, tmpfs: {mode: '750'}}]", func(c pod.Component) any {
			return []types.FileMode{types.FileMode(c.Service.Volumes[0].Tmpfs.Mode), types.FileMode(c.Service.Volumes[1].Tmpfs.Mode)}
		}, []types.FileMode{0o750, 0o750}},
		{"swap without limit", "memswap_limit: -1", func(c pod.Component) any { return c.Service.MemSwapLimit }, types.UnitBytes(-1)},
		{"shm", "shm_size: '128mb'", func(c pod.Component) any { return c.Service.ShmSize }, types.UnitBytes(128 << 20)},
		{"no pids limit", "pids_limit: -1", func(c pod.Component) any { return c.Service.PidsLimit }, int64(-1)},
		{"quoted number", "cpu_shares: '512'", func(c pod.Component) any { return c.Service.CPUShares }, int64(512)},
		{"cpus", "cpus: 0.5", func(c pod.Component) any { return c.Service.CPUS }, float32(0.5)},
		{"grace", "stop_grace_period: 1m30s", func(c pod.Component) any { return c.Service.StopGracePeriod }, ptr(types.Duration(90 * time.Second))},
		{"tmpfs string", "tmpfs: /run", func(c pod.Component) any { return []string(c.Service.Tmpfs) }, []string{"/run"}},
		{"tmpfs map", "tmpfs: {/run: , /tmp: size=1m}", func(c pod.Component) any { return []string(c.Service.Tmpfs) }, []string{"/run", "/tmp:size=1m"}},
		{"healthcheck string", "healthcheck: {test: curl x, retries: '3'}", func(c pod.Component) any { return *c.Service.HealthCheck },
			types.HealthCheckConfig{Test: types.HealthCheckTest{"CMD-SHELL", "curl x"}, Retries: ptr(uint64(3))}},
		{"healthcheck off", "healthcheck: {disable: true}", func(c pod.Component) any { return c.Service.HealthCheck.Disable }, true},
		{"ulimits", "ulimits: {nproc: 65535, nofile: {soft: 1, hard: '2'}, core: -1}", func(c pod.Component) any { return c.Service.Ulimits },
			map[string]*types.UlimitsConfig{"nproc": {Single: 65535}, "nofile": {Soft: 1, Hard: 2}, "core": {Single: -1}}},
		{"group_add", "group_add: [mail, 1000]", func(c pod.Component) any { return c.Service.GroupAdd }, []string{"mail", "1000"}},
		{"storage_opt", "storage_opt: {size: 120}", func(c pod.Component) any { return c.Service.StorageOpt }, map[string]string{"size": "120"}},
		{"short volumes", "volumes: ['data:/d:ro', '/host:/h:rslave', /anon]", func(c pod.Component) any {
			var all []string
			for _, v := range c.Service.Volumes {
				all = append(all, v.Type+" "+v.String())
			}
			return all
		}, []string{"volume data:/d:ro", "bind /host:/h:rw,rslave", "volume :/anon:rw"}},
		{"volume without copy", "volumes: ['data:/d:nocopy']", func(c pod.Component) any { return c.Service.Volumes[0].Volume.NoCopy }, true},
		{"pull_policy", "pull_policy: if_not_present", func(c pod.Component) any { return c.Service.PullPolicy }, "missing"},
		{"gpus", "gpus: all", func(c pod.Component) any { return c.Service.Gpus }, []types.DeviceRequest{{Count: -1}}},
		{"devices below deploy", "deploy: {resources: {reservations: {devices: [{capabilities: [gpu], count: 2}]}}}", func(c pod.Component) any { return c.Service.Gpus },
			[]types.DeviceRequest{{Capabilities: []string{"gpu"}, Count: 2}}},
		{"limits below deploy", "deploy: {resources: {limits: {cpus: '0.5', memory: 64m, pids: 7}, reservations: {memory: 1m}}}", func(c pod.Component) any {
			return []any{c.Service.CPUS, c.Service.MemLimit, c.Service.PidsLimit, c.Service.MemReservation, c.Service.Deploy == nil}
		}, []any{float32(0.5), types.UnitBytes(64 << 20), int64(7), types.UnitBytes(1 << 20), true}},
		{"anchors", "x-env: &e {A: 1}\nenvironment: {<<: *e, B: 2}", func(c pod.Component) any { return m(c.Service.Environment) }, m{"A": ptr("1"), "B": ptr("2")}},
		{"own keys before merged ones", "x-env: &e {A: 1, C: 1}\nx-f: &f {A: 3, C: 3, D: 3}\nenvironment: {A: 2, <<: [*e, *f]}", func(c pod.Component) any { return m(c.Service.Environment) },
			m{"A": ptr("2"), "C": ptr("1"), "D": ptr("3")}},
		{"essential", "image: x", func(c pod.Component) any { return c.Essential }, true},
		{"start timeout", "image: x", func(c pod.Component) any { return c.StartTimeout }, 5 * time.Minute},
		{"extension", "x-podlike: {essential: no, ignore_exit_codes: [143, 1, 143], signals: [SIGUSR1, hup, HUP], start_timeout: 0s}", func(c pod.Component) any {
			return []any{c.Essential, c.IgnoreExitCodes, c.Signals, c.StartTimeout, c.Service.Extensions == nil}
		}, []any{false, []int{1, 143}, []string{"SIGHUP", "SIGUSR1"}, time.Duration(0), true}},
		{"no restart", "image: x", func(c pod.Component) any { return c.Restart }, pod.RestartPolicy{Condition: pod.RestartNever}},
		{"restart no", "restart: no", func(c pod.Component) any { return c.Restart }, pod.RestartPolicy{Condition: pod.RestartNever}},
		{"restart", "restart: unless-stopped", func(c pod.Component) any { return c.Restart }, pod.RestartPolicy{Condition: pod.RestartAlways}},
		{"restart with count", "restart: on-failure:3", func(c pod.Component) any { return c.Restart }, pod.RestartPolicy{Condition: pod.RestartOnFailure, MaxAttempts: 3}},
		{"restart_policy", "deploy: {restart_policy: {condition: on-failure, delay: 2s, max_attempts: 4, window: 1m}}", func(c pod.Component) any { return c.Restart },
			pod.RestartPolicy{Condition: pod.RestartOnFailure, MaxAttempts: 4, Delay: 2 * time.Second, Window: time.Minute}},
		{"restart_policy without condition", "restart: no\ndeploy: {restart_policy: {delay: 2s}}", func(c pod.Component) any { return c.Restart },
			pod.RestartPolicy{Condition: pod.RestartAlways, Delay: 2 * time.Second}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			text := tt.text
			if !strings.Contains(text, "image:") {
				text += "\nimage: nginx"
			}
			c, _ := parseOne(t, text)
			if diff := cmp.Diff(tt.want, tt.get(c)); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestDependencies(t *testing.T) {
	others := map[string]string{
		"pod.component.db":    "image: x",
		"pod.component.cache": "image: x",
		"pod.init.components": "- image: x",
	}
	tests := []struct {
		name, text string
		want       []pod.Dependency
		warning    string
	}{
		{"list", "[db, cache]", []pod.Dependency{{Name: "cache", Condition: pod.Started, Required: true}, {Name: "db", Condition: pod.Started, Required: true}}, ""},
		{"null", "{db: }", []pod.Dependency{{Name: "db", Condition: pod.Started, Required: true}}, ""},
		{"no condition", "{db: {restart: true}}", []pod.Dependency{{Name: "db", Condition: pod.Started, Required: true, Restart: true}}, ""},
		{"healthy", "{db: {condition: service_healthy, required: false}}", []pod.Dependency{{Name: "db", Condition: pod.IsHealthy}}, ""},
		{"completed", "{db: {condition: service_completed_successfully}}", []pod.Dependency{{Name: "db", Condition: pod.Completed, Required: true}}, ""},
		{"init has finished", "[init-1]", nil, ""},
		{"optional and unknown", "{nope: {condition: service_started, required: false}}", nil, `component "web": does not wait for "nope": there is no such component`},
		{"itself: not for us to judge", "[web]", []pod.Dependency{{Name: "web", Condition: pod.Started, Required: true}}, ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			labels := map[string]string{"pod.component.web": "image: x\ndepends_on: " + tt.text}
			for k, v := range others {
				labels[k] = v
			}
			spec, warnings := parse(t, labels)
			if diff := cmp.Diff(tt.want, spec.Components[2].DependsOn); diff != "" {
				t.Error(diff)
			}
			if diff := cmp.Diff(tt.warning, strings.Join(warnings, "\n")); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestInitComponents(t *testing.T) {
	tests := []struct {
		name, text string
		want       []string
	}{
		{"list", "- image: b\n- image: a\n", []string{"init-1 b", "init-2 a"}},
		{"mapping keeps its order", "migrate: {image: b}\nfetch: {image: a}", []string{"migrate b", "fetch a"}},
		{"empty", "", nil},
		{"null", "~", nil},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			spec, _ := parse(t, map[string]string{"pod.component.web": "image: x", "pod.init.components": tt.text})
			var got []string
			for _, c := range spec.Init {
				if c.Role != pod.RoleInit {
					t.Errorf("%s has the role %q", c.Name, c.Role)
				}
				got = append(got, c.Name+" "+c.Service.Image)
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestSpecIsWhole(t *testing.T) {
	id := pod.Identity{ID: "abc", Run: "1", Name: "shop"}
	opts := pod.Options{Logs: true, OnUnhealthy: pod.UnhealthyExit}
	labels := map[string]string{
		"pod.component.b": "image: x", "pod.component.a": "image: y",
		"pod.component.supervisor": "mem_limit: 32m", "pod.stop_grace_period": "25s", "com.example": "[",
	}
	spec, warnings, err := Parse(Source{Identity: id, Labels: labels}, opts)
	if err != nil || len(warnings) > 0 {
		t.Fatal(err, warnings)
	}
	names := []string{spec.Components[0].Name, spec.Components[1].Name}
	if diff := cmp.Diff([]string{"a", "b"}, names); diff != "" || len(spec.Components) != 2 {
		t.Error(names)
	}
	if spec.Identity != id || !cmp.Equal(spec.Options, opts) || spec.StopBudget != 25*time.Second {
		t.Errorf("%+v", spec)
	}
	spec, _ = parse(t, map[string]string{"pod.component.a": "image: y"})
	if spec.StopBudget != 10*time.Second {
		t.Errorf("the default budget is %s", spec.StopBudget)
	}
}

func TestSupervisor(t *testing.T) {
	c, err := Supervisor(map[string]string{"pod.component.web": "["}, Policy{})
	if c != nil || err != nil {
		t.Errorf("without the label: %v, %v", c, err)
	}
	c, err = Supervisor(map[string]string{"pod.component.supervisor": "mem_limit: 32m", "pod.component.web": "["}, Policy{})
	if err != nil || c.Role != pod.RoleSupervisor || c.Name != "supervisor" || c.Service.MemLimit != 32<<20 || c.Service.Image != "" {
		t.Errorf("%+v, %v", c, err)
	}
	c, err = Supervisor(map[string]string{"pod.component.supervisor": "image: podlike/supervisor:dev"}, Policy{})
	if err != nil || c.Service.Image != "podlike/supervisor:dev" {
		t.Errorf("%+v, %v", c, err)
	}
	_, err = Supervisor(map[string]string{"pod.component.supervisor": "imge: x\nrestart: always\nmem_limit: x"}, Policy{})
	want := "the pod's definition has 3 mistakes:\n" +
		"  pod.component.supervisor, line 1: unknown key \"imge\"; did you mean \"image\"?\n" +
		"  pod.component.supervisor, line 2: restart has no meaning for the supervisor, which the pause starts and watches over\n" +
		"  pod.component.supervisor, line 3: mem_limit must be a size like 64m or 1g, not \"x\""
	if err == nil || err.Error() != want {
		t.Errorf("%v", err)
	}
}

func TestEnvFile(t *testing.T) {
	files := map[string]string{
		"/etc/a.env": "# comment\nA=1\nB='two words'\nC=${A}-$TAG\nexport D=4\n",
		"/etc/b.env": "A=9\nE=\n",
		"/etc/l":     "team=shop\nkeep=no\n",
	}
	src := source(map[string]string{"pod.component.web": `
image: x
env_file: [/etc/a.env, {path: /etc/b.env}, {path: /etc/none.env, required: false}]
environment: {B: mine}
label_file: /etc/l
labels: {keep: yes}`}, files)
	spec, _, err := Parse(src, pod.Options{})
	if err != nil {
		t.Fatal(err)
	}
	s := spec.Components[0].Service
	want := types.MappingWithEquals{"A": ptr("9"), "B": ptr("mine"), "C": ptr("1-7"), "D": ptr("4"), "E": ptr("")}
	if diff := cmp.Diff(want, s.Environment); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff(types.Labels{"team": "shop", "keep": "yes"}, s.Labels); diff != "" {
		t.Error(diff)
	}
	if s.EnvFiles != nil || s.LabelFiles != nil {
		t.Error("the files are still there")
	}

	src.Open = func(string) (io.ReadCloser, error) { return nil, fs.ErrPermission }
	got := mistakes(t, src)
	if len(got) != 4 || !strings.Contains(got[0], "env_file[0] cannot be read from /etc/a.env in the pause: permission denied") {
		t.Errorf("%q", got)
	}
}

func TestHelpfulWarnings(t *testing.T) {
	tests := []struct{ text, want string }{
		{"command: echo a ; echo b", `component "web": command ends before the unquoted ";", as in Compose: for a shell write [sh, -c, '...']`},
		{"mem_reservation: 1m", `component "web": reserves memory, of which Swarm's scheduler knows nothing: reserve it on the service`},
		{"volumes: ['/var/run/docker.sock:/s']", `component "web": gets the engine's socket, and with it the whole node`},
		{"restart: always\ndeploy: {restart_policy: {condition: none}}", `component "web": ignores restart: deploy.restart_policy wins`},
	}
	for _, tt := range tests {
		if _, got := parseOne(t, "image: x\n"+tt.text); len(got) != 1 || got[0] != tt.want {
			t.Errorf("%s: %q", tt.text, got)
		}
	}
}

func TestSpecHash(t *testing.T) {
	hash := func(text string) string {
		c, _ := parseOne(t, text)
		return SpecHash(c)
	}
	base := hash("image: x\nenvironment: {A: 1, B: 2}\nmem_limit: 1m\nlabels: {c: d, e: f}")
	same := hash("labels: [e=f, c=d]\ndeploy: {resources: {limits: {memory: 1048576}}}\nenvironment: [B=2, A=1]\nimage: x\nx-note: hi\nrestart: no")
	if base != same || len(base) != 16 {
		t.Errorf("%s and %s", base, same)
	}
	for _, text := range []string{
		"image: x\nenvironment: {A: 1, B: 3}\nmem_limit: 1m\nlabels: {c: d, e: f}",
		"image: x\nenvironment: {A: 1, B: 2}\nmem_limit: 1m\nlabels: {c: d, e: f}\nx-podlike: {essential: false}",
		"image: x\nenvironment: {A: 1, B: 2}\nmem_limit: 1m\nlabels: {c: d, e: f}\nhealthcheck: {interval: 1s}",
	} {
		if hash(text) == base {
			t.Errorf("%s: the hash did not change", text)
		}
	}
}
