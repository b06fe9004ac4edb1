//go:build e2e

package e2e

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/docker/docker/api/types/container"
)

// copyTime is when the files that the tests copy were changed.
var copyTime = time.Date(2001, 2, 3, 4, 5, 6, 789000000, time.UTC)

// copySource makes files on this machine and returns what mounts them into the
// pause, at /src.
func copySource(t *testing.T) func(*container.HostConfig) {
	t.Helper()
	dir := t.TempDir()
	for _, f := range []struct {
		name     string
		mode     os.FileMode
		uid, gid int
	}{
		{"app.conf", 0o640, 1000, 1001},
		{"run.sh", 0o755, 0, 0},
		{"private", 0o400, 1234, 1234},
		{"tree/sub/deep", 0o600, 5, 6},
		{"tree/top", 0o644, 0, 0},
	} {
		name := filepath.Join(dir, f.name)
		if err := errors.Join(
			os.MkdirAll(filepath.Dir(name), 0o755),
			os.WriteFile(name, []byte("this is "+f.name), f.mode),
			os.Chown(name, f.uid, f.gid), os.Chmod(name, f.mode), os.Chtimes(name, copyTime, copyTime),
		); err != nil {
			t.Fatal(err)
		}
	}
	if err := errors.Join(
		os.Chmod(filepath.Join(dir, "tree/sub"), 0o711), os.Chown(filepath.Join(dir, "tree/sub"), 9, 9),
		os.Symlink("sub/deep", filepath.Join(dir, "tree/link")), os.Symlink("/src/run.sh", filepath.Join(dir, "link.sh")),
	); err != nil {
		t.Fatal(err)
	}
	return func(h *container.HostConfig) { h.Binds = append(h.Binds, dir+":/src:ro") }
}

// TestCopy: what is copied arrives as it is in the pause, or as the label says.
func TestCopy(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	p := s.create(podSpec{
		host: copySource(t),
		components: map[string]string{
			"app":    probe("sleep") + "restart: always\n",
			"locked": probe("sleep") + "read_only: true\nvolumes: [/data, \"" + s.name + "_kept:/kept\"]\n",
		},
		labels: map[string]string{
			"pod.init.components": "first:\n  image: " + probeImage + "\n  command: [exists, /etc/init/app.conf]\n",
			"pod.copy.first":      "/src/app.conf:/etc/init/app.conf",
			"pod.copy.app": `
- /src/app.conf:/etc/app/deep/app.conf
- /src/run.sh:/opt/bin/
- /src/link.sh:/opt/by-link.sh
- /src/tree:/opt/tree
- /src/private:/key
- /src/private:/other.key:mode=0440,uid=7,gid=8
- /src/run.sh:/probe.copy:mode=4755
`,
			"pod.copy.locked": "/src/app.conf: /data/made/app.conf\n/src/tree: /kept\n",
		},
	})
	var output syncBuffer
	p.attach(&output, &output)
	p.start()
	first := p.component("app")
	p.component("locked")

	check := func() {
		t.Helper()
		for _, tt := range []struct{ component, name, owned, content string }{
			{"app", "/etc/app/deep/app.conf", "0640 1000:1001", "this is app.conf"},
			{"app", "/opt/bin/run.sh", "0755 0:0", "this is run.sh"},
			{"app", "/opt/by-link.sh", "0755 0:0", "this is run.sh"},
			{"app", "/opt/tree/sub/deep", "0600 5:6", "this is tree/sub/deep"},
			{"app", "/opt/tree/top", "0644 0:0", "this is tree/top"},
			{"app", "/key", "0400 1234:1234", "this is private"},
			{"app", "/other.key", "0440 7:8", "this is private"},
			{"locked", "/data/made/app.conf", "0640 1000:1001", "this is app.conf"},
			{"locked", "/kept/sub/deep", "0600 5:6", "this is tree/sub/deep"},
		} {
			f := p.stat(tt.component, tt.name)
			if got := f.owned(); got != tt.owned {
				t.Errorf("%s in %s is %s, want %s", tt.name, tt.component, got, tt.owned)
			}
			if !f.ModTime.Equal(copyTime) {
				t.Errorf("%s in %s was changed at %s, want %s", tt.name, tt.component, f.ModTime.UTC(), copyTime)
			}
			if got := p.mustExec(tt.component, "cat", tt.name); got != tt.content {
				t.Errorf("%s in %s is %q, want %q", tt.name, tt.component, got, tt.content)
			}
		}
		equal(t, "the directory", p.stat("app", "/opt/tree/sub").owned(), "0711 9:9")
		equal(t, "a missing directory", p.stat("app", "/etc/app/deep").owned(), "0755 0:0")
		if f := p.stat("app", "/opt/tree/link"); f.Mode&fs.ModeSymlink == 0 {
			t.Errorf("the link became %s", f.Mode)
		}
		if f := p.stat("app", "/probe.copy"); f.Mode&fs.ModeSetuid == 0 {
			t.Errorf("the mode 4755 became %s", f.Mode)
		}
	}
	check()
	waitLines(t, &output, [][]string{{"copied", "/src/tree", `"app"`, "/opt/tree"}, {"copied", `"first"`}})

	// Each start has them, whatever the component did to them before.
	p.mustExec("app", "remove", "/key")
	s.signal(first.ID, "KILL")
	eventually(t, startWithin, func() error { return p.replaced(map[string]string{"app": first.ID}) })
	check()
}

// TestCopyRefused: where nothing can be copied to, the error says what to do.
func TestCopyRefused(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name, more, copies string
		want               []string
	}{
		{"read-only", "read_only: true\n", "/src/run.sh:/opt/run.sh", []string{"read_only", "volume"}},
		{"read-only-volume", "volumes: [\"/usr:/data:ro\"]\n", "/src/run.sh:/data/run.sh", []string{"/data is mounted read-only in the component"}},
		{"tmpfs", "tmpfs: /run\n", "/src/run.sh:/run/run.sh", []string{"/run", "tmpfs", "volume"}},
		{"onto-a-file", "", "/src/tree:/probe", []string{"/src/tree", "/probe"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			s := newSite(t)
			p := s.create(podSpec{
				host:       copySource(t),
				components: map[string]string{"app": probe("sleep") + tt.more},
				labels:     map[string]string{"pod.copy.app": tt.copies},
			})
			var output syncBuffer
			done := p.attach(&output, &output)
			p.start()
			equal(t, "exit code", p.wait(startWithin), 125)
			<-done
			wantLines(t, output.String(), [][]string{append(tt.want, `"app"`, "cannot copy")})
			eventually(t, 2*time.Second, p.gone)
		})
	}
}
