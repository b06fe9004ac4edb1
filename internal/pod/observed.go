package pod

import "time"

// State is where a container is in its life, as the engine tells it.
type State string

const (
	StateCreated State = "created"
	StateRunning State = "running"
	StateExited  State = "exited"
)

// Health is one of the words of the pod's health, and of a component's.
type Health string

const (
	// Starting: not started yet, or its health check has not passed yet.
	Starting Health = "starting"
	// Healthy: the check passed, or it runs and has no check.
	Healthy Health = "healthy"
	// Unhealthy: the check failed for as often as it may.
	Unhealthy Health = "unhealthy"
)

// Exit is how a container ended.
type Exit struct {
	// Code is the engine's exit code: 0-255, 128+n after signal n.
	Code int `json:"code"`
	// OOMKilled: the kernel killed it for memory. Code is 137 then.
	OOMKilled bool      `json:"oom_killed,omitempty"`
	At        time.Time `json:"at,omitzero"`
}

// Observed is one container of the pod as the engine shows it.
type Observed struct {
	Identity
	ContainerID string
	Component   string
	Role        Role
	SpecHash    string

	State State
	// HasCheck: a health check is configured, by the user or the image, and
	// is not disabled. Health means nothing without it.
	HasCheck bool
	Health   Health
	// Exit is set when State is StateExited.
	Exit Exit
	// StartedAt is zero when it never ran.
	StartedAt time.Time
}
