package rootfs

import (
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"testing"
)

func TestOpenStaysInside(t *testing.T) {
	outside := t.TempDir()
	inside := filepath.Join(outside, "root")
	for name, content := range map[string]string{"secret": "outside", "root/secret": "inside", "root/etc/app.conf": "conf"} {
		file := filepath.Join(outside, name)
		if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for link, target := range map[string]string{"absolute": "/secret", "climbing": "../../../secret", "dir": "/etc"} {
		if err := os.Symlink(target, filepath.Join(inside, link)); err != nil {
			t.Fatal(err)
		}
	}
	dir, err := os.Open(inside)
	if err != nil {
		t.Fatal(err)
	}
	defer dir.Close()
	root := New(dir)

	for name, want := range map[string]string{
		"/etc/app.conf":    "conf",
		"etc/app.conf":     "conf",
		"/dir/app.conf":    "conf",
		"/absolute":        "inside",
		"/climbing":        "inside",
		"/../../../secret": "inside",
	} {
		f, err := root.OpenReader(name)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		got, _ := io.ReadAll(f)
		f.Close()
		if string(got) != want {
			t.Errorf("%s is %q, want %q", name, got, want)
		}
	}
	if _, err := root.Open("/nothing"); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("a missing file: %v", err)
	}
}

func TestStatNeedsNoPermission(t *testing.T) {
	outside := t.TempDir()
	for _, name := range []string{"root", "root/run"} {
		if err := os.Mkdir(filepath.Join(outside, name), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.WriteFile(filepath.Join(outside, "root/run/key"), []byte("four"), 0); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink("/../run/key", filepath.Join(outside, "root/link")); err != nil {
		t.Fatal(err)
	}
	dir, err := os.Open(filepath.Join(outside, "root"))
	if err != nil {
		t.Fatal(err)
	}
	defer dir.Close()
	for _, name := range []string{"/run/key", "/link"} {
		info, err := New(dir).Stat(name)
		if err != nil || info.Size() != 4 || !info.Mode().IsRegular() {
			t.Errorf("%s: %v, %v", name, info, err)
		}
	}
	if _, err := New(dir).Stat("/run/none"); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("a missing file: %v", err)
	}
}
