package lifecycle_test

import (
	"context"
	"errors"
	"fmt"
	"hash/fnv"
	"math/rand/v2"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/podlike/podlike/internal/lifecycle"
	"github.com/podlike/podlike/internal/lifecycle/enginetest"
	"github.com/podlike/podlike/internal/pod"
)

const (
	// envSchedules is how many schedules run; envSeed is the first one's seed.
	// To replay one: PODLIKE_SIM_SEED=4711 PODLIKE_SIM_SCHEDULES=1.
	envSchedules = "PODLIKE_SIM_SCHEDULES"
	envSeed      = "PODLIKE_SIM_SEED"

	defaultSchedules = 2000
)

// TestSimulation runs random pods on an engine that is slow, fails, repeats
// and loses, with stops, dying pauses and replaced supervisors at random
// moments, and checks what must hold in each of them.
func TestSimulation(t *testing.T) {
	first, schedules := number(t, envSeed, 1), number(t, envSchedules, defaultSchedules)
	for seed := first; seed < first+schedules; seed++ {
		simulate(t, seed)
		if t.Failed() {
			t.Fatalf("replay with %s=%d %s=1 go test -v -run TestSimulation ./internal/lifecycle", envSeed, seed, envSchedules)
		}
	}
	t.Logf("%d schedules, seeds %d to %d", schedules, first, first+schedules-1)
}

func number(t *testing.T, name string, otherwise uint64) uint64 {
	text := os.Getenv(name)
	if text == "" {
		return otherwise
	}
	n, err := strconv.ParseUint(text, 10, 64)
	if err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	return n
}

func simulate(t *testing.T, seed uint64) {
	defer func() {
		if r := recover(); r != nil {
			panic(fmt.Sprintf("%s=%d: %v", envSeed, seed, r))
		}
	}()
	synctest.Test(t, func(t *testing.T) {
		sim := newSimulation(t, seed)
		sim.run()
		sim.judge()
		if t.Failed() {
			t.Logf("pod: %s\nstory:\n%s", sim.describe(), strings.Join(sim.story, "\n"))
		}
	})
}

// simulation is one schedule. What happens to a call follows from the seed and
// from which call it is, not from the order in which goroutines get to run.
type simulation struct {
	*world
	seed   uint64
	rand   *rand.Rand
	faulty bool

	stopAt, dieAt, replaceAt time.Duration // zero: does not happen
	replaced                 bool

	code              int
	stopped, orphaned bool      // the commands were taken
	stoppedAt         time.Time // when the stop was asked for
	took              time.Duration
}

func newSimulation(t *testing.T, seed uint64) *simulation {
	r := rand.New(rand.NewPCG(seed, 0))
	sim := &simulation{world: newWorld(t), seed: seed, rand: r, faulty: r.IntN(2) == 0}
	sim.commands = make(chan lifecycle.Command)
	sim.underSwarm = r.IntN(2) == 0
	sim.spec.StopBudget = time.Duration(5+r.IntN(16)) * s
	sim.spec.Options.OnUnhealthy = pick(r, pod.UnhealthyAuto, pod.UnhealthyExit, pod.UnhealthyReport)
	for i := range r.IntN(3) {
		c := sim.component(fmt.Sprint("i", i), asInit)
		if c.Restart.Condition == pod.RestartAlways {
			c.Restart.Condition = pod.RestartOnFailure
		}
		sim.spec.Init = append(sim.spec.Init, c)
	}
	for i := range 1 + r.IntN(5) {
		c := sim.component(fmt.Sprint("c", i))
		for j := range i {
			if r.IntN(3) == 0 {
				condition := pick(r, pod.Started, pod.Started, pod.IsHealthy, pod.IsHealthy, pod.Completed)
				needs(fmt.Sprint("c", j), condition, func(d *pod.Dependency) {
					d.Required, d.Restart = r.IntN(5) > 0, r.IntN(4) == 0
				})(&c)
			}
		}
		sim.spec.Components = append(sim.spec.Components, c)
	}
	sim.stopAt = time.Duration(1 + r.Int64N(int64(pick(r, 200*ms, 3*s, time.Minute, 10*time.Minute))))
	switch r.IntN(10) {
	case 0:
		sim.dieAt = time.Duration(1 + r.Int64N(int64(sim.stopAt)*2))
	case 1, 2:
		sim.replaceAt = time.Duration(1 + r.Int64N(int64(sim.stopAt)*2))
	}
	sim.engine.Script = sim.script
	sim.engine.Fault = sim.fault
	sim.engine.OnStart = sim.onStart
	sim.engine.Calls = sim.onCall
	return sim
}

