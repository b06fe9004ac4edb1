//go:build e2e

package e2e

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	cerrdefs "github.com/containerd/errdefs"
	"github.com/docker/docker/api/types/container"
	"github.com/docker/docker/api/types/filters"
	"github.com/docker/docker/api/types/swarm"
)

const (
	killsVariable = "PODLIKE_KILLS"
	killsSeed     = "PODLIKE_KILLS_SEED"
	usualKills    = 40
	// killsWithin is when no further kill is begun.
	killsWithin = 9 * time.Minute
	// killedPods is how many pods are struck side by side.
	killedPods = 5
)

// TestRandomKills kills supervisors and pauses of several pods, again and
// again, at random moments. No component is restarted by a supervisor's death,
// no exit code is lost, no line either, and nothing is left in the end.
func TestRandomKills(t *testing.T) {
	t.Parallel()
	want := int64(numberOf(t, killsVariable, usualKills))
	seed := uint64(numberOf(t, killsSeed, int(time.Now().UnixNano()&0xffffff)))
	t.Logf("%s=%d %s=%d", killsVariable, want, killsSeed, seed)
	began := time.Now()
	var kills, supervisors, pauses, ends atomic.Int64
	var all sync.WaitGroup
	for i := range killedPods {
		all.Go(func() {
			t.Run(fmt.Sprint(i), func(t *testing.T) {
				v := &victim{
					site: newSite(t), random: rand.New(rand.NewPCG(seed, uint64(i))),
					swarm: i < 2, pids: i%2 == 0,
				}
				v.start()
				for time.Since(began) < killsWithin && kills.Load() < want {
					switch draw := v.random.IntN(10); {
					case draw < 7 && kills.Add(1) <= want:
						supervisors.Add(1)
						v.killSupervisor()
					case draw < 9 && kills.Add(1) <= want:
						pauses.Add(1)
						v.killPause()
					case draw == 9:
						ends.Add(1)
						v.endComponent()
					}
				}
				v.endComponent()
				v.finish()
			})
		})
	}
	all.Wait()
	t.Logf("killed %d supervisors and %d pauses, and let %d components end, in %s",
		supervisors.Load(), pauses.Load(), ends.Load()+killedPods, time.Since(began).Round(time.Second))
	if got := supervisors.Load() + pauses.Load(); got < want && !t.Failed() {
		t.Logf("only %d of %d kills: the time was over", got, want)
	}
}

// numberOf reads a number from the environment.
func numberOf(t *testing.T, variable string, usual int) int {
	t.Helper()
	text := os.Getenv(variable)
	if text == "" {
		return usual
	}
	n, err := strconv.Atoi(text)
	if err != nil || n < 0 {
		t.Fatalf("%s=%s is no number", variable, text)
	}
	return n
}

// victim is one pod after the other, each a successor of one that was killed.
type victim struct {
	*site
	random *rand.Rand
	swarm  bool // replaces the pods; else the test does
	pids   bool

	service *service
	pod     *runningPod
	pods    int
	code    int // with which "app" ends
	// supervisor is the last one that was killed; seen has the components that
	// ran, as "ID since start".
	supervisor string
	supervised int // how many supervisors the pod had then
	seen       map[string]string
}

// start makes the first pod, or the next.
func (v *victim) start() {
	v.t.Helper()
	old := v.pod
	switch {
	case v.swarm && v.service == nil:
		v.code = 3 + v.random.IntN(90)
		spec := v.spec()
		spec.restart = "any"
		v.service = v.deploy(spec)
		v.pod = v.service.running()
	case v.swarm:
		eventually(v.t, startWithin, func() error {
			for _, task := range v.service.tasks(v.t.Context()) {
				if status := task.Status.ContainerStatus; task.Status.State == swarm.TaskStateRunning && status.ContainerID != old.id {
					v.pod = v.site.pod(status.ContainerID)
					return nil
				}
			}
			return errors.New("no task replaces the one that ended")
		})
	default:
		v.pods++
		v.code = 3 + v.random.IntN(90)
		// A name of its own: what a dead pod left may still have the last one.
		one := *v.site
		one.name = fmt.Sprintf("%s_%d", v.name, v.pods)
		v.pod = one.create(v.spec())
		v.pod.start()
	}
	v.seen, v.supervisor, v.supervised = map[string]string{}, "", 0
}

func (v *victim) spec() podSpec {
	return podSpec{
		args: []string{"--logs", fmt.Sprintf("--pids=%v", v.pids)},
		components: map[string]string{
			"app":  probe("talk", "50ms", "0s", fmt.Sprint(v.code)),
			"side": probe("sleep"),
			"last": probe("sleep") + "depends_on: [side]\n",
		},
	}
}

// killSupervisor kills the supervisor as soon as there is one, or a little
// later, and waits for the next.
func (v *victim) killSupervisor() {
	v.t.Helper()
	now := v.nextSupervisor()
	v.look()
	<-time.After(time.Duration(v.random.IntN(400)) * time.Millisecond)
	v.supervisor, v.supervised = now.ID, v.pod.supervised()
	v.kill(now)
	v.nextSupervisor()
	v.look()
	// The next one may die before it has looked at the pod, too.
	if v.random.IntN(2) == 0 {
		v.settled()
		v.look()
	}
}

