//go:build e2e

package e2e

import (
	"fmt"
	"path"
	"strings"
	"testing"
	"time"

	cerrdefs "github.com/containerd/errdefs"
	"github.com/docker/docker/api/types/container"
	"github.com/docker/docker/api/types/mount"
	"github.com/docker/docker/api/types/volume"
)

// mountsOf are a container's mounts by their target.
func mountsOf(c container.InspectResponse) map[string]container.MountPoint {
	all := map[string]container.MountPoint{}
	for _, m := range c.Mounts {
		all[m.Destination] = m
	}
	return all
}

// TestVolumeNames: the task's volumes are known by the names that the user
// gave them, and everything else by its own.
func TestVolumeNames(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	v := s.deploy(podSpec{
		components: map[string]string{
			"app": probe("sleep") + "restart: always\nvolumes: [data:/data, shared:/files, " + s.name + "_own:/own, /anonymous]\n",
			"other": probe("sleep") + `
volumes:
  - {type: volume, source: data, target: /mine, read_only: true}
  - {type: tmpfs, target: /memory, tmpfs: {size: 1m}}
`,
		},
		more: func(service, file map[string]any) {
			file["volumes"] = map[string]any{
				"data":  map[string]any{},
				"files": map[string]any{"labels": map[string]string{"com.github.rycus86.podlike.volume-ref": "shared"}},
			}
			service["volumes"] = append(service["volumes"].([]string), "data:/task/data", "files:/task/files")
		},
	})
	p := v.running()
	app, other := p.component("app"), p.component("other")
	has := mountsOf(app)
	for target, want := range map[string]string{"/data": "data", "/files": "files", "/own": "own"} {
		equal(t, "the volume at "+target, has[target].Name, s.name+"_"+want)
	}
	equal(t, "the volume of the other", mountsOf(other)["/mine"].Name, s.name+"_data")
	p.mustExec("app", "write", "/data/file", "from app")
	equal(t, "what the other reads", p.mustExec("other", "cat", "/mine/file"), "from app")
	if _, err := p.exec("other", "write", "/mine/file", "x"); err == nil {
		t.Error("the read-only volume can be written to")
	}
	equal(t, "size of the tmpfs", p.stat("other", "/memory").Total, 1<<20)

	// An anonymous volume goes with its container, a restart included.
	s.signal(app.ID, "KILL")
	eventually(t, startWithin, func() error { return p.replaced(map[string]string{"app": app.ID}) })
	anonymous := []string{has["/anonymous"].Name, mountsOf(p.component("app"))["/anonymous"].Name}
	v.remove()
	eventually(t, endWithin, p.gone)
	for _, name := range anonymous {
		if _, err := s.api.VolumeInspect(t.Context(), name); name == "" || !cerrdefs.IsNotFound(err) {
			t.Errorf("the anonymous volume %q is still there: %v", name, err)
		}
	}
	for _, name := range []string{"data", "files", "own"} {
		if _, err := s.api.VolumeInspect(t.Context(), s.name+"_"+name); err != nil {
			t.Errorf("the volume %s is gone: %v", name, err)
		}
	}
}

