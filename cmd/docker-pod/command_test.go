package main

import (
	"bytes"
	"encoding/json"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/docker/cli/cli-plugins/metadata"
	"github.com/docker/cli/cli/command"
	"github.com/spf13/cobra"
)

// result is what a command line did.
type result struct {
	stdout, stderr string
	code           int
}

// dockerPod runs a command line as the plain command does.
func dockerPod(t *testing.T, stdin string, args ...string) result {
	t.Helper()
	return runCommand(t, newPodCommand, stdin, args...)
}

func runCommand(t *testing.T, newCommand func(command.Cli) *cobra.Command, stdin string, args ...string) result {
	t.Helper()
	t.Setenv("DOCKER_CONFIG", t.TempDir())
	var stdout, stderr bytes.Buffer
	dockerCli, err := command.NewDockerCli(command.WithInputStream(io.NopCloser(strings.NewReader(stdin))),
		command.WithOutputStream(&stdout), command.WithErrorStream(&stderr))
	if err != nil {
		t.Fatal(err)
	}
	root := newCommand(dockerCli)
	root.SetArgs(args)
	defer func(old []string) { os.Args = old }(os.Args)
	os.Args = append([]string{"docker-pod"}, args...)
	code := exitCode(&stderr, runPlain(dockerCli, root))
	return result{stdout.String(), stderr.String(), code}
}

