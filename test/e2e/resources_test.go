//go:build e2e

package e2e

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/docker/docker/api/types/container"
	"github.com/docker/docker/api/types/volume"
)

// TestOutOfMemory: when the pod is out of memory, the kernel kills a component,
// and neither the pause, which is in the same cgroup, nor the supervisor, which
// is not. The log says so, and the pod ends with 137.
func TestOutOfMemory(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	p := s.create(podSpec{
		components: map[string]string{"app": probe("hog", "200"), "side": probe("sleep")},
		host:       func(h *container.HostConfig) { h.Memory, h.MemorySwap = 64<<20, 64<<20 },
	})
	var output syncBuffer
	done := p.attach(&output, &output)
	p.start()
	supervisor := p.component("supervisor")
	equal(t, "the supervisor's cgroup parent", supervisor.HostConfig.CgroupParent, "")
	equal(t, "exit code", p.wait(startWithin), 137)
	<-done
	wantLines(t, output.String(), [][]string{{`"app"`, "memory ran out (code 137)"}})
	if strings.Contains(output.String(), "supervisor is gone") {
		t.Errorf("the supervisor was killed:\n%s", &output)
	}
	eventually(t, 2*time.Second, p.gone)
}

// TestOutOfSpace: a copy into a volume that is too small is one clear error,
// and leaves nothing behind.
func TestOutOfSpace(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	if _, err := s.api.VolumeCreate(t.Context(), volume.CreateOptions{Name: s.name + "_small", DriverOpts: map[string]string{
		"type": "tmpfs", "device": "tmpfs", "o": "size=64k"}}); err != nil {
		t.Fatal(err)
	}
	p := s.create(podSpec{
		components: map[string]string{"app": probe("sleep") + "volumes: [\"" + s.name + "_small:/data\"]\n", "side": probe("sleep")},
		labels:     map[string]string{"pod.copy.app": "/supervisor:/data/big"}, // some megabytes
	})
	var output syncBuffer
	done := p.attach(&output, &output)
	p.start()
	equal(t, "exit code", p.wait(startWithin), 125)
	<-done
	wantLines(t, output.String(), [][]string{{`"app"`, "cannot copy /supervisor to /data/big", "no space left on device"}})
	if n := strings.Count(output.String(), "no space left"); n != 1 {
		t.Errorf("the error is there %d times:\n%s", n, &output)
	}
	eventually(t, 2*time.Second, p.gone)
}

// TestOutOfProcesses: a component that forks until the pod has no process left
// cannot keep the pod from being stopped.
func TestOutOfProcesses(t *testing.T) {
	for _, arg := range []string{"--pids=true", "--pids=false"} {
		t.Run(arg, func(t *testing.T) {
			t.Parallel()
			s := newSite(t)
			limit := int64(60)
			p := s.create(podSpec{
				args:       []string{"--logs", arg},
				components: map[string]string{"app": probe("forks")},
				host:       func(h *container.HostConfig) { h.PidsLimit = &limit },
			})
			var output syncBuffer
			done := p.attach(&output, &output)
			p.start()
			waitLines(t, &output, [][]string{{"app", "forked until refused"}})
			steadily(t, 3*time.Second, func() error {
				pause, err := s.api.ContainerInspect(t.Context(), p.id)
				if err == nil && !pause.State.Running {
					err = fmt.Errorf("the pause is %s, code %d", pause.State.Status, pause.State.ExitCode)
				}
				return err
			})
			// The check cannot be started, and so cannot say that all is well.
			eventually(t, 30*time.Second, func() error {
				c, err := s.api.ContainerInspect(t.Context(), p.id)
				if err != nil {
					return hopeless{err}
				}
				if log := c.State.Health.Log; len(log) == 0 || log[len(log)-1].ExitCode == 0 {
					return fmt.Errorf("no check failed: %v", log)
				}
				return nil
			})
			s.signal(p.id, "SIGTERM")
			if code := p.wait(endWithin); code != 0 && code != 137 {
				t.Errorf("the pod ended with %d", code)
			}
			<-done
			eventually(t, 2*time.Second, p.gone)
		})
	}
}

// TestFewDescriptors: a supervisor that may open hardly any file says so, or
// runs the pod.
func TestFewDescriptors(t *testing.T) {
	for _, n := range []int{32, 16, 10} {
		t.Run(fmt.Sprint(n), func(t *testing.T) {
			t.Parallel()
			s := newSite(t)
			p := s.create(podSpec{
				components: map[string]string{"app": probe("sleep"), "side": probe("exit", "7", "3s")},
				labels:     map[string]string{"pod.component.supervisor": fmt.Sprintf("ulimits: {nofile: %d}", n)},
			})
			var output syncBuffer
			done := p.attach(&output, &output)
			p.start()
			code := p.wait(90 * time.Second)
			<-done
			t.Logf("%d descriptors: code %d\n%s", n, code, &output)
			if code != 7 && !strings.Contains(output.String(), "too many open files") {
				t.Errorf("the pod ended with %d, and does not say why", code)
			}
			eventually(t, 2*time.Second, p.gone)
		})
	}
}