// settled waits until the supervisor knows the pod, and has removed what it
// does not want.
func (v *victim) settled() {
	v.t.Helper()
	eventually(v.t, startWithin, func() error {
		if v.pod.supervised() <= v.supervised {
			return fmt.Errorf("no supervisor has taken %s over", v.pod.name)
		}
		return nil
	})
}

// kill kills a container's first process, unless it ended meanwhile.
func (s *site) kill(c container.InspectResponse) {
	s.t.Helper()
	if err := s.api.ContainerKill(s.t.Context(), c.ID, "SIGKILL"); err != nil && !cerrdefs.IsConflict(err) && !cerrdefs.IsNotFound(err) {
		s.t.Fatal(err)
	}
}

func (v *victim) nextSupervisor() container.InspectResponse {
	v.t.Helper()
	var now container.InspectResponse
	eventually(v.t, startWithin, func() (err error) {
		now, err = v.api.ContainerInspect(v.t.Context(), v.pod.name+".podlike-supervisor")
		if err == nil && (now.ID == v.supervisor || !now.State.Running) {
			err = fmt.Errorf("no new supervisor runs in %s", v.pod.name)
		}
		return err
	})
	return now
}

// look checks that the components that ran before still do.
func (v *victim) look() {
	v.t.Helper()
	list, err := v.api.ContainerList(v.t.Context(), container.ListOptions{All: true, Filters: filters.NewArgs(
		filters.Arg("label", "podlike.pod="+v.pod.id), filters.Arg("label", "podlike.role=component"))})
	if err != nil {
		v.t.Fatal(err)
	}
	now := map[string]string{}
	for _, c := range list {
		got, err := v.api.ContainerInspect(v.t.Context(), c.ID)
		if cerrdefs.IsNotFound(err) {
			continue // one that a new supervisor did not want
		}
		if err != nil {
			v.t.Fatal(err)
		}
		if got.State.Running {
			now[c.Labels["podlike.component"]] = fmt.Sprintf("%.12s since %s", got.ID, got.State.StartedAt)
		}
	}
	for name, was := range v.seen {
		if now[name] != was {
			v.t.Errorf("component %q of %s was %s, and is %q now", name, v.pod.name, was, now[name])
		}
	}
	v.seen = now
}

// killPause kills the pod, and sees the next one start.
func (v *victim) killPause() {
	v.t.Helper()
	pause, err := v.api.ContainerInspect(v.t.Context(), v.pod.id)
	if err != nil {
		v.t.Fatal(err)
	}
	v.kill(pause)
	v.ended(137)
	v.start()
}

// endComponent lets a component end: the pod has to end with its code.
func (v *victim) endComponent() {
	v.t.Helper()
	v.settled()
	full := v.pod.name + ".podlike.app"
	eventually(v.t, startWithin, func() error {
		if _, err := v.api.ContainerInspect(v.t.Context(), full); err != nil {
			return err
		}
		if said := v.log(v.t.Context(), full); !strings.Contains(said, "line ") {
			return fmt.Errorf("%s is silent: %s", full, said)
		}
		return nil
	})
	v.look()
	v.signal(full, "SIGUSR1")
	told := v.ended(v.code)
	if err := whole(told, "[out] app: "); told != "" && err != nil {
		v.t.Errorf("the log of %s is not whole: %v", v.pod.name, err)
	}
	v.start()
}

// ended checks the code with which the pod ended, and returns its log, unless
// the Swarm has it. Something that is left is for the next supervisor.
func (v *victim) ended(code int) (told string) {
	v.t.Helper()
	if !v.swarm {
		if got := v.pod.wait(recoverWithin); got != code {
			v.t.Errorf("%s ended with %d, want %d; it said:\n%s", v.pod.name, got, code, v.pod.told())
		}
		return v.pod.told()
	}
	var last swarm.Task
	eventually(v.t, recoverWithin, func() error {
		for _, task := range v.service.tasks(v.t.Context()) {
			if status := task.Status.ContainerStatus; status != nil && status.ContainerID == v.pod.id && ended(task) {
				last = task
				return nil
			}
		}
		return fmt.Errorf("the task of %s has not ended", v.pod.name)
	})
	v.service.wantEnd(last, swarm.TaskStateFailed, code)
	return ""
}

// finish ends the last pod, and lets another clean up after those that lost
// pause and supervisor together.
func (v *victim) finish() {
	v.t.Helper()
	if v.swarm {
		v.service.remove()
	} else {
		// The kernel drops a signal to a PID 1 that has no handler yet; the
		// supervisor comes after that.
		v.nextSupervisor()
		v.signal(v.pod.id, "SIGTERM")
		v.pod.wait(endWithin)
	}
	v.collect(podSpec{}, func(next *runningPod) error {
		for id := range v.pauses {
			if id == next.id {
				continue
			}
			if left, err := v.labelled(v.t.Context(), id); err != nil || len(left) > 0 {
				return fmt.Errorf("left behind of %.12s: %s (%v)", id, strings.Join(left, ", "), err)
			}
		}
		return nil
	})
	for id := range v.pauses {
		removeCgroups(v.t, id)
	}
}
