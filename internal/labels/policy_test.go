package labels

import (
	"errors"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/podlike/podlike/internal/pod"
)

func policy(t *testing.T, words ...string) Policy {
	t.Helper()
	p, err := NewPolicy(words, "")
	if err != nil {
		t.Fatal(err)
	}
	p.Volumes = []string{"data", "shop_data"}
	p.Sockets = []string{"/srv/engine/api.sock", "runs"}
	return p
}

// refused are the words of the policy that an error names, and nothing else
// may be in it.
func refused(t *testing.T, err error) (words, lines []string) {
	t.Helper()
	var list *MistakesError
	if !errors.As(err, &list) {
		t.Fatalf("want a list of mistakes, not %v", err)
	}
	for _, m := range list.Mistakes {
		_, word, ok := strings.Cut(strings.TrimSuffix(m.Text, ")"), ", which is denied (")
		if !ok {
			t.Fatalf("another mistake: %s", m)
		}
		words, lines = append(words, word), append(lines, m.String())
	}
	slices.Sort(words)
	return slices.Compact(words), lines
}

// TestDenied: each word refuses what it is for, and nothing else does.
func TestDenied(t *testing.T) {
	for _, tt := range []struct{ text, word string }{
		{"privileged: true", "privileged"},
		{"post_start: [{command: a, privileged: true}]", "privileged"},
		{"pre_stop: [{command: a}, {command: b, privileged: true}]", "privileged"},
		{"pre_start: [{command: a, privileged: true}]", "privileged"},
		{"cap_add: [CHOWN, SYS_ADMIN]", "capabilities"},
		{"cap_add: [cap_sys_ptrace]", "capabilities"},
		{"cap_add: [ALL]", "capabilities"},
		{"devices: [/dev/sda]", "devices"},
		{"devices: ['vendor.com/gpu=all']", "devices"},
		{"device_cgroup_rules: ['b *:* rwm']", "devices"},
		{"gpus: all", "devices"},
		{"deploy: {resources: {reservations: {devices: [{capabilities: [gpu], count: 1}]}}}", "devices"},
		{"volumes: ['/etc:/etc']", "host-binds"},
		{"volumes: [{type: bind, source: /opt, target: /a}]", "host-binds"},
		{"volumes: [{type: bind, source: /srv/engine/api.sock, target: /a}]", "docker-socket"},
		{"volumes: ['/var/run/docker.sock:/x']", "docker-socket"},
		{"volumes: ['/var/run:/x']", "docker-socket"},
		{"volumes: ['/var/run/:/x']", "docker-socket"},
		{"volumes: ['/srv/../run:/x']", "docker-socket"},
		{"volumes: ['/:/x']", "docker-socket"},
		{"volumes: ['/proc/1/root/srv:/x']", "docker-socket"},
		{"volumes: ['/elsewhere/docker.sock:/x']", "docker-socket"},
		{"volumes: ['/run/containerd:/x']", "docker-socket"},
		{"volumes: ['runs:/x']", "docker-socket"},
		{"volumes: ['other_data:/x']", "other-volumes"},
		{"pid: host", "host-pid"},
		{"ipc: host", "host-ipc"},
		{"userns_mode: host", "host-users"},
		{"cgroup: host", "host-cgroups"},
		{"security_opt: ['seccomp=unconfined']", "unconfined"},
		{"security_opt: ['seccomp={}']", "unconfined"},
		{"security_opt: ['apparmor=unconfined']", "unconfined"},
		{"security_opt: ['apparmor:unconfined']", "unconfined"},
		{"security_opt: ['label:disable']", "unconfined"},
		{"security_opt: ['systempaths=unconfined']", "unconfined"},
		{"security_opt: ['no-new-privileges:false']", "unconfined"},
		{"runtime: other", "runtime"},
		{"annotations: {a: b}", "runtime"},
		{"oom_kill_disable: true", "priority"},
		{"oom_score_adj: -1", "priority"},
		{"cpu_rt_runtime: 950000", "priority"},
		{"cpu_rt_period: 1000000", "priority"},
		{"ulimits: {rtprio: 99}", "priority"},
		{"logging: {driver: syslog}", "log-drivers"},
		{"logging: {driver: some/plugin:latest}", "log-drivers"},
	} {
		labels := map[string]string{"pod.component.web": "image: x\n" + tt.text}
		src := source(labels, nil)
		src.Policy = policy(t, tt.word)
		_, _, err := Parse(src, pod.Options{})
		if words, _ := refused(t, err); !slices.Equal(words, []string{tt.word}) {
			t.Errorf("%s: refused for %q, want %q", tt.text, words, tt.word)
		}
		src.Policy = policy(t)
		for _, w := range DenyWords {
			if w.Word != tt.word && !(tt.word == "docker-socket" && (w.Word == "host-binds" || w.Word == "other-volumes")) {
				src.Policy.denied[w.Word] = true
			}
		}
		if _, _, err := Parse(src, pod.Options{}); err != nil {
			t.Errorf("%s: refused for another word: %v", tt.text, err)
		}
		labels = map[string]string{"pod.component.web": "image: x", "pod.init.components": "- image: x\n  " + tt.text}
		src = source(labels, nil)
		src.Policy = policy(t, tt.word)
		if strings.Contains(tt.text, "post_start") || strings.Contains(tt.text, "pre_st") {
			continue // have no place in an init component
		}
		_, _, err = Parse(src, pod.Options{})
		if words, _ := refused(t, err); !slices.Equal(words, []string{tt.word}) {
			t.Errorf("init: %s: refused for %q, want %q", tt.text, words, tt.word)
		}
	}
}

