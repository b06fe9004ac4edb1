package lifecycle_test

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/compose-spec/compose-go/v2/types"
	"github.com/google/go-cmp/cmp"

	"github.com/podlike/podlike/internal/lifecycle"
	"github.com/podlike/podlike/internal/lifecycle/enginetest"
	"github.com/podlike/podlike/internal/plan"
	"github.com/podlike/podlike/internal/pod"
)

var identity = pod.Identity{ID: "pause", Run: "run-2", Name: "app.1"}

func hash(c pod.Component) string { return "hash of " + c.Name }

// world is a pod on an engine in memory, in a bubble of its own time.
type world struct {
	t          *testing.T
	engine     *enginetest.Engine
	wrap       func(*enginetest.Engine) lifecycle.Engine // may be nil
	spec       pod.Spec
	underSwarm bool
	commands   chan lifecycle.Command
	resume     *int // what the pause remembers of a pod whose end has begun
	scripts    map[string][]enginetest.Script

	began time.Time

	mu       sync.Mutex // the engine's hooks read what the loop writes
	story    []string
	trouble  []string
	status   pod.Status
	endingAt time.Time // when the pod began to end; zero if it did not yet
}

func newWorld(t *testing.T, components ...pod.Component) *world {
	w := &world{
		t: t, engine: enginetest.New(identity, hash), commands: make(chan lifecycle.Command, 8),
		scripts: map[string][]enginetest.Script{}, began: time.Now(),
		spec: pod.Spec{Identity: identity, StopBudget: 10 * time.Second},
	}
	for _, c := range components {
		if c.Role == pod.RoleInit {
			w.spec.Init = append(w.spec.Init, c)
		} else {
			w.spec.Components = append(w.spec.Components, c)
		}
	}
	w.engine.Script = func(component string, n int) enginetest.Script {
		list := w.scripts[component]
		switch {
		case len(list) == 0:
			return enginetest.Script{StopCode: 143}
		case n > len(list):
			return list[len(list)-1]
		default:
			return list[n-1]
		}
	}
	return w
}

// does says what a component's containers do, one after the other; the last
// one's script is that of all that follow.
func (w *world) does(component string, scripts ...enginetest.Script) {
	w.scripts[component] = scripts
}

// after lets do happen at that time of the pod's life.
func (w *world) after(d time.Duration, do func()) { time.AfterFunc(d, do) }

// signal is what the pause says at that time.
func (w *world) signal(d time.Duration, name string) {
	w.after(d, func() { w.commands <- lifecycle.Signal(name, 0) })
}

func (w *world) say(line string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if strings.HasPrefix(line, "stopping the pod") {
		w.endingAt = time.Now()
	}
	w.story = append(w.story, fmt.Sprintf("%v %s", time.Since(w.began).Round(time.Millisecond), line))
}

// remembered is what the pause tells the next supervisor: the last status, as
// it comes out of JSON.
func (w *world) remembered() *pod.Status {
	w.t.Helper()
	if w.status.Supervisors == 0 {
		return nil
	}
	text, err := json.Marshal(w.status)
	if err != nil {
		w.t.Fatal(err)
	}
	var status pod.Status
	if err := json.Unmarshal(text, &status); err != nil {
		w.t.Fatal(err)
	}
	return &status
}

func (w *world) run() int { return w.runWith(w.t.Context()) }

func (w *world) runWith(ctx context.Context) int {
	w.t.Helper()
	order, err := plan.New(w.spec)
	if err != nil {
		w.t.Fatal(err)
	}
	var engine lifecycle.Engine = w.engine
	if w.wrap != nil {
		engine = w.wrap(w.engine)
	}
	code := lifecycle.Run(ctx, lifecycle.Config{
		Spec: w.spec, Plan: order, Engine: engine, Hash: hash, UnderSwarm: w.underSwarm, Commands: w.commands,
		Resume:     w.resume,
		Remembered: w.remembered(),
		Ending:     func(code int) { w.resume = &code },
		Message:    w.say,
		Error: func(s string) {
			w.say("ERROR " + s)
			w.trouble = append(w.trouble, s)
		},
		Health: func(h pod.Health) { w.say("health " + string(h)) },
		Status: func(s pod.Status) {
			w.mu.Lock()
			defer w.mu.Unlock()
			w.status = s
		},
	})
	for _, v := range w.engine.Violations() {
		w.t.Errorf("violation: %s", v)
	}
	return code
}

// gone checks that nothing is left.
func (w *world) gone() {
	w.t.Helper()
	for _, o := range w.engine.Left() {
		w.t.Errorf("left behind: %s, %s", o.ContainerID, o.State)
	}
}

// tells checks the whole story, line by line.
func (w *world) tells(want string) {
	w.t.Helper()
	want = strings.ReplaceAll(strings.TrimSpace(want), "\t", "")
	if diff := cmp.Diff(strings.Split(want, "\n"), w.story); diff != "" {
		w.t.Errorf("the story (-want +got):\n%s", diff)
	}
}

// has checks that these lines are part of the story, in that order.
func (w *world) has(lines ...string) {
	w.t.Helper()
	rest := w.story
	for _, line := range lines {
		found := false
		for i, got := range rest {
			if got == line {
				rest, found = rest[i+1:], true
				break
			}
		}
		if !found {
			w.t.Errorf("the story lacks %q here:\n%s", line, strings.Join(w.story, "\n"))
			return
		}
	}
}

// bubble runs a test in its own time.
func bubble(t *testing.T, name string, f func(t *testing.T)) {
	t.Run(name, func(t *testing.T) { synctest.Test(t, f) })
}

// component makes an essential component that is never restarted.
func component(name string, changes ...func(*pod.Component)) pod.Component {
	c := pod.Component{Name: name, Role: pod.RoleComponent, Essential: true, StartTimeout: 5 * time.Minute}
	for _, change := range changes {
		change(&c)
	}
	return c
}

func asInit(c *pod.Component) { c.Role = pod.RoleInit }

func sidecar(c *pod.Component) { c.Essential = false }

func grace(d time.Duration) func(*pod.Component) {
	return func(c *pod.Component) {
		grace := types.Duration(d)
		c.Service.StopGracePeriod = &grace
	}
}

func needs(name string, condition pod.Condition, changes ...func(*pod.Dependency)) func(*pod.Component) {
	return func(c *pod.Component) {
		d := pod.Dependency{Name: name, Condition: condition, Required: true}
		for _, change := range changes {
			change(&d)
		}
		c.DependsOn = append(c.DependsOn, d)
	}
}

func optional(d *pod.Dependency) { d.Required = false }

func together(d *pod.Dependency) { d.Restart = true }

func restarts(condition pod.RestartCondition, most ...int) func(*pod.Component) {
	return func(c *pod.Component) {
		c.Restart.Condition = condition
		if len(most) > 0 {
			c.Restart.MaxAttempts = most[0]
		}
	}
}
