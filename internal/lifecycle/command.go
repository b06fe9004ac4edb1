package lifecycle

import "strings"

// Command is what the pause tells the loop.
type Command struct {
	kind   EventKind
	signal string
}

// Signal is a signal that the pause got, as "SIGTERM": SIGTERM and SIGINT ask
// for the pod's end, all others are passed to the components that want them.
func Signal(name string) Command {
	if !strings.HasPrefix(name, "SIG") {
		name = "SIG" + name
	}
	if name == "SIGTERM" || name == "SIGINT" {
		return Command{kind: StopAsked, signal: name}
	}
	return Command{kind: Signalled, signal: name}
}

// PauseDied says that the pause is dead, and the pod's namespaces with it.
func PauseDied() Command { return Command{kind: PauseGone} }