// TestHarmless: a policy that denies all leaves an ordinary component alone.
func TestHarmless(t *testing.T) {
	src := source(map[string]string{"pod.component.web": `
image: nginx
command: [a]
user: root
privileged: false
cap_add: [NET_RAW, CAP_CHOWN, kill]
cap_drop: [ALL]
volumes: ['data:/a', 'shop_data:/b', /anonymous, {type: tmpfs, target: /c}]
tmpfs: [/run]
pid: private
ipc: shareable
cgroup: private
security_opt: [no-new-privileges, 'no-new-privileges:true', seccomp=builtin, apparmor=docker-default]
oom_score_adj: 500
ulimits: {nofile: 1024}
logging: {driver: local, options: {max-size: 1m}}
post_start: [{command: a}]
`}, nil)
	src.Policy = policy(t, DenyAll)
	if _, _, err := Parse(src, pod.Options{}); err != nil {
		t.Error(err)
	}
}

// TestDeniedIsOneError: all refusals of all labels, with their lines.
func TestDeniedIsOneError(t *testing.T) {
	src := source(map[string]string{
		"pod.component.a":     "image: x\nprivileged: true\nvolumes:\n- /a\n- /etc:/etc",
		"pod.component.b":     "image: x\npost_start:\n- command: x\n- command: y\n  privileged: true",
		"pod.component.c":     "image: x\npid: host", // not denied
		"pod.init.components": "- image: x\n- image: y\n  cap_add:\n  - KILL\n  - SYS_MODULE\n",
	}, nil)
	src.Policy = policy(t, "privileged", "host-binds", "capabilities")
	_, _, err := Parse(src, pod.Options{})
	_, lines := refused(t, err)
	want := []string{
		"pod.component.a, line 2: privileged is set, which is denied (privileged)",
		"pod.component.a, line 5: volumes[1] binds /etc of the node, which is denied (host-binds)",
		"pod.component.b, line 5: post_start[1].privileged is set, which is denied (privileged)",
		"pod.init.components, line 5: init-2.cap_add[1] adds SYS_MODULE, which is denied (capabilities)",
	}
	if diff := cmp.Diff(want, lines); diff != "" {
		t.Error(diff)
	}
}

func TestDeniedInAComposeFile(t *testing.T) {
	src := source(map[string]string{"pod.compose.file": "/c.yml"}, map[string]string{"/c.yml": `
services:
  base:
    image: x
    privileged: true
  web:
    extends: {service: base}
`})
	src.Policy = policy(t, "privileged")
	_, _, err := Parse(src, pod.Options{})
	_, lines := refused(t, err)
	want := []string{
		"pod.compose.file, /c.yml, line 5: services.base.privileged is set, which is denied (privileged)",
		"pod.compose.file, /c.yml, line 6: services.web.privileged is set, which is denied (privileged)",
	}
	if diff := cmp.Diff(want, lines); diff != "" {
		t.Error(diff)
	}
}

