//go:build e2e

package e2e

import (
	"fmt"
	"testing"
	"time"

	"github.com/docker/docker/api/types/swarm"
)

// TestHealth: the task runs only once the pod is healthy, for which a disabled
// check counts as passed, and a pod that turns unhealthy ends with 1.
func TestHealth(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	v := s.deploy(podSpec{args: []string{"--logs"}, components: map[string]string{
		"app": probe("sleep") + `tmpfs: [/state]
healthcheck:
  test: ["CMD", "/probe", "exists", "/state/ok"]
  interval: 1s
  start_period: 60s
  retries: 2
`,
		"side": probe("sleep") + "healthcheck: {disable: true}\n",
	}})
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
	p.component("app")
	p.component("side")
	steadily(t, 4*time.Second, func() error {
		if task := v.tasks(t.Context())[0]; task.Status.State != swarm.TaskStateStarting {
			return hopeless{fmt.Errorf("before its component is healthy the task is %s", describe(task))}
		}
		return nil
	})
	p.mustExec("app", "touch", "/state/ok")
	v.running()
	p.mustExec("app", "remove", "/state/ok")
	v.wantEnd(v.ended(endWithin), swarm.TaskStateFailed, 1)
	eventually(t, 2*time.Second, p.gone)
}
