package labels

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/podlike/podlike/internal/pod"
)

// Text that wants to cost much must cost little. The time is that of a slow
// machine with the race detector; without the bounds these take minutes.
func TestHostileText(t *testing.T) {
	const limit = 20 * time.Second
	bomb := "x-0: &a0 [x,x,x,x,x,x,x,x,x]\n"
	for i := range 30 {
		bomb += fmt.Sprintf("x-%d: &a%d [*a%d,*a%d,*a%d,*a%d,*a%d,*a%d]\n", i+1, i+1, i, i, i, i, i, i)
	}
	merges := "x-0: &a0 {k: v}\n"
	for i := range 30 {
		merges += fmt.Sprintf("x-%d: &a%d {<<: [*a%d,*a%d,*a%d,*a%d,*a%d]}\n", i+1, i+1, i, i, i, i, i)
	}
	long := strings.Repeat("k", 1000)
	deepKeys := ""
	for i := range 40 {
		deepKeys += strings.Repeat(" ", i) + long + ":\n"
	}
	tests := []struct{ name, text, want string }{
		{"alias bomb", "image: x\n" + bomb, "the definition has more than 20000 values"},
		{"merge bomb", "image: x\n" + merges, "more than 20000 values"},
		{"alias in itself", "image: x\nlabels: &a {b: *a}", "nested more than 50 levels"},
		{"merge of itself", "image: x\nlabels: &a {<<: *a}", "nested more than 50 levels"},
		{"deep", "image: x\nlabels: " + strings.Repeat("[", 5000) + strings.Repeat("]", 5000), "nested more than 50 levels"},
		{"too deep for YAML", "image: " + strings.Repeat("[", 100_000), "is not valid YAML"},
		{"too long", "image: x\n#" + strings.Repeat("x", maxText), "is longer than 1048576 bytes"},
		{"wide", "image: x\ncap_add: [" + strings.Repeat("a,", 60_000) + "a]", "more than 20000 values"},
		{"many keys", "image: x\n" + manyKeys(19_000), "unknown key"},
		{"many unique items", "image: x\ncap_add: [" + manyItems(15_000) + "]", ""},
		{"long keys", "image: x\nlabels:\n" + deepKeys + strings.Repeat(" ", 40) + "[" + strings.Repeat("1,", 15_000) + "1]", ""},
		{"long word", "image: x\n" + "? " + strings.Repeat("y", 500_000) + "\n: 1", "unknown key"},
		{"long command", "image: x\ncommand: " + strings.Repeat("y", 1_000_000), "command is longer than"},
		{"long image", "image: " + strings.Repeat("y", 1_000_000), ""},
		{"long number", "image: x\npids_limit: " + strings.Repeat("9", 500_000), "must be a whole number"},
		{"comments", "image: x\n" + strings.Repeat("#\n", 200_000), ""},
		{"indented dashes", "image: x\ncap_add:\n" + strings.Repeat("- ", 9_000) + "a", ""},
		{"bytes", "image: \x00\xff\xfe", "is not valid YAML"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			for i, labels := range []map[string]string{
				{"pod.component.web": tt.text},
				{"pod.component.web": "image: x", "pod.init.components": "- " + strings.ReplaceAll(tt.text, "\n", "\n  ")},
				{"pod.component.web": "image: x", "pod.copy.web": tt.text},
			} {
				if i > 0 && len(tt.text) > 100_000 {
					continue // costs the same once more
				}
				start := time.Now()
				_, _, err := Parse(Source{Labels: labels}, pod.Options{})
				if took := time.Since(start); took > limit {
					t.Errorf("took %s", took)
				}
				if i == 0 && !strings.Contains(fmt.Sprint(err), tt.want) {
					t.Errorf("want %q in %.300v", tt.want, err)
				}
			}
		})
	}
}

func manyKeys(n int) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, "key-number-%d: 1\n", i)
	}
	return b.String()
}

func manyItems(n int) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, "item%d,", i)
	}
	return b.String()
}

