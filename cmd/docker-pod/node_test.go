package main

import (
	"context"
	"errors"
	"slices"
	"strings"
	"time"

	cerrdefs "github.com/containerd/errdefs"
	"github.com/docker/docker/api/types/container"
	"github.com/docker/docker/client"

	"github.com/podlike/podlike/internal/labels"
	"github.com/podlike/podlike/internal/pod"
)

// node is an engine that knows a few containers.
type node struct {
	client.APIClient // what is not below panics
	containers       []container.Summary
	inspects         map[string]container.InspectResponse
	stopped, removed []string
	timeout          *int
}

func (n *node) ContainerList(_ context.Context, o container.ListOptions) ([]container.Summary, error) {
	var found []container.Summary
	for _, c := range n.containers {
		if !o.All && c.State != container.StateRunning {
			continue
		}
		if o.Filters.MatchKVList("label", c.Labels) && (!o.Filters.Contains("id") || slices.Contains(o.Filters.Get("id"), c.ID)) {
			found = append(found, c)
		}
	}
	return found, nil
}

func (n *node) ContainerInspect(_ context.Context, id string) (container.InspectResponse, error) {
	c, ok := n.inspects[id]
	if !ok {
		return c, errors.Join(cerrdefs.ErrNotFound, errors.New("no container "+id))
	}
	return c, nil
}

func (n *node) ContainerStop(_ context.Context, id string, o container.StopOptions) error {
	n.stopped, n.timeout = append(n.stopped, id), o.Timeout
	return nil
}

func (n *node) ContainerRemove(_ context.Context, id string, _ container.RemoveOptions) error {
	n.removed = append(n.removed, id)
	return nil
}

// id is a container ID that begins with some letters.
func id(begin string) string { return begin + strings.Repeat("0", 64-len(begin)) }

// pause adds a pause; service may be "".
func (n *node) pause(id, name, service, state string) {
	c := container.Summary{ID: id, Names: []string{"/" + name}, State: state, Status: "as the engine says", Created: time.Now().Unix(),
		Labels: map[string]string{labels.KeyImage: labels.PauseImage}}
	if service != "" {
		c.Labels[labelService] = service
	}
	n.containers = append(n.containers, c)
	n.inspects[id] = container.InspectResponse{Config: &container.Config{Labels: c.Labels}}
}

// member adds a container of a pod.
func (n *node) member(podID, name string, role pod.Role, state string) {
	owner := labels.Owner{Identity: pod.Identity{ID: podID, Run: "r1", Name: "p"}, Component: name, Role: role}
	all := owner.Add(nil)
	if role == pod.RoleSupervisor || role == pod.RoleIPC {
		all[labels.KeyImage] = labels.PauseImage // of the pause's image
	}
	n.containers = append(n.containers, container.Summary{
		ID: id("f" + name), Names: []string{"/p.podlike." + name}, State: state, Labels: all,
	})
}

func newNode() *node { return &node{inspects: map[string]container.InspectResponse{}} }
