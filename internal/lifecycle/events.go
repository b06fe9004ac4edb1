package lifecycle

import (
	"time"

	"github.com/podlike/podlike/internal/pod"
)

// EventKind is what happened.
type EventKind string

const (
	// Begun is the first event.
	Begun EventKind = "begun"

	// What calls to the engine came to.
	Listed       EventKind = "listed"
	ListFailed   EventKind = "list failed"
	Created      EventKind = "created"
	CreateFailed EventKind = "create failed"
	Started      EventKind = "started"
	StartFailed  EventKind = "start failed"
	Removed      EventKind = "removed"
	RemoveFailed EventKind = "remove failed"
	// TriedInVain: a create or start call failed, and is being repeated.
	TriedInVain EventKind = "tried in vain"

	// What containers did.
	Exited        EventKind = "exited"
	HealthChanged EventKind = "health changed"

	// What the pause said.
	StopAsked EventKind = "stop asked"
	Signalled EventKind = "signalled"
	PauseGone EventKind = "pause gone"

	// Alarms that rang. Each may ring late, when nobody waits for it any more.
	RestartDue EventKind = "restart due" // a component's backoff is over
	WaitOver   EventKind = "wait over"   // a component waited for start_timeout
	ListDue    EventKind = "list due"    // look again after removals
	OrderOver  EventKind = "order over"  // the stop order gives way
	GraceOver  EventKind = "grace over"  // what still runs is killed
	ForceOver  EventKind = "force over"  // what is still there is removed
	BudgetOver EventKind = "budget over" // the verdict is given, whatever is left
)

// Event is one thing that happened. Kind and At are always set, the rest as
// the kind needs.
type Event struct {
	Kind EventKind
	// At is when the loop learned of it.
	At time.Time
	// Component is empty for containers that are of no component of the pod.
	Component string
	Container string
	List      []pod.Observed // Listed
	Made      pod.Observed   // Created
	Exit      pod.Exit       // Exited
	Health    pod.Health     // HealthChanged
	Signal    string         // StopAsked, Signalled
	Ago       time.Duration  // StopAsked: how long before At the pause was asked
	Err       error          // the failures
}

// ActionKind is what the loop should do.
type ActionKind string

const (
	DoList   ActionKind = "list"
	DoCreate ActionKind = "create"
	// DoCancel ends a component's create call, and a start call that still
	// waits for its slot.
	DoCancel ActionKind = "cancel"
	DoStart  ActionKind = "start"
	DoWait   ActionKind = "wait"
	DoStop   ActionKind = "stop"
	DoKill   ActionKind = "kill"
	DoRemove ActionKind = "remove"
	// DoAlarm sends the event Alarm at At. There is one alarm of a kind for
	// each component; a new one replaces the old.
	DoAlarm    ActionKind = "alarm"
	DoTell     ActionKind = "tell"
	DoComplain ActionKind = "complain"
	DoHealth   ActionKind = "health"
	DoFinish   ActionKind = "finish"
)

// Action is one thing to do; which fields are set follows from Kind.
type Action struct {
	Kind      ActionKind
	Component string
	Container string
	Grace     time.Duration // DoStop
	Signal    string        // DoKill
	Alarm     EventKind     // DoAlarm
	At        time.Time     // DoAlarm
	Text      string        // DoTell, DoComplain
	Health    pod.Health    // DoHealth
	Code      int           // DoFinish
}
