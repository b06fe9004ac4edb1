package reaper

import (
	"syscall"
	"time"

	goreaper "github.com/ramr/go-reaper"
)

// Exit is the end of one child.
type Exit struct {
	PID int
	// Code is the exit status, or 128+n after signal n, as a shell counts.
	Code int
}

// statusDepth is how many ends may be waiting to be read. Ten thousand
// orphans may end in the same instant; go-reaper throws away what does not
// fit. The memory is touched only when it is needed.
const statusDepth = 4096

// Start reaps all children from now on and until the process ends. exited is
// called for each, one after the other; it must not block, because statuses
// that wait too long are lost.
//
// The caller must be PID 1, or a subreaper.
func Start(exited func(Exit)) {
	statuses := make(chan goreaper.Status, statusDepth)
	goreaper.Start(goreaper.Config{
		Pid:              -1,
		Options:          0,
		StatusChannel:    statuses,
		DisablePid1Check: true,
	})
	go func() {
		for s := range statuses {
			if s.Err == nil {
				exited(Exit{PID: s.Pid, Code: code(s.WaitStatus)})
			}
		}
	}()
}

// Kick makes the reaper look for ended children every interval, until done is
// closed. The library installs its signal handler some time after Start has
// returned, and a child that ends before that would stay unseen until the
// next one ends.
func Kick(interval time.Duration, done <-chan struct{}) {
	ticker := time.NewTicker(interval)
	defer ticker.Stop()
	for {
		syscall.Kill(syscall.Getpid(), syscall.SIGCHLD)
		select {
		case <-done:
			return
		case <-ticker.C:
		}
	}
}

func code(ws syscall.WaitStatus) int {
	if ws.Signaled() {
		return 128 + int(ws.Signal())
	}
	return ws.ExitStatus()
}
