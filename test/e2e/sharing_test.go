//go:build e2e

package e2e

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"
)

const appAnswer = "the application\n"

// TestSharing: components see each other's processes and localhost, and PID 1
// there is the pause, which reaps what they leave.
func TestSharing(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	p := s.deploy(podSpec{components: map[string]string{
		"app":  probe("serve", "127.0.0.1:12000", "the application"),
		"tool": probe("sleep"),
	}}).running()
	app, tool := p.component("app"), p.component("tool")

	if got := p.mustExec("tool", "get", "http://127.0.0.1:12000/"); got != appAnswer {
		t.Errorf("the application answers %q, want %q", got, appAnswer)
	}
	for _, component := range []string{"app", "tool"} {
		all := p.processes(component)
		if !slices.ContainsFunc(all, func(q process) bool { return q.PID == 1 && q.Args[0] == "/pause" }) {
			t.Errorf("PID 1 is not /pause in %s: %v", component, all)
		}
		for _, other := range []string{"serve", "sleep"} {
			if !slices.ContainsFunc(all, func(q process) bool { return slices.Contains(q.Args, other) }) {
				t.Errorf("the process of `probe %s` is not seen in %s: %v", other, component, all)
			}
		}
		if slices.ContainsFunc(all, func(q process) bool { return strings.Contains(q.Args[0], "supervisor") }) {
			t.Errorf("the supervisor is seen in %s: %v", component, all)
		}
	}

	info, err := s.api.Info(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if want := "/docker/" + p.id; info.CgroupDriver == "cgroupfs" && info.CgroupVersion == "1" {
		if app.HostConfig.CgroupParent != want || tool.HostConfig.CgroupParent != want {
			t.Errorf("the cgroup parents are %q and %q, want the pause's cgroup %q", app.HostConfig.CgroupParent, tool.HostConfig.CgroupParent, want)
		}
	}

	const n = "10000"
	if got := strings.TrimSpace(p.mustExec("tool", "orphans", n)); got != n {
		t.Fatalf("made %s orphans, want %s", got, n)
	}
	eventually(t, 10*time.Second, func() error {
		if got := strings.TrimSpace(p.mustExec("tool", "zombies")); got != "0" {
			return fmt.Errorf("%s zombies", got)
		}
		return nil
	})
	if now := p.component("app"); now.State.Pid != app.State.Pid {
		t.Errorf("the application was disturbed: PID %d, was %d", now.State.Pid, app.State.Pid)
	}
}

// TestSharingWithoutPIDs: --pids=false gives each component its own process
// IDs; the network is shared all the same.
func TestSharingWithoutPIDs(t *testing.T) {
	t.Parallel()
	for _, arg := range []string{"--pids=false", "-pids=false"} {
		t.Run(arg, func(t *testing.T) {
			s := newSite(t)
			p := s.create(podSpec{args: []string{arg}, components: map[string]string{
				"app":  probe("serve", "127.0.0.1:12000", "the application"),
				"tool": probe("sleep"),
			}})
			p.start()
			p.component("app")
			p.component("tool")
			eventually(t, 10*time.Second, func() error {
				got, err := p.exec("tool", "get", "http://127.0.0.1:12000/")
				if err == nil && got != appAnswer {
					err = fmt.Errorf("the application answers %q", got)
				}
				return err
			})
			for _, q := range p.processes("tool") {
				if q.Args[0] == "/pause" || slices.Contains(q.Args, "serve") {
					t.Errorf("a process of another container is seen: %v", q)
				}
			}
		})
	}
}
