// Pause is PID 1 of a pod: the process that Swarm schedules, signals and
// judges. It owns the pod's namespaces, reaps, answers the health check, and
// exits with the code that the supervisor decides. It knows nothing of Docker.
//
//	pause [supervisor's flags]   run the pod
//	pause healthcheck            exit 0 when the pod is healthy, else 1
//	pause version                print the version
//	pause hold                   do nothing until SIGTERM: the pod's IPC donor
package main

import (
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/podlike/podlike/internal/handoff"
	"github.com/podlike/podlike/internal/self"
)

// version is set by the build.
var version = "dev"

// supervisorPath is where the image has the supervisor's binary.
const supervisorPath = "/supervisor"

func main() {
	hide()
	var verb string
	if len(os.Args) > 1 {
		verb = os.Args[1]
	}
	switch verb {
	case "healthcheck":
		os.Exit(healthcheck())
	case "version":
		os.Stdout.WriteString("podlike pause " + version + "\n")
	case "hold":
		hold()
	case "help", "--help", "-help", "-h":
		err := syscall.Exec(supervisorPath, []string{supervisorPath, "help"}, os.Environ())
		fail("cannot run " + supervisorPath + ": " + err.Error())
	default:
		os.Exit(run(os.Args[1:]))
	}
}

// healthcheck asks PID 1 of this container and prints the word, which the
// engine keeps and shows in `docker inspect`.
func healthcheck() int {
	word, err := handoff.AskHealth(handoff.SocketName(containerID()), 2*time.Second)
	if err != nil {
		say("cannot ask PID 1 for the pod's health: " + err.Error())
		return 1
	}
	os.Stdout.WriteString(word + "\n")
	if word != "healthy" {
		return 1
	}
	return 0
}

// hold keeps a container alive, for the sake of its namespaces.
func hold() {
	dropFalseAlarms()
	end := make(chan os.Signal, 1)
	signal.Notify(end, syscall.SIGTERM, syscall.SIGINT)
	<-end
}

// containerID is empty where it cannot be found; the launcher, which needs
// it, then says what is wrong.
func containerID() string {
	mountinfo, _ := os.ReadFile("/proc/self/mountinfo")
	cgroup, _ := os.ReadFile("/proc/self/cgroup")
	id, _ := self.ContainerID(string(mountinfo), string(cgroup))
	return id
}

// say writes one line for people into the pod's log.
func say(text string) { os.Stderr.WriteString("podlike: " + text + "\n") }

func fail(text string) {
	say(text)
	os.Exit(exitOurFailure)
}