// TestSharedVolumes: with --volumes every component has the task's mounts, but
// none has the engine's socket unless it names it.
func TestSharedVolumes(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	dir := t.TempDir()
	// As Compose names and labels it.
	if _, err := s.api.VolumeCreate(t.Context(), volume.CreateOptions{Name: s.name + "_named", Labels: map[string]string{"com.docker.compose.volume": "files"}}); err != nil {
		t.Fatal(err)
	}
	// A volume that is a bind, to where the socket is.
	if _, err := s.api.VolumeCreate(t.Context(), volume.CreateOptions{Name: s.name + "_run", DriverOpts: map[string]string{
		"type": "none", "o": "bind", "device": path.Dir(socket())}}); err != nil {
		t.Fatal(err)
	}
	p := s.create(podSpec{
		args: []string{"--volumes"},
		components: map[string]string{
			"app":  probe("sleep"),
			"own":  probe("sleep") + "tmpfs: /host\nvolumes: [files:/here, /files]\n",
			"tool": probe("sleep") + "volumes: [/var/run/docker.sock:/var/run/docker.sock:ro]\n",
		},
		host: func(h *container.HostConfig) {
			h.Binds = append(h.Binds, s.name+"_named:/files", dir+":/host:ro", "/var/run:/node/run:ro", "/:/node/root:ro", s.name+"_run:/node/volume")
			h.Tmpfs = map[string]string{"/pause-only": ""}
		},
	})
	var output syncBuffer
	p.attach(&output, &output)
	p.start()
	app, own, tool := mountsOf(p.component("app")), mountsOf(p.component("own")), mountsOf(p.component("tool"))

	equal(t, "mounts of app", len(app), 2)
	equal(t, "the volume of app", app["/files"].Name, s.name+"_named")
	equal(t, "the bind of app", app["/host"].Source, dir)
	equal(t, "the bind of app is writable", app["/host"].RW, false)
	equal(t, "the volume of own by its name", own["/here"].Name, s.name+"_named")
	if own["/files"].Name == s.name+"_named" || own["/files"].Type != mount.TypeVolume {
		t.Errorf("what the component mounts itself was replaced: %+v", own["/files"])
	}
	if m, ok := own["/host"]; ok && m.Type == mount.TypeBind {
		t.Errorf("its tmpfs was replaced: %+v", m)
	}
	for name, mounts := range map[string]map[string]container.MountPoint{"app": app, "own": own} {
		for _, m := range mounts {
			if strings.Contains(m.Destination, "/node") || strings.HasSuffix(m.Source, "docker.sock") {
				t.Errorf("%s has the socket by %+v", name, m)
			}
		}
	}
	equal(t, "the socket of tool", strings.HasSuffix(tool["/var/run/docker.sock"].Source, "/docker.sock"), true)
	waitLines(t, &output, [][]string{{"warning", "tool", "socket"}})
	if strings.Contains(output.String(), "pod.component.app") {
		t.Errorf("a warning about app:\n%s", &output)
	}
}

// TestWarnings: what a user should know is in the log, and the pod runs.
func TestWarnings(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	p := s.create(podSpec{
		components: map[string]string{
			"big":   probe("sleep") + "mem_limit: 128m\n",
			"fits":  probe("sleep") + "mem_limit: 32m\n",
			"saves": probe("sleep") + "mem_reservation: 16m\n",
		},
		host: func(h *container.HostConfig) {
			h.Memory, h.MemorySwap = 64<<20, 64<<20
		},
	})
	var output syncBuffer
	p.attach(&output, &output)
	p.start()
	equal(t, "memory of big", p.component("big").HostConfig.Memory, 64<<20)
	equal(t, "memory of fits", p.component("fits").HostConfig.Memory, 32<<20)
	p.component("saves")
	waitLines(t, &output, [][]string{
		{"warning", `"big"`, "mem_limit", "128MiB", "64MiB"},
		{"warning", "saves", "reserve"},
	})
	if strings.Contains(output.String(), `warning: component "fits"`) {
		t.Errorf("a warning about what is right:\n%s", &output)
	}
	s.signal(p.id, "TERM")
	p.wait(endWithin)
	eventually(t, 2*time.Second, p.gone)
}

// waitLines is wantLines for a pod that runs: what it says may be on its way.
func waitLines(t *testing.T, output *syncBuffer, want [][]string) {
	t.Helper()
	waitFor(t.Context(), 5*time.Second, func() error {
		text := output.String()
		for _, words := range want {
			for _, word := range words {
				if !strings.Contains(text, word) {
					return fmt.Errorf("not yet: %q", word)
				}
			}
		}
		return nil
	})
	wantLines(t, output.String(), want)
}
