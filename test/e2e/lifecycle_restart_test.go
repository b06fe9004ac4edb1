//go:build e2e

package e2e

import (
	"fmt"
	"testing"
	"time"

	"github.com/docker/docker/api/types/container"
	"github.com/docker/docker/api/types/swarm"
)

// TestCrashesRestartInPlace: a component that crashes four times is started
// anew at once, and after 1, 2 and 4 s, in a new container each time. The task,
// its address and the rest of the pod stay as they are.
func TestCrashesRestartInPlace(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	r := s.record()
	v := s.deploy(podSpec{args: []string{"--logs"}, components: map[string]string{
		"app":  probe("exit-on", "USR1", "3") + "restart: on-failure\n",
		"side": probe("sleep"),
	}})
	p := v.running()
	before := p.facts(v)
	for range 4 {
		c := p.component("app")
		if _, err := p.exec("app", "exists", "/crashed"); err == nil {
			t.Error("a new container has what the old one wrote")
		}
		p.mustExec("app", "touch", "/crashed")
		s.signal(c.ID, "SIGUSR1")
		eventually(t, startWithin, func() error { return p.replaced(map[string]string{"app": c.ID}) })
	}
	// Swarm's patience with a pod that is not healthy is shorter.
	steadily(t, 5*time.Second, func() error {
		if tasks := v.tasks(t.Context()); len(tasks) != 1 || tasks[0].Status.State != swarm.TaskStateRunning {
			return fmt.Errorf("there are %d tasks, the first is %s", len(tasks), describe(tasks[0]))
		}
		return nil
	})
	equal(t, "the pod", p.facts(v), before)

	starts, ends := r.wait(t, "app", "start", 5), r.wait(t, "app", "die", 4)
	if len(starts) != 5 || len(ends) != 4 {
		t.Fatalf("%d starts and %d ends, want 5 and 4", len(starts), len(ends))
	}
	for i, delay := range []time.Duration{0, time.Second, 2 * time.Second, 4 * time.Second} {
		equal(t, fmt.Sprintf("code %d", i+1), ends[i].detail, "3")
		gap := starts[i+1].at.Sub(ends[i].at)
		if gap < delay || gap > delay+patience(20*time.Second) {
			t.Errorf("crash %d: started %s later, want %s or a bit more", i+1, gap, delay)
		}
		t.Logf("crash %d: started %s later", i+1, gap)
	}
	linesInOrder(t, p.told(),
		`restarting component "app" at once (restart 1)`, `restarting component "app" in 1s (restart 2)`,
		`restarting component "app" in 2s (restart 3)`, `restarting component "app" in 4s (restart 4)`)
}

// facts are what a restart in place must not change.
func (p *runningPod) facts(v *service) string {
	p.t.Helper()
	task := v.tasks(p.t.Context())[0]
	pause, err := p.api.ContainerInspect(p.t.Context(), p.id)
	if err != nil {
		p.t.Fatal(err)
	}
	side := p.component("side")
	text := fmt.Sprintf("task %s in container %s since %s; side in %.12s with PID %d",
		task.ID, task.Status.ContainerStatus.ContainerID[:12], pause.State.StartedAt, side.ID, side.State.Pid)
	for name, n := range pause.NetworkSettings.Networks {
		text += fmt.Sprintf("; %s in %s", n.IPAddress, name)
	}
	return text
}

// TestRestartsExhausted: when the last attempt has failed, the pod ends with
// the component's code.
func TestRestartsExhausted(t *testing.T) {
	t.Parallel()
	for name, policy := range map[string]string{
		"restart":        "restart: on-failure:2\n",
		"restart-policy": "deploy: {restart_policy: {condition: on-failure, max_attempts: 2, delay: 200ms, window: 30s}}\n",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newSite(t)
			r := s.record()
			v := s.deploy(podSpec{args: []string{"--logs"}, components: map[string]string{
				"app":  probe("exit", "7") + policy,
				"side": probe("sleep"),
			}})
			v.wantEnd(v.ended(startWithin), swarm.TaskStateFailed, 7)
			equal(t, "starts", len(r.wait(t, "app", "start", 3)), 3)
			equal(t, "starts of the other", len(r.wait(t, "side", "start", 1)), 1)
			stdout, _ := v.logs(t.Context())
			wantLines(t, stdout, [][]string{{`component "app" is not restarted any more`, "restart 2 of 2"}})
		})
	}
}

// TestUnhealthyRestarts: a component that turns unhealthy and has a restart
// policy is replaced, and the task stays.
func TestUnhealthyRestarts(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	v := s.deploy(podSpec{args: []string{"--logs"}, components: map[string]string{
		"app":  probe("sleep") + checked + "restart: on-failure\n",
		"side": probe("sleep"),
	}})
	p := v.running()
	before := p.facts(v)
	c := p.component("app")
	p.mustExec("app", "remove", "/probe")
	eventually(t, startWithin, func() error { return p.replaced(map[string]string{"app": c.ID}) })
	eventually(t, startWithin, func() error {
		if got := p.component("app").State.Health.Status; got != container.Healthy {
			return fmt.Errorf("the new container is %s", got)
		}
		return nil
	})
	equal(t, "tasks", len(v.tasks(t.Context())), 1)
	equal(t, "the pod", p.facts(v), before)
	linesInOrder(t, p.told(), `component "app" is unhealthy`, `restarting component "app" at once`, `component "app" is healthy`)
}

// TestUnhealthyWithoutSwarm: nobody would replace the pod, so that it is
// unhealthy is only told, unless the user wants its end.
func TestUnhealthyWithoutSwarm(t *testing.T) {
	t.Parallel()
	spec := func(args ...string) podSpec {
		return podSpec{args: args, components: map[string]string{
			"app": probe("sleep") + "tmpfs: [/state]\n" + `healthcheck:
  test: [CMD, /probe, exists, /state/ok]
  interval: 1s
  timeout: 20s
  start_period: 60s
  retries: 2
`,
			"side": probe("sleep"),
		}}
	}
	t.Run("report", func(t *testing.T) {
		s := newSite(t)
		p := s.create(spec())
		p.start()
		p.component("app")
		p.says("starting")
		p.mustExec("app", "touch", "/state/ok")
		p.says("healthy")
		p.mustExec("app", "remove", "/state/ok")
		p.says("unhealthy")
		app := p.component("app")
		p.mustExec("app", "touch", "/state/ok")
		p.says("healthy")
		equal(t, "the component's container", p.component("app").ID, app.ID)
	})
	t.Run("exit", func(t *testing.T) {
		s := newSite(t)
		p := s.create(spec("--on-unhealthy=exit"))
		p.start()
		p.component("app")
		p.mustExec("app", "touch", "/state/ok")
		p.says("healthy")
		p.mustExec("app", "remove", "/state/ok")
		equal(t, "code", p.wait(startWithin), 1)
		eventually(t, 2*time.Second, p.gone)
	})
}

// says waits until the pause's health check prints a word.
func (p *runningPod) says(word string) {
	p.t.Helper()
	eventually(p.t, startWithin, func() error {
		got, _ := p.docker(p.t.Context(), "", "exec", p.id, "/pause", "healthcheck")
		if got != word+"\n" {
			return fmt.Errorf("the pod says %q, want %q", got, word)
		}
		return nil
	})
}
