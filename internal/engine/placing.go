package engine

import (
	"context"
	"fmt"
	"path"
	"strings"
	"sync"
	"time"

	cerrdefs "github.com/containerd/errdefs"
	"github.com/docker/docker/api/types/container"
	"github.com/docker/docker/api/types/filters"

	"github.com/podlike/podlike/internal/labels"
	"github.com/podlike/podlike/internal/namespaces"
	"github.com/podlike/podlike/internal/pod"
)

// placing is where the components' cgroups go.
type placing struct {
	mu   sync.Mutex
	plan namespaces.Placement
	done bool // what the plan wants of the host was done, or given up
	// since is when that was tried first, in vain.
	since time.Time
}

// readyWithin is how long an engine in trouble may keep a pod from its place:
// less than the lifecycle repeats a call, so that the pod runs all the same.
const readyWithin = troubleLasts / 2

// placed says where the components go. The first to ask has the host made
// ready, which may be repeated: an earlier supervisor may have done it. Where
// that cannot be, each component gets the limits, with a warning.
func (p *Pod) placed(ctx context.Context) (namespaces.Placement, error) {
	p.placing.mu.Lock()
	defer p.placing.mu.Unlock()
	if p.placing.done {
		return p.placing.plan, nil
	}
	parent, err := p.adopted(ctx)
	if err == nil && parent == "" {
		parent, err = p.makeReady(ctx)
	}
	if err != nil && p.placing.since.IsZero() {
		p.placing.since = time.Now()
	}
	switch {
	case err == nil:
		p.placing.plan.Parent = parent
	case ctx.Err() != nil, MayPass(err) && time.Since(p.placing.since) < readyWithin:
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

// adopted is where an earlier supervisor of this run has put components, ""
// for nowhere: nothing has to be done on the host again, and a helper is not
// among processes that it need not trust.
func (p *Pod) adopted(ctx context.Context) (parent string, err error) {
	if p.placing.plan.Work == namespaces.NoWork {
		return "", nil
	}
	list, err := p.client.api.ContainerList(ctx, container.ListOptions{All: true, Filters: filters.NewArgs(
		filters.Arg("label", labels.KeyPod+"="+p.spec.ID), filters.Arg("label", labels.KeyRun+"="+p.spec.Run))})
	if err != nil {
		return "", fmt.Errorf("cannot list the pod's containers: %w", err)
	}
	for _, c := range list {
		if owner, _ := labels.ReadOwner(c.Labels); owner.Role != pod.RoleComponent && owner.Role != pod.RoleInit {
			continue
		}
		found, err := p.client.api.ContainerInspect(ctx, c.ID)
		if cerrdefs.IsNotFound(err) {
			continue
		}
		if err != nil {
			return "", err
		}
		if at := found.HostConfig.CgroupParent; namespaces.OfPod(at, p.spec.ID) {
			p.memory.uncounted = true
			return at, nil
		}
	}
	return "", nil
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
	if err != nil && errand.Leaf != "" && strings.Contains(err.Error(), "bind source path does not exist") {
		return "", fmt.Errorf("the pause's cgroup is not %s: the engine has a cgroup parent of its own, and does not say which", errand.Leaf)
	}
	if err != nil {
		return "", fmt.Errorf("the host could not be made ready: %w", err)
	}
	if plan.Work == namespaces.MakeSlice {
		return said, nil
	}
	return plan.Parent, nil
}

// ImageOf is the ID of the image of a container, "" if there is none.
func (c *Client) ImageOf(ctx context.Context, id string) string {
	found, err := c.api.ContainerInspect(ctx, id)
	if err != nil {
		return ""
	}
	return found.Image
}
