//go:build e2e

package e2e

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/docker/docker/api/types/container"

	"github.com/podlike/podlike/internal/pod"
)

// pod runs `docker pod ARGS...` and returns what it printed on stdout.
func (p *plugin) pod(args ...string) (string, error) {
	return run(p.command(p.t.Context(), args...), "")
}

// shows is pod for what must not fail.
func (p *plugin) shows(args ...string) string {
	p.t.Helper()
	out, err := p.pod(args...)
	if err != nil {
		p.t.Error(err)
	}
	return out
}

// completes returns what a shell offers after `docker pod ARGS...`, sorted.
func (p *plugin) completes(args ...string) []string {
	p.t.Helper()
	cmd := p.command(p.t.Context(), append(args, "")...)
	cmd.Args = append([]string{"docker", "__complete"}, cmd.Args[1:]...)
	out, err := run(cmd, "")
	if err != nil {
		p.t.Error(err)
	}
	words := strings.Split(strings.TrimSpace(out), "\n")
	words = words[:len(words)-1] // the last one is for the shell
	slices.Sort(words)
	return words
}

// refuses checks that a command fails, and says why.
func (p *plugin) refuses(why string, args ...string) {
	p.t.Helper()
	if out, err := p.pod(args...); err == nil || !strings.Contains(err.Error(), why) {
		p.t.Errorf("docker pod %s: got %q, %v; want an error with %q", strings.Join(args, " "), out, err, why)
	}
}

