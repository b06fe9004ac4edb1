package lifecycle

import (
	"cmp"
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	gocmp "github.com/google/go-cmp/cmp"

	"github.com/podlike/podlike/internal/plan"
	"github.com/podlike/podlike/internal/pod"
)

// walker answers what Next asks for, in any order and with any result, as no
// engine would dare to.
type walker struct {
	t       *testing.T
	rand    *rand.Rand
	s       Snapshot
	now     time.Time
	pending []Event // what may happen next, besides failures
	made    int
	running map[string]bool // containers that run or may run
	seen    map[move]bool
	done    int
}

func (w *walker) chance(percent int) bool { return w.rand.IntN(100) < percent }

func (w *walker) step(e Event) {
	w.now = w.now.Add(time.Duration(w.rand.IntN(3000)) * time.Millisecond)
	e.At = w.now
	n := advance(w.s, e)
	for _, m := range n.moves {
		w.seen[m] = true
	}
	w.s = n.Snapshot
	for _, a := range n.actions {
		w.perform(a)
	}
	w.check(e)
}

func (w *walker) perform(a Action) {
	answer := Event{Component: a.Component, Container: a.Container}
	switch a.Kind {
	case DoList:
		answer.Kind = Listed
	case DoCreate:
		w.made++
		answer.Kind = Created
		answer.Made = pod.Observed{ContainerID: fmt.Sprint(a.Component, w.made), HasCheck: w.chance(30)}
	case DoStart:
		answer.Kind = Started
		for id := range w.running {
			if id != a.Container && w.s.holder(id) != nil && w.s.holder(id).Name == a.Component {
				w.t.Fatalf("starts %s while %s may run", a.Container, id)
			}
		}
		w.running[a.Container] = true
	case DoWait:
		answer.Kind, answer.Exit.Code = Exited, w.rand.IntN(3)
	case DoRemove:
		answer.Kind = Removed
	case DoAlarm:
		answer.Kind = a.Alarm
		w.pending = slices.DeleteFunc(w.pending, func(e Event) bool { return e.Kind == a.Alarm && e.Component == a.Component })
	case DoFinish:
		w.done++
		return
	default:
		return
	}
	w.pending = append(w.pending, answer)
}

// happen lets one pending event happen, or something from outside.
func (w *walker) happen() {
	switch i := w.rand.IntN(100); {
	case i < 2:
		w.step(Event{Kind: StopAsked, Signal: "SIGTERM"})
	case i < 3:
		w.step(Event{Kind: PauseGone})
	case i < 12:
		p := w.s.Parts[w.rand.IntN(len(w.s.Parts))]
		w.step(Event{Kind: HealthChanged, Container: p.Container, Health: []pod.Health{pod.Healthy, pod.Unhealthy}[w.rand.IntN(2)]})
	case len(w.pending) > 0:
		i := w.rand.IntN(len(w.pending))
		e := w.pending[i]
		late := e.Kind == OrderOver || e.Kind == GraceOver || e.Kind == ForceOver || e.Kind == BudgetOver || e.Kind == WaitOver
		if late && w.chance(90) {
			return // these are long alarms
		}
		w.pending = slices.Delete(w.pending, i, i+1)
		w.answer(e)
	}
}

func (w *walker) answer(e Event) {
	failed := map[EventKind]EventKind{Listed: ListFailed, Created: CreateFailed, Started: StartFailed, Removed: RemoveFailed}[e.Kind]
	if failed != "" && w.chance(8) {
		e.Kind, e.Err = failed, errors.New("it broke")
	}
	switch e.Kind {
	case Exited, Removed:
		delete(w.running, e.Container)
	case Listed:
		e.List = w.list()
	}
	w.step(e)
	if w.chance(5) {
		w.step(e) // once more
	}
}

// list invents what was left behind, and what was said of it.
func (w *walker) list() []pod.Observed {
	if w.s.Phase != Adopting || w.chance(50) {
		return nil
	}
	var list []pod.Observed
	w.s.Remembered = &pod.Status{Phase: string(w.s.Phase)}
	started := w.chance(60)
	for i, p := range w.s.Parts {
		o := pod.Observed{
			Component: p.Name, Role: p.Role, ContainerID: fmt.Sprint("old", i, w.made),
			State: []pod.State{pod.StateCreated, pod.StateRunning, pod.StateExited}[w.rand.IntN(3)],
			Exit:  pod.Exit{Code: w.rand.IntN(2), At: w.now},
		}
		if w.chance(10) {
			o.Run = "another"
		}
		if (p.isInit() && started) || w.chance(30) {
			continue
		}
		if o.State == pod.StateRunning {
			w.running[o.ContainerID] = o.Run == ""
		}
		list = append(list, o)
		lives := []pod.Life{pod.LifeWaiting, pod.LifeStarting, pod.LifeRunning, pod.LifeRestarting, pod.LifeStopping, pod.LifeEnded}
		said := pod.ComponentStatus{Name: p.Name, Role: p.Role, Life: lives[w.rand.IntN(len(lives))], ContainerID: o.ContainerID}
		if soon := w.now.Add(time.Second); w.chance(50) {
			said.RestartAt = &soon
		}
		w.s.Remembered.Components = append(w.s.Remembered.Components, said)
		if !started {
			break
		}
	}
	return list
}

