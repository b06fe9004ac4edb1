package lifecycle

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/podlike/podlike/internal/plan"
	"github.com/podlike/podlike/internal/pod"
)

var (
	everyState = []State{Waiting, Creating, Starting, Running, Stopping, BackingOff, Removing, Ended, Gone}
	everyEvent = []EventKind{Begun, Listed, ListFailed, Created, CreateFailed, Started, StartFailed, Removed, RemoveFailed, TriedInVain, Exited,
		HealthChanged, StopAsked, Signalled, PauseGone, RestartDue, WaitOver, ListDue, OrderOver, GraceOver, ForceOver, BudgetOver}
	everyPhase = []Phase{Adopting, Initializing, Serving, Ending, Sweeping, Over}
)

// pair is a pod of web, which is in the given state, and db, which runs and
// which web depends on. web may be restarted after failures.
func pair(t *testing.T, phase Phase, state State) Snapshot {
	t.Helper()
	spec := pod.Spec{
		StopBudget: 10 * time.Second,
		Components: []pod.Component{
			{Name: "db", Role: pod.RoleComponent, Essential: true},
			{Name: "web", Role: pod.RoleComponent, Essential: true,
				DependsOn: []pod.Dependency{{Name: "db", Condition: pod.IsHealthy, Required: true}},
				Restart:   pod.RestartPolicy{Condition: pod.RestartOnFailure},
				Signals:   []string{"SIGHUP"}},
		},
	}
	p, err := plan.New(spec)
	if err != nil {
		t.Fatal(err)
	}
	s := newSnapshot(Config{Spec: spec, Plan: p})
	s.Phase = phase
	if phase == Ending || phase == Sweeping || phase == Over {
		s.Verdict = Verdict{Cause: AllEnded}
		s.Deadline = start.Add(9 * time.Second)
	}
	db, web := s.part("db"), s.part("web")
	db.State, db.Container, db.Starts = Running, "db.1", 1
	db.HasCheck, db.Health = true, pod.Starting // so that web waits
	web.State = state
	switch state {
	case Waiting:
		web.TimedWait = true
	case Creating, Gone:
	case Ended:
		web.Container, web.HasExit = "web.1", true
	default:
		web.Container, web.Starts = "web.1", 1
	}
	return s
}

var start = time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)

// about makes an event that is about web's container.
func about(kind EventKind) Event {
	return Event{
		Kind: kind, At: start.Add(time.Second), Component: "web", Container: "web.1",
		Made: pod.Observed{ContainerID: "web.1"}, Exit: pod.Exit{Code: 3}, Health: pod.Unhealthy, Signal: "SIGHUP",
		Err: errors.New("it broke"),
	}
}

// grid writes web's next state for each state and event; a dot stands for the
// same state, and "!" for a pod that ends.
func grid(t *testing.T, phase Phase) string {
	var b strings.Builder
	for _, kind := range everyEvent {
		var cells []string
		for _, state := range everyState {
			before := pair(t, phase, state)
			after, _ := Next(before, about(kind))
			cell := "."
			if s := after.part("web").State; s != state {
				cell = string(s)
			}
			if before.Verdict.Cause == "" && after.Verdict.Cause != "" {
				cell += "!"
			}
			cells = append(cells, cell)
		}
		fmt.Fprintf(&b, "%-14s | %s\n", kind, strings.Join(cells, " | "))
	}
	return b.String()
}

