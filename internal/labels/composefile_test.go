package labels

import (
	"strings"
	"testing"

	"github.com/compose-spec/compose-go/v2/types"
	"github.com/google/go-cmp/cmp"
	"github.com/podlike/podlike/internal/pod"
)

const composeText = `
version: '3.5'
name: shop
x-common: &common
  restart: always
  environment: &env
    A: ${TAG}
services:
  base:
    image: x:${TAG}
    environment: *env
    x-podlike: {signals: [HUP]}
  web:
    <<: *common
    extends: base
    ports: ["80:80"]
    networks: [front]
    build: {context: .}
    env_file: web.env
    labels: {price: $$5, unset: "${NOPE:-none}"}
    x-podlike: {essential: false}
    frobnicate: 1
    healthcheck: {tset: a, test: b}
  db:
    image: db
    cap_add: ["${CAP:-ALL}"]
    mem_limit: ${LIMIT:-64m}
    read_only: ${RO:-true}
    pids_limit: ${PIDS:-7}
    volumes: ['data:/d']
volumes:
  data:
networks:
  front: {driver: bridge}
`

func fileSource(text string, more ...string) Source {
	files := map[string]string{"/etc/pod/c.yml": text, "/etc/pod/web.env": "B=2\n"}
	labels := map[string]string{"pod.compose.file": " /etc/pod/c.yml\n"}
	for i := 0; i+1 < len(more); i += 2 {
		labels[more[i]] = more[i+1]
	}
	return source(labels, files)
}

func TestComposeFile(t *testing.T) {
	spec, warnings, err := Parse(fileSource(composeText, "pod.copy.web", "/a:/b", "pod.component.supervisor", "mem_limit: 1m"), pod.Options{})
	if err != nil {
		t.Fatal(err)
	}
	if len(spec.Components) != 3 || spec.Components[1].Name != "db" || spec.Components[2].Name != "web" {
		t.Fatalf("%+v", spec.Components)
	}
	db, web := spec.Components[1], spec.Components[2]
	env := types.MappingWithEquals{"A": ptr("7"), "B": ptr("2")}
	if diff := cmp.Diff(env, web.Service.Environment); diff != "" {
		t.Error(diff)
	}
	if web.Service.Image != "x:7" || web.Restart.Condition != pod.RestartAlways || web.Essential || len(web.Copies) != 1 {
		t.Errorf("%+v", web)
	}
	if diff := cmp.Diff([]string{"SIGHUP"}, web.Signals); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff(types.Labels{"price": "$5", "unset": "none"}, web.Service.Labels); diff != "" {
		t.Error(diff)
	}
	if db.Service.CapAdd[0] != "ALL" || db.Service.MemLimit != 64<<20 || !db.Service.ReadOnly || db.Service.PidsLimit != 7 {
		t.Errorf("%+v", db.Service)
	}
	network := "the pod has one network: publish ports, and set names, hosts and networks, on the service itself"
	want := []string{
		"/etc/pod/c.yml: ignores networks: only services are read",
		`component "web": ignores services.web.build: images are not built here: build and push it, and name it with image`,
		`component "web": ignores services.web.networks: ` + network,
		`component "web": ignores services.web.ports: ` + network,
		`component "web": ignores the unknown key "frobnicate" in services.web`,
		`component "web": ignores the unknown key "tset" in services.web.healthcheck`,
	}
	if diff := cmp.Diff(want, warnings); diff != "" {
		t.Error(diff)
	}
}

func TestComposeFileProfiles(t *testing.T) {
	src := fileSource("services:\n  a: {image: x}\n  b: {image: x, profiles: [debug]}\n  c: {image: x, profiles: [other]}")
	src.Environment["COMPOSE_PROFILES"] = "debug, more"
	spec, _, err := Parse(src, pod.Options{})
	if err != nil || len(spec.Components) != 2 || spec.Components[1].Name != "b" {
		t.Errorf("%+v, %v", spec.Components, err)
	}
}

