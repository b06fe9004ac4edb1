package main

import (
	"encoding/hex"
	"io"
	"os"
	"os/signal"

	"syscall"
	"time"

	"github.com/podlike/podlike/internal/handoff"
	"github.com/podlike/podlike/internal/reaper"
)

// exitOurFailure is the exit code of a pod that could not be supervised.
const exitOurFailure = 125

// run is the life of PID 1.
func run(args []string) int {
	// Before anything else: a SIGTERM that comes earlier would be lost,
	// because the kernel gives PID 1 no default actions.
	signals := make(chan os.Signal, 16)
	signal.Notify(signals, syscall.SIGTERM, syscall.SIGINT, syscall.SIGHUP, syscall.SIGQUIT,
		syscall.SIGUSR1, syscall.SIGUSR2, syscall.SIGWINCH)
	signal.Ignore(syscall.SIGPIPE)
	dropFalseAlarms()

	exits := make(chan reaper.Exit, 1)
	child := newLauncher(args)
	reaper.Start(func(e reaper.Exit) {
		// Orphans come by the thousand; only the launcher's end matters.
		if child.is(e.PID) {
			exits <- e
		}
	})

	id := containerID()
	child.env = append(os.Environ(),
		"PODLIKE_POD="+id,
		"PODLIKE_RUN="+random(4),
		"PODLIKE_SOCKET="+handoff.SocketName(id),
	)
	child.token = random(16)
	slim := slimmer()
	server, err := handoff.Listen(handoff.SocketName(id), child.token, files(), slim)
	if err != nil {
		fail("cannot serve the hand-off socket: " + err.Error())
	}

	// From here on there is a pod to answer for: nothing may end this process
	// but a verdict, or the loss of all hope for one.
	return attend(&life{launcher: child, server: server, settled: slim}, signals, exits)
}

// attend waits for what happens and does what life says, until it is over.
func attend(l *life, signals <-chan os.Signal, exits <-chan reaper.Exit) int {
	l.launch()
	for !l.over {
		var timer <-chan time.Time
		if !l.wakeAt.IsZero() {
			timer = time.After(time.Until(l.wakeAt))
		}
		select {
		case s := <-signals:
			l.signalled(s.(syscall.Signal))
		case e := <-exits:
			l.launched(e.Code)
		case e := <-l.server.Events():
			l.heard(e)
		case <-timer:
			l.wakeAt = time.Time{}
			l.woke()
		}
	}
	return l.code
}

// hide keeps components that share this PID namespace, root or not, from
// reading this process's memory, environment and descriptors, and from getting
// at the pause's files through its root directory: the token and the engine's
// socket are among them. Only CAP_SYS_PTRACE, which no container has unless it
// is given, gets past it. The set-group-ID bit of the binary does the same for
// the moment before this is called (ADR 5).
func hide() {
	const prSetDumpable = 4
	syscall.RawSyscall(syscall.SYS_PRCTL, prSetDumpable, 0, 0)
}

// dropFalseAlarms lets the signals by which the kernel tells of a program's own
// faults do nothing when a process sent them: any component that shares this
// PID namespace can. Real faults still end the process.
func dropFalseAlarms() {
	signal.Notify(make(chan os.Signal, 1), syscall.SIGABRT, syscall.SIGBUS, syscall.SIGFPE, syscall.SIGILL,
		syscall.SIGSEGV, syscall.SIGSTKFLT, syscall.SIGSYS, syscall.SIGTRAP)
}

// files are what the supervisor needs of this container.
func files() handoff.Files {
	root, err := os.Open("/")
	if err != nil {
		fail("cannot open the root directory: " + err.Error())
	}
	mountinfo, err := os.Open("/proc/self/mountinfo")
	if err != nil {
		fail("cannot open the list of mounts: " + err.Error())
	}
	return handoff.Files{Stdout: os.Stdout, Stderr: os.Stderr, Root: root, Mountinfo: mountinfo}
}

// random returns n random bytes as hex digits.
func random(n int) string {
	f, err := os.Open("/dev/urandom")
	if err != nil {
		fail("cannot get random numbers: " + err.Error())
	}
	defer f.Close()
	b := make([]byte, n)
	if _, err := io.ReadFull(f, b); err != nil {
		fail("cannot get random numbers: " + err.Error())
	}
	return hex.EncodeToString(b)
}