// The columns are everyState: waiting, creating, starting, running, stopping,
// backing off, removing, ended, gone.
func TestEveryStateMeetsEveryEvent(t *testing.T) {
	want := map[Phase]string{
		Serving: `
begun          | . | . | . | . | . | . | . | . | .
listed         | . | . | . | . | . | . | . | . | .
list failed    | . | . | . | . | . | . | . | . | .
created        | . | starting | . | . | . | . | . | . | .
create failed  | . | gone! | . | . | . | . | . | . | .
started        | . | . | running | . | . | . | . | . | .
start failed   | . | . | removing! | . | . | . | . | . | .
removed        | . | . | . | . | . | . | creating | . | .
remove failed  | . | . | . | . | . | . | .! | . | .
tried in vain  | . | . | . | . | . | . | . | . | .
exited         | . | . | removing | removing | removing | . | . | . | .
health changed | . | . | . | . | . | . | . | . | .
stop asked     | gone! | .! | .! | stopping! | .! | removing! | .! | removing! | .!
signalled      | . | . | . | . | . | . | . | . | .
pause gone     | gone! | .! | removing! | removing! | removing! | removing! | .! | removing! | .!
restart due    | . | . | . | . | . | removing | . | . | .
wait over      | gone! | . | . | . | . | . | . | . | .
list due       | . | . | . | . | . | . | . | . | .
order over     | . | . | . | . | . | . | . | . | .
grace over     | . | . | . | . | . | . | . | . | .
force over     | . | . | . | . | . | . | . | . | .
budget over    | . | . | . | . | . | . | . | . | .
`,
		Ending: `
begun          | gone | . | . | stopping | . | removing | . | removing | .
listed         | gone | . | . | stopping | . | removing | . | removing | .
list failed    | gone | . | . | stopping | . | removing | . | removing | .
created        | gone | removing | . | stopping | . | removing | . | removing | .
create failed  | gone | gone | . | stopping | . | removing | . | removing | .
started        | gone | . | stopping | stopping | . | removing | . | removing | .
start failed   | gone | . | removing | stopping | . | removing | . | removing | .
removed        | gone | . | . | stopping | . | removing | gone | removing | .
remove failed  | gone | . | . | stopping | . | removing | . | removing | .
tried in vain  | gone | . | . | stopping | . | removing | . | removing | .
exited         | gone | . | removing | removing | removing | removing | . | removing | .
health changed | gone | . | . | stopping | . | removing | . | removing | .
stop asked     | gone | . | . | stopping | . | removing | . | removing | .
signalled      | gone | . | . | stopping | . | removing | . | removing | .
pause gone     | gone | . | removing | removing | removing | removing | . | removing | .
restart due    | gone | . | . | stopping | . | removing | . | removing | .
wait over      | gone | . | . | stopping | . | removing | . | removing | .
list due       | gone | . | . | stopping | . | removing | . | removing | .
order over     | gone | . | . | stopping | . | removing | . | removing | .
grace over     | gone | . | . | stopping | . | removing | . | removing | .
force over     | gone | . | removing | removing | removing | removing | . | removing | .
budget over    | . | . | . | . | . | . | . | . | .
`,
	}
	for phase, table := range want {
		t.Run(string(phase), func(t *testing.T) {
			if diff := cmp.Diff(strings.TrimPrefix(table, "\n"), grid(t, phase)); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

// TestStaleEventsChangeNothing: what is about a container that the component
// no longer has is of no interest, in any phase and state.
func TestStaleEventsChangeNothing(t *testing.T) {
	for _, phase := range everyPhase {
		for _, state := range everyState {
			for _, kind := range []EventKind{Started, StartFailed, Removed, RemoveFailed, Exited, HealthChanged} {
				if phase == Adopting && kind == HealthChanged {
					continue // is remembered: the list is still to come
				}
				before := pair(t, phase, state)
				// What the state asks for by itself is not the event's doing.
				settled, _ := Next(before, Event{Kind: "nothing", At: start})
				e := about(kind)
				e.At, e.Container = start, "web.0"
				after, _ := Next(before, e)
				if diff := cmp.Diff(settled, after, cmp.AllowUnexported(plan.Plan{})); diff != "" {
					t.Errorf("%s, %s: %q changed (-before +after):\n%s", phase, state, kind, diff)
				}
			}
		}
	}
}

// TestNextIsPure walks phases, states and events: the input stays as it was,
// the same input gives the same output, and no move is made that the table of
// transitions does not have.
func TestNextIsPure(t *testing.T) {
	for _, phase := range everyPhase {
		for _, state := range everyState {
			for _, kind := range everyEvent {
				s := pair(t, phase, state)
				n := advance(s, about(kind))
				if diff := cmp.Diff(pair(t, phase, state), s, cmp.AllowUnexported(plan.Plan{})); diff != "" {
					t.Fatalf("%s, %s, %s changed its input:\n%s", phase, state, kind, diff)
				}
				after, actions := Next(s, about(kind))
				if diff := cmp.Diff(n.Snapshot, after, cmp.AllowUnexported(plan.Plan{})); diff != "" {
					t.Fatalf("%s, %s, %s is not deterministic:\n%s", phase, state, kind, diff)
				}
				if diff := cmp.Diff(n.actions, actions); diff != "" {
					t.Fatalf("%s, %s, %s is not deterministic:\n%s", phase, state, kind, diff)
				}
				for _, m := range n.moves {
					if !slices.Contains(transitions[m.from], m.to) {
						t.Errorf("%s, %s, %s: moves from %s to %s", phase, state, kind, m.from, m.to)
					}
				}
				if slices.Index(everyPhase, after.Phase) < slices.Index(everyPhase, phase) {
					t.Errorf("%s, %s, %s: back to phase %s", phase, state, kind, after.Phase)
				}
			}
		}
	}
}
