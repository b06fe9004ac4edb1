// Package reaper collects the children of PID 1: its own, and every orphan of
// the PID namespace that the kernel hands to it.
//
// It is the only importer of go-reaper, and holds the settings without which
// that library loses what matters here:
//
//   - Pid -1: the zero value waits for the caller's own process group only, and
//     no component's orphan is in it.
//   - Options 0: WNOHANG would make it spin.
//   - Debug false, and never when we are not PID 1: it prints to stdout, which
//     is the pod's log.
//   - A deep status channel that is always drained: a full one drops statuses.
//
// A process that runs this must not use os/exec: whoever waits first gets the
// status. Start children with syscall.ForkExec and match the PID.
package reaper
