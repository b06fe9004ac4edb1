//go:build e2e

package e2e

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/docker/docker/api/types/container"
	"github.com/docker/docker/api/types/swarm"
)

// probed is a component of a scratch image that passes its probes as long as
// /state/ok exists.
func probed(how, handler string) string {
	return probe("checked", how, "/state/ok") + fmt.Sprintf(`tmpfs: [/state]
x-podlike:
  probes:
    startup: {%[1]s, period: 200ms, failure_threshold: 1000}
    liveness: {%[1]s, period: 200ms, timeout: 10s, failure_threshold: 2}
    readiness: {%[1]s, period: 200ms}
`, handler)
}

// probedComponents are one for each way to probe.
var probedComponents = map[string]string{
	"http": probed("http", "http: {port: 12080, path: /health, expect: 200}"),
	"tcp":  probed("tcp", "tcp: {port: 12081}"),
	"grpc": probed("grpc", "grpc: {port: 12082, service: tests}"),
	"exec": probed("exec", "exec: {command: [/probe, exists, /state/ok]}"),
}

// TestProbes: startup probes gate what depends on the component, and the pod's
// health; a component whose liveness probe fails is restarted in place.
func TestProbes(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	components := map[string]string{"after": probe("sleep") + "depends_on:\n"}
	for name, definition := range probedComponents {
		components[name] = definition + "restart: always\n"
		components["after"] += "  " + name + ": {condition: service_healthy}\n"
	}
	p := s.create(podSpec{args: []string{"--logs"}, components: components})
	var stdout, stderr syncBuffer
	done := p.attach(&stdout, &stderr)
	p.start()
	before := map[string]string{}
	for name := range probedComponents {
		before[name] = p.component(name).ID
	}
	for i, name := range []string{"http", "tcp", "grpc", "exec"} {
		steadily(t, time.Second, func() error {
			if strings.Contains(stdout.String(), `starting component "after"`) || strings.Contains(stdout.String(), "the pod is healthy") {
				return hopeless{fmt.Errorf("after %d of 4 startup probes:\n%s", i, &stdout)}
			}
			return nil
		})
		p.mustExec(name, "touch", "/state/ok")
		said(t, &stdout, fmt.Sprintf(`component %q: the startup probe passed`, name))
		said(t, &stdout, fmt.Sprintf(`component %q: is ready`, name))
	}
	before["after"] = p.component("after").ID
	said(t, &stdout, "the pod is healthy")

	why := map[string]string{
		"http": "http://127.0.0.1:12080/health: the answer was 503 Service Unavailable",
		"tcp":  "tcp 127.0.0.1:12081: connection refused",
		"grpc": `grpc 127.0.0.1:12082 service "tests": the status is NOT_SERVING`,
	}
	for _, name := range []string{"http", "tcp", "grpc"} {
		p.mustExec(name, "remove", "/state/ok")
		said(t, &stdout, fmt.Sprintf("component %q: the liveness probe failed 2 times in a row: %s", name, why[name]))
		eventually(t, startWithin, func() error {
			if c := p.component(name); c.ID == before[name] {
				return fmt.Errorf("%s was not restarted", name)
			}
			return nil
		})
		p.mustExec(name, "touch", "/state/ok")
		eventually(t, startWithin, func() error {
			if got := strings.Count(stdout.String(), fmt.Sprintf(`component %q: the startup probe passed`, name)); got < 2 {
				return fmt.Errorf("the startup probe of %s passed %d times", name, got)
			}
			return nil
		})
	}
	for _, name := range []string{"exec", "after"} {
		equal(t, "the container of "+name, p.component(name).ID, before[name])
	}
	s.signal(p.id, "SIGTERM")
	equal(t, "the code", p.wait(endWithin), 0)
	<-done
	if strings.Contains(stderr.String(), "podlike:") {
		t.Errorf("complaints:\n%s", &stderr)
	}
	eventually(t, 2*time.Second, p.gone)
}

// TestProbesInSwarm: the task runs only after the startup probe, and a
// liveness probe that fails ends a component that is not restarted, and with
// it the pod.
func TestProbesInSwarm(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	v := s.deploy(podSpec{args: []string{"--logs"}, components: map[string]string{"app": probedComponents["http"]}})
	var p *runningPod
	eventually(t, startWithin, func() error {
		for _, c := range s.containers(t.Context(), "_pod.1.") {
			// One that is only created may be replaced by Swarm.
			if c.Labels["podlike.pod"] == "" && c.State == container.StateRunning {
				p = s.pod(c.ID)
				return nil
			}
		}
		return fmt.Errorf("no task was started")
	})
	p.component("app")
	steadily(t, 3*time.Second, func() error {
		if task := v.tasks(t.Context())[0]; task.Status.State != swarm.TaskStateStarting {
			return hopeless{fmt.Errorf("before its startup probe passed the task is %s", describe(task))}
		}
		return nil
	})
	p.mustExec("app", "touch", "/state/ok")
	v.running()
	p.mustExec("app", "remove", "/state/ok")
	v.wantEnd(v.ended(endWithin), swarm.TaskStateFailed, 1)
	eventually(t, 2*time.Second, p.gone)
}

// said waits until the pod has printed that.
func said(t *testing.T, output *syncBuffer, text string) {
	t.Helper()
	eventually(t, startWithin, func() error {
		if !strings.Contains(output.String(), text) {
			return fmt.Errorf("%q is not in\n%s", text, output)
		}
		return nil
	})
}
