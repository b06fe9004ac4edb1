//go:build e2e

package e2e

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/docker/docker/api/types/container"
)

// TestSupervisorIsConfined: beside the engine's socket, the supervisor has
// nothing that a program could do harm with.
func TestSupervisorIsConfined(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	p := s.create(podSpec{
		components: map[string]string{"app": probe("sleep"), "side": probe("sleep")},
		labels:     map[string]string{"pod.component.supervisor": "cap_add: [SYS_ADMIN]\nread_only: false\nuser: \"0\"\npid: host\nipc: host\n"},
	})
	p.start()
	p.component("app")
	c := p.component("supervisor")
	h := c.HostConfig
	equal(t, "read-only", h.ReadonlyRootfs, true)
	equal(t, "privileged", h.Privileged, false)
	equal(t, "capabilities dropped", strings.Join(h.CapDrop, " "), "ALL")
	equal(t, "capabilities added", strings.TrimPrefix(strings.Join(h.CapAdd, " "), "CAP_"), "DAC_OVERRIDE")
	if !slices.Contains(h.SecurityOpt, "no-new-privileges") {
		t.Errorf("the security options are %q", h.SecurityOpt)
	}
	equal(t, "PID namespace", string(h.PidMode), "")
	equal(t, "IPC namespace", strings.TrimPrefix(string(h.IpcMode), "private"), "")
	equal(t, "network", string(h.NetworkMode), "container:"+p.id)
	var mounts []string
	for _, m := range c.Mounts {
		mounts = append(mounts, string(m.Type)+" "+m.Destination)
	}
	slices.Sort(mounts)
	equal(t, "mounts", strings.Join(mounts, ", "), "bind /var/run/docker.sock, tmpfs /run/podlike")
	equal(t, "restart policy", string(h.RestartPolicy.Name), "no")
	if onThisMachine(c) {
		status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", c.State.Pid))
		for _, want := range []string{"CapEff:\t0000000000000002", "CapBnd:\t0000000000000002", "NoNewPrivs:\t1"} {
			if err != nil || !strings.Contains(string(status), want) {
				t.Errorf("no %q: %v\n%s", want, err, status)
			}
		}
		table, err := os.ReadFile(fmt.Sprintf("/proc/%d/mountinfo", c.State.Pid))
		if want := " /run/podlike rw,nosuid,nodev,noexec"; err != nil || !strings.Contains(string(table), want) {
			t.Errorf("no %q: %v\n%s", want, err, table)
		}
	}
}

// onThisMachine tells whether the PIDs of the engine are those of this machine.
func onThisMachine(c container.InspectResponse) bool {
	mounts, _ := os.ReadFile(fmt.Sprintf("/proc/%d/mountinfo", c.State.Pid))
	return strings.Contains(string(mounts), "/containers/")
}

// TestCopyStaysInside: names and links in a copy lead nowhere but into the
// pause, where it comes from, and into the component, where it goes.
func TestCopyStaysInside(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	outside := t.TempDir() // on the node, in no container
	if err := os.WriteFile(filepath.Join(outside, "secret"), []byte("the node's"), 0o644); err != nil {
		t.Fatal(err)
	}
	host := copySource(t)
	h := &container.HostConfig{}
	host(h)
	dir, _, _ := strings.Cut(h.Binds[0], ":")
	if err := os.Mkdir(filepath.Join(dir, "links"), 0o755); err != nil {
		t.Fatal(err)
	}
	for name, to := range map[string]string{
		"out": filepath.Join(outside, "secret"), "up": "../../../../../../../../.." + outside + "/secret",
		"links/dir": outside, "links/updir": "../../../../../../../../.." + outside,
	} {
		if err := os.Symlink(to, filepath.Join(dir, name)); err != nil {
			t.Fatal(err)
		}
	}
	for name, from := range map[string]string{"link": "/src/out", "link-up": "/src/up", "dots": "/src/../../../../../../.." + outside + "/secret", "through": "/src/links/dir/secret"} {
		t.Run(name, func(t *testing.T) {
			s := newSite(t)
			p := s.create(podSpec{host: host, components: map[string]string{"app": probe("sleep")}, labels: map[string]string{"pod.copy.app": from + ":/got"}})
			var output syncBuffer
			done := p.attach(&output, &output)
			p.start()
			equal(t, "exit code", p.wait(startWithin), 2)
			<-done
			wantLines(t, output.String(), [][]string{{"pod.copy.app", "no such file"}})
		})
	}
	// Links that were copied before are followed inside the component.
	p := s.create(podSpec{host: host, components: map[string]string{"app": probe("sleep")}, labels: map[string]string{
		"pod.copy.app": "- /src/links:/opt/links\n- /src/app.conf:/opt/links/dir/evil\n- /src/app.conf:/opt/links/updir/evil2\n- /src/app.conf:/../../../../.." + outside + "/evil3\n",
	}})
	p.start()
	// Whether the engine follows such links or refuses them is its own business.
	eventually(t, 20*time.Second, func() error {
		app, appErr := s.api.ContainerInspect(t.Context(), p.name+".podlike.app")
		pause, err := s.api.ContainerInspect(t.Context(), p.id)
		if err != nil || (appErr != nil || !app.State.Running) && pause.State.Running {
			return fmt.Errorf("the copies are not done: %v, %v", err, appErr)
		}
		return nil
	})
	for _, name := range []string{"evil", "evil2", "evil3"} {
		if _, err := os.Lstat(filepath.Join(outside, name)); err == nil {
			t.Errorf("%s was written to the node", name)
		}
	}
}
