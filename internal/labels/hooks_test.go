package labels

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/compose-spec/compose-go/v2/types"
	"github.com/google/go-cmp/cmp"

	"github.com/podlike/podlike/internal/pod"
)

func TestHooks(t *testing.T) {
	c, warnings := parseOne(t, `image: x
post_start:
- command: migrate "a b"
  user: 1000
  privileged: yes
  working_dir: /srv
  environment: [A=b, HOME]
pre_stop:
- {command: [drain, 5], environment: {B: 1}}
- command: deregister
`)
	if len(warnings) > 0 {
		t.Errorf("warnings: %q", warnings)
	}
	want := []types.ServiceHook{{
		Command: types.ShellCommand{"migrate", "a b"}, User: "1000", Privileged: true, WorkingDir: "/srv",
		Environment: types.MappingWithEquals{"A": ptr("b"), "HOME": ptr("/root")},
	}}
	if diff := cmp.Diff(want, c.Service.PostStart); diff != "" {
		t.Errorf("post_start (-want +got):\n%s", diff)
	}
	want = []types.ServiceHook{
		{Command: types.ShellCommand{"drain", "5"}, Environment: types.MappingWithEquals{"B": ptr("1")}},
		{Command: types.ShellCommand{"deregister"}},
	}
	if diff := cmp.Diff(want, c.Service.PreStop); diff != "" {
		t.Errorf("pre_stop (-want +got):\n%s", diff)
	}
}

func TestPreStart(t *testing.T) {
	spec, warnings := parse(t, map[string]string{
		"pod.component.db": "image: db",
		"pod.component.web": `image: web
command: [serve]
user: app
environment: {A: 1, B: 2}
volumes: ['data:/data']
tmpfs: /tmp
restart: always
tty: true
pid: service:db
depends_on: [db]
healthcheck: {test: ok}
post_start: [{command: a}]
pre_stop: [{command: b}]
mem_limit: 64m
deploy: {resources: {limits: {cpus: '0.5'}}, restart_policy: {condition: any}}
x-podlike: {essential: false, probes: {liveness: {tcp: {port: 1}}}}
pre_start:
- command: migrate up
  environment: {B: 3, C: 4}
- {image: tools, user: root, working_dir: /srv, privileged: true, per_replica: true, volumes: ['more:/more']}
`,
		"pod.init.components": "first: {image: x}",
		"pod.copy.web-pre-1":  "/a:/b",
	})
	if len(warnings) != 1 || !strings.Contains(warnings[0], "ignores restart") {
		t.Errorf("warnings: %q", warnings)
	}
	var names []string
	for _, c := range spec.Init {
		names = append(names, c.Name)
	}
	if want := []string{"first", "web-pre-1", "web-pre-2"}; !slices.Equal(names, want) {
		t.Fatalf("the init components are %q, want %q", names, want)
	}
	data := types.ServiceVolumeConfig{Type: "volume", Source: "data", Target: "/data", Volume: &types.ServiceVolumeVolume{}}
	container := types.ContainerSpec{
		Image: "web", Command: types.ShellCommand{"migrate", "up"}, User: "app", Tmpfs: []string{"/tmp"},
		Environment: types.MappingWithEquals{"A": ptr("1"), "B": ptr("3"), "C": ptr("4")},
		Volumes:     []types.ServiceVolumeConfig{data}, MemLimit: 64 << 20, CPUS: 0.5,
	}
	first := pod.Component{
		Name: "web-pre-1", Role: pod.RoleInit, Essential: true, StartTimeout: defaultStartTimeout,
		Restart: pod.RestartPolicy{Condition: pod.RestartNever},
		Copies:  []pod.Copy{{Source: "/a", Target: "/b"}},
		Service: types.ServiceConfig{Name: "web-pre-1", ContainerSpec: container},
	}
	if diff := cmp.Diff(first, spec.Init[1]); diff != "" {
		t.Errorf("the first (-want +got):\n%s", diff)
	}
	second := spec.Init[2].Service
	if second.Image != "tools" || second.User != "root" || second.WorkingDir != "/srv" || !second.Privileged || !slices.Equal(second.Command, []string{"serve"}) {
		t.Errorf("the second is %+v", second)
	}
	if got := len(second.Volumes); got != 2 {
		t.Errorf("the second has %d volumes, want its own and the service's", got)
	}
	web := spec.Components[1].Service
	if web.PreStart != nil || web.Image != "web" || web.Pid != "service:db" {
		t.Errorf("the component became %+v", web)
	}
}

