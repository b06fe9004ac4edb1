//go:build e2e

package e2e

import (
	"fmt"
	"os"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/docker/docker/api/types/container"
	"github.com/docker/docker/api/types/image"
	"github.com/docker/docker/api/types/swarm"
)

// killHard ends a container's first process with SIGKILL, as the kernel does
// when memory is short: behind the engine's back. Where the engine is on
// another machine, it is the engine that kills.
func (s *site) killHard(c container.InspectResponse) {
	s.t.Helper()
	mounts, _ := os.ReadFile(fmt.Sprintf("/proc/%d/mountinfo", c.State.Pid))
	// A container that joined another's network has the other's files: any
	// file of any container tells that this PID is in one, on this machine.
	if !strings.Contains(string(mounts), "/containers/") {
		s.t.Logf("PID %d is not on this machine: killing through the engine", c.State.Pid)
		s.signal(c.ID, "SIGKILL")
		return
	}
	if err := syscall.Kill(c.State.Pid, syscall.SIGKILL); err != nil {
		s.t.Fatal(err)
	}
}

// TestSupervisorLost: without their supervisor the components run on, as they
// are, and another supervisor takes the pod over: it writes their output and
// judges their end.
func TestSupervisorLost(t *testing.T) {
	t.Parallel()
	for name, lose := range map[string]func(*site, container.InspectResponse){
		"kill": (*site).killHard,
		"rm": func(s *site, c container.InspectResponse) {
			if err := s.api.ContainerRemove(s.t.Context(), c.ID, container.RemoveOptions{Force: true}); err != nil {
				s.t.Fatal(err)
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			s := newSite(t)
			v := s.deploy(podSpec{args: []string{"--logs"}, components: map[string]string{
				"app":  probe("exit-on", "USR1", "5"),
				"side": probe("sleep"),
			}})
			p := v.running()
			first, app, side := p.component("supervisor"), p.component("app"), p.component("side")
			lose(s, first)
			eventually(t, 10*time.Second, func() error {
				now, err := s.api.ContainerInspect(t.Context(), strings.TrimPrefix(first.Name, "/"))
				if err == nil && (now.ID == first.ID || !now.State.Running) {
					err = fmt.Errorf("no new supervisor runs: %.12s is %s, the old one was %.12s", now.ID, now.State.Status, first.ID)
				}
				return err
			})
			for _, before := range []container.InspectResponse{app, side} {
				now, err := s.api.ContainerInspect(t.Context(), before.ID)
				if err != nil {
					t.Fatal(err)
				}
				if now.State.Pid != before.State.Pid || now.State.StartedAt != before.State.StartedAt {
					t.Errorf("%s was disturbed: PID %d since %s, was PID %d since %s",
						before.Name, now.State.Pid, now.State.StartedAt, before.State.Pid, before.State.StartedAt)
				}
			}
			// The takeover itself cannot be seen from outside; a health that is
			// steady through it can.
			steadily(t, 2*time.Second, func() error {
				task := v.tasks(t.Context())[0]
				if task.Status.State != swarm.TaskStateRunning {
					return fmt.Errorf("the task is %s", describe(task))
				}
				return nil
			})
			s.signal(app.ID, "SIGUSR1")
			v.wantEnd(v.ended(endWithin), swarm.TaskStateFailed, 5)
			stdout, _ := v.logs(t.Context())
			if want := "[out] app: got user defined signal 1\n"; strings.Count(stdout, want) != 1 {
				t.Errorf("want %q once in:\n%s", want, stdout)
			}
			eventually(t, 2*time.Second, p.gone)
		})
	}
}

