package pod

import "time"

// Life is how far a component is, in the words that people see. The state
// machine has more states; they may change, these words should not.
type Life string

const (
	LifeWaiting    Life = "waiting"    // for its turn or for what it depends on
	LifeStarting   Life = "starting"   // being created or started
	LifeRunning    Life = "running"    // its process runs
	LifeRestarting Life = "restarting" // ended, will be started again
	LifeStopping   Life = "stopping"   // was told to stop
	LifeEnded      Life = "ended"      // for good
)

// Status is the pod as `supervisor status` shows it.
type Status struct {
	// Phase is what the pod as a whole does: "adopting", "init", "running",
	// "stopping", "sweeping" or "over".
	Phase string `json:"phase"`
	// Since is when Phase began.
	Since  time.Time `json:"since"`
	Health Health    `json:"health"`
	// Supervisors counts those that the pod had, the one that speaks included.
	Supervisors int `json:"supervisors"`
	// Version is that of the supervisor that speaks.
	Version string `json:"version,omitempty"`
	// Components lists the init components in their order, then the others by
	// name.
	Components []ComponentStatus `json:"components"`
}

// ComponentStatus is one line of a [Status].
type ComponentStatus struct {
	Name string `json:"name"`
	Role Role   `json:"role"`
	Life Life   `json:"life"`
	// Since is when Life began.
	Since time.Time `json:"since"`
	// Health is empty unless the component runs.
	Health Health `json:"health,omitempty"`
	// Restarts counts all of them, Attempts those that count for the backoff
	// and for max_attempts.
	Restarts int `json:"restarts"`
	Attempts int `json:"attempts"`
	// RestartAt is when the backoff is over, nil if none runs.
	RestartAt *time.Time `json:"restart_at,omitempty"`
	// LastExit is how it last ended, nil if it never did.
	LastExit *Exit `json:"last_exit,omitempty"`
	// Reason says in a few words why it ended last or could not start.
	Reason      string `json:"reason,omitempty"`
	ContainerID string `json:"container_id,omitempty"`
	// Probes is how its probes stand; empty if there are none or it does not
	// run.
	Probes []ProbeStatus `json:"probes,omitempty"`
}

// ProbeStatus is how one probe of a component stands.
type ProbeStatus struct {
	Kind ProbeKind `json:"kind"`
	// Health is starting until the probe has passed or failed often enough.
	// For readiness, healthy means ready.
	Health Health `json:"health"`
	// Reason says why the last check failed, "" if it passed.
	Reason string `json:"reason,omitempty"`
}
