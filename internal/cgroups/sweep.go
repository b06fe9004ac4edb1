package cgroups

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"syscall"
	"time"
)

// ofPod is the end of the path of a cgroup that has a pod's components in it:
// a container's, or a slice of ours.
var ofPod = regexp.MustCompile(`/([0-9a-f]{64}|([^/]+-)?podlike_[0-9a-f]{12}\.slice)$`)

// Sweep removes the directories of cgroups that have no processes, with those
// below them. root is where cgroups are mounted, one hierarchy or, of version
// 1, several; paths are below each of these, and end with a container's ID or
// the name of a pod's slice. An engine removes the cgroup of a container that
// ended, once: it leaves one that another container was in at that moment. And
// systemd removes slices from the hierarchies that it uses, which are not all
// that there are of version 1.
//
// What is gone already is as good. Nothing is removed where there is a process
// anywhere below, which may be of a pod that was started again; ctx bounds the
// wait for those that are about to end.
func Sweep(ctx context.Context, root string, paths []string) error {
	hierarchies, err := hierarchies(root)
	if err != nil {
		return fmt.Errorf("cannot look for cgroups: %w", err)
	}
	var failed []error
	for _, path := range paths {
		if path != filepath.Clean(path) || !ofPod.MatchString(path) {
			failed = append(failed, fmt.Errorf("cannot sweep %q: it is not a pod's cgroup", path))
			continue
		}
		for _, h := range hierarchies {
			if err := removeTree(ctx, filepath.Join(h, path)); err != nil {
				failed = append(failed, err)
			}
		}
	}
	return errors.Join(failed...)
}

func hierarchies(root string) ([]string, error) {
	if _, err := os.Stat(filepath.Join(root, "cgroup.controllers")); err == nil {
		return []string{root}, nil
	}
	entries, err := os.ReadDir(root)
	if err != nil {
		return nil, err
	}
	var found []string
	for _, e := range entries {
		if e.IsDir() { // the others are links, as cpu to cpu,cpuacct
			found = append(found, filepath.Join(root, e.Name()))
		}
	}
	return found, nil
}

// removeTree removes directories, never a file: those of a cgroup go with it.
func removeTree(ctx context.Context, dir string) error {
	for {
		err := removeOnce(dir)
		if !errors.Is(err, syscall.EBUSY) && !errors.Is(err, syscall.ENOTEMPTY) {
			return err
		}
		select {
		case <-ctx.Done():
			return err
		case <-time.After(tryAgain):
		}
	}
}

func removeOnce(dir string) error {
	var below []string
	err := filepath.WalkDir(dir, func(path string, e fs.DirEntry, err error) error {
		if errors.Is(err, fs.ErrNotExist) {
			return nil
		}
		if err != nil {
			return err
		}
		if e.IsDir() {
			below = append(below, path)
		} else if e.Name() == "cgroup.procs" {
			// A threaded one cannot be read; then its parent has the processes.
			if procs, _ := os.ReadFile(path); len(procs) > 0 {
				return fmt.Errorf("cannot remove the cgroup %s: it has processes: %w", dir, syscall.EBUSY)
			}
		}
		return nil
	})
	if err != nil {
		return err
	}
	for _, d := range slices.Backward(below) {
		if err := syscall.Rmdir(d); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return fmt.Errorf("cannot remove the cgroup %s: %w", d, err)
		}
	}
	return nil
}