// TestDeniedSupervisor: where anything is denied, the stack's own program must
// not run beside the socket, nor in the place of the one that refuses; its
// limits and logging are its own all the same.
func TestDeniedSupervisor(t *testing.T) {
	for _, text := range []string{"image: mine", "command: [x]", "entrypoint: [/x]", "volumes: ['data:/x']", "tmpfs: [/x]"} {
		for _, w := range DenyWords {
			_, err := Supervisor(map[string]string{labelSupervisor: text}, policy(t, w.Word))
			if words, _ := refused(t, err); !slices.Equal(words, []string{"supervisor"}) {
				t.Errorf("%s with --deny=%s: %v", text, w.Word, err)
			}
		}
		if _, err := Supervisor(map[string]string{labelSupervisor: text}, Policy{}); err != nil {
			t.Errorf("%s: %v", text, err)
		}
	}
	_, err := Supervisor(map[string]string{labelSupervisor: "privileged: true"}, policy(t, "privileged"))
	if words, _ := refused(t, err); !slices.Equal(words, []string{"privileged"}) {
		t.Error(err)
	}
	if _, err := Supervisor(map[string]string{labelSupervisor: "mem_limit: 64m\nlogging: {driver: local}\nenvironment: {A: b}"}, policy(t, DenyAll)); err != nil {
		t.Error(err)
	}
}

func TestPolicyWords(t *testing.T) {
	p, err := NewPolicy([]string{"privileged", " devices "}, "host-pid, ,host-ipc")
	want := map[string]bool{"privileged": true, "devices": true, "host-pid": true, "host-ipc": true, "supervisor": true}
	if diff := cmp.Diff(want, p.denied); diff != "" || err != nil {
		t.Error(diff, err)
	}
	if p, err := NewPolicy(nil, "all"); err != nil || len(p.denied) != len(DenyWords) {
		t.Errorf("all denies %d of %d: %v", len(p.denied), len(DenyWords), err)
	}
	_, err = NewPolicy([]string{"priviliged", "zzz"}, "host-binds,host-bind")
	if err == nil {
		t.Fatal("unknown words were taken")
	}
	for _, want := range []string{`--deny: unknown word "priviliged"; did you mean "privileged"?`, `--deny: unknown word "zzz"; the words are all, privileged`,
		`the label podlike.deny of the pause's image: unknown word "host-bind"; did you mean "host-binds"?`} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("no %q in: %v", want, err)
		}
	}
}

// TestEveryKeyIsJudged: a key that is carried to the engine is either looked at
// by the policy, or is in this list of those that give nobody power over the
// node. A key that is new in Compose must be put here, or judged.
func TestEveryKeyIsJudged(t *testing.T) {
	harmless := []string{
		"blkio_config", "cap_drop", "command", "configs", "cpu_count", "cpu_percent", "cpu_period", "cpu_quota", "cpu_shares",
		"cpus", "cpuset", "entrypoint", "environment", "group_add", "healthcheck", "image", "init", "isolation", "labels",
		"mem_limit", "mem_reservation", "mem_swappiness", "memswap_limit", "pids_limit", "platform", "pull_policy", "read_only",
		"secrets", "shm_size", "stdin_open", "stop_grace_period", "stop_signal", "storage_opt",
		"sysctls", // those of the container's own namespaces; runc refuses others
		"tmpfs", "tty", "user", "working_dir",
	}
	judged := []string{
		"annotations", "cap_add", "cgroup", "cpu_rt_period", "cpu_rt_runtime", "deploy", "device_cgroup_rules", "devices", "gpus",
		"ipc", "logging", "oom_kill_disable", "oom_score_adj", "pid", "post_start", "pre_start", "pre_stop", "privileged", "runtime",
		"security_opt", "ulimits", "userns_mode", "volumes",
	}
	handled := []string{"depends_on", "env_file", "extends", "label_file", "profiles", "restart", "x-podlike"}
	for _, k := range Keys() {
		if strings.ContainsAny(k.Name, ".[") || k.List == Unsupported {
			continue
		}
		if n := countOf(k.Name, harmless, judged, handled); n != 1 {
			t.Errorf("%s is in %d of the lists", k.Name, n)
		}
	}
}

func countOf(s string, lists ...[]string) (n int) {
	for _, l := range lists {
		if slices.Contains(l, s) {
			n++
		}
	}
	return n
}

// The reader of the documentation sees what the code does.
func TestDocumentedWords(t *testing.T) {
	text, err := os.ReadFile("../../docs/security.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, w := range DenyWords {
		if row := "| `" + w.Word + "` | " + w.Refuses + " |\n"; !strings.Contains(string(text), row) {
			t.Errorf("docs/security.md lacks the line %s", row)
		}
	}
}