func TestMistakesOfComposeFiles(t *testing.T) {
	const at = "pod.compose.file, /etc/pod/c.yml, line "
	tests := []struct {
		name string
		src  Source
		want []string
	}{
		{"both kinds", fileSource("services: {a: {image: x}}", "pod.component.b", "image: x", "pod.component.c", "image: x"), []string{
			"pod.compose.file: cannot be used together with pod.component.b: use one or the other"}},
		{"no file", source(map[string]string{"pod.compose.file": "/none", "pod.copy.a": "/a:/b", "pod.init.components": "- image: x"}, nil), []string{
			"pod.compose.file: cannot read /none in the pause: open none: file does not exist"}},
		{"relative", source(map[string]string{"pod.compose.file": "c.yml"}, nil), []string{`pod.compose.file: must be an absolute path inside the pause, not "c.yml"`}},
		{"nothing to open with", Source{Labels: map[string]string{"pod.compose.file": "/c"}}, []string{
			"pod.compose.file: cannot read /c in the pause: files of the pause cannot be read from here"}},
		{"empty", fileSource(""), []string{at + "1: is not a Compose file: it needs a mapping with the key services"}},
		{"no services", fileSource("services: {}"), []string{example}},
		{"services as list", fileSource("\nservices: [a]"), []string{at + "2: services must be a mapping"}},
		{"values", fileSource("services:\n  a:\n    image: x\n    mem_limit: x\n    healthcheck: {interval: 5}\n  b: {}\n  c: 5"), []string{
			at + `4: services.a.mem_limit must be a size like 64m or 1g, not "x"`,
			at + "5: services.a.healthcheck.interval must be a duration like 10s: a bare number has no unit, write 5s",
			at + "6: services.b has no image: add a line `image: name:tag`",
			at + "7: services.c must be a mapping of Compose keys, as `image: nginx`"}},
		{"required variable", fileSource("services:\n  a:\n    image: ${X:?name the image}\n    user: ${"), []string{
			at + "3: required variable X is missing a value: name the image",
			at + `4: Invalid template: "${"`}},
		{"include", fileSource("include: [a.yml]\nservices: {a: {image: x}}"), []string{at + "1: include is not supported: write all services into this file"}},
		{"extends another file", fileSource("services:\n  a:\n    image: x\n    extends: {file: b.yml, service: b}"), []string{
			at + "4: services.a.extends.file cannot be followed: only services of the same file can be extended"}},
		{"extends nobody", fileSource("services:\n  a:\n    image: x\n    extends: b"), []string{
			at + `4: services.a.extends names "b", which is no service of this file`}},
		{"extends in a circle", fileSource("services:\n  a: {image: x, extends: b}\n  b: {image: x, extends: a}"), []string{
			at + "2: services.a.extends leads back to itself", at + "3: services.b.extends leads back to itself"}},
		{"reserved", fileSource("services: {supervisor: {image: x}, a: {image: x}}"), []string{at + `1: the name "supervisor" is reserved for the label pod.component.supervisor`}},
		{"twice", fileSource("services:\n  a: {image: x}\n  a: {image: x}"), []string{at + `3: the service "a" is there twice`}},
		{"relative bind", fileSource("services:\n  a:\n    image: x\n    volumes: ['./a:/b']"), []string{
			at + `4: services.a.volumes[0] binds the relative path "./a": a pod has no project directory on the node, write an absolute path`}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if diff := cmp.Diff(tt.want, mistakes(t, tt.src)); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestComposeFileIsBounded(t *testing.T) {
	got := mistakes(t, fileSource("services: {a: {image: x}}\n"+strings.Repeat("#", maxText)))
	if len(got) != 1 || !strings.Contains(got[0], "is longer than 1048576 bytes") {
		t.Errorf("%.300q", got)
	}
}
