//go:build e2e

package e2e

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"testing"
	"time"

	cerrdefs "github.com/containerd/errdefs"
	"github.com/docker/docker/api/types/container"
	"github.com/docker/docker/api/types/filters"
	"github.com/docker/docker/api/types/network"
	"github.com/docker/docker/api/types/swarm"
	"github.com/docker/docker/api/types/volume"
)

// cleanUpWithin bounds the removal of a site; a pod may take its whole grace.
const cleanUpWithin = 2 * time.Minute

// removeAll removes the stack and the containers of the site, except those
// that a pod must remove by itself.
func (s *site) removeAll() {
	ctx, cancel := context.WithTimeout(context.Background(), patience(cleanUpWithin))
	defer cancel()
	byStack := filters.NewArgs(filters.Arg("label", stackLabel+"="+s.name))
	services, err := s.api.ServiceList(ctx, swarm.ServiceListOptions{Filters: byStack})
	if err != nil {
		s.t.Errorf("cannot list the services: %v", err)
	}
	for _, v := range services {
		(&service{s, v.Spec.Name}).tasks(ctx) // to know their pauses
		if err := s.api.ServiceRemove(ctx, v.ID); err != nil && !cerrdefs.IsNotFound(err) {
			s.t.Errorf("cannot remove the service %s: %v", v.Spec.Name, err)
		}
	}
	for _, c := range s.containers(ctx, "") {
		if _, task := c.Labels[stackLabel]; task || c.Labels["podlike.pod"] != "" {
			continue // Swarm and the pod remove these
		}
		s.pauses[c.ID] = true
		grace := 15
		s.api.ContainerStop(ctx, c.ID, container.StopOptions{Timeout: &grace})
		if err := s.api.ContainerRemove(ctx, c.ID, container.RemoveOptions{Force: true, RemoveVolumes: true}); err != nil && !cerrdefs.IsNotFound(err) {
			s.t.Errorf("cannot remove %s: %v", c.Names[0], err)
		}
	}
	if err := waitFor(ctx, time.Minute, func() error {
		left, err := s.api.ContainerList(ctx, container.ListOptions{All: true, Filters: byStack})
		if err == nil && len(left) > 0 {
			err = fmt.Errorf("the task's container %s is there", left[0].Names[0])
		}
		return err
	}); err != nil {
		s.t.Errorf("the stack was removed; %v", err)
	}
	s.removeNetworks(ctx)
	volumes, err := s.api.VolumeList(ctx, volume.ListOptions{Filters: filters.NewArgs(filters.Arg("name", s.name+"_"))})
	if err != nil {
		s.t.Errorf("cannot list the volumes: %v", err)
	}
	for _, v := range volumes.Volumes {
		if s.owns(v.Name) {
			s.api.VolumeRemove(ctx, v.Name, true)
		}
	}
}

// removeNetworks waits until the networks are free: Swarm forgets a task
// before its node does.
func (s *site) removeNetworks(ctx context.Context) {
	if err := waitFor(ctx, 30*time.Second, func() error {
		list, err := s.api.NetworkList(ctx, network.ListOptions{})
		if err != nil {
			return err
		}
		for _, n := range list {
			if s.owns(n.Name) {
				err = errors.Join(err, fmt.Errorf("the network %s is there: %v", n.Name, s.api.NetworkRemove(ctx, n.ID)))
			}
		}
		return err
	}); err != nil {
		s.t.Error(err)
	}
}

// checkLeftovers fails the test if a pod left a container or a cgroup.
func (s *site) checkLeftovers() {
	ctx, cancel := context.WithTimeout(context.Background(), patience(cleanUpWithin))
	defer cancel()
	if err := waitFor(ctx, 5*time.Second, func() error { return s.leftovers(ctx) }); err != nil {
		s.t.Errorf("left behind after the pod's end: %v", err)
	}
}

// removeLeftovers removes the containers that a pod should have removed.
func (s *site) removeLeftovers() {
	ctx, cancel := context.WithTimeout(context.Background(), patience(cleanUpWithin))
	defer cancel()
	for _, c := range s.containers(ctx, ".podlike") {
		if err := s.api.ContainerRemove(ctx, c.ID, container.RemoveOptions{Force: true, RemoveVolumes: true}); err != nil && !cerrdefs.IsNotFound(err) {
			s.t.Errorf("cannot remove %s: %v", c.Names[0], err)
		}
	}
}

func (s *site) leftovers(ctx context.Context) error {
	var left []string
	for _, c := range s.containers(ctx, ".podlike") {
		left = append(left, c.Names[0])
	}
	for id := range s.pauses {
		names, err := s.labelled(ctx, id)
		if err != nil {
			return err
		}
		left = append(left, names...)
		left = append(left, cgroups(id)...)
	}
	if len(left) > 0 {
		return errors.New(strings.Join(left, ", "))
	}
	return nil
}

// cgroups lists the cgroup directories of a container on this machine, with
// either driver; they hold those of its pod.
func cgroups(id string) []string {
	var dirs []string
	for _, pattern := range []string{"docker/" + id, "*/docker/" + id, "podlike-" + id[:12] + ".slice", "*/podlike-" + id[:12] + ".slice"} {
		found, _ := filepath.Glob("/sys/fs/cgroup/" + pattern)
		dirs = append(dirs, found...)
	}
	return dirs
}

// TestLeftoversShow: the check that ends each test sees what a pod may leave.
func TestLeftoversShow(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	if err := s.leftovers(t.Context()); err != nil {
		t.Fatalf("in the beginning: %v", err)
	}
	pause := strings.Repeat("0123456789abcdef", 4)
	for name, labels := range map[string]map[string]string{
		s.name + "_pod.1.x.podlike.app":     nil,
		s.name + "_pod.1.x.podlike-ipc":     nil,
		s.name + "-or-a-name-of-no-pattern": {"podlike.pod": pause},
	} {
		s.pauses = map[string]bool{pause: true}
		made, err := s.api.ContainerCreate(t.Context(), &container.Config{Image: probeImage, Labels: labels}, nil, nil, nil, name)
		if err != nil {
			t.Fatal(err)
		}
		if err := s.leftovers(t.Context()); err == nil || !strings.Contains(err.Error(), name) {
			t.Errorf("%s is not seen: %v", name, err)
		}
		if err := s.api.ContainerRemove(t.Context(), made.ID, container.RemoveOptions{}); err != nil {
			t.Fatal(err)
		}
	}
}