// FuzzParse: any text gives a spec or a list of mistakes, the same each time.
func FuzzParse(f *testing.F) {
	f.Add("image: rycus86/demo-site\nenvironment:\n  - HTTP_HOST=127.0.0.1\n  - HTTP_PORT=12000\n", "/var/conf/nginx.conf:/etc/nginx/conf.d/default.conf", "")
	f.Add("image: enterprise/healthz:1.4.3\ncommand: >\n  check\n  --http localhost:3000/db_ready=200\n  --serve-on 8080\n",
		"- /etc/conf/cache.conf:/opt/cache/conf.d/default.conf\n- /etc/conf/ssl.cert:/etc/ssl/myapp.cert\n", "- image: busybox\n  command: [sleep, 5]\n")
	f.Add("image: alpine\ncommand: >\n  sh -c 'while [ true ]; do\n  sleep 1 && echo \"tick\" >> /data/logs/log.out ;\n  done'\nvolumes:\n  - swarm-volume:/data/logs\n",
		"/etc/conf/cache.conf: /opt/cache/conf.d/default.conf\n/etc/conf/ssl.key:   /etc/ssl/myapp.key:mode=0400,uid=1\n", "fetch: {image: x, restart: on-failure:3}")
	f.Add("image: x\nhealthcheck: {test: [CMD, a], interval: 10s, retries: 3}\ndepends_on: {web: {condition: service_healthy}}\ndeploy: {resources: {limits: {cpus: '0.5', memory: 64m}}}\n", "", "")
	f.Add("image: x\nulimits: {nofile: {soft: 1, hard: 2}}\ntmpfs: {/a: size=1m}\ndevices: [/dev/a]\ngpus: [{capabilities: [gpu], count: 1}]\nblkio_config: {device_read_bps: [{path: /a, rate: 1mb}]}\n", "~", "[]")
	f.Add("x-env: &e {A: ${B:-c}}\nenvironment: {<<: *e}\nextends: {service: web}\nprofiles: [a]\nlogging: {driver: local, options: {a: 1}}\nx-podlike: {signals: [HUP], essential: no}\nimage: x\n", "[]", "")
	f.Add("image: x\nports: [80]\nnetworks: {a: {aliases: [b]}}\nbuild: .\nenv_file: [{path: /a, required: false}]\nvolumes: [{type: tmpfs, target: /a, tmpfs: {size: 1, mode: 0700}}, '/a:/b:ro']\n", "", "")
	f.Fuzz(func(t *testing.T, component, copies, inits string) {
		indented := "services:\n  web:\n    " + strings.ReplaceAll(component, "\n", "\n    ") + "\n  db: {image: x}\n"
		for _, src := range []Source{
			source(map[string]string{"pod.component.web": component, "pod.copy.web": copies, "pod.init.components": inits}, nil),
			fileSource(indented, "pod.copy.web", copies),
		} {
			start := time.Now()
			spec, _, err := Parse(src, pod.Options{})
			if took := time.Since(start); took > 10*time.Second {
				t.Errorf("took %s", took)
			}
			again, _, err2 := Parse(src, pod.Options{})
			if fmt.Sprint(err) != fmt.Sprint(err2) {
				t.Errorf("first %v, then %v", err, err2)
			}
			var list *MistakesError
			if err != nil && (!errors.As(err, &list) || len(list.Mistakes) == 0 || strings.Contains(err.Error(), "compose-go cannot read it")) {
				t.Errorf("%v", err)
			}
			for i, c := range spec.Components {
				if SpecHash(c) != SpecHash(again.Components[i]) {
					t.Errorf("%s has two hashes", c.Name)
				}
			}
		}
	})
}

// A pod of 20 components must parse in well under 100 ms of CPU time.
func BenchmarkParse20(b *testing.B) {
	labels := map[string]string{"pod.init.components": "- image: x"}
	for i := range 20 {
		labels[fmt.Sprintf("pod.component.c%d", i)] = `
image: nginx:1.27
command: [nginx, -g, daemon off;]
environment: {A: 1, B: two, C: true}
depends_on: {c0: {condition: service_healthy}}
healthcheck: {test: curl -f http://localhost, interval: 10s, retries: 3}
volumes: ['data:/data', '/etc/x:/etc/x:ro', {type: tmpfs, target: /t, tmpfs: {size: 1m}}]
ulimits: {nofile: {soft: 1024, hard: 2048}}
logging: {driver: local, options: {max-size: 1m}}
deploy: {resources: {limits: {cpus: '0.5', memory: 64m}}}
restart: on-failure
mem_reservation: 1m
cap_drop: [ALL]`
	}
	for b.Loop() {
		if _, _, err := Parse(Source{Labels: labels}, pod.Options{}); err != nil {
			b.Fatal(err)
		}
	}
}
