//go:build e2e

package e2e

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// plugin is the docker command with docker-pod as its plugin.
type plugin struct {
	*site
	config string // its DOCKER_CONFIG
}

// newPlugin builds docker-pod, and installs it where only this test sees it.
func (s *site) newPlugin() *plugin {
	s.t.Helper()
	p := &plugin{s, s.t.TempDir()}
	if err := buildProgram(s.t.Context(), "../../cmd/docker-pod", filepath.Join(p.config, "cli-plugins", "docker-pod")); err != nil {
		s.t.Fatal(err)
	}
	return p
}

// command is `docker pod ARGS...`, with the images of this repository.
func (p *plugin) command(ctx context.Context, args ...string) *exec.Cmd {
	cmd := exec.CommandContext(ctx, "docker", append([]string{"pod"}, args...)...)
	cmd.Env = append(os.Environ(), "DOCKER_CONFIG="+p.config, "PODLIKE_VERSION=dev")
	return cmd
}

// stackFile writes a stack file. PROBE and MISSING in it are images, HERE keeps
// a service on this node.
func (p *plugin) stackFile(text string) string {
	p.t.Helper()
	info, err := p.api.Info(p.t.Context())
	if err != nil {
		p.t.Fatal(err)
	}
	text = strings.NewReplacer("PROBE", probeImage, "MISSING", missingImage, "HERE", "placement: {constraints: [node.id=="+info.Swarm.NodeID+"]}").Replace(text)
	path := filepath.Join(p.t.TempDir(), "stack.yml")
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		p.t.Fatal(err)
	}
	return path
}

// deployWait is `docker pod deploy --wait`.
func (p *plugin) deployWait(file string) (stdout string, err error) {
	return run(p.command(p.t.Context(), "deploy", "--wait", "--timeout", "2m", "--resolve-image", "never", "-c", file, p.name), "")
}

const cliStack = `
services:
  pod:
    image: PROBE
    command: serve 127.0.0.1:12000 TEXT
    x-podlike:
      args: {upstream: 'http://127.0.0.1:12000/'}
      templates:
        inline: |
          proxy:
            image: {{ .Service.Image }}
            command: proxy :80 {{ .Args.upstream }}
            depends_on: {app: {condition: service_started}}
    deploy:
      update_config: {monitor: 1s, order: stop-first}
      HERE
`

// TestCLIDeploy: the plugin makes pods of a templated stack, deploys it, and
// waits until they run; and once more, with a change.
func TestCLIDeploy(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	p := s.newPlugin()
	for _, text := range []string{"one", "two"} {
		out, err := p.deployWait(p.stackFile(strings.ReplaceAll(cliStack, "TEXT", text)))
		if err != nil {
			t.Fatalf("%v\n%s", err, out)
		}
		if !strings.HasSuffix(out, "\npod: 1/1 running\n") || strings.Contains(out, "\x1b") {
			t.Errorf("printed %q", out)
		}
		v := &service{s, s.name + "_pod"}
		tasks := v.tasks(t.Context())
		last := tasks[len(tasks)-1]
		if last.Status.State != "running" {
			t.Fatalf("the waiting has ended, and the task is %s", describe(last))
		}
		pod := s.pod(last.Status.ContainerStatus.ContainerID)
		if got := pod.mustExec("proxy", "get", "http://127.0.0.1:80/"); !strings.Contains(got, text) {
			t.Errorf("the pod answers %q, want %q", got, text)
		}
	}
}

// TestCLIDeployFails: what does not come up is an error, with the reason that
// the pod gives.
func TestCLIDeployFails(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	p := s.newPlugin()
	out, err := p.deployWait(p.stackFile(`
services:
  fine:
    image: PROBE
    command: sleep
    x-podlike:
    deploy: {HERE}
  failing:
    image: PROBE
    command: exit 3
    x-podlike:
    deploy: {restart_policy: {delay: 100ms}, HERE}
  missing:
    image: MISSING
    x-podlike:
    deploy: {restart_policy: {condition: none}, HERE}
  plain:
    image: MISSING
    deploy: {restart_policy: {condition: none}, HERE}
`))
	var exit *exec.ExitError
	if !errors.As(err, &exit) || exit.ExitCode() != 1 {
		t.Fatalf("ended with %v\n%s", err, out)
	}
	wantLines(t, err.Error(), [][]string{
		{"the stack " + s.name + " has not come up:"},
		{"  failing: a task ended 3 times"},
		{"    task " + s.name + "_failing.1 on ", " failed: non-zero exit (3)"},
		{`    | podlike: component "app" ended with code 3`},
		{"  missing: a task ended, and its restart_policy starts it no more"},
		{"    task " + s.name + "_missing.1 on ", " failed: non-zero exit (125)"},
		{`    | podlike: `, `component "app"`, missingImage},
		{"  plain: a task ended, and its restart_policy starts it no more"},
		{"    task " + s.name + "_plain.1 on ", " rejected: No such image: " + missingImage},
	})
	if strings.Contains(err.Error(), "fine") {
		t.Errorf("a service that runs is complained about: %v", err)
	}
	wantLines(t, out, [][]string{{"fine: 1/1 running"}})
}

