//go:build e2e

package e2e

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/docker/docker/api/types/container"
	"github.com/docker/docker/api/types/filters"
	"github.com/docker/docker/api/types/swarm"
)

// tail is how many of the last lines of a log are shown.
const tail = 60

// dump shows the state of the site, for the reader of a failed test.
func (s *site) dump() {
	ctx, cancel := context.WithTimeout(context.Background(), patience(30*time.Second))
	defer cancel()
	services, _ := s.api.ServiceList(ctx, swarm.ServiceListOptions{Filters: filters.NewArgs(filters.Arg("label", stackLabel+"="+s.name))})
	for _, v := range services {
		for _, task := range (&service{s, v.Spec.Name}).tasks(ctx) {
			s.t.Logf("task %s.%d.%s: %s", v.Spec.Name, task.Slot, task.ID, describe(task))
		}
	}
	for _, c := range s.containers(ctx, "") {
		s.t.Logf("container %s: %s, log:\n%s", strings.Join(c.Names, " "), s.state(ctx, c.ID), s.log(ctx, c.ID))
	}
}

func (s *site) state(ctx context.Context, id string) string {
	c, err := s.api.ContainerInspect(ctx, id)
	if err != nil {
		return err.Error()
	}
	text := fmt.Sprintf("%s, code %d", c.State.Status, c.State.ExitCode)
	if c.State.Error != "" {
		text += ", " + c.State.Error
	}
	if c.State.Health != nil {
		text += ", " + c.State.Health.Status
	}
	return text
}

// log is the end of what a container printed, stdout first; very long lines
// are cut.
func (s *site) log(ctx context.Context, id string) string {
	stream, err := s.api.ContainerLogs(ctx, id, container.LogsOptions{ShowStdout: true, ShowStderr: true, Tail: fmt.Sprint(tail)})
	if err != nil {
		return "  " + err.Error()
	}
	defer stream.Close()
	stdout, stderr := s.split(stream)
	var b strings.Builder
	for line := range strings.Lines(stdout + stderr) {
		if len(line) > 400 {
			line = line[:400] + "...\n"
		}
		b.WriteString("  " + line)
	}
	return b.String()
}
