package main

import (
	"fmt"
	"os"

	"github.com/podlike/podlike/internal/engine"
)

// previous prints what a component said before its last restart. It runs in
// the supervisor's container.
func previous(args []string) int {
	if len(args) != 1 {
		fmt.Fprintln(os.Stderr, "podlike: previous takes the name of one component")
		return exitInvalid
	}
	text, err := engine.Previous(engine.PreviousDir, args[0])
	if err != nil {
		fmt.Fprintln(os.Stderr, "podlike: "+err.Error())
		return 1
	}
	os.Stdout.Write(text)
	return 0
}