// TestSupervisorLostWhileComponentEnds: an end that nobody watched counts.
func TestSupervisorLostWhileComponentEnds(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	v := s.deploy(podSpec{components: map[string]string{
		"app":  probe("exit-on", "USR1", "5"),
		"side": probe("sleep"),
	}})
	p := v.running()
	app := p.component("app")
	s.killHard(p.component("supervisor"))
	s.signal(app.ID, "SIGUSR1")
	v.wantEnd(v.ended(endWithin), swarm.TaskStateFailed, 5)
	eventually(t, 2*time.Second, p.gone)
}

// TestStopWithoutSupervisor: a stop that comes while there is no supervisor is
// not lost, and the next one lets the components finish.
func TestStopWithoutSupervisor(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	p := s.create(podSpec{args: []string{"--logs"}, components: map[string]string{"worker": probe("drain", "1s")}})
	var stdout, stderr syncBuffer
	done := p.attach(&stdout, &stderr)
	p.start()
	p.component("worker")
	s.killHard(p.component("supervisor"))
	s.signal(p.id, "SIGTERM")
	if code := p.wait(endWithin); code != 0 {
		t.Errorf("the pod ended with %d, want 0", code)
	}
	<-done
	wantLines(t, stdout.String(), [][]string{{"[out] worker: drained"}})
	eventually(t, 2*time.Second, p.gone)
}

// TestPauseKilled: after PID 1 was killed, nothing is left within 5 s. With
// shared process IDs the kernel ends the components too, without them nobody
// but the supervisor does.
func TestPauseKilled(t *testing.T) {
	for _, arg := range []string{"--pids=true", "--pids=false"} {
		t.Run(arg, func(t *testing.T) {
			s := newSite(t)
			v := s.deploy(podSpec{args: []string{"--logs", arg}, components: map[string]string{
				"app":  probe("ignore-term"),
				"side": probe("sleep"),
			}})
			p := v.running()
			p.component("app")
			p.component("side")
			pause, err := s.api.ContainerInspect(t.Context(), p.id)
			if err != nil {
				t.Fatal(err)
			}
			began := time.Now()
			s.killHard(pause)
			eventually(t, 5*time.Second, p.gone)
			t.Logf("nothing was left after %s", time.Since(began).Round(10*time.Millisecond))
			v.wantEnd(v.ended(endWithin), swarm.TaskStateFailed, 137)
		})
	}
}

// TestSupervisorImageGone: a supervisor of the stack's own image is replaced
// although that image was removed from the node: the pause's does as well.
func TestSupervisorImageGone(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	// No registry answers there.
	own := fmt.Sprintf("127.0.0.1:1/podlike-e2e/supervisor:%d", os.Getpid())
	if err := s.api.ImageTag(t.Context(), supervisorImage, own); err != nil {
		t.Fatal(err)
	}
	p := s.create(podSpec{
		labels:     map[string]string{"pod.component.supervisor": "image: " + own + "\nmem_limit: 256m\n"},
		components: map[string]string{"app": probe("exit-on", "USR1", "5")},
	})
	var output syncBuffer
	done := p.attach(&output, &output)
	p.start()
	app, first := p.component("app"), p.component("supervisor")
	if _, err := s.api.ImageRemove(t.Context(), own, image.RemoveOptions{}); err != nil {
		t.Fatal(err)
	}
	s.killHard(first)
	said(t, &output, "podlike: taking the pod over")
	second := p.component("supervisor")
	if second.Config.Image == own || second.HostConfig.Memory != 256<<20 {
		t.Errorf("the second supervisor has image %s and %d bytes of memory", second.Config.Image, second.HostConfig.Memory)
	}
	wantLines(t, output.String(), [][]string{{"warning", own, "cannot be pulled"}, {"warning", "the pause's own image"}})
	if now := p.component("app"); now.State.StartedAt != app.State.StartedAt || now.ID != app.ID {
		t.Error("the component was disturbed")
	}
	s.signal(app.ID, "SIGUSR1")
	if code := p.wait(endWithin); code != 5 {
		t.Errorf("the pod ended with %d", code)
	}
	<-done
	eventually(t, 2*time.Second, p.gone)
}