func pick[T any](r *rand.Rand, from ...T) T { return from[r.IntN(len(from))] }

func (sim *simulation) component(name string, changes ...func(*pod.Component)) pod.Component {
	r := sim.rand
	c := component(name, changes...)
	c.Essential = r.IntN(5) > 0
	c.StartTimeout = pick(r, 0, 20*s, 5*time.Minute)
	c.IgnoreExitCodes = []int{99}
	c.Restart = pod.RestartPolicy{
		Condition:   pick(r, pod.RestartNever, pod.RestartNever, pod.RestartOnFailure, pod.RestartAlways),
		MaxAttempts: r.IntN(4),
		Delay:       pick(r, 0, 0, 3*s),
	}
	if r.IntN(2) == 0 {
		grace(time.Duration(r.IntN(15)) * s)(&c)
	}
	return c
}

// dice are the same for the same question.
func (sim *simulation) dice(question ...any) *rand.Rand {
	h := fnv.New64a()
	fmt.Fprint(h, question...)
	return rand.New(rand.NewPCG(sim.seed, h.Sum64()))
}

// between is a random duration; no two of them are alike, so that no two
// things happen at the same moment.
func between(r *rand.Rand, least, most time.Duration) time.Duration {
	return least + time.Duration(r.Int64N(int64(most-least)))
}

func (sim *simulation) script(component string, n int) enginetest.Script {
	r := sim.dice("script", component, n)
	isInit := component[0] == 'i'
	script := enginetest.Script{
		Drain: between(r, 0, pick(r, 100*ms, 3*s, 20*s)), Deaf: r.IntN(8) == 0, StopCode: pick(r, 0, 143),
		Code: pick(r, 0, 0, 99, int(component[1]-'0')+10), OOM: r.IntN(20) == 0,
	}
	if isInit || r.IntN(2) == 0 {
		script.Runs = between(r, 1, pick(r, 100*ms, 10*s, 2*time.Minute))
	}
	if script.OOM {
		script.Code = 137
	}
	if r.IntN(3) == 0 {
		script.HasCheck = true
		script.HealthyAfter = between(r, 1, 5*s)
		if r.IntN(3) == 0 {
			script.UnhealthyAfter = between(r, 1, 30*s)
		}
	}
	if sim.faulty && r.IntN(25) == 0 {
		script.CreateErr = errors.New("no such image")
	}
	if sim.faulty && r.IntN(25) == 0 {
		script.StartErr = errors.New("no such command")
	}
	return script
}

func (sim *simulation) fault(method, component string, n int) enginetest.Fault {
	r := sim.dice("fault", method, component, n)
	// The least margin, 0.5 s less a tenth, has room for four calls in a row:
	// kill, wait, remove, list.
	f := enginetest.Fault{Delay: between(r, 1, 100*ms)}
	if method == "Create" && r.IntN(10) == 0 {
		f.Delay = between(r, 1, 20*s) // a pull
	}
	if method == "Start" && sim.faulty && r.IntN(50) == 0 {
		f.Delay = time.Hour // it hangs
	}
	often := 12
	if method == "Create" || method == "Start" {
		often = 40 // is not repeated, so it would end most pods
	}
	if sim.faulty && r.IntN(often) == 0 {
		f.Err, f.Late = errors.New("connection reset"), r.IntN(2) == 0
	}
	return f
}

