//go:build e2e

package e2e

import (
	"errors"
	"fmt"
	"io/fs"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/docker/docker/api/types/container"
	"github.com/docker/docker/api/types/filters"
)

// fault is something that goes wrong: a column of the matrix.
type fault struct {
	word string // in the names of tests
	name string // in the document
	// mayLoseLines: lines of the log may be lost, by the engine itself.
	mayLoseLines bool
	// meet waits for the other cells that are struck by the same blow.
	meet   func(x *cell)
	strike func(x *cell)
	// over tells whether the fault is over, for a pod that lives.
	over func(x *cell) error
	// orphans: nobody of the pod is left to clean up. The next pod does: one
	// for each, or together where they died together.
	orphans  bool
	together *sync.Once
}

// cutFor is how long the engine's socket is cut: longer than any single call
// takes, shorter than any deadline.
const cutFor = 5 * time.Second

func nothing(*cell) {}

// faults are the blows that hit one pod.
func faults() []*fault {
	never := func(*cell) error { return errors.New("the pod has not ended") }
	return []*fault{
		{
			word: "supervisor", name: "supervisor killed",
			strike: func(x *cell) { x.signal(x.supervisor.ID, "SIGKILL") },
			over: func(x *cell) error {
				now, err := x.api.ContainerInspect(x.t.Context(), x.pod.name+".podlike-supervisor")
				if err == nil && (now.ID == x.supervisor.ID || !now.State.Running) {
					err = fmt.Errorf("there is no new supervisor: %.12s is %s", now.ID, now.State.Status)
				}
				// It says so when it knows what is there, and has removed what
				// it does not want.
				if err == nil && x.pod.supervised() <= x.supervised {
					err = errors.New("the new supervisor has not taken the pod over")
				}
				return err
			},
			meet: nothing,
		},
		{
			word: "pause", name: "pause killed",
			strike: func(x *cell) { x.signal(x.pod.id, "SIGKILL") },
			over:   never, meet: nothing,
		},
		{
			word: "both", name: "both killed",
			strike: func(x *cell) {
				pause, err := x.api.ContainerInspect(x.t.Context(), x.pod.id)
				if err != nil {
					x.t.Fatal(err)
				}
				x.killHard(pause)
				x.killHard(x.supervisor)
			},
			over: never, meet: nothing,
			orphans: true,
		},
		{
			// The directory of the socket is mounted: the file comes back as another.
			word: "connection", name: "connection to the engine cut for 5 s",
			strike: func(x *cell) { x.way.cut(x.t, cutFor) },
			over: func(x *cell) error {
				if x.way.away.Load() {
					return errors.New("the connection is still cut")
				}
				return nil
			},
			meet: nothing,
		},
		{
			word: "component", name: "one component killed",
			strike: func(x *cell) {
				victim := x.at.victim
				if victim == "" {
					victim = "app"
				}
				x.tell(victim, "SIGKILL")
			},
			over: never, meet: nothing,
		},
	}
}

// supervised counts the supervisors that the pod has had, those that died
// before they knew the pod left out.
func (p *runningPod) supervised() int {
	told := p.told()
	return strings.Count(told, "podlike: starting the pod: ") + strings.Count(told, "podlike: taking the pod over\n")
}

// collectNext runs another pod on the same engine, until the first is gone,
// or all dead ones where they died together: its supervisor removes what dead
// pods left, as long as its own pod lives.
func collectNext(x *cell) {
	x.site.collect(podSpec{noSocket: true, env: x.way.env, host: x.host}, func(next *runningPod) error {
		if x.fault.together == nil {
			return x.pod.gone()
		}
		return next.isAlone()
	})
}

// collect runs another pod for so long, or until it is clear that it takes too
// long.
func (s *site) collect(spec podSpec, done func(next *runningPod) error) {
	s.t.Helper()
	one := *s
	one.name += "_next"
	spec.components = map[string]string{"app": probe("sleep")}
	next := one.create(spec)
	next.start()
	next.component("app")
	if err := waitFor(s.t.Context(), nothingLeftWithin, func() error { return done(next) }); err != nil {
		s.t.Errorf("the next pod did not collect: %v", err)
	}
	s.signal(next.id, "SIGTERM")
	if code := next.wait(recoverWithin); code != 0 {
		s.t.Errorf("the next pod ended with %d; it said:\n%s", code, next.told())
	}
}

// isAlone tells whether no other pod has left anything on the engine.
func (p *runningPod) isAlone() error {
	list, err := p.api.ContainerList(p.t.Context(), container.ListOptions{All: true, Filters: filters.NewArgs(filters.Arg("label", "podlike.pod"))})
	for _, c := range list {
		if c.Labels["podlike.pod"] != p.id {
			err = errors.Join(err, fmt.Errorf("%s (%s) is there", strings.Join(c.Names, " "), c.State))
		}
	}
	return err
}

// removeCgroups removes what is left of the cgroup of a pause that died before
// its components did. Where it holds theirs, the engine could not remove it
// then, and does not try again. It must be empty.
func removeCgroups(t *testing.T, id string) {
	t.Helper()
	eventually(t, nothingLeftWithin, func() (err error) {
		for _, dir := range cgroups(id) {
			if rmdir := syscall.Rmdir(dir); rmdir != nil && !errors.Is(rmdir, fs.ErrNotExist) {
				err = fmt.Errorf("the cgroup %s: %w", dir, rmdir)
			}
		}
		return err
	})
}