func (w *walker) check(e Event) {
	if w.done > 1 || (w.done == 1) != (w.s.Phase == Over) {
		w.t.Fatalf("after %s in phase %s: finished %d times", e.Kind, w.s.Phase, w.done)
	}
	if (w.s.Phase == Ending || w.s.Phase == Sweeping || w.s.Phase == Over) && !w.s.ending() {
		w.t.Fatalf("phase %s without a cause", w.s.Phase)
	}
	if w.s.Phase == Serving {
		for i := range w.s.Parts {
			p := &w.s.Parts[i]
			if p.decides() && p.State == Ended && !p.succeeded() {
				w.t.Fatalf("%s ended, and the pod lives on", p)
			}
		}
	}
	if w.s.Health == pod.Healthy && w.s.Phase == Serving {
		for _, p := range w.s.Parts {
			if p.Essential && !p.isInit() && p.State != Running && p.State != Ended {
				w.t.Fatalf("healthy while %q is %s", p.Name, p.State)
			}
		}
	}
}

func randomPod(r *rand.Rand) pod.Spec {
	spec := pod.Spec{StopBudget: 10 * time.Second}
	for i := range r.IntN(3) {
		spec.Init = append(spec.Init, randomComponent(r, fmt.Sprint("init", i), pod.RoleInit))
	}
	for i := range 1 + r.IntN(3) {
		c := randomComponent(r, fmt.Sprint("c", i), pod.RoleComponent)
		for j := range i {
			if r.IntN(2) == 0 {
				c.DependsOn = append(c.DependsOn, pod.Dependency{
					Name:      fmt.Sprint("c", j),
					Condition: []pod.Condition{pod.Started, pod.IsHealthy, pod.Completed}[r.IntN(3)],
					Required:  r.IntN(4) > 0,
					Restart:   r.IntN(3) == 0,
				})
			}
		}
		spec.Components = append(spec.Components, c)
	}
	spec.Options.OnUnhealthy = []pod.OnUnhealthy{pod.UnhealthyAuto, pod.UnhealthyExit, pod.UnhealthyReport}[r.IntN(3)]
	return spec
}

func randomComponent(r *rand.Rand, name string, role pod.Role) pod.Component {
	return pod.Component{
		Name: name, Role: role, Essential: r.IntN(3) > 0, StartTimeout: 5 * time.Minute, IgnoreExitCodes: []int{2},
		Restart: pod.RestartPolicy{
			Condition:   []pod.RestartCondition{pod.RestartNever, pod.RestartOnFailure, pod.RestartAlways}[r.IntN(3)],
			MaxAttempts: r.IntN(4),
		},
	}
}

// TestWalks takes random walks through Next. All that happens on them is in the
// table of transitions, and all that is in the table happens.
func TestWalks(t *testing.T) {
	seen := map[move]bool{}
	var seed uint64
	t.Cleanup(func() {
		if t.Failed() {
			t.Logf("the last seed was %d", seed)
		}
	})
	for seed = range uint64(4000) {
		r := rand.New(rand.NewPCG(seed, 1))
		spec := randomPod(r)
		order, err := plan.New(spec)
		if err != nil {
			t.Fatal(err)
		}
		w := &walker{t: t, rand: r, now: start, running: map[string]bool{}, seen: seen,
			s: newSnapshot(Config{Spec: spec, Plan: order, UnderSwarm: r.IntN(2) == 0})}
		w.step(Event{Kind: Begun})
		for range 400 {
			if w.happen(); w.s.Phase == Over {
				break
			}
		}
	}
	walked := map[State][]State{}
	moves := slices.SortedFunc(maps.Keys(seen), func(a, b move) int { return cmp.Compare(fmt.Sprint(a), fmt.Sprint(b)) })
	for _, m := range moves {
		walked[m.from] = append(walked[m.from], m.to)
	}
	if diff := gocmp.Diff(edges(transitions), edges(walked)); diff != "" {
		t.Errorf("transitions (-table +walked):\n%s", diff)
	}
}
