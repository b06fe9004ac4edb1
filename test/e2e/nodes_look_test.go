//go:build e2e

package e2e

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/docker/docker/api/types/container"
	"github.com/docker/docker/api/types/filters"
	"github.com/docker/docker/api/types/network"
	"github.com/docker/docker/api/types/swarm"
	"github.com/docker/docker/api/types/volume"
)

// stackOnNodes is the stack whose pods are on the nodes, and collectorOnNodes
// that of deploy/gc.yml.
const (
	stackOnNodes     = "pods"
	collectorOnNodes = "collector"
)

// site is where the pods of a node are.
func (w *twoNodes) site(n *node) *site {
	return &site{t: w.t, api: n.api, name: stackOnNodes, pauses: map[string]bool{}}
}

// pods are the pauses of a service's running tasks, by the names of the nodes
// that the Swarm says they are on.
func (w *twoNodes) pods(ctx context.Context, name string) (map[string][]string, error) {
	list, err := w.one.api.NodeList(ctx, swarm.NodeListOptions{})
	if err != nil {
		return nil, err
	}
	names := map[string]string{}
	for _, n := range list {
		names[n.ID] = n.Description.Hostname
	}
	found := map[string][]string{}
	for _, task := range (&service{w.site(w.one), stackOnNodes + "_" + name}).tasks(ctx) {
		if task.DesiredState == swarm.TaskStateRunning && task.Status.State == swarm.TaskStateRunning {
			found[names[task.NodeID]] = append(found[names[task.NodeID]], task.Status.ContainerStatus.ContainerID)
		}
	}
	return found, nil
}

// wantPods says what is wrong if not so many pods of a service run on each
// node.
func (w *twoNodes) wantPods(service string, one, two int) error {
	found, err := w.pods(w.t.Context(), service)
	if err == nil && (len(found[w.one.name]) != one || len(found[w.two.name]) != two) {
		err = fmt.Errorf("%s runs %d times on %s and %d times on %s, want %d and %d", service,
			len(found[w.one.name]), w.one.name, len(found[w.two.name]), w.two.name, one, two)
	}
	return err
}

// member is what the Swarm says of a node.
func (w *twoNodes) member(n *node) (swarm.Node, error) {
	list, err := w.one.api.NodeList(w.t.Context(), swarm.NodeListOptions{})
	if err != nil {
		return swarm.Node{}, err
	}
	for _, m := range list {
		if m.Description.Hostname == n.name {
			return m, nil
		}
	}
	return swarm.Node{}, fmt.Errorf("%s is not in the Swarm", n.name)
}

// wantState says what is wrong if the Swarm does not see a node so.
func (w *twoNodes) wantState(n *node, state swarm.NodeState) error {
	m, err := w.member(n)
	if err == nil && m.Status.State != state {
		err = fmt.Errorf("%s is %s, want %s", n.name, m.Status.State, state)
	}
	return err
}

// holding is what a node has of pods: containers with when they were started,
// volumes, networks. The values tell what is untouched.
type holding map[string]string

// holds lists that. The collector's containers are no pod's. A pause that has
// ended is the record of a task, which Swarm removes in its own time. Every
// volume of these nodes is a pod's.
func (n *node) holds(ctx context.Context) (holding, error) {
	all := holding{}
	containers, err := n.api.ContainerList(ctx, container.ListOptions{All: true})
	if err != nil {
		return nil, err
	}
	for _, c := range containers {
		if c.Labels[stackLabel] == collectorOnNodes {
			continue
		}
		ours := c.Labels["podlike.pod"] != ""
		if !ours && c.State == container.StateExited {
			continue
		}
		started := "removed meanwhile"
		if found, err := n.api.ContainerInspect(ctx, c.ID); err == nil {
			started = found.State.StartedAt + " " + found.State.Status
		}
		all["container "+c.ID+" "+strings.Join(c.Names, " ")] = started
	}
	volumes, err := n.api.VolumeList(ctx, volume.ListOptions{})
	if err != nil {
		return nil, err
	}
	for _, v := range volumes.Volumes {
		all["volume "+v.Name] = v.CreatedAt
	}
	networks, err := n.api.NetworkList(ctx, network.ListOptions{Filters: filters.NewArgs(filters.Arg("label", "podlike.pod"))})
	if err != nil {
		return nil, err
	}
	for _, found := range networks {
		all["network "+found.Name] = found.Created.String()
	}
	return all, nil
}

// noPause says which pauses a node has, of ended ones, too, but for these.
func (n *node) noPause(ctx context.Context, but map[string]bool) error {
	list, err := n.pauses(ctx)
	for _, c := range list {
		if !but[c.ID] {
			return fmt.Errorf("%s has %s, %s", n.name, c.Names, c.Status)
		}
	}
	return err
}

// pauses lists them.
func (n *node) pauses(ctx context.Context) ([]container.Summary, error) {
	return n.api.ContainerList(ctx, container.ListOptions{All: true, Filters: filters.NewArgs(filters.Arg("label", stackLabel+"="+stackOnNodes))})
}

// mustHold is holds, of a node that must answer.
func (w *twoNodes) mustHold(n *node) holding {
	w.t.Helper()
	h, err := n.holds(w.t.Context())
	if err != nil {
		w.t.Fatal(err)
	}
	return h
}

// stays says which of these things a node still has, and which cgroups of
// these containers this machine has.
func (n *node) stays(ctx context.Context, these holding) error {
	now, err := n.holds(ctx)
	if err != nil {
		return err
	}
	var left []string
	for thing := range these {
		if _, there := now[thing]; there {
			left = append(left, thing)
		}
		if words := strings.Fields(thing); words[0] == "container" {
			left = append(left, cgroups(words[1])...)
		}
	}
	if len(left) > 0 {
		slices.Sort(left)
		return errors.New(n.name + " has " + strings.Join(left, ", "))
	}
	return nil
}

// isEmpty says what a node has at all, and what is left of these things.
func (n *node) isEmpty(ctx context.Context, these holding) error {
	now, err := n.holds(ctx)
	if err != nil {
		return err
	}
	all := maps.Clone(these)
	maps.Copy(all, now)
	return n.stays(ctx, all)
}

// wantUntouched fails the test if something of a node is gone or was started
// again.
func (w *twoNodes) wantUntouched(n *node, before holding) {
	w.t.Helper()
	now := w.mustHold(n)
	for thing, since := range before {
		if now[thing] != since {
			w.t.Errorf("%s of %s was disturbed: %q, before %q", thing, n.name, now[thing], since)
		}
	}
}
