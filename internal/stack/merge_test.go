package stack

import (
	"strings"
	"testing"
)

// TestUnder holds how templates and arguments of the same thing are merged:
// the first wins.
func TestUnder(t *testing.T) {
	for _, test := range []struct{ a, b, want string }{
		{"{a: 1}", "{a: 2, b: 3}", "{a: 1, b: 3}"},
		{"{a: {b: {c: 1}}}", "{a: {b: {c: 2, d: 3}, e: 4}}", "{a: {b: {c: 1, d: 3}, e: 4}}"},
		{"{a: [1]}", "{a: [1, 2]}", "{a: [1, 1, 2]}"},
		{"{a: [x]}", "{a: y z}", "{a: [x, y z]}"},
		{"{a: [x]}", "{a: 5}", "{a: [x]}"},
		{"{a: x}", "{a: [y]}", "{a: x}"},
		{"{a: x}", "{a: {y: z}}", "{a: x}"},
		{"{a: }", "{a: {y: z}}", "{a: }"},
		{"{a: {b: 1}}", "{a: [b=2, c=3, d]}", "{a: {b: 1, c: \"3\", d: }}"},
		{"{a: {b: 1}}", "{a: [{b: 2}]}", "{a: {b: 1}}"},
		{"{a: [b=1, c]}", "{a: {b: 2, d: 3}}", "{a: {b: \"1\", c: , d: 3}}"},
		{"{a: [{b: 1}]}", "{a: {b: 2}}", "{a: [{b: 1}]}"},
		{"{environment: [A=1, B]}", "{environment: [A=2, C=3]}", "{environment: {A: \"1\", B: , C: \"3\"}}"},
		{"{labels: {a: 1}}", "{labels: [a=2, b=3]}", "{labels: {a: 1, b: \"3\"}}"},
	} {
		a, b := parse(t, test.a), parse(t, test.b)
		got, want := under(a, b), parse(t, test.want)
		if !got.same(want) {
			text, _ := write(got)
			t.Errorf("%s under %s is\n%s", test.b, test.a, text)
		}
		if !a.same(parse(t, test.a)) || !b.same(parse(t, test.b)) {
			t.Errorf("merging changed %s or %s", test.a, test.b)
		}
	}
}

// TestFiles holds how files are merged: the later wins, lists are appended.
// Each is compared with what `docker stack config` makes of both files.
func TestFiles(t *testing.T) {
	for _, test := range []struct{ name, base, later, want string }{
		{"scalars", "image: a\nuser: x", "image: b", "image: b\nuser: x"},
		{"pairs", "environment: [A=1, B=2]\nlabels: {a: b}", "environment: {A: \"3\", C: \"4\"}\nlabels: [a=c, d=e]",
			"environment: {A: \"3\", B: \"2\", C: \"4\"}\nlabels: {a: c, d: e}"},
		{"commands are replaced", "command: [a, b]\nentrypoint: [x]", "command: [c]\nentrypoint: y", "command: [c]\nentrypoint: y"},
		{"lists are appended", "cap_add: [A]\ndns: [1.1.1.1]", "cap_add: [B]\ndns: [2.2.2.2]", "cap_add: [A, B]\ndns: [1.1.1.1, 2.2.2.2]"},
		{"ports by what is published", "ports: ['80:80', '90:90']", "ports: ['80:81', {target: 5, published: 90}]", "ports: ['80:81', {target: 5, published: 90}]"},
		{"volumes by target", "volumes: ['a:/a', 'b:/b']", "volumes: ['c:/a:ro']", "volumes: ['c:/a:ro', 'b:/b']"},
		{"secrets by source", "secrets: [s, t]", "secrets: [{source: s, target: x}]", "secrets: [{source: s, target: x}, t]"},
		{"deploy", "deploy: {replicas: 1, labels: [a=b], placement: {constraints: [x]}}", "deploy: {replicas: 2, labels: {c: d}, placement: {constraints: [y]}}",
			"deploy: {replicas: 2, labels: {a: b, c: d}, placement: {constraints: [x, y]}}"},
		{"networks", "networks: [n]", "networks: {m: {aliases: [x]}}", "networks: {n: , m: {aliases: [x]}}"},
		{"logging of one driver", "logging: {driver: a, options: {x: \"1\"}}", "logging: {options: {y: \"2\"}}", "logging: {driver: a, options: {x: \"1\", y: \"2\"}}"},
		{"logging of another", "logging: {driver: a, options: {x: \"1\"}}", "logging: {driver: b}", "logging: {driver: b}"},
		{"nothing changes nothing", "image: a\ncap_add: [A]", "image:\ncap_add:", "image: a\ncap_add: [A]"},
	} {
		t.Run(test.name, func(t *testing.T) {
			stack := func(service string) string {
				return "services:\n  web:\n    image: i\n    " + strings.ReplaceAll(service, "\n", "\n    ") +
					"\nvolumes: {a: , b: , c: }\nsecrets: {s: {external: true}, t: {external: true}}\nnetworks: {n: , m: }\n"
			}
			stack2 := func(service string) string {
				return strings.Replace(stack(service), "    image: i\n    image:", "    image:", 1)
			}
			in := Input{Files: []Source{{"base.yml", []byte(stack2(test.base))}, {"later.yml", []byte(stack2(test.later))}}}
			if strings.HasPrefix(test.later, "image:\n") {
				in.Files[1].Text = []byte("services:\n  web:\n    image:\n    cap_add:\n")
			}
			out, _, err := Render(t.Context(), in)
			if err != nil {
				t.Fatal(err)
			}
			got := parse(t, string(out)).get("services", "web")
			want := parse(t, test.want)
			if !want.has("image") {
				want.set("image", newText(place{}, "i"))
			}
			if !got.same(want) {
				t.Errorf("got\n%s", out)
			}
			stackConfig(t, string(out))
		})
	}
}

// TestPodFiles: x-podlike of several files is merged before anything else.
func TestPodFiles(t *testing.T) {
	in := Input{Dir: "/stack", Files: []Source{
		{"a.yml", []byte("services:\n  web:\n    image: app:1\n    environment: {A: base, B: base}\n    x-podlike:\n      args: {x: base, y: base}\n      templates: {inline: {one: {image: '{{ .Args.x }}{{ .Args.y }}'}}}\n")},
		{"b.yml", []byte("x-podlike: {web: {templates: {inline: {three: {image: top}}}}}\nservices:\n  web:\n    environment: {A: later}\n    x-podlike:\n      args: {x: later}\n      templates: [{inline: {two: {image: '{{ .Service.Environment.A }}'}}}]\n")},
	}}
	out, _, err := Render(t.Context(), in)
	if err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]string{"one": "image: laterbase\n", "two": "image: later\n", "three": "image: top\n", "app": "image: app:1\nenvironment:\n  A: later\n  B: base\n"} {
		if got := label(t, string(out), "web", "pod.component."+name); got != want {
			t.Errorf("%s is %q, want %q", name, got, want)
		}
	}
	stackConfig(t, string(out))

	in.Files[1].Text = append([]byte("version: '3.7'\n"), in.Files[1].Text...)
	in.Files[0].Text = append([]byte("version: '3.8'\n"), in.Files[0].Text...)
	if _, _, err := Render(t.Context(), in); err == nil || !strings.Contains(err.Error(), "b.yml:1: the version 3.7 is not that of a.yml:1, which is 3.8") {
		t.Error(err)
	}
}
