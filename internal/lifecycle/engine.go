package lifecycle

import (
	"context"
	"time"

	"github.com/podlike/podlike/internal/pod"
)

// Passing is what an Engine's errors are whose reason may pass, because it is
// the engine's own: it does not answer, or is in trouble. [errors.As] finds it.
// All other errors are about what was asked for, and final.
type Passing interface {
	error
	// Patience is how long a call that fails like this is worth repeating,
	// from its first failure on.
	Patience() time.Duration
}

// Engine is what the loop needs of a container engine. internal/engine
// implements it with Docker, the tests with memory; both pass one suite.
//
// Every method may be called from several goroutines, ends early with the
// context's error when ctx is done, and may be repeated: a container that is
// already in the wanted state, or gone where it should be gone, is success.
type Engine interface {
	// List returns every container that carries this pod's ID, of all runs,
	// except the supervisor's own.
	List(ctx context.Context) ([]pod.Observed, error)

	// Create makes the component's container: pulls the image where the
	// policy says so, creates, copies files, attaches the logs. An existing
	// container of the same run and spec hash that never started is taken
	// over. On error nothing is left behind, but what the next Create takes
	// over where the error is [Passing].
	Create(ctx context.Context, c pod.Component) (pod.Observed, error)

	// Start starts a created container. One that has run since is left alone:
	// the answer of an earlier call may have been lost.
	Start(ctx context.Context, containerID string) error

	// Wait returns when the container has ended and all its log lines are
	// written, however it ended; at once when it ended before. Called before
	// Start it waits for the end that follows. One that is gone ended with
	// 137, because only SIGKILL ends without a trace.
	Wait(ctx context.Context, containerID string) (pod.Exit, error)

	// Stop sends the component's stop signal and, when it still runs after
	// grace, SIGKILL. It returns once the container has ended.
	Stop(ctx context.Context, containerID string, c pod.Component, grace time.Duration) error

	// Kill sends a signal ("SIGKILL", "SIGHUP").
	Kill(ctx context.Context, containerID, signal string) error

	// Remove removes the container, killing it if it runs, and the anonymous
	// volumes that it alone had.
	Remove(ctx context.Context, containerID string) error

	// Watch calls health with each container's health until ctx is done; it
	// survives broken event streams by listing again, so a call may repeat
	// what was said before.
	Watch(ctx context.Context, health func(containerID string, h pod.Health)) error
}
