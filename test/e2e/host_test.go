//go:build e2e

package e2e

import (
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/docker/docker/api/types/container"
	"github.com/docker/docker/api/types/events"
	"github.com/docker/docker/api/types/filters"

	"github.com/podlike/podlike/test/hosts"
)

// TestHost: what a pod promises of its host's cgroups holds here, whichever
// kind of host this is. Where PODLIKE_E2E_COLUMN names a file, what was seen is
// written there, for the table of docs/hosts.md.
func TestHost(t *testing.T) {
	column := thisHost(t)
	for _, line := range []struct {
		name, test string
		do         func(*testing.T) string
	}{
		{hosts.Start, "start", hostStart},
		{hosts.SumOfMemory, "sum-of-memory", hostSumOfMemory},
		{hosts.OwnMemory, "own-memory", hostOwnMemory},
		{hosts.CPUs, "cpus", hostCPUs},
		{hosts.Tools, "tools", hostTools},
		{hosts.Stop, "stop", hostStop},
		{hosts.PauseKilled, "pause-killed", hostPauseKilled},
		{hosts.HelperKilled, "supervisor-killed", hostSupervisorKilled},
		{hosts.DaemonReload, "daemon-reload", hostDaemonReload},
	} {
		column.Cells[line.name] = "**no**"
		t.Run(line.test, func(t *testing.T) {
			cell := line.do(t)
			if !t.Failed() {
				column.Cells[line.name] = cell
				t.Logf("%s: %s", line.name, cell)
			}
		})
	}
	if file := os.Getenv("PODLIKE_E2E_COLUMN"); file != "" {
		if err := column.Write(file); err != nil {
			t.Error(err)
		}
	}
}

// hasSystemd tells whether systemd is PID 1 of this machine.
func hasSystemd() bool {
	_, err := os.Stat("/run/systemd/system")
	return err == nil
}

// thisHost is a column with no cells yet.
func thisHost(t *testing.T) hosts.Column {
	t.Helper()
	api, err := connect()
	if err != nil {
		t.Fatal(err)
	}
	defer api.Close()
	info, err := api.Info(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	c := hosts.Column{Cgroup: info.CgroupVersion, Driver: info.CgroupDriver, Engine: info.ServerVersion, Kernel: info.KernelVersion, Cells: map[string]string{}}
	if hasSystemd() {
		text, err := run(exec.CommandContext(t.Context(), "systemctl", "--version"), "")
		if words := strings.Fields(text); err != nil || len(words) < 2 {
			t.Fatalf("systemctl --version says %q: %v", text, err)
		} else {
			c.Systemd = words[1]
		}
	}
	return c
}

func hostStart(t *testing.T) string {
	s := newSite(t)
	p := s.deploy(podSpec{
		components: map[string]string{"app": probe("sleep"), "side": probe("sleep")},
		more: func(service, _ map[string]any) {
			service["deploy"].(map[string]any)["resources"] = map[string]any{"limits": map[string]any{"memory": "64M", "cpus": "0.5"}}
		},
	}).running()
	p.component("app")
	p.component("side")
	return "yes"
}

// limited is a pod with a limit of its memory, whose output is kept.
func (s *site) limited(megabytes int64, components map[string]string) (*runningPod, *syncBuffer, <-chan struct{}) {
	s.t.Helper()
	p := s.create(podSpec{args: []string{"--logs"}, components: components,
		host: func(h *container.HostConfig) { h.Memory, h.MemorySwap = megabytes<<20, megabytes<<20 }})
	var output syncBuffer
	done := p.attach(&output, &output)
	p.start()
	return p, &output, done
}

// hostSumOfMemory: each component would have room for itself.
func hostSumOfMemory(t *testing.T) string {
	s := newSite(t)
	p, output, done := s.limited(64, map[string]string{"one": probe("hog", "40", "USR1"), "two": probe("hog", "40", "USR1")})
	return p.overflows(output, done)
}

// overflows has the components one and two take their memory in turn, for the
// second of which there is no room.
func (p *runningPod) overflows(output *syncBuffer, done <-chan struct{}) string {
	p.t.Helper()
	said(p.t, output, "one: ready")
	said(p.t, output, "two: ready")
	p.signal(p.component("one").ID, "SIGUSR1")
	said(p.t, output, "one: hogged 40")
	p.signal(p.component("two").ID, "SIGUSR1")
	equal(p.t, "exit code", p.wait(endWithin), 137)
	<-done
	p.saysThatMemoryRanOut(output.String())
	eventually(p.t, 2*time.Second, p.gone)
	return "one is killed, the pod ends with 137 and says that memory ran out"
}

// saysThatMemoryRanOut checks the pod's log for it, and says whether the engine
// knew: it misses it at times where systemd removes a container's cgroup.
func (p *runningPod) saysThatMemoryRanOut(log string, who ...string) {
	p.t.Helper()
	if !p.ranOutOfMemory() {
		p.t.Log("the engine has not noticed that memory ran out")
	}
	wantLines(p.t, log, [][]string{append(who, "memory ran out (code 137)")})
}

// ranOutOfMemory asks the engine whether that was so with any component.
func (p *runningPod) ranOutOfMemory() bool {
	p.t.Helper()
	seen, errs := p.api.Events(p.t.Context(), events.ListOptions{
		Since: "1", Until: fmt.Sprint(time.Now().Unix() + 1),
		Filters: filters.NewArgs(filters.Arg("event", string(events.ActionOOM)), filters.Arg("label", "podlike.pod="+p.id)),
	})
	found := false
	for {
		select {
		case <-seen:
			found = true
		case err := <-errs:
			if err != io.EOF {
				p.t.Fatal(err)
			}
			return found
		}
	}
}

func hostOwnMemory(t *testing.T) string {
	s := newSite(t)
	p, output, done := s.limited(128, map[string]string{
		"small": probe("hog", "40", "USR1") + "mem_limit: 24m\nmemswap_limit: 24m\n",
		"large": probe("hog", "40"),
	})
	said(t, output, "small: ready")
	said(t, output, "large: hogged 40")
	p.signal(p.component("small").ID, "SIGUSR1")
	equal(t, "exit code", p.wait(endWithin), 137)
	<-done
	p.saysThatMemoryRanOut(output.String(), `"small"`)
	eventually(t, 2*time.Second, p.gone)
	return "40 MiB under 24 MiB: killed, 137"
}

// hostDaemonReload: systemd writes its own idea of the limits again.
func hostDaemonReload(t *testing.T) string {
	if !hasSystemd() {
		return "no systemd"
	}
	s := newSite(t)
	p, output, done := s.limited(64, map[string]string{"one": probe("hog", "40", "USR1"), "two": probe("hog", "40", "USR1")})
	said(t, output, "one: ready")
	said(t, output, "two: ready")
	before := p.limits()
	if len(before) == 0 {
		t.Fatal("no limit of the pod is seen in /sys/fs/cgroup")
	}
	if _, err := run(exec.CommandContext(t.Context(), "systemctl", "daemon-reload"), ""); err != nil {
		t.Fatal(err)
	}
	after := p.limits()
	for file, limit := range before {
		if after[file] != limit {
			t.Errorf("%s was %q before, and is %q after", file, limit, after[file])
		}
	}
	p.overflows(output, done)
	return fmt.Sprintf("yes: %d limits are as before, and hold", len(before))
}