func (sim *simulation) run() {
	done := make(chan struct{})
	send := func(c lifecycle.Command, taken *bool) {
		select {
		case sim.commands <- c:
			if taken != nil {
				*taken = true
			}
		case <-done:
		}
	}
	at := func(d time.Duration, do func()) {
		if d > 0 {
			go func() {
				select {
				case <-time.After(d):
					do()
				case <-done:
				}
			}()
		}
	}
	at(sim.stopAt, func() {
		sim.stoppedAt = time.Now()
		send(lifecycle.Signal("SIGTERM", 0), &sim.stopped)
		send(lifecycle.Signal("SIGINT", 0), nil)
	})
	at(sim.dieAt, func() { send(lifecycle.PauseDied(), &sim.orphaned) })

	sim.code = lifecycle.Abandoned
	if sim.replaceAt > 0 {
		ctx, cancel := context.WithTimeout(sim.t.Context(), sim.replaceAt)
		sim.code = sim.runOnce(ctx)
		cancel()
	}
	if sim.code == lifecycle.Abandoned {
		sim.replaced = sim.replaceAt > 0
		if sim.stopped {
			// The pause holds the signal and says it again.
			go send(lifecycle.Signal("SIGTERM", time.Since(sim.stoppedAt)), nil)
		}
		if sim.orphaned {
			go send(lifecycle.PauseDied(), nil)
		}
		sim.code = sim.runOnce(sim.t.Context())
	}
	close(done)
	synctest.Wait()
}

func (sim *simulation) runOnce(ctx context.Context) int {
	sim.endingAt = time.Time{}
	code := sim.runWith(ctx)
	if !sim.endingAt.IsZero() {
		sim.took = time.Since(sim.endingAt)
	}
	return code
}

func (sim *simulation) find(name string) pod.Component {
	all := slices.Concat(sim.spec.Init, sim.spec.Components)
	return all[slices.IndexFunc(all, func(c pod.Component) bool { return c.Name == name })]
}

// onStart checks that nothing starts before what it depends on.
func (sim *simulation) onStart(c *enginetest.Container) {
	me := sim.find(c.Component)
	for _, i := range sim.spec.Init {
		if i.Name == me.Name {
			break
		}
		if !sim.ever(i.Name, ranWell(i)) {
			sim.engine.Violate("%s starts before init component %s did its work", c.ContainerID, i.Name)
		}
	}
	for _, other := range sim.engine.History() {
		if other.Role == pod.RoleInit && other.State == pod.StateRunning && other.Component != me.Name {
			sim.engine.Violate("%s starts while init component %s runs", c.ContainerID, other.Component)
		}
		if other.Component == me.Name && !other.StartedAt.IsZero() {
			return // dependencies order the start, not the restarts
		}
	}
	for _, d := range me.DependsOn {
		if !d.Required {
			continue
		}
		on := sim.find(d.Name)
		met := map[pod.Condition]func(*enginetest.Container) bool{
			pod.Started: func(c *enginetest.Container) bool { return !c.StartedAt.IsZero() },
			pod.IsHealthy: func(c *enginetest.Container) bool {
				return !c.StartedAt.IsZero() && (!c.HasCheck || !c.HealthyAt.IsZero())
			},
			pod.Completed: ranWell(on),
		}[d.Condition]
		if !sim.ever(d.Name, met) {
			sim.engine.Violate("%s starts before %s is %s", c.ContainerID, d.Name, d.Condition)
		}
	}
}

func (sim *simulation) ever(name string, is func(*enginetest.Container) bool) bool {
	return slices.ContainsFunc(sim.engine.History(), func(c *enginetest.Container) bool { return c.Component == name && is(c) })
}

func ranWell(c pod.Component) func(*enginetest.Container) bool {
	return func(x *enginetest.Container) bool {
		return x.State == pod.StateExited && !x.Exit.OOMKilled && (x.Exit.Code == 0 || slices.Contains(c.IgnoreExitCodes, x.Exit.Code))
	}
}

// onCall checks what must not be done any more once the pod is ending, and
// that the order of the stop is kept as long as there is time.
func (sim *simulation) onCall(method, component string) {
	sim.mu.Lock()
	defer sim.mu.Unlock()
	if sim.endingAt.IsZero() {
		return
	}
	since := time.Since(sim.endingAt)
	switch method {
	case "Create", "Start":
		if since > 0 {
			sim.engine.Violate("%s %s while the pod is ending", method, component)
		}
	case "Stop":
		usable := sim.spec.StopBudget - lifecycle.Margin(sim.spec.StopBudget)
		// A start that only seemed to fail may leave something running, for a
		// moment and unknown to the loop.
		if sim.replaced && !sim.stoppedAt.IsZero() {
			since = max(since, time.Since(sim.stoppedAt)) // the clock that runs outside
		}
		if since >= usable*2/3 || sim.faulty || !sim.told("stopping component %q", component) {
			return
		}
		for _, other := range sim.engine.History() {
			if other.State == pod.StateRunning && slices.ContainsFunc(sim.find(other.Component).DependsOn, func(d pod.Dependency) bool { return d.Name == component }) {
				sim.engine.Violate("%s is stopped while %s runs", component, other.Component)
			}
		}
	}
}

