package engine

import (
	"archive/tar"
	"bytes"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/docker/docker/api/types/container"
	"github.com/docker/docker/api/types/mount"

	"github.com/podlike/podlike/internal/pod"
	"github.com/podlike/podlike/internal/rootfs"
)

func TestHostPath(t *testing.T) {
	mounts := []container.MountPoint{
		{Destination: "/var/run/docker.sock", Source: "/run/docker.sock", RW: false},
		{Destination: "/run", Source: "/srv/run", RW: true},
		{Destination: "/run/docker", Source: "/elsewhere", RW: true},
	}
	tests := []struct {
		name, want string
		readOnly   bool
	}{
		{"/var/run/docker.sock", "/run/docker.sock", true},
		{"/run/docker.sock", "/srv/run/docker.sock", false},
		{"/run/docker/engine.sock", "/elsewhere/engine.sock", false},
		{"/tmp/docker.sock", "", false},
		{"/running/docker.sock", "", false},
	}
	for _, tt := range tests {
		got, readOnly, ok := hostPath(mounts, tt.name)
		if got != tt.want || readOnly != tt.readOnly || ok != (tt.want != "") {
			t.Errorf("%s is at %q (read-only %v, found %v), want %q, %v", tt.name, got, readOnly, ok, tt.want, tt.readOnly)
		}
	}
}

func TestVolumeAlias(t *testing.T) {
	tests := []struct {
		name   string
		labels map[string]string
		want   string
	}{
		{"shop_data", map[string]string{labelStack: "shop"}, "data"},
		{"shop_data", map[string]string{labelStack: "shop", labelVolumeRef: "files"}, "files"},
		{"data_7af", map[string]string{labelStack: "shop"}, ""},
		{"proj_data", map[string]string{labelComposeName: "data"}, "data"},
		{"data", nil, ""},
	}
	for _, tt := range tests {
		if got := volumeAlias(tt.name, tt.labels); got != tt.want {
			t.Errorf("volume %q with %v is known as %q, want %q", tt.name, tt.labels, got, tt.want)
		}
	}
}

func TestReadPullFindsTheErrorInTheStream(t *testing.T) {
	tests := []struct{ name, stream, want string }{
		{"good", `{"status":"Pulling from library/nginx"}` + "\n" + `{"status":"Downloading","progressDetail":{"current":1,"total":2},"id":"a"}`, ""},
		{"error", `{"status":"Pulling"}{"errorDetail":{"message":"unauthorized: who are you"},"error":"unauthorized: who are you"}`, "unauthorized: who are you"},
		{"cut off", `{"status":"Pulling`, "unexpected EOF"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			err := readPull(strings.NewReader(tt.stream), "nginx", func(string) {})
			if (err == nil) != (tt.want == "") || (err != nil && err.Error() != tt.want) {
				t.Errorf("error %v, want %q", err, tt.want)
			}
		})
	}
}

func TestExtractionDir(t *testing.T) {
	made := container.InspectResponse{
		ContainerJSONBase: &container.ContainerJSONBase{HostConfig: &container.HostConfig{
			Tmpfs:  map[string]string{"/run": ""},
			Mounts: []mount.Mount{{Type: mount.TypeTmpfs, Target: "/cache"}},
		}},
		Mounts: []container.MountPoint{
			{Type: mount.TypeVolume, Destination: "/data", RW: true},
			{Type: mount.TypeBind, Destination: "/data/fixed", RW: false},
			{Type: mount.TypeVolume, Destination: "/run/state/", RW: true},
		},
	}
	tests := []struct {
		target, want, wrong string
		readOnly            bool
	}{
		{target: "/etc/app.conf", want: "/"},
		{target: "/etc/app.conf", readOnly: true, wrong: "read_only"},
		{target: "/data/x", want: "/data"},
		{target: "/data/x", readOnly: true, want: "/data"},
		{target: "/database/x", want: "/"},
		{target: "/data/fixed/x", wrong: "mounted read-only"},
		{target: "/run/app.pid", wrong: "tmpfs"},
		{target: "/cache/x", wrong: "tmpfs"},
		{target: "/run/state/x", want: "/run/state"},
		{target: "/data/", want: "/data"},
	}
	for _, tt := range tests {
		made.HostConfig.ReadonlyRootfs = tt.readOnly
		got, err := extractionDir(made, tt.target)
		if got != tt.want || (err == nil) != (tt.wrong == "") || (err != nil && !strings.Contains(err.Error(), tt.wrong)) {
			t.Errorf("%s (read-only %v): %q, %v; want %q, error with %q", tt.target, tt.readOnly, got, err, tt.want, tt.wrong)
		}
	}
}

