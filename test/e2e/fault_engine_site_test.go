//go:build e2e

package e2e

import (
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/docker/docker/api/types/container"
	"github.com/docker/docker/api/types/events"
	"github.com/docker/docker/api/types/filters"

	"github.com/podlike/podlike/test/faultproxy"
)

// faultyPod is a pod whose way to the engine is a proxy that makes faults.
type faultyPod struct {
	*runningPod
	proxy          *faultproxy.Proxy
	stdout, stderr syncBuffer
	done           <-chan struct{}
	seen           <-chan events.Message // what the engine made and started for the pod
}

// faulty makes a pod whose socket is the proxy's: mounted as a file, as the
// README has it, or as a directory, in which a new socket can be seen. It is
// not started yet.
func (s *site) faulty(p podSpec, directory bool) *faultyPod {
	s.t.Helper()
	dir := s.t.TempDir()
	proxy, err := faultproxy.Start(socket(), filepath.Join(dir, "docker.sock"))
	if err != nil {
		s.t.Fatal(err)
	}
	s.t.Cleanup(proxy.Close)
	config := &container.Config{Image: pauseImage, Cmd: append([]string{"--logs"}, p.args...), Labels: p.allLabels()}
	host := &container.HostConfig{Binds: []string{filepath.Join(dir, "docker.sock") + ":/var/run/docker.sock:ro"}}
	if directory {
		config.Env = []string{"DOCKER_HOST=unix:///host-run/docker.sock"}
		host.Binds = []string{dir + ":/host-run:ro"}
	}
	made, err := s.api.ContainerCreate(s.t.Context(), config, host, nil, nil, s.name)
	if err != nil {
		s.t.Fatal(err)
	}
	f := &faultyPod{runningPod: s.pod(made.ID), proxy: proxy}
	f.done = f.attach(&f.stdout, &f.stderr)
	// From now on, because the engine remembers few.
	f.seen, _ = s.api.Events(s.t.Context(), events.ListOptions{Filters: filters.NewArgs(
		filters.Arg("label", "podlike.pod="+f.id), filters.Arg("event", "create"), filters.Arg("event", "start"), filters.Arg("event", "destroy"))})
	return f
}

// faultyComponents are a component that ends with 5 when it is told to, and
// one that runs until it is stopped.
func faultyComponents() map[string]string {
	return map[string]string{"app": probe("exit-on", "USR1", "5"), "side": probe("sleep")}
}

// lives are the containers of a pod at one moment.
type lives map[string]container.InspectResponse

// up starts the pod, and waits until it is healthy.
func (f *faultyPod) up() lives {
	f.t.Helper()
	f.start()
	return f.healthy()
}

func (f *faultyPod) healthy() lives {
	f.t.Helper()
	all := lives{"app": f.component("app"), "side": f.component("side")}
	f.says("healthy")
	return all
}

// unharmed checks that the components run as they did.
func (f *faultyPod) unharmed(before lives) error {
	for name, was := range before {
		now, err := f.api.ContainerInspect(f.t.Context(), was.ID)
		if err != nil {
			return err
		}
		if !now.State.Running || now.State.Pid != was.State.Pid || now.State.StartedAt != was.State.StartedAt {
			return hopeless{fmt.Errorf("%s was disturbed: %s, PID %d since %s, was PID %d since %s", name,
				now.State.Status, now.State.Pid, now.State.StartedAt, was.State.Pid, was.State.StartedAt)}
		}
	}
	return nil
}

// wantOnce checks that of each component one container was ever created and
// started, after the pod has ended.
func (f *faultyPod) wantOnce(names ...string) {
	f.t.Helper()
	count := map[string]int{}
	late := time.NewTimer(10 * time.Second)
	defer late.Stop()
	for gone := 0; gone < len(names); {
		select {
		case m := <-f.seen:
			name := m.Actor.Attributes["podlike.component"]
			count[string(m.Action)+" "+name]++
			if m.Action == events.ActionDestroy && slices.Contains(names, name) {
				gone++
			}
		case <-late.C:
			f.t.Fatalf("the engine does not tell of the end of %q: %v", names, count)
		}
	}
	for _, name := range names {
		for _, what := range []string{"create ", "start "} {
			if n := count[what+name]; n != 1 {
				f.t.Errorf("%s%s: %d times, want once", what, name, n)
			}
		}
	}
}

// ends waits for the pod's end and checks its code, and that nothing is left.
func (f *faultyPod) ends(within time.Duration, code int) {
	f.t.Helper()
	began := time.Now()
	if got := f.wait(within); got != code {
		f.t.Errorf("the pod ended with %d, want %d", got, code)
	}
	f.t.Logf("ended after %s", time.Since(began).Round(100*time.Millisecond))
	eventually(f.t, 10*time.Second, f.gone)
}

// stops stops the pod as Swarm does, with 10 s.
func (f *faultyPod) stops() {
	f.t.Helper()
	f.signal(f.id, "SIGTERM")
	f.ends(10*time.Second, 0)
}

// exits lets app end, which ends the pod.
func (f *faultyPod) exits(before lives) {
	f.t.Helper()
	f.signal(before["app"].ID, "SIGUSR1")
	f.ends(startWithin, 5)
}

// wantSaid checks that the pod's log has this text once.
func (f *faultyPod) wantSaid(text string) {
	f.t.Helper()
	<-f.done
	if all := f.stdout.String() + f.stderr.String(); strings.Count(all, text) != 1 {
		f.t.Errorf("want %q once in:\n%s", text, all)
	}
}

// hits checks that a fault has happened so often.
func hits(h *faultproxy.Handle, n int) func() error {
	return func() error {
		if h.Hits() < n {
			return fmt.Errorf("the fault has happened %d times, want %d", h.Hits(), n)
		}
		return nil
	}
}