// TestCLILook: what docker pod shows of a task, from its start over a crash of
// a component to the loss of its supervisor.
func TestCLILook(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	cli := s.newPlugin()
	v := s.deploy(podSpec{args: []string{"--metrics-addr=:9100"}, components: map[string]string{
		"app": probe("exit-on", "USR1", "3") + "restart: on-failure\n",
		"web": probe("serve", ":80", "hello"),
	}, labels: map[string]string{"pod.init.components": "setup: {image: " + probeImage + ", command: [exit, '0']}"}})
	p := v.running()

	t.Run("ls", func(t *testing.T) {
		row := "{{.ID}} {{.Name}} {{.Service}} {{.State}} {{.Health}} {{.Ready}} {{.Restarts}}"
		want := fmt.Sprintf("%s %s %s running healthy 2/2 0\n", p.id, p.name, v.name)
		equal(t, "the row", cli.shows("ls", "--no-trunc", "--filter", "name="+v.name, "--format", row), want)
		equal(t, "the ID", cli.shows("ls", "-q", "-f", "name="+v.name), p.id[:12]+"\n")
		equal(t, "nothing", cli.shows("ls", "-q", "-f", "name="+v.name+"-not"), "")
	})
	t.Run("ps", func(t *testing.T) {
		row := "{{.Name}} {{.Role}} {{.State}} {{.Health}} {{.Restarts}} {{.ExitCode}}"
		want := "setup init ended - 0 0\napp component running healthy 0 \nweb component running healthy 0 \n"
		for _, ref := range []string{p.id, p.id[:12], p.name, v.name, v.name + ".1"} {
			equal(t, ref, cli.shows("ps", "--format", row, ref), want)
		}
		cli.refuses("no pod", "ps", v.name+".2")
	})
	t.Run("status", func(t *testing.T) {
		out, err := s.docker(t.Context(), "", "exec", p.id, "/supervisor", "status")
		if err != nil || !strings.HasPrefix(out, "pod: running for ") || !strings.Contains(out, "\nCOMPONENT") || !strings.Contains(out, "\nweb ") {
			t.Errorf("got %v\n%s", err, out)
		}
		out, err = s.docker(t.Context(), "", "exec", p.id, "/supervisor", "status", "--format", "json")
		var status pod.Status
		if err != nil || json.Unmarshal([]byte(out), &status) != nil || status.Health != pod.Healthy || status.Version == "" {
			t.Errorf("got %v\n%s", err, out)
		}
	})
	t.Run("inspect", func(t *testing.T) {
		var all []struct {
			ID, Service, Task, State string
			Status                   pod.Status
			Arguments                []string
			Labels                   map[string]string
			Containers               []struct{ Role, Component string }
		}
		if err := json.Unmarshal([]byte(cli.shows("inspect", v.name)), &all); err != nil || len(all) != 1 {
			t.Fatalf("%v in %d objects", err, len(all))
		}
		got := all[0]
		if got.ID != p.id || got.Service != v.name || got.Task != v.tasks(t.Context())[0].ID || got.State != "running" ||
			got.Status.Phase != "running" || len(got.Arguments) != 1 || got.Labels["pod.component.web"] != probe("serve", ":80", "hello") {
			t.Errorf("got %+v", got)
		}
		roles := map[string]string{}
		for _, c := range got.Containers {
			roles[c.Component] = c.Role
		}
		equal(t, "containers", fmt.Sprint(roles), "map[app:component ipc:ipc setup:init supervisor:supervisor web:component]")
		equal(t, "a template", cli.shows("inspect", "-f", "{{.Status.Health}}", v.name), "healthy\n")
	})
	t.Run("top", func(t *testing.T) {
		out := cli.shows("top", v.name)
		// Each process once, under whose it is, whoever else's cgroup it is in.
		for _, want := range []string{"app", "web", "(supervisor)", "(ipc)", "(pause)"} {
			if n := strings.Count("\n"+out, "\n"+want+" "); n != 1 {
				t.Errorf("%d processes of %s in\n%s", n, want, out)
			}
		}
		if out := cli.shows("top", v.name, "web"); strings.Count(out, "\n") != 2 || !strings.Contains(out, "\nweb ") {
			t.Errorf("of web alone\n%s", out)
		}
	})
	t.Run("stats", func(t *testing.T) {
		out := cli.shows("stats", "--no-stream", "--format", "{{.Name}} {{.PIDs}}", v.name)
		pids, sum := map[string]int{}, 0
		for line := range strings.Lines(out) {
			var name string
			var n int
			fmt.Sscan(line, &name, &n)
			pids[name] = n
			if name != "TOTAL" {
				sum += n
			}
		}
		if len(pids) != 6 || pids["app"] < 1 || pids["(supervisor)"] < 1 || pids["TOTAL"] != sum {
			t.Errorf("got\n%s", out)
		}
	})
	t.Run("exec", func(t *testing.T) {
		equal(t, "output", cli.shows("exec", v.name, "app", "/probe", "get", "http://127.0.0.1/"), "hello\n")
		cmd := cli.command(t.Context(), "exec", v.name, "app", "/probe", "exit", "7")
		if _, err := run(cmd, ""); err == nil || cmd.ProcessState.ExitCode() != 7 {
			t.Errorf("a command that exits with 7: %v", err)
		}
		cli.refuses("it has setup, app, web, supervisor", "exec", v.name, "db", "/probe", "exit", "0")
		cli.refuses("does not run", "exec", v.name, "setup", "/probe", "exit", "0")
	})
	t.Run("metrics", func(t *testing.T) {
		eventually(t, startWithin, func() error { // it listens once all are up
			out, err := p.exec("app", "get", "http://127.0.0.1:9100/metrics")
			for _, want := range []string{
				`podlike_pod_health{health="healthy"} 1`, `podlike_component_restarts_total{component="app",role="component"} 0`,
				`podlike_component_last_exit_code{component="setup",role="init"} 0`, `podlike_component_start_duration_seconds_count{component="web",role="component"} 1`,
			} {
				if err == nil && !strings.Contains(out, want) {
					err = fmt.Errorf("no %s in\n%s", want, out)
				}
			}
			return err
		})
	})
	t.Run("complete", func(t *testing.T) {
		if words := cli.completes("ps"); !slices.Contains(words, v.name) || !slices.Contains(words, p.name) {
			t.Errorf("no %s among the pods %q", v.name, words)
		}
		equal(t, "components", fmt.Sprint(cli.completes("logs", v.name)), "[app setup supervisor web]")
	})
	t.Run("logs", func(t *testing.T) {
		wantLines(t, cli.shows("logs", v.name), [][]string{{"podlike: starting the pod"}, {"[out] web: listening on [::]:80"}})
		equal(t, "of web", cli.shows("logs", v.name, "web"), "listening on [::]:80\n")
		equal(t, "none of it", cli.shows("logs", "--tail", "0", v.name, "web"), "")
	})
	t.Run("crash", func(t *testing.T) {
		cli.refuses("was not restarted", "logs", "--previous", v.name, "app")
		var followed syncBuffer
		follow := cli.command(t.Context(), "logs", "-f", v.name, "app")
		follow.Stdout, follow.WaitDelay = &followed, 5*time.Second
		if err := follow.Start(); err != nil {
			t.Fatal(err)
		}
		defer follow.Wait()
		defer follow.Process.Kill()
		for n := range 2 {
			c := p.component("app")
			p.mustExec("app", "touch", "/here") // it has had the time to wait for the signal
			s.signal(c.ID, "SIGUSR1")
			eventually(t, startWithin, func() error { return p.replaced(map[string]string{"app": c.ID}) })
			eventually(t, startWithin, func() error {
				if lines := strings.Count(followed.String(), "got user defined signal 1\n"); lines != n+1 {
					return fmt.Errorf("%d lines were followed after %d crashes", lines, n+1)
				}
				return nil
			})
		}
		equal(t, "the run before", cli.shows("logs", "--previous", v.name, "app"), "got user defined signal 1\n")
		eventually(t, startWithin, func() error {
			out := cli.shows("ps", "--format", "{{.Name}} {{.State}} {{.Restarts}} {{.Reason}}", v.name)
			if !strings.Contains(out, "app running 2 ended with code 3\n") {
				return fmt.Errorf("ps shows\n%s", out)
			}
			return nil
		})
	})
	t.Run("supervisor lost", func(t *testing.T) {
		c := p.component("supervisor")
		s.signal(c.ID, "SIGKILL")
		eventually(t, startWithin, func() error {
			out, err := p.exec("app", "get", "http://127.0.0.1:9100/metrics")
			for _, want := range []string{"podlike_supervisor_replacements_total 1\n", `podlike_component_restarts_total{component="app",role="component"} 2`} {
				if err == nil && !strings.Contains(out, want) {
					err = fmt.Errorf("no %s in\n%s", want, out)
				}
			}
			return err
		})
		out, err := s.docker(t.Context(), "", "exec", p.id, "/supervisor", "status")
		if err != nil || !strings.Contains(out, ", replaced once\n") {
			t.Errorf("got %v\n%s", err, out)
		}
	})
	t.Run("rm", func(t *testing.T) {
		cli.refuses("docker service rm "+v.name, "rm", v.name)
		if task := v.tasks(t.Context())[0]; ended(task) {
			t.Errorf("and yet the task is %s", describe(task))
		}
	})
}

