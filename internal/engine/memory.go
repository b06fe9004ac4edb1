package engine

import (
	"context"
	"path"
	"strconv"
	"sync"
	"time"

	"github.com/podlike/podlike/internal/namespaces"
	"github.com/podlike/podlike/internal/pod"
)

// countsWithin is how long a component's end may wait for the answer whether
// memory ran out.
const countsWithin = 15 * time.Second

// memory is what is known of processes that the kernel killed in the pod's
// slice.
type memory struct {
	mu    sync.Mutex
	kills int
	// uncounted: another supervisor was here, and kills is none of its.
	uncounted bool
}

// ranOutOfMemory says whether a component ended for that. The engine says so,
// but with the systemd driver and cgroup v2 not always: systemd removes the
// scope, and its counters, with the last process, before the engine has read
// them (containerd's pull request 12714 says so of all versions; seen on Docker
// 20.10 and 26.1, of 1 in 10). The counters of the slice stay.
//
// Who kills a component from outside, in the moment after a process of another
// component was killed for memory and that one lived on, is not told apart.
func (p *Pod) ranOutOfMemory(ctx context.Context, id string, exit pod.Exit) bool {
	p.placing.mu.Lock()
	plan, done := p.placing.plan, p.placing.done
	p.placing.mu.Unlock()
	if exit.Code != killed || !done || plan.Work != namespaces.MakeSlice || p.host.CgroupVersion != "2" {
		return exit.OOMKilled
	}
	p.memory.mu.Lock()
	defer p.memory.mu.Unlock()
	if exit.OOMKilled {
		p.memory.kills++
		return true
	}
	select {
	case <-p.hooks.ending: // who was first is known
		return false
	default:
	}
	if !p.attempts.stopped(id).IsZero() {
		return false // it was us
	}
	ctx, cancel := context.WithTimeout(ctx, countsWithin)
	defer cancel()
	errand := namespaces.Errand{Kills: path.Join(cgroupsOnHost, namespaces.SlicePath(plan.Parent))}
	said, err := p.client.help(ctx, p.spec.Identity, p.image, p.host, errand)
	if err != nil {
		return false
	}
	kills, err := strconv.Atoi(said)
	if err != nil {
		return false
	}
	more := kills > p.memory.kills && !p.memory.uncounted
	p.memory.kills, p.memory.uncounted = kills, false
	return more
}
