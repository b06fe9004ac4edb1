package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"strings"
)

// docker runs the docker client, with env added to the environment, and
// returns what it printed. The error holds what it complained about.
func docker(ctx context.Context, env []string, args ...string) (string, error) {
	cmd := exec.CommandContext(ctx, "docker", args...)
	cmd.Env = append(os.Environ(), env...)
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	if err := cmd.Run(); err != nil {
		if ctx.Err() != nil {
			return "", ctx.Err()
		}
		why := strings.TrimSpace(stderr.String())
		if why == "" {
			why = err.Error()
		}
		return "", fmt.Errorf("docker %s: %s", strings.Join(args[:min(2, len(args))], " "), why)
	}
	return strings.TrimSpace(stdout.String()), nil
}

// list runs a docker command that prints one ID or name per line.
func list(ctx context.Context, args ...string) ([]string, error) {
	out, err := docker(ctx, nil, args...)
	return strings.Fields(out), err
}

// task is what `docker inspect --type task` shows of a Swarm task.
type task struct {
	ID           string
	DesiredState string
	Slot         int
	Spec         struct {
		ContainerSpec struct{ Labels map[string]string }
	}
	Status struct {
		State, Err string
		PortStatus struct {
			Ports []struct{ PublishedPort int }
		}
	}
}

// containerName is the name that Swarm gives the task's container.
func (t task) containerName() string {
	return fmt.Sprintf("%s.%d.%s", service, t.Slot, t.ID)
}

// tasks returns the service's tasks, the past ones included. No service is no
// tasks.
func tasks(ctx context.Context) ([]task, error) {
	exists, err := deployed(ctx)
	if err != nil || !exists {
		return nil, err
	}
	ids, err := list(ctx, "service", "ps", "--no-trunc", "--quiet", service)
	if err != nil || len(ids) == 0 {
		return nil, err
	}
	out, err := docker(ctx, nil, append([]string{"inspect", "--type", "task"}, ids...)...)
	if err != nil {
		// A task of the list may be forgotten by now; the next look will tell.
		if strings.Contains(err.Error(), "No such") {
			return nil, nil
		}
		return nil, err
	}
	var ts []task
	if err := json.Unmarshal([]byte(out), &ts); err != nil {
		return nil, fmt.Errorf("cannot read the tasks: %w", err)
	}
	return ts, nil
}

// deployed tells whether the service exists.
func deployed(ctx context.Context) (bool, error) {
	names, err := list(ctx, "service", "ls", "--filter", "name="+service, "--format", "{{.Name}}")
	if err != nil {
		return false, err
	}
	for _, name := range names {
		if name == service { // the filter matches prefixes
			return true, nil
		}
	}
	return false, nil
}
