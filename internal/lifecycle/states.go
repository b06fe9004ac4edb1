package lifecycle

// State is where a component is in its life. doc.go draws how one leads to
// the next.
type State string

const (
	// Waiting for its turn: init components for the one before, components
	// for what they depend on.
	Waiting State = "waiting"
	// Creating: the create call runs.
	Creating State = "creating"
	// Starting: its container exists and the start call runs.
	Starting State = "starting"
	// Running as far as we know.
	Running State = "running"
	// Stopping: its stop signal was asked for, its end not seen yet.
	Stopping State = "stopping"
	// BackingOff: it ended, and will be started again.
	BackingOff State = "backing off"
	// Removing: the remove call runs.
	Removing State = "removing"
	// Ended for good. Its container stays until the pod's end, to be looked
	// at, and so that a new supervisor knows that it ran.
	Ended State = "ended"
	// Gone at the pod's end: nothing is left of it.
	Gone State = "gone"
)

// transitions lists every state and where it may lead. Nothing reads it but
// the tests, which hold the code and the diagram in doc.go against it.
var transitions = map[State][]State{
	Waiting:    {Creating, Starting, Running, BackingOff, Ended, Removing, Gone},
	Creating:   {Starting, BackingOff, Ended},
	Starting:   {Running, BackingOff, Ended, Removing},
	Running:    {Stopping, BackingOff, Ended, Removing},
	Stopping:   {BackingOff, Ended, Removing},
	BackingOff: {Waiting, Removing, Gone},
	Removing:   {Waiting, Ended, Gone},
	Ended:      {Removing, Gone},
	Gone:       {},
}

// Phase is what the pod as a whole does.
type Phase string

const (
	// Adopting: looking for containers of this pod, and removing those that
	// are of no use.
	Adopting Phase = "adopting"
	// Initializing: the init components run, one by one.
	Initializing Phase = "init"
	// Serving: the components start and run.
	Serving Phase = "running"
	// Ending: the components are stopped and removed.
	Ending Phase = "stopping"
	// Sweeping: looking whether anything was left behind.
	Sweeping Phase = "sweeping"
	// Over: the verdict is given.
	Over Phase = "over"
)
