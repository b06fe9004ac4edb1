package main

import (
	"os"
	"strings"
	"testing"

	"github.com/docker/cli/cli/command"
	"github.com/google/go-cmp/cmp"
	"github.com/spf13/pflag"
	"gopkg.in/yaml.v3"
)

// TestDocs: the reference has every command, and every option of each.
func TestDocs(t *testing.T) {
	text, err := os.ReadFile("../../docs/docker-pod.md")
	if err != nil {
		t.Fatal(err)
	}
	sections := map[string]string{}
	for _, section := range strings.Split(string(text), "\n## ") {
		title, body, _ := strings.Cut(section, "\n")
		sections[title] = body
	}
	dockerCli, err := command.NewDockerCli()
	if err != nil {
		t.Fatal(err)
	}
	for _, cmd := range newPodCommand(dockerCli).Commands() {
		if !strings.Contains(string(text), cmd.Name()+"`") && !strings.Contains(string(text), cmd.Name()+"`](#") {
			t.Errorf("%s is not in the list of commands", cmd.Name())
		}
		cmd.LocalFlags().VisitAll(func(f *pflag.Flag) {
			if !f.Hidden && !strings.Contains(sections[cmd.Name()], "--"+f.Name) {
				t.Errorf("the section of %s does not have --%s", cmd.Name(), f.Name)
			}
		})
	}
}

// TestReadme: the template in the README makes the pod that it begins with.
func TestReadme(t *testing.T) {
	text, err := os.ReadFile("../../README.md")
	if err != nil {
		t.Fatal(err)
	}
	before, after, ok := strings.Cut(string(text), "\n## Templates, and a command\n")
	byHand, templated := yamlBlocks(before), yamlBlocks(after)
	if !ok || len(byHand) < 1 || len(templated) < 2 {
		t.Fatalf("found %d and %d examples", len(byHand), len(templated))
	}
	inDir(t, map[string]string{"stack.yml": templated[0], "proxy.yml": templated[1]})
	t.Setenv("PODLIKE_VERSION", "dev")
	r := dockerPod(t, "", "template", "stack.yml")
	if r.code != 0 || r.stderr != "" {
		t.Fatalf("%+v", r)
	}
	if d := cmp.Diff(webOf(t, byHand[0]), webOf(t, r.stdout)); d != "" {
		t.Errorf("the README's pod differs from its template's (-by hand +template):\n%s", d)
	}
}

// yamlBlocks are the fenced blocks of YAML.
func yamlBlocks(text string) []string {
	var blocks []string
	for _, part := range strings.Split(text, "```yaml\n")[1:] {
		block, _, _ := strings.Cut(part, "```")
		blocks = append(blocks, block)
	}
	return blocks
}

// webOf is the service web, with its components as what their texts mean.
func webOf(t *testing.T, text string) map[string]any {
	t.Helper()
	var file struct {
		Services map[string]map[string]any
	}
	if err := yaml.Unmarshal([]byte(text), &file); err != nil {
		t.Fatalf("%v\nof\n%s", err, text)
	}
	web := file.Services["web"]
	labels, _ := web["labels"].(map[string]any)
	for name, label := range labels {
		var meaning any
		if err := yaml.Unmarshal([]byte(label.(string)), &meaning); err != nil {
			t.Fatal(err)
		}
		labels[name] = meaning
	}
	return web
}
