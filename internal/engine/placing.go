package engine

import (
	"context"
	"fmt"
	"path"
	"slices"
	"sync"

	"github.com/podlike/podlike/internal/namespaces"
	"github.com/podlike/podlike/internal/pod"
)

// placing is where the components' cgroups go.
type placing struct {
	mu   sync.Mutex
	plan namespaces.Placement
	done bool // what the plan wants of the host was done, or given up
}

// placed says where the components go. The first to ask has the host made
// ready, which may be repeated: an earlier supervisor may have done it. Where
// that cannot be, each component gets the limits, with a warning.
func (p *Pod) placed(ctx context.Context) (namespaces.Placement, error) {
	p.placing.mu.Lock()
	defer p.placing.mu.Unlock()
	if p.placing.done {
		return p.placing.plan, nil
	}
	parent, err := p.makeReady(ctx)
	switch {
	case err == nil:
		p.placing.plan.Parent = parent
	case MayPass(err), ctx.Err() != nil:
		return p.placing.plan, err
	default:
		p.placing.plan = namespaces.Apart(p.pause, err.Error())
		if w := p.placing.plan.Warning; w != "" {
			p.warnOnce(w)
		}
	}
	p.placing.done = true
	return p.placing.plan, nil
}

// makeReady does what the placement wants of the host first, and returns the
// cgroup parent.
func (p *Pod) makeReady(ctx context.Context) (parent string, err error) {
	plan := p.placing.plan
	var errand namespaces.Errand
	switch plan.Work {
	case namespaces.MakeLeaf:
		errand.Leaf = path.Join(cgroupsOnHost, plan.Parent)
	case namespaces.MakeSlice:
		errand.Slice = namespaces.NewSlice(p.spec.Name, p.pause)
	default:
		return plan.Parent, nil
	}
	said, err := p.client.help(ctx, p.spec.Identity, p.image, p.host, errand)
	if err != nil {
		return "", fmt.Errorf("the host could not be made ready: %w", err)
	}
	if plan.Work == namespaces.MakeSlice {
		return said, nil
	}
	return plan.Parent, nil
}

// orphans are cgroups that may stay when all containers of a pod are gone. The
// engine removes the cgroup of the pause when that ends, but not while others
// are below it.
type orphans map[string]pod.Identity

// note remembers where a container of the pod is, before it is removed.
func (o orphans) note(ctx context.Context, c *Client, id string, of pod.Identity) {
	found, err := c.api.ContainerInspect(ctx, id)
	if err != nil || found.HostConfig == nil {
		return // gone already
	}
	if parent := found.HostConfig.CgroupParent; path.Base(parent) == of.ID {
		o[parent] = of
	}
}

// sweep removes them, by a helper of this image.
func (o orphans) sweep(ctx context.Context, c *Client, image string) error {
	if len(o) == 0 || image == "" {
		return nil
	}
	var errand namespaces.Errand
	var of pod.Identity
	for parent, identity := range o {
		errand.Sweep, of = append(errand.Sweep, parent), identity
	}
	slices.Sort(errand.Sweep)
	_, err := c.help(ctx, of, image, namespaces.Host{}, errand)
	return err
}

// ImageOf is the ID of the image of a container, "" if there is none.
func (c *Client) ImageOf(ctx context.Context, id string) string {
	found, err := c.api.ContainerInspect(ctx, id)
	if err != nil {
		return ""
	}
	return found.Image
}
