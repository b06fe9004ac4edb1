package main

import (
	"os"
	"sync"
	"syscall"
	"time"

	"github.com/podlike/podlike/internal/reaper"
)

// childLauncher runs `/supervisor launch`, one at a time, as a plain child of
// PID 1: its exit status comes through the reaper like every other.
type childLauncher struct {
	args  []string
	env   []string
	token string

	mu   sync.Mutex
	pid  int // 0 when none runs
	done chan struct{}
}

func newLauncher(args []string) *childLauncher {
	return &childLauncher{args: append([]string{supervisorPath, "launch"}, args...)}
}

// start starts the launcher. It replaces a supervisor that runs only if told
// to; with served, there are components that need one, of whatever image. It
// gets the token through a pipe, descriptor 3:
// another process of this PID namespace could read its environment.
func (c *childLauncher) start(replace, served bool) error {
	var pipe [2]int
	if err := syscall.Pipe2(pipe[:], syscall.O_CLOEXEC); err != nil {
		return os.NewSyscallError("pipe", err)
	}
	defer syscall.Close(pipe[0])
	defer syscall.Close(pipe[1])
	if _, err := syscall.Write(pipe[1], []byte(c.token)); err != nil {
		return os.NewSyscallError("write", err)
	}

	// Locked across the fork: the reaper may see the end before ForkExec
	// returns the PID.
	c.mu.Lock()
	defer c.mu.Unlock()
	env := c.env
	if replace {
		env = append(env[:len(env):len(env)], "PODLIKE_REPLACE=1")
	}
	if served {
		env = append(env[:len(env):len(env)], "PODLIKE_SERVED=1")
	}
	pid, err := syscall.ForkExec(supervisorPath, c.args, &syscall.ProcAttr{
		Env:   env,
		Files: []uintptr{0, 1, 2, uintptr(pipe[0])},
	})
	if err != nil {
		return os.NewSyscallError("fork/exec "+supervisorPath, err)
	}
	c.pid, c.done = pid, make(chan struct{})
	go reaper.Kick(50*time.Millisecond, c.done)
	return nil
}

// is reports whether pid was the launcher, and forgets it then: the kernel
// may give the number to another process.
func (c *childLauncher) is(pid int) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.pid == 0 || c.pid != pid {
		return false
	}
	c.pid = 0
	close(c.done)
	return true
}

// terminate asks the running launcher to undo what it did and end.
func (c *childLauncher) terminate() {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.pid != 0 {
		syscall.Kill(c.pid, syscall.SIGTERM)
	}
}
