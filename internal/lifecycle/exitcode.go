package lifecycle

import "github.com/podlike/podlike/internal/pod"

// Cause is why a pod ends.
type Cause string

const (
	// Asked: the pause got SIGTERM or SIGINT.
	Asked Cause = "asked"
	// InitFailed: an init component ended with a code that is not 0.
	InitFailed Cause = "init failed"
	// ComponentEnded: an essential component ended for good.
	ComponentEnded Cause = "component ended"
	// AllEnded: no component is left that runs or will run.
	AllEnded Cause = "all ended"
	// TurnedUnhealthy: the pod became unhealthy, and is to end then.
	TurnedUnhealthy Cause = "unhealthy"
	// Failed: something could not be done for the pod.
	Failed Cause = "failed"
	// Resumed: an earlier supervisor had begun to end the pod.
	Resumed Cause = "resumed"
	// Orphaned: the pause died. Nobody is there to hear the verdict.
	Orphaned Cause = "orphaned"
)

// Verdict is what the exit code follows from.
type Verdict struct {
	// Cause is empty while the pod lives. The first cause stays.
	Cause Cause
	// Exit is how the deciding component ended (InitFailed, ComponentEnded),
	// or has the code that was decided before (Resumed).
	// Code is 0 where the user ignores the code that it was.
	Exit pod.Exit
	// StopAsked: a stop was asked for, first or while the pod was ending. When
	// an engine shuts down it signals every container at once; components may
	// end before we hear of the stop, and the verdict must not depend on it.
	StopAsked bool
	// Killed: something had to be SIGKILLed at the end of its grace.
	Killed bool
}

const (
	codeUnhealthy = 1
	codeFailure   = 125 // as `docker run` has it for its own failures
	codeKilled    = 137 // 128 + SIGKILL
)

// ExitCode is what Swarm sees of the pod. The first rule that applies, as in
// the README ("Exit code"); an invalid definition (2) never gets this far. There is
// no arithmetic on codes.
func ExitCode(v Verdict) int {
	switch {
	case v.StopAsked && v.Killed:
		return codeKilled
	case v.StopAsked:
		return 0
	case v.Cause == InitFailed, v.Cause == ComponentEnded, v.Cause == Resumed:
		if v.Exit.OOMKilled {
			return codeKilled
		}
		return v.Exit.Code
	case v.Cause == AllEnded:
		return 0
	case v.Cause == TurnedUnhealthy:
		return codeUnhealthy
	default:
		return codeFailure
	}
}
