//go:build e2e

package e2e

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/docker/docker/api/types/swarm"
)

// TestRollback: an update to a pod that cannot run is taken back by Swarm, on
// its own, because the pod's end tells that it failed.
func TestRollback(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	version := func(n, app string) podSpec {
		return podSpec{
			args:       []string{"--logs"},
			components: map[string]string{"app": app, "side": probe("sleep")},
			labels:     map[string]string{"version": n},
			more: func(service, _ map[string]any) {
				service["deploy"].(map[string]any)["update_config"] = map[string]any{"failure_action": "rollback", "monitor": "5s"}
			},
		}
	}
	v := s.deploy(version("1", probe("sleep")))
	first := v.running()
	s.deploy(version("2", probe("exit", "1")))
	eventually(t, 2*startWithin, func() error {
		got, _, err := s.api.ServiceInspectWithRaw(t.Context(), v.name, swarm.ServiceInspectOptions{})
		switch {
		case err != nil:
			return err
		case got.UpdateStatus == nil:
			return fmt.Errorf("there was no update")
		case got.UpdateStatus.State != swarm.UpdateStateRollbackCompleted:
			return fmt.Errorf("the update is %s: %s", got.UpdateStatus.State, got.UpdateStatus.Message)
		}
		equal(t, "the service's version", got.Spec.TaskTemplate.ContainerSpec.Labels["version"], "1")
		return nil
	})
	var running, failed []swarm.Task
	eventually(t, startWithin, func() error {
		running, failed = nil, nil
		for _, task := range v.tasks(t.Context()) {
			switch is := task.Spec.ContainerSpec.Labels["version"]; {
			case task.Status.State == swarm.TaskStateRunning && is == "1":
				running = append(running, task)
			case task.Status.State == swarm.TaskStateFailed && is == "2":
				failed = append(failed, task)
			}
		}
		if len(running) != 1 || len(failed) == 0 {
			return fmt.Errorf("%d tasks of version 1 run, %d of version 2 failed", len(running), len(failed))
		}
		return nil
	})
	v.wantEnd(failed[0], swarm.TaskStateFailed, 1)
	p := s.pod(running[0].Status.ContainerStatus.ContainerID)
	if p.id == first.id {
		t.Error("the first pod was never replaced")
	}
	p.component("app")
	eventually(t, 2*time.Second, first.gone)
}

// TestNameAppears: others find the pod by its service's name only once the pod
// is healthy, and no more once it ended.
func TestNameAppears(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	web := podSpec{args: []string{"--logs"}, components: map[string]string{
		"app": probe("serve", ":80", "hello") + `tmpfs: [/state]
healthcheck:
  test: [CMD, /probe, exists, /state/ok]
  interval: 1s
  timeout: 20s
  start_period: 120s
`,
	}}
	asker := podSpec{components: map[string]string{"client": probe("sleep")}}
	web.more = func(_, file map[string]any) {
		info, err := s.api.Info(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		file["services"].(map[string]any)["asker"] = asker.stack(t, info.Swarm.NodeID)["services"].(map[string]any)["pod"]
	}
	v := s.deploy(web)
	from := (&service{s, s.name + "_asker"}).running()
	names := []string{"pod:80", "tasks.pod:80", v.name + ":80"}
	found := func(want bool) error {
		for line := range strings.Lines(from.mustExec("client", append([]string{"reach"}, names...)...)) {
			// With an address it would be a connection that failed.
			if got := strings.HasSuffix(line, " open\n"); got != want || (!want && !strings.Contains(line, "lookup")) {
				return fmt.Errorf("want found %t: %s", want, line)
			}
		}
		return nil
	}
	var p *runningPod
	eventually(t, startWithin, func() error {
		for _, c := range s.containers(t.Context(), "_pod.1.") {
			if c.Labels["podlike.pod"] == "" {
				p = s.pod(c.ID)
				return nil
			}
		}
		return fmt.Errorf("no task was started")
	})
	equal(t, "the application answers", p.mustExecWhenUp("app", "get", "http://127.0.0.1/"), "hello\n")
	steadily(t, 5*time.Second, func() error { return found(false) })
	p.mustExec("app", "touch", "/state/ok")
	v.running()
	eventually(t, startWithin, func() error { return found(true) })

	v.remove()
	eventually(t, startWithin, func() error { return found(false) })
}

// mustExecWhenUp is mustExec for a component that may not be ready yet.
func (p *runningPod) mustExecWhenUp(component string, args ...string) (out string) {
	p.t.Helper()
	p.component(component)
	eventually(p.t, startWithin, func() (err error) {
		out, err = p.exec(component, args...)
		return err
	})
	return out
}