// inDir writes files into a new directory, and goes there.
func inDir(t *testing.T, files map[string]string) {
	t.Helper()
	dir := t.TempDir()
	t.Chdir(dir)
	for name, text := range files {
		if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
}

const (
	webStack = "services:\n  web:\n    image: app:1\n    x-podlike:\n      templates: t.yml\n"
	badStack = "services:\n  web:\n    image: app:1\n    comand: x\n    x-podlike:\n      templates: none.yml\n"
	sidecar  = "log: {image: logger}\n"
)

func TestTemplate(t *testing.T) {
	t.Setenv("PODLIKE_VERSION", "")
	inDir(t, map[string]string{"stack.yml": webStack, "t.yml": sidecar, "more.yml": "services: {web: {user: '7'}}", "bad.yml": badStack})
	want := func(r result, code int, stdout, stderr string) {
		t.Helper()
		if r.code != code || !strings.Contains(r.stdout, stdout) || !strings.Contains(r.stderr, stderr) || stdout == "" && r.stdout != "" || stderr == "" && r.stderr != "" {
			t.Errorf("got %d, stdout\n%s\nstderr\n%s\nwant %d, %q, %q", r.code, r.stdout, r.stderr, code, stdout, stderr)
		}
	}
	want(dockerPod(t, "", "template", "stack.yml"), 0, "image: podlike/pause:dev\n", "")
	want(dockerPod(t, "", "template", "stack.yml", "more.yml"), 0, "user: \"7\"", "")
	want(dockerPod(t, webStack, "template", "-"), 0, "pod.component.log: |", "")
	want(dockerPod(t, "name: x\n"+webStack, "template", "-"), 0, "pod.component.log: |", "warning: stdin:1: name is left out")
	want(dockerPod(t, "", "template", "--pause-image", "r.local/pause:7", "stack.yml"), 0, "image: r.local/pause:7\n", "")
	want(dockerPod(t, "", "template", "bad.yml"), 1, "", "the stack has 2 mistakes:\n  bad.yml:4: services.web: unknown key \"comand\"; did you mean \"command\"?\n  bad.yml:6: cannot read the template ")
	want(dockerPod(t, "", "template", "no.yml"), 1, "", "cannot read the stack file no.yml: no such file or directory")
	want(dockerPod(t, "", "template"), 1, "", "requires at least 1 argument")
	t.Setenv("PODLIKE_VERSION", "1.2")
	want(dockerPod(t, "", "template", "stack.yml"), 0, "image: podlike/pause:1.2\n", "")
}

func TestImageTag(t *testing.T) {
	for _, test := range [][3]string{
		{"v1.2.3", "", "v1.2.3"},
		{"v1.2.3", "2", "2"},
		{"v1.2.3-4-gabcdef", "", "dev"},
		{"dev", "", "dev"},
	} {
		if got := imageTag(test[0], test[1]); got != test[2] {
			t.Errorf("%q, %q: %q", test[0], test[1], got)
		}
	}
}

func TestLint(t *testing.T) {
	inDir(t, map[string]string{"stack.yml": webStack, "t.yml": sidecar, "bad.yml": badStack})
	if r := dockerPod(t, "", "lint", "stack.yml"); r != (result{stdout: "1 service, 1 pod: no mistakes, no warnings\n"}) {
		t.Errorf("%+v", r)
	}
	r := dockerPod(t, "", "lint", "bad.yml")
	if r.code != 1 || r.stderr != "1 service, 1 pod: 2 mistakes, no warnings\n" || strings.Count(r.stdout, "\n") != 2 || !strings.HasPrefix(r.stdout, "bad.yml:4: ") {
		t.Errorf("%+v", r)
	}
	r = dockerPod(t, "name: x\nservices: {web: {image: i}}", "lint", "-")
	if want := "warning: stdin:1: name is left out: `docker stack deploy` is given the name of the stack as its argument\n1 service, no pods: no mistakes, 1 warning\n"; r != (result{stdout: want}) {
		t.Errorf("%+v", r)
	}
	if r := dockerPod(t, "", "lint", "--format", "xml", "stack.yml"); r.code != 1 || r.stdout != "" || !strings.Contains(r.stderr, "text or json") {
		t.Errorf("%+v", r)
	}

	r = dockerPod(t, "", "lint", "--format", "json", "bad.yml")
	var found struct {
		Services, Pods     int
		Mistakes, Warnings []struct {
			File, Text string
			Line       int
		}
	}
	if err := json.Unmarshal([]byte(r.stdout), &found); err != nil || r.code != 1 {
		t.Fatalf("%v, %+v", err, r)
	}
	if len(found.Mistakes) != 2 || found.Mistakes[0].File != "bad.yml" || found.Mistakes[0].Line != 4 || !strings.Contains(found.Mistakes[0].Text, "comand") || found.Pods != 1 {
		t.Errorf("%+v", found)
	}
	if !strings.Contains(r.stdout, `"warnings": []`) {
		t.Errorf("no empty list in %s", r.stdout)
	}
}

// fakeDocker stands for the docker CLI: it writes down its arguments and what
// it is given to read, and ends with a code.
func fakeDocker(t *testing.T, code string) (said func() (args []string, stdin string)) {
	t.Helper()
	dir := t.TempDir()
	script := "#!/bin/sh\nprintf '%s\\n' \"$@\" >" + dir + "/args\ncat >" + dir + "/stdin\n" +
		"env | grep DOCKER_CLI_PLUGIN >>" + dir + "/args\necho deployed\nexit " + code + "\n"
	path := filepath.Join(dir, "docker")
	if err := os.WriteFile(path, []byte(script), 0o700); err != nil {
		t.Fatal(err)
	}
	t.Setenv(metadata.ReexecEnvvar, path)
	return func() ([]string, string) {
		args, err := os.ReadFile(dir + "/args")
		if err != nil {
			return nil, ""
		}
		stdin, err := os.ReadFile(dir + "/stdin")
		if err != nil {
			t.Fatal(err)
		}
		return strings.Split(strings.TrimSpace(string(args)), "\n"), string(stdin)
	}
}

// TestDeploy: docker gets the flags that were given, and the rendered stack.
func TestDeploy(t *testing.T) {
	inDir(t, map[string]string{"stack.yml": webStack, "t.yml": sidecar, "bad.yml": badStack})
	said := fakeDocker(t, "0")
	if r := dockerPod(t, "", "deploy", "-c", "stack.yml", "--prune", "--with-registry-auth", "--resolve-image", "never", "-d=false", "shop"); r != (result{stdout: "deployed\n"}) {
		t.Errorf("%+v", r)
	}
	args, stdin := said()
	if want := []string{"stack", "deploy", "--detach=false", "--prune=true", "--resolve-image=never", "--with-registry-auth=true", "-c", "-", "--", "shop"}; !slices.Equal(args, want) {
		t.Errorf("docker got %q, want %q", args, want)
	}
	if rendered := dockerPod(t, "", "template", "stack.yml").stdout; stdin != rendered || rendered == "" {
		t.Errorf("docker read\n%s\nwant\n%s", stdin, rendered)
	}

	said = fakeDocker(t, "17")
	if r := dockerPod(t, webStack, "deploy", "-c", "-", "shop"); r != (result{stdout: "deployed\n", code: 17}) {
		t.Errorf("docker's exit code: %+v", r)
	}
	if args, _ := said(); !slices.Equal(args, []string{"stack", "deploy", "-c", "-", "--", "shop"}) {
		t.Errorf("docker got %q", args)
	}
	dockerPod(t, webStack, "--log-level", "warn", "-H", "tcp://127.0.0.1:1", "deploy", "-c", "-", "shop")
	if args, _ := said(); !slices.Equal(args, []string{"--log-level", "warn", "-H", "tcp://127.0.0.1:1", "stack", "deploy", "-c", "-", "--", "shop"}) {
		t.Errorf("docker got %q", args)
	}

	said = fakeDocker(t, "0")
	for _, line := range [][]string{
		{"deploy", "-c", "bad.yml", "shop"},
		{"deploy", "shop"},
		{"deploy", "-c", "stack.yml"},
		{"deploy", "-c", "stack.yml", "--wait", "--detach=false", "shop"},
	} {
		if r := dockerPod(t, "", line...); r.code == 0 || r.stderr == "" || r.stdout != "" {
			t.Errorf("%q: %+v", line, r)
		}
		if args, _ := said(); args != nil {
			t.Errorf("%q: docker was run: %q", line, args)
		}
	}
}

func TestGlobalFlags(t *testing.T) {
	for line, want := range map[string]string{
		"pod deploy -c x":                             "",
		"--context c pod deploy -c x --host=y":        "--context c",
		"-c pod -H tcp://a:1 --tls pod deploy":        "-c pod -H tcp://a:1 --tls",
		"--config=/x --tlscacert a -D -l warn deploy": "--config=/x --tlscacert a -D -l warn",
		"--no-such-flag deploy":                       "",
		"":                                            "",
	} {
		if got := strings.Join(globalFlags(strings.Fields(line)), " "); got != want {
			t.Errorf("%q: %q, want %q", line, got, want)
		}
	}
}

// TestScript: under its old name, the program takes the old arguments.
func TestScript(t *testing.T) {
	inDir(t, map[string]string{"stack.yml": webStack, "t.yml": sidecar})
	said := fakeDocker(t, "0")
	script := func(args ...string) result { return runCommand(t, newScriptCommand, "", args...) }
	rendered := dockerPod(t, "", "template", "stack.yml")
	for _, args := range [][]string{{"stack.yml"}, {"template", "stack.yml"}} {
		if r := script(args...); r != rendered {
			t.Errorf("%q: %+v", args, r)
		}
	}
	for _, args := range [][]string{nil, {"-h"}, {"--help"}, {"template"}, {"template", "-h"}, {"deploy", "-h"}} {
		if r := script(args...); r.code != 0 || !strings.Contains(r.stdout, "podtemplate") {
			t.Errorf("%q: no help: %+v", args, r)
		}
	}
	if r := script("deploy", "-c", "stack.yml", "--prune", "shop"); r.code != 0 {
		t.Errorf("%+v", r)
	}
	if args, stdin := said(); !slices.Equal(args, []string{"stack", "deploy", "--prune=true", "-c", "-", "--", "shop"}) || stdin != rendered.stdout {
		t.Errorf("docker got %q and\n%s", args, stdin)
	}
	for _, args := range [][]string{{"deploy", "shop"}, {"deploy", "--bundle-file", "b", "-c", "stack.yml", "shop"}, {"no.yml"}} {
		if r := script(args...); r.code != 1 || r.stderr == "" {
			t.Errorf("%q: %+v", args, r)
		}
	}
}

// TestWrongArguments: who leaves something out is shown how it is written.
func TestWrongArguments(t *testing.T) {
	for _, test := range []struct {
		line  []string
		wrong string
	}{
		{[]string{"debug", "--image", "busybox"}, "requires at least 1 argument"},
		{[]string{"exec", "web", "app"}, "requires at least 3 arguments"},
		{[]string{"inspect"}, "requires at least 1 argument"},
		{[]string{"logs"}, "requires at least 1 and at most 2 arguments"},
		{[]string{"ls", "web"}, "accepts no arguments"},
		{[]string{"ps"}, "requires 1 argument"},
		{[]string{"rm"}, "requires at least 1 argument"},
		{[]string{"stats", "web", "app"}, "requires 1 argument"},
		{[]string{"top", "web", "app", "x"}, "requires at least 1 and at most 2 arguments"},
		{[]string{"version", "web"}, "accepts no arguments"},
	} {
		r := dockerPod(t, "", test.line...)
		usage := "\n\nUsage:  pod " + test.line[0]
		if r.code != 1 || !strings.Contains(r.stderr, test.wrong) || !strings.Contains(r.stderr, usage) || strings.Contains(r.stderr, "[flags]") {
			t.Errorf("%q: %+v", test.line, r)
		}
	}
	if r := dockerPod(t, "", "pss"); r.code != 1 || !strings.Contains(r.stderr, "unknown command: pod pss") || !strings.Contains(r.stderr, "--help") {
		t.Errorf("%+v", r)
	}
}

func TestCompletion(t *testing.T) {
	for _, test := range []struct {
		line []string
		want string
	}{
		{[]string{"te"}, "template"},
		{[]string{"lint", "--format", ""}, "json"},
		{[]string{"template", ""}, "yaml"},
		{[]string{"deploy", "--resolve-image", "n"}, "never"},
		{[]string{"deploy", "-c", ""}, "yml"},
		{[]string{"deploy", "--w"}, "--wait"},
	} {
		r := dockerPod(t, "", append([]string{cobra.ShellCompRequestCmd}, test.line...)...)
		if r.code != 0 || !strings.Contains(r.stdout, test.want) {
			t.Errorf("%q: %+v", test.line, r)
		}
	}
}
