package main

import (
	"context"
	"fmt"
	"strings"
	"time"
)

// removeTimeout leaves room for the stack's stop_grace_period of 20 s.
const removeTimeout = time.Minute

// down removes the stack and returns when nothing of it is left on this
// engine: services, networks, the tasks' containers and the containers of
// their pods.
func down(ctx context.Context) error {
	if _, err := docker(ctx, nil, "version", "--format", "{{.Server.Version}}"); err != nil {
		return fmt.Errorf("no engine answers, so there is nothing that could be removed: %w", err)
	}
	state, err := docker(ctx, nil, "info", "--format", "{{.Swarm.LocalNodeState}} {{.Swarm.ControlAvailable}}")
	if err != nil {
		return err
	}
	if state != "active true" {
		say("this engine manages no Swarm, so no stack is deployed")
		return nil
	}
	pods, err := list(ctx, "ps", "--all", "--quiet", "--no-trunc", "--filter", stackFilter)
	if err != nil {
		return err
	}
	left, err := leftovers(ctx, pods)
	if err != nil {
		return err
	}
	if len(left) == 0 {
		say("the stack %q is not deployed", stack)
		return nil
	}
	say("removing the stack %q", stack)
	if _, err := docker(ctx, nil, "stack", "rm", stack); err != nil {
		return err
	}
	if err := waitGone(ctx, pods); err != nil {
		return err
	}
	say("nothing of it is left; the images are removed by make clean, a Swarm of one node by docker swarm leave --force")
	return nil
}

const stackFilter = "label=com.docker.stack.namespace=" + stack

// leftovers lists what is still there, as "service x". pods are the IDs of the
// tasks' containers as they were before the removal.
func leftovers(ctx context.Context, pods []string) ([]string, error) {
	var left []string
	add := func(kind string, args ...string) error {
		names, err := list(ctx, args...)
		for _, name := range names {
			left = append(left, kind+" "+name)
		}
		return err
	}
	queries := [][]string{
		{"service", "service", "ls", "--filter", stackFilter, "--format", "{{.Name}}"},
		{"network", "network", "ls", "--filter", stackFilter, "--format", "{{.Name}}"},
		{"container", "ps", "--all", "--filter", stackFilter, "--format", "{{.Names}}"},
	}
	for _, id := range pods {
		queries = append(queries, []string{"container", "ps", "--all", "--filter", "label=podlike.pod=" + id, "--format", "{{.Names}}"})
	}
	for _, q := range queries {
		if err := add(q[0], q[1:]...); err != nil {
			return nil, err
		}
	}
	return left, nil
}

// waitGone returns when nothing is left; what is left in the end is the error.
func waitGone(ctx context.Context, pods []string) error {
	start, told := time.Now(), ""
	for {
		left, err := leftovers(ctx, pods)
		if err != nil {
			return err
		}
		if len(left) == 0 {
			return nil
		}
		what := strings.Join(left, ", ")
		elapsed := time.Since(start)
		if elapsed > removeTimeout {
			return fmt.Errorf("after %s there is still: %s", removeTimeout, what)
		}
		if what != told {
			say("%3.0f s  still there: %s", elapsed.Seconds(), what)
			told = what
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(500 * time.Millisecond):
		}
	}
}
