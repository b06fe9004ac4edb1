//go:build e2e

package e2e

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/docker/docker/api/types/container"
	"github.com/docker/docker/api/types/mount"
	"github.com/docker/docker/api/types/network"
	"github.com/docker/docker/api/types/volume"
)

// gc runs the collector once, as its user would, and returns what it prints.
func (s *site) gc(args ...string) (string, error) {
	return s.docker(s.t.Context(), "", append([]string{"run", "--rm", "--name", s.name + "_gc",
		"-v", socket() + ":/var/run/docker.sock:ro", supervisorImage, "gc"}, args...)...)
}

// make makes a container of the probe and returns its name.
func (s *site) make(name string, labels map[string]string, h *container.HostConfig, args ...string) string {
	s.t.Helper()
	name = s.name + name
	if _, err := s.api.ContainerCreate(s.t.Context(), &container.Config{Image: probeImage, Cmd: args, Labels: labels}, h, nil, nil, name); err != nil {
		s.t.Fatal(err)
	}
	return name
}

func (s *site) run(name string, labels map[string]string, args ...string) string {
	s.t.Helper()
	name = s.make(name, labels, nil, args...)
	if err := s.api.ContainerStart(s.t.Context(), name, container.StartOptions{}); err != nil {
		s.t.Fatal(err)
	}
	return name
}

// TestCollect: what dead pods left is removed, and nothing else. It runs alone:
// other tests make leftovers, too.
func TestCollect(t *testing.T) {
	s := newSite(t)
	of := func(pause, role string) map[string]string {
		return map[string]string{"podlike.pod": pause, "podlike.run": "1", "podlike.name": s.name + "_dead", "podlike.role": role}
	}

	// What must stay: a live pod, one whose pause was made but did not start,
	// one whose pause is paused, one that its supervisor takes care of, and a
	// container of somebody else.
	live := s.create(podSpec{components: map[string]string{"app": probe("sleep") + "volumes: [/anonymous]\n", "side": probe("sleep")}})
	live.start()
	app := live.component("app")
	keep := []string{live.name, app.Name[1:], live.component("supervisor").Name[1:], s.make("_stranger", nil, nil, "sleep")}
	id := func(name string) string {
		c, err := s.api.ContainerInspect(t.Context(), name)
		if err != nil {
			t.Fatal(err)
		}
		return c.ID
	}
	young := s.make("_young", nil, nil, "sleep")
	frozen := s.run("_frozen", nil, "sleep")
	if err := s.api.ContainerPause(t.Context(), frozen); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.api.ContainerUnpause(context.Background(), frozen) })
	tended := strings.Repeat("1", 64)
	keep = append(keep, young, frozen,
		s.make("_young.podlike.app", of(id(young), "component"), nil), s.make("_frozen.podlike.app", of(id(frozen), "component"), nil),
		s.run("_tended.podlike-supervisor", of(tended, "supervisor"), "ignore-term"), s.make("_tended.podlike.app", of(tended, "component"), nil))

	// What must go: of a pause that has ended, and of one that is gone.
	ended := s.run("_ended", nil, "exit", "0")
	eventually(t, 10*time.Second, func() error {
		if c, err := s.api.ContainerInspect(t.Context(), ended); err != nil || c.State.Status != container.StateExited {
			return fmt.Errorf("%s has not ended: %v", ended, err)
		}
		return nil
	})
	goneID := strings.Repeat("2", 64)
	remove := []string{
		s.run("_ended.podlike.app", of(id(ended), "component"), "sleep"),
		s.make("_ended.podlike-ipc", of(id(ended), "ipc"), nil),
		s.run("_gone.podlike.app", of(goneID, "component"), "ignore-term"),
		s.make("_gone.podlike-supervisor", of(goneID, "supervisor"), nil),
	}
	volumeName, networkName := s.name+"_gone", s.name+"_gone"
	if _, err := s.api.VolumeCreate(t.Context(), volume.CreateOptions{Name: volumeName, Labels: of(goneID, "ipc")}); err != nil {
		t.Fatal(err)
	}
	if _, err := s.api.NetworkCreate(t.Context(), networkName, network.CreateOptions{Labels: of(goneID, "ipc")}); err != nil {
		t.Fatal(err)
	}

	there := func(name string) bool { _, err := s.api.ContainerInspect(t.Context(), name); return err == nil }
	volumeThere := func() bool { _, err := s.api.VolumeInspect(t.Context(), volumeName); return err == nil }
	networkThere := func() bool {
		_, err := s.api.NetworkInspect(t.Context(), networkName, network.InspectOptions{})
		return err == nil
	}

	out, err := s.gc("--dry-run")
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range append(slices.Clone(remove), volumeName) {
		if !strings.Contains(out, "would remove") || !strings.Contains(out, name) || !there(remove[0]) || !volumeThere() || !networkThere() {
			t.Errorf("the dry run does not name %s, or removed something:\n%s", name, out)
		}
	}
	for _, name := range keep {
		if strings.Contains(out, name+" ") {
			t.Errorf("the dry run would remove %s:\n%s", name, out)
		}
	}
	if !strings.Contains(out, "1 dead pods have a supervisor that runs") {
		t.Errorf("the dry run does not tell of the supervisor that cleans up:\n%s", out)
	}

	// The tended pod would make it wait.
	for _, name := range []string{"_tended.podlike.app", "_tended.podlike-supervisor"} {
		if !there(s.name + name) {
			t.Fatalf("%s is gone", name)
		}
		if err := s.api.ContainerRemove(t.Context(), s.name+name, container.RemoveOptions{Force: true}); err != nil {
			t.Fatal(err)
		}
		keep = slices.DeleteFunc(keep, func(k string) bool { return k == s.name+name })
	}

	// A volume that is in use cannot be removed, and says so.
	user := s.make("_user", nil, &container.HostConfig{Mounts: []mount.Mount{{Type: mount.TypeVolume, Source: volumeName, Target: "/a"}}}, "sleep")
	out, err = s.gc()
	if err == nil || !strings.Contains(err.Error(), "exit status 1") || !strings.Contains(err.Error(), "cannot remove volume "+volumeName) {
		t.Errorf("a volume is in use: want exit code 1 and its name, got %v", err)
	}
	for _, name := range remove {
		if there(name) || !strings.Contains(out, "removed container "+name) {
			t.Errorf("%s was not removed, or not named:\n%s", name, out)
		}
	}
	if networkThere() {
		t.Error("the network was not removed")
	}
	if err := s.api.ContainerRemove(t.Context(), user, container.RemoveOptions{Force: true}); err != nil {
		t.Fatal(err)
	}
	if out, err = s.gc(); err != nil || volumeThere() || !strings.Contains(out, "removed volume "+volumeName) {
		t.Errorf("the volume was not removed: %v\n%s", err, out)
	}
	if out, err = s.gc(); err != nil || !strings.Contains(out, "left nothing") {
		t.Errorf("the last round: %v\n%s", err, out)
	}

	for _, name := range keep {
		if !there(name) {
			t.Errorf("%s was removed", name)
		}
	}
	if now := live.component("app"); now.ID != app.ID || now.State.Pid != app.State.Pid {
		t.Error("the live pod was disturbed")
	}
	for _, m := range app.Mounts {
		if _, err := s.api.VolumeInspect(t.Context(), m.Name); err != nil {
			t.Errorf("the live pod's volume: %v", err)
		}
	}
	for _, name := range []string{"_young.podlike.app", "_frozen.podlike.app"} {
		if err := s.api.ContainerRemove(t.Context(), s.name+name, container.RemoveOptions{Force: true}); err != nil {
			t.Error(err)
		}
	}
}

