package pod

import (
	"time"

	"github.com/compose-spec/compose-go/v2/types"
)

// Spec is all that a pod should be. It is made once, from the labels and the
// arguments of the pause, and never changes while the pod runs.
type Spec struct {
	Identity

	// Init lists the init components in the order in which they run. Each must
	// exit with 0 before the next, and all of them before Components start.
	Init []Component

	// Components lists the components, sorted by name.
	Components []Component

	Options Options

	// CredentialsFile is where in the pause a Docker config.json with
	// registry credentials is; "" for the default places.
	CredentialsFile string

	// StopBudget is the time between the stop signal and the verdict: the
	// service's stop_grace_period as the label pod.stop_grace_period repeats
	// it, else 10 s, Swarm's own default. The margin is not yet subtracted.
	StopBudget time.Duration
}

// Identity says which pod this is.
type Identity struct {
	// ID is the pause's container ID, 64 hex digits.
	ID string
	// Run is made anew by each start of the pause. Containers of the same ID
	// and another Run joined namespaces that no longer exist.
	Run string
	// Name is the pause's container name, without the leading slash.
	Name string
}

// Options are the arguments of the service (`command:` in the stack file).
type Options struct {
	Logs    bool // --logs: components' lines come out of the task
	PIDs    bool // --pids: components join the pause's PID namespace
	IPC     bool // --ipc: components share one IPC namespace
	Volumes bool // --volumes: components get the task's mounts
	Pull    bool // --pull: pull every image before each create

	OnUnhealthy OnUnhealthy // --on-unhealthy

	Deny []string // --deny: words for what no component may have

	// MetricsAddr is where in the pod's network Prometheus finds the metrics,
	// as ":9100"; "" for nowhere. --metrics-addr
	MetricsAddr string
}

// OnUnhealthy says what an unhealthy pod does.
type OnUnhealthy string

const (
	// UnhealthyAuto exits under Swarm, reports elsewhere. The default.
	UnhealthyAuto OnUnhealthy = "auto"
	// UnhealthyExit ends the pod with 1.
	UnhealthyExit OnUnhealthy = "exit"
	// UnhealthyReport only answers "unhealthy" to the pause's health check.
	UnhealthyReport OnUnhealthy = "report"
)

// Role is what a container is in the pod, and the value of the label
// podlike.role.
type Role string

const (
	RoleComponent  Role = "component"
	RoleInit       Role = "init"
	RoleSupervisor Role = "supervisor"
	RoleIPC        Role = "ipc"
	// RoleHelper is a container that lives for one errand on the host.
	RoleHelper Role = "helper"
	// RoleDebug is a container that a user joined to the pod, to look around.
	RoleDebug Role = "debug"
)

// Component is one container of the pod, as the user defined it.
type Component struct {
	Name string
	Role Role

	// Service is the container's definition. Everything in it was checked: a
	// key that is not carried was refused while parsing.
	Service types.ServiceConfig

	// Copies are made between create and start, each time.
	Copies []Copy

	// DependsOn is who must be how far before this component starts.
	DependsOn []Dependency

	Restart RestartPolicy

	// Essential: its end is the pod's end. True unless the user says
	// otherwise.
	Essential bool

	// IgnoreExitCodes are non-zero codes that count as 0.
	IgnoreExitCodes []int

	// Signals are passed on when the pause gets them, as "SIGHUP".
	Signals []string

	// StartTimeout bounds how long this component waits for what it depends
	// on, and how long its post_start hooks may take. Zero means no bound.
	StartTimeout time.Duration

	// Probes are made by the supervisor, beside the health check in Service.
	Probes Probes `json:",omitzero"`
}

// Dependency is one entry of depends_on.
type Dependency struct {
	Name      string
	Condition Condition
	// Required false: a dependency that does not exist or fails is only
	// worth a warning.
	Required bool
	// Restart true: when the dependency is restarted, so is the dependent.
	Restart bool
}

// Condition is when a dependency is met. The words are Compose's.
type Condition string

const (
	Started   Condition = "service_started"
	IsHealthy Condition = "service_healthy"
	Completed Condition = "service_completed_successfully"
)

// RestartPolicy says what happens inside the pod when a component ends.
type RestartPolicy struct {
	Condition RestartCondition
	// MaxAttempts bounds the restarts within Window; 0 means no bound.
	MaxAttempts int
	// Delay is the fixed delay that the user asked for; 0 means the default:
	// at once the first time, then 1 s doubling to 60 s.
	Delay time.Duration
	// Window is how long a component must run for its count to be forgotten;
	// 0 means the default of 60 s.
	Window time.Duration
}

// RestartCondition is after which ends a component is started again.
type RestartCondition string

const (
	RestartNever     RestartCondition = "no"
	RestartOnFailure RestartCondition = "on-failure"
	RestartAlways    RestartCondition = "always"
)

// Copy is one entry of pod.copy.<component>.
type Copy struct {
	Source string // absolute path in the pause
	Target string // absolute path in the component; a trailing slash means "into"
	// Mode, UID and GID replace what the source has; nil keeps it.
	Mode *uint32
	UID  *int
	GID  *int
}
