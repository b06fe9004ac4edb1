//go:build e2e

package e2e

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/docker/docker/api/types/container"
	"github.com/docker/docker/api/types/swarm"
)

// TestRaid: a component that attacks the hand-off gets nothing, and the pod
// stays healthy; a supervisor's replacement gets in all the same.
func TestRaid(t *testing.T) {
	all := []string{"did wrong token", "did huge", "did silent", "did bind", "health is healthy"}
	for _, tt := range []struct {
		name, arg string
		raid      []string
		proof     []string
	}{
		{"pids", "--pids=true", []string{"raid", "20s"}, all},
		{"no-pids", "--pids=false", []string{"raid", "20s"}, all},
		{"mute", "--pids=false", []string{"raid", "20s", "mute"}, []string{"did mute"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			s := newSite(t)
			v := s.deploy(podSpec{args: []string{"--logs", tt.arg}, components: map[string]string{
				"raider": probe(tt.raid...) + "x-podlike: {essential: false}\n",
				"app":    probe("sleep"),
			}})
			p := v.running()
			app := p.component("app")
			healthy := func() error {
				pause, err := s.api.ContainerInspect(t.Context(), p.id)
				if err != nil {
					return err
				}
				if h := pause.State.Health; !pause.State.Running || h.Status != container.Healthy || h.FailingStreak > 1 {
					return fmt.Errorf("the pod is %s, %s, %d checks failed", pause.State.Status, h.Status, h.FailingStreak)
				}
				return nil
			}
			steadily(t, 4*time.Second, healthy)
			began := time.Now()
			s.killHard(p.component("supervisor"))
			eventually(t, 20*time.Second, func() error {
				if !strings.Contains(s.log(t.Context(), p.id), "taking the pod over") {
					return fmt.Errorf("no supervisor got in")
				}
				return nil
			})
			t.Logf("a supervisor got in after %s", time.Since(began).Round(10*time.Millisecond))
			steadily(t, 3*time.Second, healthy)
			var log string
			eventually(t, 60*time.Second, func() error {
				if log, _ = v.logs(t.Context()); !strings.Contains(log, "raided") {
					return fmt.Errorf("the raid goes on")
				}
				return nil
			})
			for _, want := range tt.proof {
				if !strings.Contains(log, want) {
					t.Errorf("no %q, so it proves nothing", want)
				}
			}
			if strings.Contains(log, "reached") {
				t.Error("the component got too far")
			}
			if now := p.component("app"); now.State.Pid != app.State.Pid {
				t.Error("a component was restarted")
			}
			if task := v.tasks(t.Context())[0]; task.Status.State != swarm.TaskStateRunning {
				t.Errorf("the task is %s", describe(task))
			}
		})
	}
}

// TestTamper: a component that is root and shares the PID namespace cannot read
// PID 1, nor stop or kill it.
func TestTamper(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	p := s.create(podSpec{args: []string{"--logs"}, components: map[string]string{
		"app":  probe("sleep"),
		"evil": probe("tamper") + "x-podlike: {essential: false}\n",
	}})
	var output syncBuffer
	p.attach(&output, &output)
	p.start()
	app := p.component("app")
	waitLines(t, &output, [][]string{{"evil", "tampered"}})
	if strings.Contains(output.String(), "reached") {
		t.Errorf("the component got too far:\n%s", output.String())
	}
	steadily(t, 3*time.Second, func() error {
		for _, id := range []string{p.id, app.ID} {
			if c, err := s.api.ContainerInspect(t.Context(), id); err != nil || !c.State.Running {
				return fmt.Errorf("%s is %s: %v", c.Name, c.State.Status, err)
			}
		}
		return nil
	})
	// What a component may: end the pod in order, as an operator's stop does.
	p.execDetached("app", "signal", "1", "TERM")
	equal(t, "exit code", p.wait(endWithin), 0)
	eventually(t, 2*time.Second, p.gone)
}

// TestCrash: signals by which the kernel tells a program of its own faults,
// sent by a component, do not make PID 1 fail in disorder.
func TestCrash(t *testing.T) {
	for _, name := range []string{"ABRT", "SEGV", "BUS", "FPE", "ILL", "TRAP", "SYS", "STKFLT", "QUIT"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newSite(t)
			p := s.create(podSpec{components: map[string]string{"app": probe("sleep"), "side": probe("sleep")}})
			p.start()
			p.component("side")
			p.component("app")
			p.execDetached("app", "signal", "1", name)
			steadily(t, 2*time.Second, func() error {
				if c, err := s.api.ContainerInspect(t.Context(), p.id); err != nil || !c.State.Running {
					return fmt.Errorf("the pause is %s, code %d: %v", c.State.Status, c.State.ExitCode, err)
				}
				return nil
			})
		})
	}
}
