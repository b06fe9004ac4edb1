// Supervisor orchestrates one pod through the Docker API, from a container
// beside the pod's own.
//
//	supervisor launch [flags]   in the pause: start the supervisor's container, end
//	supervisor [run] [flags]    in that container: start the pod, watch it, end it
//	supervisor gc [flags]       remove what dead pods left on this node
//	supervisor status           in the pause: print how the pod is
//	supervisor previous NAME    in the supervisor's container: print what a component said before its last restart
//	supervisor help-on-host X   in a helper's container: do one errand on the host
//	supervisor version          print the version
//	supervisor help             explain the flags
//
// The flags are the arguments of the service; the pause passes them on. Those
// of gc are its own.
package main

import (
	"fmt"
	"os"
)

// version is set by the build.
var version = "dev"

// Exit codes, of the pod and of the launcher.
const (
	exitInvalid    = 2   // the definition is wrong
	exitTemporary  = 75  // the launcher only: another try may succeed (EX_TEMPFAIL)
	exitOurFailure = 125 // no fault of the definition or of a component
)

func main() {
	verb, args := "run", os.Args[1:]
	if len(args) > 0 {
		switch args[0] {
		case "run", "launch", "gc", "status", "previous", "version", "help", "help-on-host":
			verb, args = args[0], args[1:]
		case "--help", "-help", "-h":
			verb = "help"
		}
	}
	switch verb {
	case "version":
		fmt.Println("podlike supervisor " + version)
	case "help":
		fmt.Print(usage())
	case "status":
		os.Exit(status(args))
	case "previous":
		os.Exit(previous(args))
	case "help-on-host":
		os.Exit(help(args))
	case "launch":
		os.Exit(launch(args))
	case "gc":
		os.Exit(gc(args))
	default:
		os.Exit(run(args))
	}
}
