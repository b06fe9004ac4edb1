//go:build e2e

package e2e

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/docker/docker/api/types/container"
)

func hostStop(t *testing.T) string {
	return leavesNoTrace(t, func(p *runningPod) {
		p.signal(p.id, "SIGTERM")
		equal(t, "exit code", p.wait(endWithin), 0)
	})
}

func hostPauseKilled(t *testing.T) string {
	return leavesNoTrace(t, func(p *runningPod) {
		pause, err := p.api.ContainerInspect(t.Context(), p.id)
		if err != nil {
			t.Fatal(err)
		}
		p.killHard(pause)
		equal(t, "exit code", p.wait(endWithin), 137)
	})
}

func hostSupervisorKilled(t *testing.T) string {
	return leavesNoTrace(t, func(p *runningPod) {
		first := p.component("supervisor")
		p.killHard(first)
		eventually(t, 10*time.Second, func() error {
			now, err := p.api.ContainerInspect(t.Context(), strings.TrimPrefix(first.Name, "/"))
			if err == nil && (now.ID == first.ID || !now.State.Running) {
				err = fmt.Errorf("no new supervisor runs: %.12s is %s", now.ID, now.State.Status)
			}
			return err
		})
		p.signal(p.id, "SIGTERM")
		equal(t, "exit code", p.wait(endWithin), 0)
	})
}

// leavesNoTrace runs pods to an end of the given kind. Before the end the host
// has traces of each container, afterwards none.
func leavesNoTrace(t *testing.T, end func(*runningPod)) string {
	for _, arg := range []string{"--pids=true", "--pids=false"} {
		t.Run(arg, func(t *testing.T) {
			s := newSite(t)
			before := traces("podlike")
			p := s.create(podSpec{args: []string{arg}, components: map[string]string{"app": probe("sleep"), "side": probe("sleep")},
				host: func(h *container.HostConfig) { h.Memory, h.MemorySwap, h.NanoCPUs = 64<<20, 64<<20, 5e8 }})
			p.start()
			ids := []string{p.id}
			for _, component := range []string{"app", "side", "supervisor"} {
				ids = append(ids, p.component(component).ID)
			}
			for _, id := range ids {
				if len(traces(id[:12])) == 0 {
					t.Fatalf("there is no trace of the container %.12s: the engine's cgroups are not those of this machine", id)
				}
			}
			end(p)
			eventually(t, 10*time.Second, func() error {
				var left []string
				for _, id := range ids {
					left = append(left, traces(id[:12])...)
				}
				for _, trace := range traces("podlike") {
					if !slices.Contains(before, trace) {
						left = append(left, trace)
					}
				}
				if len(left) > 0 {
					return fmt.Errorf("left: %s", strings.Join(left, ", "))
				}
				return nil
			})
		})
	}
	return "yes"
}

// traces lists what this host has whose name has part in it: cgroups, of all
// controllers, systemd's units, and what those were made of.
func traces(part string) []string {
	found := cgroupsNamed(part)
	for _, pattern := range []string{"/run/systemd/transient/*", "/run/systemd/system.control/*"} {
		files, _ := filepath.Glob(pattern)
		for _, file := range files {
			if strings.Contains(filepath.Base(file), part) {
				found = append(found, file)
			}
		}
	}
	if hasSystemd() {
		units, _ := run(exec.Command("systemctl", "list-units", "--all", "--plain", "--no-legend", "*"+part+"*"), "")
		for line := range strings.Lines(units) {
			found = append(found, "unit "+strings.TrimSpace(line))
		}
	}
	return found
}

// cgroupsNamed lists the cgroups of this machine whose name has part in it. One
// that is removed meanwhile is none.
func cgroupsNamed(part string) []string {
	var found []string
	filepath.WalkDir("/sys/fs/cgroup", func(path string, d fs.DirEntry, err error) error {
		switch {
		case err != nil && !errors.Is(err, fs.ErrNotExist):
			return nil
		case d != nil && d.IsDir() && strings.Contains(d.Name(), part):
			found = append(found, path)
		}
		return nil
	})
	return found
}

// limits are the limits in the pod's cgroups: by their files.
func (p *runningPod) limits() map[string]string {
	p.t.Helper()
	all := map[string]string{}
	for _, folder := range cgroupsNamed(p.id[:12]) {
		filepath.WalkDir(folder, func(path string, d fs.DirEntry, err error) error {
			if err != nil || d.IsDir() {
				return nil
			}
			if d.Name() == "memory.swap.max" && strings.HasSuffix(folder, ".scope") {
				// The pause's own is the engine's affair: runc 1.1 writes a 0
				// there past systemd, which forgets it at its next reload.
				return nil
			}
			switch d.Name() {
			case "memory.max", "memory.swap.max", "cpu.max", "pids.max", "memory.limit_in_bytes", "cpu.cfs_quota_us":
				if text, err := os.ReadFile(path); err == nil {
					all[path] = strings.TrimSpace(string(text))
				}
			}
			return nil
		})
	}
	return all
}
