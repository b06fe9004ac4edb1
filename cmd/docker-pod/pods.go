package main

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/docker/docker/api/types/container"
	"github.com/docker/docker/api/types/filters"
	"github.com/docker/docker/client"

	"github.com/podlike/podlike/internal/labels"
)

// labelService is what Swarm writes on a task's container.
const labelService = "com.docker.swarm.service.name"

// onePod is a pod of this node: its pause, as the engine lists it.
type onePod struct {
	ID, Name string
	Service  string // the Swarm service's, "" for a plain pod
	State    string // of the pause's container: "running", "exited"
	Status   string // the same with details: "Exited (3) 2 minutes ago"
	Created  time.Time
}

func (p onePod) running() bool { return p.State == container.StateRunning }

// listPods returns the pods of this node, the newest first; with all, those
// whose pause does not run as well.
//
// A pause is known by its image's label, before anything else of the pod
// exists. One whose image has it not, because somebody built it by other
// means, is known by the labels of the containers that are of it.
func listPods(ctx context.Context, api client.APIClient, all bool) ([]onePod, error) {
	byImage, err := api.ContainerList(ctx, container.ListOptions{
		All: all, Filters: filters.NewArgs(filters.Arg("label", labels.KeyImage+"="+labels.PauseImage)),
	})
	if err != nil {
		return nil, err
	}
	members, err := api.ContainerList(ctx, container.ListOptions{
		All: true, Filters: filters.NewArgs(filters.Arg("label", labels.KeyPod)),
	})
	if err != nil {
		return nil, err
	}
	found := map[string]onePod{}
	add := func(list []container.Summary) {
		for _, c := range list {
			// The supervisor and the donor are of the pause's image too.
			if _, member := labels.ReadOwner(c.Labels); !member {
				found[c.ID] = newPod(c)
			}
		}
	}
	add(byImage)
	missing := filters.NewArgs()
	for _, c := range members {
		owner, _ := labels.ReadOwner(c.Labels)
		if _, known := found[owner.ID]; !known {
			missing.Add("id", owner.ID)
		}
	}
	if missing.Len() > 0 {
		others, err := api.ContainerList(ctx, container.ListOptions{All: all, Filters: missing})
		if err != nil {
			return nil, err
		}
		add(others)
	}
	return slices.SortedFunc(maps.Values(found), func(a, b onePod) int {
		return cmp.Or(b.Created.Compare(a.Created), strings.Compare(a.Name, b.Name))
	}), nil
}

func newPod(c container.Summary) onePod {
	p := onePod{
		ID: c.ID, Name: c.ID, Service: c.Labels[labelService],
		State: c.State, Status: c.Status, Created: time.Unix(c.Created, 0),
	}
	if len(c.Names) > 0 {
		p.Name = strings.TrimPrefix(c.Names[0], "/")
	}
	return p
}

// findPod returns the pod that the user means: by its pause's ID, or the
// beginning of that, by the pause's name, by the service's name, or by that and
// the task's slot. Pods that run go before those that do not.
func findPod(ctx context.Context, api client.APIClient, ref string) (onePod, error) {
	all, err := listPods(ctx, api, true)
	if err != nil {
		return onePod{}, err
	}
	return matchPod(all, ref)
}

// matchPod is findPod among all pods.
func matchPod(all []onePod, ref string) (onePod, error) {
	ref = strings.TrimPrefix(ref, "/")
	for _, matches := range []func(onePod) bool{
		func(p onePod) bool { return p.ID == ref || p.Name == ref },
		func(p onePod) bool { return p.Service != "" && p.Service == ref },
		func(p onePod) bool { // web.1 of web.1.x8q..., which Swarm names its tasks
			slot, ok := strings.CutPrefix(ref, p.Service+".")
			return ok && p.Service != "" && slot != "" && strings.HasPrefix(p.Name, ref+".")
		},
		func(p onePod) bool { return ref != "" && strings.HasPrefix(p.ID, ref) },
	} {
		found := slices.DeleteFunc(slices.Clone(all), func(p onePod) bool { return !matches(p) })
		if alive := slices.DeleteFunc(slices.Clone(found), func(p onePod) bool { return !p.running() }); len(alive) > 0 {
			found = alive
		}
		switch len(found) {
		case 0:
		case 1:
			return found[0], nil
		default:
			var lines []string
			for _, p := range found {
				lines = append(lines, fmt.Sprintf("\n  %.12s  %s  (%s)", p.ID, p.Name, p.Status))
			}
			return onePod{}, fmt.Errorf("%q is any of %d pods of this node; name one of them:%s", ref, len(found), strings.Join(lines, ""))
		}
	}
	return onePod{}, fmt.Errorf("no pod %q on this node: docker pod ls -a lists them; a service's pods are on the nodes that docker service ps names", ref)
}
