package stack

import (
	"strings"
	"testing"
	"text/template"
)

func TestFunctions(t *testing.T) {
	args := parse(t, "{list: [b, a], map: {y: 1, x: {z: 2}}, text: Hello, no: '', zero: 0, off: false, multi: \"a\\nb\"}").plain().(map[string]any)
	for text, want := range map[string]string{
		`{{ yaml .Args.map }}`:                                  "x:\n  z: 2\n\"y\": 1",
		`{{ .Args.list | yaml | indent 2 }}`:                    "  - b\n  - a",
		`{{ indent 2 .Args.multi }}`:                            "  a\n  b",
		`{{ toJson .Args.map }}`:                                `{"x":{"z":2},"y":1}`,
		`{{ empty .Args.no }} {{ empty .Args.missing }}`:        "true true",
		`{{ empty .Args.list }} {{ notEmpty .Args.map }}`:       "false true",
		`{{ empty .Args.zero }} {{ empty .Args.off }}`:          "true true",
		`{{ contains "ell" .Args.text }}`:                       "true",
		`{{ "Hello" | contains "x" }}`:                          "false",
		`{{ .Args.text | startsWith "He" }}`:                    "true",
		`{{ replace "l" "L" .Args.text }}`:                      "HeLLo",
		`{{ .Args.text | replace "l" "L" 1 }}`:                  "HeLlo",
		`{{ .Args.missing | default "d" }}`:                     "d",
		`{{ default "d" .Args.no }} {{ default 5 .Args.text }}`: "d Hello",
		`{{ required "why" .Args.text }}`:                       "Hello",
		`{{ quote .Args.text 1 .Args.missing }}`:                `"Hello" "1"`,
		`{{ join "," .Args.list }}`:                             "b,a",
		`{{ join "," "one" }}`:                                  "one",
	} {
		var b strings.Builder
		if err := template.Must(template.New("t").Funcs(functions).Parse(text)).Execute(&b, values{Args: args}); err != nil {
			t.Errorf("%s: %v", text, err)
		} else if b.String() != want {
			t.Errorf("%s makes %q, want %q", text, &b, want)
		}
	}
}

// TestValues holds what templates see of the stack, numbers and durations
// included that stand behind variables.
func TestValues(t *testing.T) {
	for text, want := range map[string]string{
		`{{ .Service.Command | join " " }}`:                  "run it",
		`{{ .Service.Name }} {{ .Service.Deploy.Replicas }}`: "web 3",
		`{{ (index .Service.Ports 0).Published }}`:           "8080",
		`{{ range .Project.Services }}{{ .Name }} {{ end }}`: "db web ",
		`{{ .Service.HealthCheck.Interval }}`:                "1m0s",
		`{{ .Service.Deploy.Resources.Limits.MemoryBytes }}`: "67108864",
		`{{ .Service.Environment.A }}`:                       "${A}",
		`{{ .Service.User }}`:                                "",
	} {
		stack := "services:\n  db: {image: d}\n  web:\n    image: app:1\n    command: run it\n    ports: ['${P:-8080}:80']\n    healthcheck: {interval: 1m}\n" +
			"    environment: ['A=${A}']\n    user: 7\n    deploy: {replicas: '${N}', resources: {limits: {memory: 64m}}}\n    x-podlike:\n      templates: t\n"
		out, _ := render(t, stack, func(in *Input) {
			in.ReadFile = memory{"/stack/t": "log:\n  image: l\n  labels:\n    got: '=" + text + "'"}.read
			in.Environment = map[string]string{"N": "3"}
		})
		if got := parse(t, label(t, out, "web", "pod.component.log")).str("labels", "got"); got != "="+want {
			t.Errorf("%s makes %q, want %q", text, got, "="+want)
		}
	}
}

func TestTemplateErrors(t *testing.T) {
	for text, want := range map[string]string{
		`{{ required "say where" .Args.missing }}`:     "t:2: the template fails: <required \"say where\" .Args.missing>: error calling required: say where",
		`{{ replace "a" "b" }}`:                        "write `replace OLD NEW TEXT`",
		`{{ indent -1 "x" }}`:                          "cannot indent by -1",
		`{{ .Args.missing }}`:                          "t:2: an argument has no value",
		`{{ .Args.missing.more }}`:                     "t:2: an argument has no value",
		`{{ .Servic.Name }}`:                           `did you mean "Service"?`,
		`{{ .Service.Deploy.Replica }}`:                `did you mean "Replicas"?`,
		`{{ .Args.x`:                                   "unclosed action",
		`{{ ident 2 "x" }}`:                            `did you mean "indent"?`,
		`{{ range $i := 5000000 }}xxxxxxxxxx{{ end }}`: "its result is too long",
		"x\n bad: [":                                   "t:3: is not valid YAML",
		"x\nlog: again":                                "t:3: the key \"log\" is there twice",
		"x\n---\na: b":                                 "a second YAML document",
	} {
		_, _, err := tryRender(t, "services: {web: {image: a, x-podlike: {templates: t}}}", func(in *Input) {
			in.ReadFile = memory{"/stack/t": "log:\n  image: " + text}.read
		})
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: no %q in %v", text, want, err)
		}
	}
}
