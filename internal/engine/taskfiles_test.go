package engine

import (
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/compose-spec/compose-go/v2/types"
	"github.com/google/go-cmp/cmp"

	"github.com/podlike/podlike/internal/pod"
	"github.com/podlike/podlike/internal/rootfs"
)

// Of a task on 20.10, cut to what matters.
const taskMountinfo = `
612 530 0:48 / / rw,relatime master:233 - overlay overlay rw
613 612 0:52 / /proc rw,nosuid - proc proc rw
620 612 0:61 /wd3wv1u5inipqjmdjjz1xq7hs /run/secrets/token ro,relatime - tmpfs tmpfs ro
621 612 0:61 /d0mvyzbwb6gkhl0xnatlyzl9j /run/secrets/two\040words ro,relatime - tmpfs tmpfs ro
622 612 0:61 /0p6jfj9q3f6dzsc7xkcbm5nbh /app.conf ro,relatime - tmpfs tmpfs ro
623 612 0:44 /docker.sock /run/docker.sock ro - tmpfs tmpfs rw
624 612 8:1 /wd3wv1u5inipqjmdjjz1xq7hs /on/disk ro - ext4 /dev/sda1 rw
`

func TestTaskFiles(t *testing.T) {
	const dir = "/var/lib/docker/containers/abc/mounts/secrets/"
	files := readTaskFiles(taskMountinfo, "/var/lib/docker", "abc")
	if diff := cmp.Diff(taskFiles{
		"/run/secrets/token":     dir + "wd3wv1u5inipqjmdjjz1xq7hs",
		"/run/secrets/two words": dir + "d0mvyzbwb6gkhl0xnatlyzl9j",
		"/app.conf":              dir + "0p6jfj9q3f6dzsc7xkcbm5nbh",
	}, files); diff != "" {
		t.Fatal(diff)
	}
	ref := func(source, target string) types.FileReferenceConfig {
		return types.FileReferenceConfig{Source: source, Target: target}
	}
	for _, tt := range []struct {
		kind   string
		ref    types.FileReferenceConfig
		target string // "" for an error
	}{
		{"secret", ref("token", ""), "/run/secrets/token"},
		{"secret", ref("token", "mine"), "/run/secrets/mine"},
		{"secret", ref("two words", "/deep/./mine"), "/deep/mine"},
		{"secret", ref("/app.conf", ""), "/run/secrets/app.conf"},
		{"secret", ref("tokn", ""), ""},
		{"secret", ref("app.conf", ""), ""},
		{"config", ref("app.conf", ""), "/app.conf"},
		{"config", ref("/run/secrets/token", ""), "/run/secrets/token"},
		{"config", ref("app.conf", "etc/app.conf"), "/etc/app.conf"},
		{"config", ref("token", ""), ""},
	} {
		var service types.ServiceConfig
		if tt.kind == "config" {
			service.Configs = []types.ServiceConfigObjConfig{types.ServiceConfigObjConfig(tt.ref)}
		} else {
			service.Secrets = []types.ServiceSecretConfig{types.ServiceSecretConfig(tt.ref)}
		}
		got, err := files.wanted(service)
		switch {
		case tt.target == "" && (err == nil || !strings.Contains(err.Error(), tt.kind) || !strings.Contains(err.Error(), "/app.conf, /run/secrets/token")):
			t.Errorf("%s %q: error %v does not say what there is", tt.kind, tt.ref.Source, err)
		case tt.target != "" && (err != nil || len(got) != 1 || got[0].target != tt.target):
			t.Errorf("%s %q at %q: %+v, %v; want it at %s", tt.kind, tt.ref.Source, tt.ref.Target, got, err, tt.target)
		}
	}
}

func TestTaskFileOfAnotherOwner(t *testing.T) {
	dir := t.TempDir()
	file := filepath.Join(dir, "token")
	if err := os.WriteFile(file, nil, 0o440); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(file, 0o440); err != nil {
		t.Fatal(err)
	}
	root, err := os.Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	defer root.Close()
	own := strconv.Itoa(os.Getuid())
	mode := func(m int64) *types.FileMode { f := types.FileMode(m); return &f }
	for _, tt := range []struct {
		uid, gid string
		mode     *types.FileMode
		differs  bool
		copy     pod.Copy
		wrong    bool
	}{
		{},
		{uid: own, mode: mode(0o440), copy: pod.Copy{UID: ptr(os.Getuid()), Mode: ptr(uint32(0o440))}},
		{uid: "4711", differs: true, copy: pod.Copy{UID: ptr(4711)}},
		{gid: "4711", differs: true, copy: pod.Copy{GID: ptr(4711)}},
		{mode: mode(0o400), differs: true, copy: pod.Copy{Mode: ptr(uint32(0o400))}},
		{uid: "root", differs: true, wrong: true},
		{gid: "-1", differs: true, wrong: true},
	} {
		w := taskFile{kind: "secret", source: "/token", ref: types.FileReferenceConfig{Source: "token", UID: tt.uid, GID: tt.gid, Mode: tt.mode}}
		if differs, err := w.differs(rootfs.New(root)); differs != tt.differs || err != nil {
			t.Errorf("%+v: differs %v, %v; want %v", w.ref, differs, err, tt.differs)
		}
		got, err := w.copyTo("/held/x")
		if (err != nil) != tt.wrong {
			t.Errorf("%+v: %v, want an error: %v", w.ref, err, tt.wrong)
		}
		tt.copy.Source, tt.copy.Target = "/token", "/held/x"
		if diff := cmp.Diff(tt.copy, got); err == nil && diff != "" {
			t.Errorf("%+v: %s", w.ref, diff)
		}
	}
	gone := taskFile{source: "/gone", ref: types.FileReferenceConfig{UID: "7"}}
	if _, err := gone.differs(rootfs.New(root)); err == nil {
		t.Error("a file that is gone gave no error")
	}
}

// TestMissingTaskFile: the message has what there is, and where to write what
// there is not.
func TestMissingTaskFile(t *testing.T) {
	var service types.ServiceConfig
	service.Secrets = []types.ServiceSecretConfig{{Source: "token"}}
	for want, files := range map[string]taskFiles{
		`the service has no secret "token": it has no files at all; list it below secrets of the service too, and name it by its path there if that is another`:         nil,
		`the service has no secret "token": it has /conf, /run/secrets/key; list it below secrets of the service too, and name it by its path there if that is another`: {"/run/secrets/key": "x", "/conf": "y"},
	} {
		if _, err := files.wanted(service); err == nil || err.Error() != want {
			t.Errorf("got %v, want %s", err, want)
		}
	}
}