// TestCollectWhileRestarting: a pause that is restarted is dead for a moment.
// Its next run is not touched.
func TestCollectWhileRestarting(t *testing.T) {
	s := newSite(t)
	collector, err := s.api.ContainerCreate(t.Context(), &container.Config{Image: supervisorImage, Cmd: []string{"gc", "--every=1s"}},
		&container.HostConfig{Binds: []string{socket() + ":/var/run/docker.sock:ro"}}, nil, nil, s.name+"_gc")
	if err != nil {
		t.Fatal(err)
	}
	if err := s.api.ContainerStart(t.Context(), collector.ID, container.StartOptions{}); err != nil {
		t.Fatal(err)
	}
	p := s.create(podSpec{components: map[string]string{"app": probe("sleep"), "side": probe("sleep")}})
	p.start()
	for range 4 {
		before := p.component("app")
		if err := s.api.ContainerRestart(t.Context(), p.id, container.StopOptions{Signal: "SIGKILL"}); err != nil {
			t.Fatal(err)
		}
		eventually(t, startWithin, func() error {
			now, err := s.api.ContainerInspect(t.Context(), p.name+".podlike.app")
			if err == nil && (now.ID == before.ID || !now.State.Running) {
				err = errors.New("no new app runs")
			}
			return err
		})
		now := p.component("app")
		steadily(t, 2500*time.Millisecond, func() error {
			again, err := s.api.ContainerInspect(t.Context(), now.ID)
			if err == nil && !again.State.Running {
				err = errors.New("the new run was disturbed")
			}
			return err
		})
	}
	s.signal(collector.ID, "SIGTERM")
	eventually(t, 10*time.Second, func() error {
		c, err := s.api.ContainerInspect(t.Context(), collector.ID)
		if err == nil && (c.State.Running || c.State.ExitCode != 0) {
			err = fmt.Errorf("the collector is %s, code %d", c.State.Status, c.State.ExitCode)
		}
		return err
	})
}

// TestCollectorService: the stack file of the collector works as it stands.
func TestCollectorService(t *testing.T) {
	s := newSite(t)
	file, err := os.ReadFile("../../deploy/gc.yml")
	if err != nil {
		t.Fatal(err)
	}
	pause := strings.Repeat("3", 64)
	left := s.make("_dead.podlike.app", map[string]string{"podlike.pod": pause, "podlike.role": "component"}, nil)
	if _, err := s.docker(t.Context(), string(file), "stack", "deploy", "--resolve-image", "never", "-c", "-", s.name); err != nil {
		t.Fatal(err)
	}
	eventually(t, startWithin, func() error {
		if _, err := s.api.ContainerInspect(t.Context(), left); err == nil {
			return fmt.Errorf("%s is still there", left)
		}
		return nil
	})
}
