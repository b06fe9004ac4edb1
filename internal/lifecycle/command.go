package lifecycle

import (
	"strings"
	"time"
)

// Command is what the pause tells the loop.
type Command struct {
	kind   EventKind
	signal string
	ago    time.Duration
}

// Signal is a signal that the pause got so long ago, as "SIGTERM": SIGTERM and
// SIGINT ask for the pod's end, and Swarm's clock runs since then; all others
// are passed to the components that want them.
func Signal(name string, ago time.Duration) Command {
	if !strings.HasPrefix(name, "SIG") {
		name = "SIG" + name
	}
	if name == "SIGTERM" || name == "SIGINT" {
		return Command{kind: StopAsked, signal: name, ago: ago}
	}
	return Command{kind: Signalled, signal: name}
}

// PauseDied says that the pause is dead, and the pod's namespaces with it.
func PauseDied() Command { return Command{kind: PauseGone} }
