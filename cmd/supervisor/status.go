package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"time"

	"github.com/spf13/pflag"
	"golang.org/x/sys/unix"

	"github.com/podlike/podlike/internal/handoff"
	"github.com/podlike/podlike/internal/pod"
	"github.com/podlike/podlike/internal/self"
	"github.com/podlike/podlike/internal/show"
)

// answerWithin is how long PID 1 may take to answer.
const answerWithin = 2 * time.Second

// status prints what the pod looks like, as PID 1 remembers it. It runs in the
// pause's container, or the supervisor's; its exit code is 1 where nobody
// knows.
func status(args []string) int {
	// What runs in the pause can be reached by components (ADR 5).
	unix.Prctl(unix.PR_SET_DUMPABLE, 0, 0, 0, 0)
	var format string
	set := pflag.NewFlagSet("status", pflag.ContinueOnError)
	set.Usage = func() {}
	set.StringVar(&format, "format", "", "")
	if err := set.Parse(args); err != nil || set.NArg() > 0 {
		fmt.Fprintln(os.Stderr, "podlike: status takes --format json, or --format and a Go template for each component, as '{{.Name}} {{.State}}'")
		return exitInvalid
	}
	s, err := askStatus()
	if err == nil {
		err = show.Status(os.Stdout, format, s, time.Now())
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "podlike: cannot show the pod's status: "+err.Error())
		return 1
	}
	return 0
}

func askStatus() (pod.Status, error) {
	var s pod.Status
	socket := os.Getenv(envSocket) // of the supervisor's own container
	if socket == "" {
		mountinfo, _ := os.ReadFile("/proc/self/mountinfo")
		cgroup, _ := os.ReadFile("/proc/self/cgroup")
		id, err := self.ContainerID(string(mountinfo), string(cgroup))
		if err != nil {
			return s, err
		}
		socket = handoff.SocketName(id)
	}
	text, err := handoff.AskStatus(socket, answerWithin)
	switch {
	case errors.Is(err, handoff.ErrPodDead):
		return s, errors.New("no pause answers in this container: this command is for the pod's own container")
	case err != nil:
		return s, err
	case text == "":
		return s, errors.New("no supervisor has told it yet")
	}
	return s, json.Unmarshal([]byte(text), &s)
}