// told reports whether the story has such a line. A component that is stopped
// only to be restarted has another one.
func (sim *simulation) told(format string, args ...any) bool {
	return slices.ContainsFunc(sim.story, func(line string) bool { return strings.HasSuffix(line, fmt.Sprintf(format, args...)) })
}

// judge checks what must hold at the end.
func (sim *simulation) judge() {
	gaveUp := slices.ContainsFunc(sim.trouble, func(s string) bool { return strings.Contains(s, "in time") })
	if gaveUp && !sim.faulty {
		sim.t.Errorf("was not done in time on an engine that works")
	}
	if !gaveUp {
		sim.gone()
	}
	limit := sim.spec.StopBudget
	if sim.faulty {
		limit += time.Minute // where nobody asked for the stop
	}
	if !sim.orphaned && sim.took > limit {
		sim.t.Errorf("took %v to stop, with a budget of %v", sim.took, sim.spec.StopBudget)
	}
	if took := time.Since(sim.stoppedAt); sim.stopped && !sim.orphaned && took > sim.spec.StopBudget {
		sim.t.Errorf("over %v after the stop was asked for, with a budget of %v", took, sim.spec.StopBudget)
	}
	if sim.orphaned {
		return // nobody hears the verdict
	}
	killed := sim.killedAfter(sim.endingAt)
	// An end is learned of up to two calls later.
	maybeKilled := sim.killedAfter(sim.endingAt.Add(-200 * ms))
	switch {
	case sim.stopped && sim.code != 0 && sim.code != 137:
		sim.t.Errorf("code %d after a stop", sim.code)
	case sim.stopped && sim.code == 137 && !maybeKilled && !sim.faulty:
		sim.t.Errorf("code 137 after a stop, but nothing was killed")
	case sim.stopped && sim.code == 0 && killed && !sim.faulty && !sim.replaced:
		sim.t.Errorf("code 0 after a stop, but something was killed")
	case sim.stopped:
	case sim.code == 125:
		if len(sim.trouble) == 0 {
			sim.t.Errorf("code 125, but nothing was wrong")
		}
	case sim.code == 1:
		option := sim.spec.Options.OnUnhealthy
		if option == pod.UnhealthyReport || (option == pod.UnhealthyAuto && !sim.underSwarm) {
			sim.t.Errorf("code 1 is not wanted here")
		}
	default:
		// Somebody who may decide ended with it, or all ended.
		decided := sim.anything(func(c *enginetest.Container) bool {
			me := sim.find(c.Component)
			code := c.Exit.Code
			if ranWell(me)(c) {
				code = 0
			}
			return c.State == pod.StateExited && (me.Essential || me.Role == pod.RoleInit) && code == sim.code
		})
		all := sim.told("every component has ended")
		if !decided && !(all && sim.code == 0) {
			sim.t.Errorf("nobody ended with code %d", sim.code)
		}
	}
}

func (sim *simulation) killedAfter(at time.Time) bool {
	return sim.anything(func(c *enginetest.Container) bool { return c.Killed && !c.Exit.At.Before(at) })
}

func (sim *simulation) anything(is func(*enginetest.Container) bool) bool {
	return slices.ContainsFunc(sim.engine.History(), is)
}

func (sim *simulation) describe() string {
	var b strings.Builder
	fmt.Fprintf(&b, "budget %v, stop %v, die %v, replace %v, faulty %v, swarm %v %s\n",
		sim.spec.StopBudget, sim.stopAt, sim.dieAt, sim.replaceAt, sim.faulty, sim.underSwarm, sim.spec.Options.OnUnhealthy)
	for _, c := range slices.Concat(sim.spec.Init, sim.spec.Components) {
		fmt.Fprintf(&b, "  %s essential=%v restart=%+v depends_on=%+v\n", c.Name, c.Essential, c.Restart, c.DependsOn)
	}
	return b.String()
}