// TestCLIDeployInterrupted: SIGINT ends the waiting; what was deployed stays.
func TestCLIDeployInterrupted(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	p := s.newPlugin()
	file := p.stackFile("services: {pod: {image: PROBE, deploy: {placement: {constraints: [node.labels.e2e==never]}}}}")
	cmd := p.command(t.Context(), "deploy", "--wait", "--resolve-image", "never", "-c", file, s.name)
	var stdout, stderr syncBuffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	eventually(t, startWithin, func() error {
		if !strings.Contains(stdout.String(), "no suitable node") {
			return fmt.Errorf("printed %q, %q", stdout.String(), stderr.String())
		}
		return nil
	})
	if err := cmd.Process.Signal(syscall.SIGINT); err != nil {
		t.Fatal(err)
	}
	over := make(chan error, 1)
	go func() { over <- cmd.Wait() }()
	select {
	case <-over:
	case <-time.After(10 * time.Second):
		t.Fatal("SIGINT does not end it")
	}
	if code := cmd.ProcessState.ExitCode(); code != 130 {
		t.Errorf("ended with code %d", code)
	}
	if want := "no longer waiting; the deployment goes on: docker stack ps " + s.name; !strings.Contains(stderr.String(), want) {
		t.Errorf("said %q, want %q", stderr.String(), want)
	}
	if tasks := (&service{s, s.name + "_pod"}).tasks(t.Context()); len(tasks) != 1 {
		t.Errorf("%d tasks are left", len(tasks))
	}
}

// TestCLIPlugin: docker knows the plugin, and completes its commands; it is a
// command of its own, and the old script.
func TestCLIPlugin(t *testing.T) {
	t.Parallel()
	p := newSite(t).newPlugin()
	binary := filepath.Join(p.config, "cli-plugins", "docker-pod")
	script := filepath.Join(t.TempDir(), "podtemplate")
	if err := os.Symlink(binary, script); err != nil {
		t.Fatal(err)
	}
	file := p.stackFile("services: {web: {image: i, x-podlike: {}}}")
	for _, test := range []struct{ line, want string }{
		{"docker pod --help", "docker pod COMMAND"},
		{"docker pod version", "docker-pod "},
		{"docker --help", "pod*"},
		{"docker __complete pod dep", "deploy\t"},
		{"docker __complete pod lint --format j", "json"},
		{"docker --context default pod lint " + file, "1 service, 1 pod: no mistakes"},
		{binary + " --help", "docker-pod [OPTIONS] COMMAND"},
		{binary + " --context default lint " + file, "1 service, 1 pod: no mistakes"},
		{binary + " __complete te", "template\t"},
		{binary + " completion bash", "__start_docker-pod"},
		{script, "podtemplate FILE..."},
		{script + " " + file, "pod.component.app: |"},
		{script + " template " + file, "image: podlike/pause:dev"},
	} {
		words := strings.Fields(test.line)
		cmd := exec.CommandContext(t.Context(), words[0], words[1:]...)
		cmd.Env = p.command(t.Context()).Env
		out, err := run(cmd, "")
		if err != nil || !strings.Contains(out, test.want) {
			t.Errorf("%s: %v, no %q in\n%s", test.line, err, test.want, out)
		}
	}
}

// TestCLIImage: the image does without a network, files of its own, and a home.
func TestCLIImage(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	const stack = "services: {web: {image: app, configs: [c], x-podlike: {templates: {inline: {log: {image: logger}}}}}}\nconfigs: {c: {file: ./c}}\n"
	dir := filepath.Dir((&plugin{site: s}).stackFile(stack))
	image := func(args ...string) (string, error) {
		return s.docker(t.Context(), stack, append([]string{"run", "--rm", "-i", "--name", s.name, "--network", "none", "-v", dir + ":" + dir + ":ro", "-w", dir, "podlike/docker-pod:dev"}, args...)...)
	}
	for _, file := range []string{"stack.yml", "-"} {
		out, err := image("template", file)
		if err != nil {
			t.Fatal(err)
		}
		wantLines(t, out, [][]string{{"pod.component.log: |"}, {"file: " + dir + "/c"}})
	}
	if out, err := image("lint", "no.yml"); err == nil || !strings.Contains(err.Error(), "cannot read the stack file no.yml") {
		t.Errorf("%v\n%s", err, out)
	}
}