func TestArchiveKeepsWhatTheFilesAre(t *testing.T) {
	dir := t.TempDir()
	when := time.Date(2021, 5, 6, 7, 8, 9, 123000000, time.UTC)
	write := func(name, content string, mode os.FileMode) {
		t.Helper()
		file := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, []byte(content), mode); err != nil {
			t.Fatal(err)
		}
		if err := os.Chmod(file, mode); err != nil {
			t.Fatal(err)
		}
		if err := os.Chtimes(file, when, when); err != nil {
			t.Fatal(err)
		}
	}
	write("key", "secret", 0o600)
	write("conf/run.sh", "#!", 0o755)
	write("conf/deep/x", "y", 0o644)
	for link, target := range map[string]string{"conf/current": "deep/x", "link": "/key"} {
		if err := os.Symlink(target, filepath.Join(dir, link)); err != nil {
			t.Fatal(err)
		}
	}
	root, err := os.Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	defer root.Close()

	mode, uid, gid := uint32(0o400), 1000, 1001
	tests := []struct {
		name string
		copy pod.Copy
		dir  string
		want []string // "name type mode uid:gid content"
	}{
		{"a file", pod.Copy{Source: "/key", Target: "/etc/app/key"}, "/", []string{"etc/app/key file 0600 secret"}},
		{"a trailing slash means into", pod.Copy{Source: "/key", Target: "/etc/app/"}, "/", []string{"etc/app/key file 0600 secret"}},
		{"a link is followed", pod.Copy{Source: "/link", Target: "/k"}, "/", []string{"k file 0600 secret"}},
		{"below a mount", pod.Copy{Source: "/key", Target: "/data/a/key"}, "/data", []string{"a/key file 0600 secret"}},
		{"mode and owner", pod.Copy{Source: "/key", Target: "/k", Mode: &mode, UID: &uid, GID: &gid}, "/", []string{"k file 0400 1000:1001 secret"}},
		{"a directory", pod.Copy{Source: "/conf", Target: "/etc/conf"}, "/", []string{
			"etc/conf dir 0755", "etc/conf/current link deep/x", "etc/conf/deep dir 0755", "etc/conf/deep/x file 0644 y", "etc/conf/run.sh file 0755 #!"}},
		{"a directory onto a mount", pod.Copy{Source: "/conf/deep", Target: "/data"}, "/data", []string{"x file 0644 y"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var buf bytes.Buffer
			if err := archive(&buf, rootfs.New(root), tt.dir, tt.copy); err != nil {
				t.Fatal(err)
			}
			got := map[string]bool{}
			for r := tar.NewReader(&buf); ; {
				h, err := r.Next()
				if err == io.EOF {
					break
				}
				if err != nil {
					t.Fatal(err)
				}
				got[describe(t, r, h, when, tt.copy.UID != nil)] = true
			}
			for _, w := range tt.want {
				if !got[w] {
					t.Errorf("missing %q", w)
				}
			}
			if len(got) != len(tt.want) {
				t.Errorf("got %v, want %v", got, tt.want)
			}
		})
	}
	if err := archive(io.Discard, rootfs.New(root), "/", pod.Copy{Source: "/nothing", Target: "/x"}); err == nil {
		t.Error("a missing source gave no error")
	}
}

func describe(t *testing.T, r io.Reader, h *tar.Header, when time.Time, withOwner bool) string {
	t.Helper()
	name := strings.TrimSuffix(h.Name, "/")
	owner := ""
	if withOwner {
		owner = " " + strconv.Itoa(h.Uid) + ":" + strconv.Itoa(h.Gid)
	}
	switch h.Typeflag {
	case tar.TypeDir:
		return name + " dir 0" + strconv.FormatInt(h.Mode, 8) + owner
	case tar.TypeSymlink:
		return name + " link " + h.Linkname + owner
	default:
		if !h.ModTime.Equal(when) {
			t.Errorf("%s has the time %s, want %s", name, h.ModTime, when)
		}
		content, err := io.ReadAll(r)
		if err != nil {
			t.Fatal(err)
		}
		return name + " file 0" + strconv.FormatInt(h.Mode, 8) + owner + " " + string(content)
	}
}