// TestCLIDebug: a container of another image is in the pod's namespaces, stays
// when the supervisor is replaced, and goes with the pod.
func TestCLIDebug(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	cli := s.newPlugin()
	p := s.create(podSpec{components: map[string]string{"web": probe("serve", "127.0.0.1:80", "hello")}})
	p.start()
	p.component("web")
	p.says("healthy")
	equal(t, "through the pod's network", cli.shows("debug", p.name, "--image", probeImage, "--", "get", "http://127.0.0.1/"), "hello\n")
	if out := cli.shows("debug", "--image", probeImage, p.name, "ps"); !strings.Contains(out, `"/pause"`) || !strings.Contains(out, `"serve"`) {
		t.Errorf("it does not see the pod's processes, but %s", out)
	}
	debug := func() string {
		for _, c := range s.labelledAs(p.id, "debug") {
			return c.ID
		}
		return ""
	}
	equal(t, "after its end", debug(), "")

	stays := cli.command(t.Context(), "debug", "--image", probeImage, p.name, "sleep")
	if err := stays.Start(); err != nil {
		t.Fatal(err)
	}
	defer stays.Wait()
	defer stays.Process.Kill()
	var id string
	eventually(t, startWithin, func() error {
		if id = debug(); id == "" {
			return fmt.Errorf("there is no debug container")
		}
		return nil
	})
	web, err := s.api.ContainerInspect(t.Context(), p.component("web").ID)
	if err != nil {
		t.Fatal(err)
	}
	c, err := s.api.ContainerInspect(t.Context(), id)
	if err != nil {
		t.Fatal(err)
	}
	equal(t, "the IPC namespace", c.HostConfig.IpcMode, web.HostConfig.IpcMode)

	s.signal(p.component("supervisor").ID, "SIGKILL")
	eventually(t, startWithin, func() error {
		out, err := s.docker(t.Context(), "", "exec", p.id, "/supervisor", "status")
		if err == nil && !strings.Contains(out, "pod: running") || !strings.Contains(out, ", replaced once\n") {
			err = fmt.Errorf("the status is\n%s", out)
		}
		return err
	})
	equal(t, "the container after a supervisor's death", debug(), id)

	equal(t, "removed", cli.shows("rm", p.name), p.name+"\n")
	eventually(t, 5*time.Second, p.isGone)
	eventually(t, 5*time.Second, p.gone)
}

// labelledAs lists a pod's running containers of a role.
func (s *site) labelledAs(pause, role string) []container.Summary {
	s.t.Helper()
	list, err := s.api.ContainerList(s.t.Context(), container.ListOptions{All: true})
	if err != nil {
		s.t.Fatal(err)
	}
	var found []container.Summary
	for _, c := range list {
		if c.Labels["podlike.pod"] == pause && c.Labels["podlike.role"] == role && c.State == container.StateRunning {
			found = append(found, c)
		}
	}
	return found
}

// TestMetricsPortTaken: a component that has the port keeps it, and the pod
// lives, with one warning.
func TestMetricsPortTaken(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	v := s.deploy(podSpec{args: []string{"--metrics-addr=:9100"}, components: map[string]string{
		"web": probe("serve", ":9100", "mine") + "x-podlike: {probes: {startup: {tcp: {port: 9100}, period: 200ms}}}\n",
	}})
	p := v.running()
	equal(t, "the port", p.mustExec("web", "get", "http://127.0.0.1:9100/"), "mine\n")
	stdout, _ := v.logs(t.Context())
	if n := strings.Count(stdout, "warning: no metrics at --metrics-addr=:9100: listen tcp :9100: bind: address already in use; does a component listen on that port?"); n != 1 {
		t.Errorf("%d warnings in\n%s", n, stdout)
	}
}
