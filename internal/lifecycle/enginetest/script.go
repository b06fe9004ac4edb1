package enginetest

import "time"

// Script is what one container does.
type Script struct {
	// CreateErr and StartErr fail those calls for good.
	CreateErr, StartErr error
	// Runs is how long it runs by itself, with Code and OOM as its end; zero
	// means until it is stopped.
	Runs time.Duration
	Code int
	OOM  bool
	// HasCheck: it has a health check, which says healthy, and unhealthy,
	// that long after the start; zero means never.
	HasCheck                     bool
	HealthyAfter, UnhealthyAfter time.Duration
	// Drain is how long it goes on after a stop signal, StopCode its code
	// then. A deaf one goes on until it is killed.
	Drain    time.Duration
	StopCode int
	Deaf     bool
}

// Fault is what happens to one call.
type Fault struct {
	// Delay is how long the call takes before it does anything.
	Delay time.Duration
	// Err is what the call returns. It did nothing then, unless Late: then
	// only its answer was lost.
	Err  error
	Late bool
}
