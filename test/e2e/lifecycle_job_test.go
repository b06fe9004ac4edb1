//go:build e2e

package e2e

import (
	"fmt"
	"testing"

	"github.com/docker/docker/api/types/container"
	"github.com/docker/docker/api/types/filters"
	"github.com/docker/docker/api/types/swarm"
)

// TestJob: a job is complete when its essential component has done its work,
// and failed when that failed; a sidecar that would run for ever is stopped.
func TestJob(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		code  string
		state swarm.TaskState
		want  int
	}{{"0", swarm.TaskStateComplete, 0}, {"9", swarm.TaskStateFailed, 9}} {
		spec := podSpec{args: []string{"--logs"}, components: map[string]string{
			"work": probe("exit", tt.code, "2s"),
			"side": probe("drain", "100ms") + "x-podlike: {essential: false}\n",
		}}
		for how, deploy := range map[string]func(*site, podSpec) *service{"stack": (*site).deployJob, "command": (*site).createJob} {
			t.Run(how+"-"+tt.code, func(t *testing.T) {
				t.Parallel()
				s := newSite(t)
				r := s.record()
				v := deploy(s, spec)
				v.wantEnd(v.ended(startWithin), tt.state, tt.want)
				equal(t, "the sidecar's code", r.wait(t, "side", "die", 1)[0].detail, "0")
				stdout, _ := v.logs(t.Context())
				wantLines(t, stdout, [][]string{{"[out] side: drained"}})
				list, err := s.api.ServiceList(t.Context(), swarm.ServiceListOptions{Filters: filters.NewArgs(filters.Arg("name", v.name)), Status: true})
				if err != nil || len(list) != 1 {
					t.Fatalf("%d services: %v", len(list), err)
				}
				if list[0].Spec.Mode.ReplicatedJob == nil {
					t.Errorf("it is no job: %+v", list[0].Spec.Mode)
				}
				equal(t, "completed tasks", list[0].ServiceStatus.CompletedTasks, uint64(map[bool]int{true: 1}[tt.want == 0]))
				tasks := v.tasks(t.Context())
				equal(t, "tasks", len(tasks), 1)
				// Swarm leaves it behind when a job is removed.
				if err := s.api.ContainerRemove(t.Context(), tasks[0].Status.ContainerStatus.ContainerID, container.RemoveOptions{}); err != nil {
					t.Error(err)
				}
			})
		}
	}
}

// deployJob deploys the pod as a job, by a stack file.
func (s *site) deployJob(p podSpec) *service {
	s.t.Helper()
	p.more = func(service, _ map[string]any) {
		service["deploy"].(map[string]any)["mode"] = "replicated-job"
	}
	return s.deploy(p)
}

// createJob makes the same with `docker service create`.
func (s *site) createJob(p podSpec) *service {
	s.t.Helper()
	info, err := s.api.Info(s.t.Context())
	if err != nil {
		s.t.Fatal(err)
	}
	v := &service{s, s.name + "_pod"}
	stack := stackLabel + "=" + s.name // as the site removes it
	args := []string{"service", "create", "--detach", "--quiet", "--no-resolve-image", "--name", v.name, "--mode", "replicated-job",
		"--restart-condition", "none", "--health-interval", "1s", "--label", stack, "--container-label", stack,
		"--constraint", "node.id==" + info.Swarm.NodeID,
		"--mount", fmt.Sprintf("type=bind,source=%s,target=/var/run/docker.sock,readonly", socket())}
	for k, value := range p.allLabels() {
		args = append(args, "--container-label", k+"="+value)
	}
	if _, err := s.docker(s.t.Context(), "", append(append(args, pauseImage), p.args...)...); err != nil {
		s.t.Fatal(err)
	}
	return v
}
