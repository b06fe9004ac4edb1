package stack

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/docker/cli/cli/compose/loader"
	"github.com/docker/cli/cli/compose/types"
)

// FuzzRender: whatever the stack file says, there is an error or an output
// that is stable, gives itself, and is taken by docker/cli's loader.
func FuzzRender(f *testing.F) {
	examples, err := filepath.Glob("testdata/*/*.yml")
	if err != nil || len(examples) == 0 {
		f.Fatal(err)
	}
	for _, name := range examples {
		text, err := os.ReadFile(name)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(string(text), "proxy: {image: nginx}")
	}
	f.Add("x-t: &t {transformer: {inline: {web: {user: '1'}}}}\nservices:\n  a:\n    image: i:${TAG:-1}\n    env_file: t\n    environment: [A, B=$$]\n    volumes: ['d:/d', './x:/x']\n    configs: [{source: c, target: /c}]\n    pre_start: [{command: x}]\n    depends_on: {b: {condition: service_healthy}}\n    stop_grace_period: 20s\n    sysctls: [net.a=1, b=2]\n    x-podlike: {<<: *t, args: {l: [1, {a: b}]}, templates: [t, {inline: {b: {image: '{{ .Args.l }}'}}}], copy: {inline: {b: {/c: /d}}}, init: {inline: {image: z}}, pod: {inline: \"p:\\n  command: -logs\"}}\nvolumes: {d: {name: n}}\nconfigs: {c: {file: ./c}}\n", "log: {image: '{{ .Service.Image }}'}\n")
	f.Fuzz(func(t *testing.T, text, file string) {
		in := Input{
			Files: []Source{{"stack.yml", []byte(text)}}, Dir: "/stack",
			Environment: map[string]string{"HOME": "/home/x", "TAG": "a: b", "COMPOSE_PROFILES": "p"},
			ReadFile:    memory{"/stack/t": file}.read,
		}
		in.HTTP.dial = nowhere
		out, _, err := Render(t.Context(), in)
		if err != nil {
			return
		}
		checkOutput(t, in, string(out))
		config, err := loader.ParseYAML(out)
		if err != nil {
			t.Fatalf("%v\n%s", err, out)
		}
		if !sure(parse(t, string(out)), in.Environment) {
			return // wants a variable that is not set: the deploy would fail as it should
		}
		_, err = loader.Load(types.ConfigDetails{WorkingDir: "/stack", ConfigFiles: []types.ConfigFile{{Config: config}}, Environment: in.Environment})
		if err != nil && !os.IsNotExist(err) {
			t.Fatalf("%v\n%s", err, out)
		}
	})
}

func sure(n *node, env map[string]string) bool {
	switch {
	case n.isMap():
		for _, k := range n.keys {
			if k == "env_file" || !sure(n.kids[k], env) {
				return false
			}
		}
	case n.isList():
		for _, item := range n.list {
			if !sure(item, env) {
				return false
			}
		}
	case n.isText():
		_, certain := substitute(n.text, env)
		return certain
	}
	return true
}

// FuzzWrite: what is written is read back as it was.
func FuzzWrite(f *testing.F) {
	for _, text := range []string{"", "a", "a\nb\n", " a\n b", "\n\na", "a\n\n", "$x\n#y: z", "'", "\"$A\"", "yes", "1:30", "0x1", "~", "- a", "a: b\n", "\t", "\u2028", "{{ a }}", "a \nb", "!!x", "&a", "%"} {
		f.Add(text, text)
	}
	f.Fuzz(func(t *testing.T, key, text string) {
		n := newMap(place{})
		n.set("x", newText(place{}, text))
		n.set("list", newList(place{}, newText(place{}, text), newText(place{}, key)))
		written, err := write(n)
		if err != nil {
			return
		}
		found := &findings{}
		back, ok := read(written, func(int) place { return place{} }, found)
		if !ok {
			if isText([]byte(text)) && isText([]byte(key)) {
				t.Fatalf("%v\nof %q from %q", found.err(), written, text)
			}
			return
		}
		if isText([]byte(text)) && isText([]byte(key)) && !back.same(n) {
			t.Fatalf("%q is read back from %q as %q", text, written, back.str("x"))
		}
	})
}
