package cgroups

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"time"
)

const (
	// leafName is the cgroup of the pause's own processes, below the pod's.
	leafName = "pause"
	// tryAgain is how long to wait for what is in the way.
	tryAgain = 20 * time.Millisecond
)

// controllers are those of the limits that a pod can have. The engine's runtime
// turns on the others itself, where it can.
var controllers = []string{"cpu", "memory", "pids"}

// Leaf moves all processes of a cgroup of version 2, which is a directory, into
// a leaf below it, and lets the other children have controllers. Both must
// happen before the first of these is made: else the kernel, or the runtime,
// makes them threaded, for good, and then no limit can be set on them.
//
// It is done again without harm. Processes that come meanwhile, of a health
// check, are moved too; ctx bounds that.
func Leaf(ctx context.Context, dir string) error {
	kind, err := os.ReadFile(filepath.Join(dir, "cgroup.type"))
	if err != nil {
		return fmt.Errorf("cannot read the pod's cgroup: %w", err)
	}
	if is := strings.TrimSpace(string(kind)); is != "domain" {
		return fmt.Errorf("the pod's cgroup is of the type %q, which has no limits on children", is)
	}
	leaf := filepath.Join(dir, leafName)
	if err := os.Mkdir(leaf, 0o755); err != nil && !errors.Is(err, os.ErrExist) {
		return fmt.Errorf("cannot make room below the pod's cgroup: %w", err)
	}
	for {
		err := moveAll(dir, leaf)
		if err == nil {
			err = enable(dir)
		}
		if !errors.Is(err, syscall.EBUSY) {
			return err
		}
		select {
		case <-ctx.Done():
			return err
		case <-time.After(tryAgain):
		}
	}
}

// moveAll moves the processes that are there now.
func moveAll(from, to string) error {
	text, err := os.ReadFile(filepath.Join(from, "cgroup.procs"))
	if err != nil {
		return err
	}
	for _, pid := range strings.Fields(string(text)) {
		if pid == "0" {
			return errors.New("the pod's cgroup has processes of another PID namespace")
		}
		err := write(to, "cgroup.procs", pid)
		if err != nil && !errors.Is(err, syscall.ESRCH) { // ended meanwhile
			return fmt.Errorf("cannot move the pause's processes: %w", err)
		}
	}
	return nil
}

// enable turns the controllers on for the children; EBUSY says that there are
// processes beside them.
func enable(dir string) error {
	text, err := os.ReadFile(filepath.Join(dir, "cgroup.controllers"))
	if err != nil {
		return err
	}
	for _, c := range strings.Fields(string(text)) {
		if !slices.Contains(controllers, c) {
			continue
		}
		if err := write(dir, "cgroup.subtree_control", "+"+c); err != nil {
			return fmt.Errorf("cannot give the controller %s to components: %w", c, err)
		}
	}
	return nil
}

// write writes to a file of the kernel's, which takes one write.
func write(dir, name, text string) error {
	f, err := os.OpenFile(filepath.Join(dir, name), os.O_WRONLY, 0)
	if err != nil {
		return err
	}
	defer f.Close()
	_, err = f.WriteString(text)
	return err
}
