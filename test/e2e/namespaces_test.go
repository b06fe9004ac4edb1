//go:build e2e

package e2e

import (
	"fmt"
	"slices"
	"testing"

	cerrdefs "github.com/containerd/errdefs"
)

// shmKey is a key of System V shared memory.
const shmKey = "4242"

// leaveInMemory leaves something in both kinds of shared memory.
func (p *runningPod) leaveInMemory(component string) {
	p.t.Helper()
	p.mustExec(component, "shm-write", shmKey, "left by "+component)
	p.mustExec(component, "write", "/dev/shm/left", "left by "+component)
}

// findsInMemory checks that a component finds what another one left.
func (p *runningPod) findsInMemory(component, other string) {
	p.t.Helper()
	want := "left by " + other
	if got, err := p.exec(component, "shm-read", shmKey); got != want || err != nil {
		p.t.Errorf("%s reads %q from the shared memory, want %q (%v)", component, got, want, err)
	}
	if got, err := p.exec(component, "cat", "/dev/shm/left"); got != want || err != nil {
		p.t.Errorf("%s reads %q in /dev/shm, want %q (%v)", component, got, want, err)
	}
}

// findsNothing checks that a component has a memory of its own.
func (p *runningPod) findsNothing(component string) {
	p.t.Helper()
	if got, err := p.exec(component, "shm-read", shmKey); err == nil {
		p.t.Errorf("%s reads %q from the shared memory of others", component, got)
	}
	if got, err := p.exec(component, "cat", "/dev/shm/left"); err == nil {
		p.t.Errorf("%s reads %q in /dev/shm of others", component, got)
	}
}

// donor returns the ID of the pod's donor, "" if there is none.
func (p *runningPod) donor() string {
	p.t.Helper()
	c, err := p.api.ContainerInspect(p.t.Context(), p.name+".podlike-ipc")
	if cerrdefs.IsNotFound(err) {
		return ""
	}
	if err != nil {
		p.t.Fatal(err)
	}
	if !c.State.Running || c.Config.Labels["podlike.pod"] != p.id || c.Config.Labels["podlike.role"] != "ipc" {
		p.t.Errorf("the donor: %+v, labels %v", c.State, c.Config.Labels)
	}
	return c.ID
}

// TestSharedMemory: components exchange data in memory, on a stock engine and
// in a Swarm, where the pause's own IPC namespace cannot be joined.
func TestSharedMemory(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	v := s.deploy(podSpec{components: map[string]string{
		"writer": probe("sleep") + "shm_size: 8m\n",
		"reader": probe("sleep") + "shm_size: 24m\n",
		"loner":  probe("sleep") + "ipc: private\n",
		"none":   probe("sleep") + "ipc: none\n",
		// A namespace that a component opens for another.
		"base":  probe("sleep") + "ipc: shareable\npid: private\nshm_size: 4m\n",
		"guest": probe("sleep") + "ipc: service:base\npid: service:base\n",
	}})
	p := v.running()
	for _, name := range []string{"writer", "reader", "loner", "base", "guest"} {
		p.component(name)
	}
	p.leaveInMemory("writer")
	p.findsInMemory("reader", "writer")
	for _, other := range []string{"loner", "base", "guest"} {
		p.findsNothing(other)
	}
	p.leaveInMemory("base")
	p.findsInMemory("guest", "base")
	p.findsInMemory("reader", "writer")
	if _, err := p.exec("none", "write", "/dev/shm/left", "x"); err == nil {
		t.Error("a component without IPC has a /dev/shm")
	}
	equal(t, "size of the shared /dev/shm", p.stat("writer", "/dev/shm").Total, 24<<20)
	equal(t, "size of base's /dev/shm", p.stat("guest", "/dev/shm").Total, 4<<20)

	guest := p.processes("guest")
	if len(guest) != 3 { // base, guest, ps
		t.Errorf("guest sees %v, want its own processes and those of base", guest)
	}
	if !slices.ContainsFunc(p.processes("writer"), func(q process) bool { return q.Args[0] == "/pause" }) {
		t.Error("writer does not see the pause")
	}

	donor := p.donor()
	if donor == "" {
		t.Fatal("there is no donor")
	}
	v.remove()
	eventually(t, endWithin, p.gone)
	if _, err := s.api.ContainerInspect(t.Context(), donor); !cerrdefs.IsNotFound(err) {
		t.Errorf("the donor is still there: %v", err)
	}
}

// TestNoSharedMemory: --ipc=false separates the components, and where fewer
// than two share there is no donor.
func TestNoSharedMemory(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name  string
		args  []string
		other string // what the other component says
		joins bool
	}{
		{"off", []string{"--ipc=false"}, "", false},
		{"one-shares", nil, "ipc: private\n", false},
		{"one-is-joined", nil, "ipc: service:app\n", true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			s := newSite(t)
			p := s.create(podSpec{args: tt.args, components: map[string]string{
				"app": probe("sleep"), "other": probe("sleep") + tt.other,
			}})
			p.start()
			p.component("app")
			p.component("other")
			p.leaveInMemory("app")
			if tt.joins {
				p.findsInMemory("other", "app")
			} else {
				p.findsNothing("other")
			}
			if donor := p.donor(); donor != "" {
				t.Errorf("there is the donor %.12s", donor)
			}
		})
	}
}

// TestGuestFollowsItsHost: a component that joined another's namespaces is
// started anew when that one is, since they are gone. The end of a PID
// namespace is also the end of every process in it.
func TestGuestFollowsItsHost(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ name, base, guest string }{
		{"IPC", "ipc: shareable\n", "ipc: service:base\n"},
		{"PIDs", "pid: private\n", "pid: service:base\nipc: service:base\nrestart: always\n"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			s := newSite(t)
			p := s.create(podSpec{components: map[string]string{
				"base":  probe("sleep") + "restart: always\n" + tt.base,
				"guest": probe("sleep") + tt.guest,
			}})
			p.start()
			before := map[string]string{"base": p.component("base").ID, "guest": p.component("guest").ID}
			s.signal(before["base"], "KILL")
			eventually(t, startWithin, func() error { return p.replaced(before) })
			p.leaveInMemory("base")
			p.findsInMemory("guest", "base")
		})
	}
}

// replaced checks that components run in other containers than before.
func (p *runningPod) replaced(before map[string]string) error {
	for name, id := range before {
		c, err := p.api.ContainerInspect(p.t.Context(), p.name+".podlike."+name)
		switch {
		case err != nil:
			return err
		case !c.State.Running || c.ID == id:
			return fmt.Errorf("%s was not started anew", name)
		case before["base"] != "" && string(c.HostConfig.IpcMode) == "container:"+before["base"]:
			return fmt.Errorf("%s joins what is gone", name)
		}
	}
	return nil
}