// In a Compose file pre_start is inherited as everything else, those of the
// extended service first, and follows the profile of its service.
func TestPreStartInAComposeFile(t *testing.T) {
	spec, _, err := Parse(fileSource(`services:
  base:
    image: base
    pre_start: [{command: [one]}]
  off:
    image: off
    profiles: [never]
    pre_start: [{command: [none]}]
  web:
    extends: base
    image: web
    pre_start: [{command: [two], ports: [80]}]
`, "pod.copy.base", "/a:/b"), pod.Options{})
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, c := range spec.Init {
		got = append(got, c.Name+" "+c.Service.Image+" "+strings.Join(c.Service.Command, " "))
	}
	if want := []string{"base-pre-1 base one", "web-pre-1 web one", "web-pre-2 web two"}; !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestMistakesOfHooks(t *testing.T) {
	const at = "pod.component.web, line "
	tests := []struct {
		name, text string
		want       []string
	}{
		{"unknown key", "post_start:\n- comand: a\n  command: b", []string{at + `3: unknown key "comand" in post_start[0]; did you mean "command"?`}},
		{"no command", "post_start: [{user: a}]", []string{at + `2: post_start[0] needs the key "command"`}},
		{"empty command", "pre_stop: [{command: []}]", []string{at + "2: pre_stop[0].command must not be empty"}},
		{"quotes", "pre_stop: [{command: 'a \"b'}]", []string{at + "2: pre_stop[0].command has quotes or parentheses that do not match: quote the text, or write a list"}},
		{"shapes", "post_start: a\npre_stop: [a]", []string{at + "2: post_start must be a list, not a string", at + "3: pre_stop[0] must be a mapping, not a string"}},
		{"privileged", "post_start: [{command: a, privileged: maybe}]", []string{at + `2: post_start[0].privileged must be true or false, not "maybe"`}},
		{"pre_start key", "pre_start:\n- comand: a", []string{at + `3: unknown key "comand" in pre_start[0]; did you mean "command"?`}},
		{"pre_start and the network", "pre_start: [{hostname: a}]", []string{at + "2: pre_start[0].hostname is not supported in a pod: " + oneNetwork}},
		{"pre_start image", "pre_start: [{image: 'A B'}]", []string{at + `2: pre_start[0].image must be a name like nginx:1.27, not "A B"`}},
		{"pre_start volume", "pre_start: [{volumes: ['./a:/b']}]", []string{
			at + `2: pre_start[0].volumes[0] binds the relative path "./a": a pod has no project directory on the node, write an absolute path`}},
		{"pre_start joins", "pre_start: [{pid: 'service:web'}]", []string{at + "2: pre_start[0].pid cannot join a component: init components run before there is any"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got := mistakes(t, source(map[string]string{"pod.component.web": "image: x\n" + tt.text}, nil))
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Error(diff)
			}
		})
	}
	t.Run("init component", func(t *testing.T) {
		got := mistakes(t, source(map[string]string{"pod.component.web": "image: x",
			"pod.init.components": "- image: x\n  post_start: [{command: a}]\n  pre_stop: [{command: a}]\n  pre_start: [{command: a}]"}, nil))
		const how = " has no place in an init component: make its command do that, or another init component"
		want := []string{"pod.init.components, line 2: init-1.post_start" + how, "pod.init.components, line 3: init-1.pre_stop" + how,
			"pod.init.components, line 4: init-1.pre_start" + how}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Error(diff)
		}
	})
	t.Run("name taken", func(t *testing.T) {
		got := mistakes(t, source(map[string]string{"pod.component.web": "image: x\npre_start: [{command: a}]", "pod.component.web-pre-1": "image: x"}, nil))
		want := []string{`pod.component.web, line 2: the name "web-pre-1" is also in pod.component.web-pre-1: names are unique in a pod`}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Error(diff)
		}
	})
}

// What a chain of extends multiplies is bounded.
func TestManyPreStarts(t *testing.T) {
	chain := "services:\n  s0: {image: x, pre_start: [{}, {}, {}]}\n"
	for i := range 400 {
		chain += fmt.Sprintf("  s%d: {extends: s%d}\n", i+1, i)
	}
	got := mistakes(t, fileSource(chain))
	if want := []string{"pod.compose.file, /etc/pod/c.yml, line 2: the pod has more than 1000 pre_start hooks"}; !slices.Equal(got, want) {
		t.Errorf("got %.300q, want %q", got, want)
	}
}
