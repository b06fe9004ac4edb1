package cgroups

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

var anID = strings.Repeat("0123456789abcdef", 4)

// make makes directories below a new one.
func directories(t *testing.T, paths ...string) string {
	t.Helper()
	root := t.TempDir()
	for _, p := range paths {
		if err := os.MkdirAll(filepath.Join(root, p), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	return root
}

func exist(root string, paths ...string) bool {
	for _, p := range paths {
		if _, err := os.Stat(filepath.Join(root, p)); err != nil {
			return false
		}
	}
	return true
}

func TestSweep(t *testing.T) {
	pod := "docker/" + anID
	t.Run("several hierarchies", func(t *testing.T) {
		root := directories(t, "cpu,cpuacct/"+pod+"/child/of", "memory/"+pod, "pids/docker/other")
		if err := os.Symlink("cpu,cpuacct", filepath.Join(root, "cpu")); err != nil {
			t.Fatal(err)
		}
		if err := Sweep(t.Context(), root, []string{"/" + pod}); err != nil {
			t.Fatal(err)
		}
		if exist(root, "cpu,cpuacct/"+pod) || exist(root, "memory/"+pod) || !exist(root, "cpu,cpuacct/docker", "memory/docker", "pids/docker/other") {
			t.Error("not exactly what was asked for is gone")
		}
	})
	t.Run("one hierarchy", func(t *testing.T) {
		root := directories(t, pod+"/pause", pod+"/"+anID, "memory/"+pod)
		if err := os.WriteFile(filepath.Join(root, "cgroup.controllers"), nil, 0o644); err != nil {
			t.Fatal(err)
		}
		if err := Sweep(t.Context(), root, []string{"/" + pod}); err != nil {
			t.Fatal(err)
		}
		if exist(root, pod) || !exist(root, "docker", "memory/"+pod) {
			t.Error("not exactly what was asked for is gone")
		}
	})
	t.Run("a slice", func(t *testing.T) {
		slice := "my.slice/my-podlike_0123456789ab.slice"
		root := directories(t, "cpuset/"+slice, "memory/my.slice", "freezer/"+slice+"/docker-"+anID+".scope")
		if err := Sweep(t.Context(), root, []string{"/" + slice}); err != nil {
			t.Fatal(err)
		}
		if exist(root, "cpuset/"+slice) || exist(root, "freezer/"+slice) || !exist(root, "cpuset/my.slice", "memory/my.slice") {
			t.Error("not exactly what was asked for is gone")
		}
	})
	t.Run("of a pod that lives again", func(t *testing.T) {
		root := directories(t, pod+"/pause", pod+"/"+anID)
		for name, text := range map[string]string{"cgroup.controllers": "", pod + "/pause/cgroup.procs": "17\n", pod + "/" + anID + "/cgroup.procs": ""} {
			if err := os.WriteFile(filepath.Join(root, name), []byte(text), 0o644); err != nil {
				t.Fatal(err)
			}
		}
		ctx, cancel := context.WithTimeout(t.Context(), 2*tryAgain)
		defer cancel()
		if err := Sweep(ctx, root, []string{"/" + pod}); err == nil || !strings.Contains(err.Error(), "it has processes") {
			t.Errorf("what is in use gave %v", err)
		}
		if !exist(root, pod+"/"+anID) {
			t.Error("a cgroup is gone in which somebody may be in a moment")
		}
	})
	t.Run("what is no container's", func(t *testing.T) {
		root := directories(t, "memory/docker/x", "memory/"+pod)
		for _, path := range []string{"/docker", "/", "", "/docker/x", "/podlike_0123456789ab.slice/x", "/" + pod + "/..", "/../memory/" + pod, pod + "/"} {
			if err := Sweep(t.Context(), root, []string{path}); err == nil || !strings.Contains(err.Error(), "is not a pod's cgroup") {
				t.Errorf("%q: %v", path, err)
			}
		}
		if !exist(root, "memory/docker/x", "memory/"+pod) {
			t.Error("something is gone")
		}
	})
	t.Run("in use", func(t *testing.T) {
		root := directories(t, "memory/"+pod)
		file := filepath.Join(root, "memory", pod, "file") // stands for a process
		if err := os.WriteFile(file, nil, 0o644); err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithTimeout(t.Context(), 2*tryAgain)
		defer cancel()
		if err := Sweep(ctx, root, []string{"/" + pod}); err == nil || !strings.Contains(err.Error(), "directory not empty") {
			t.Errorf("what is in use gave %v", err)
		}
		go os.Remove(file)
		if err := Sweep(t.Context(), root, []string{"/" + pod}); err != nil || exist(root, "memory/"+pod) {
			t.Errorf("what is no longer in use gave %v", err)
		}
	})
}

// TestLeafRefuses shows what Leaf says where it must not go on. What it does
// with a real cgroup is seen in test/e2e.
func TestLeafRefuses(t *testing.T) {
	for name, c := range map[string]struct{ kind, procs, want string }{
		"threaded":          {"threaded\n", "", `the pod's cgroup is of the type "threaded", which has no limits on children`},
		"invalid":           {"domain invalid\n", "", `the pod's cgroup is of the type "domain invalid", which has no limits on children`},
		"others' processes": {"domain\n", "0\n", "the pod's cgroup has processes of another PID namespace"},
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			os.WriteFile(filepath.Join(dir, "cgroup.type"), []byte(c.kind), 0o644)
			os.WriteFile(filepath.Join(dir, "cgroup.procs"), []byte(c.procs), 0o644)
			if err := Leaf(t.Context(), dir); err == nil || err.Error() != c.want {
				t.Errorf("%v, want %q", err, c.want)
			}
		})
	}
	if err := Leaf(t.Context(), filepath.Join(t.TempDir(), "gone")); err == nil || !strings.HasPrefix(err.Error(), "cannot read the pod's cgroup: ") {
		t.Errorf("no cgroup gave %v", err)
	}
}

// TestLeafMoves has files in place of the kernel's.
func TestLeafMoves(t *testing.T) {
	root := directories(t, "pause")
	for name, text := range map[string]string{
		"cgroup.type": "domain\n", "cgroup.procs": "17\n", "cgroup.controllers": "cpuset cpu io memory pids\n", "cgroup.subtree_control": "", "pause/cgroup.procs": "",
	} {
		if err := os.WriteFile(filepath.Join(root, name), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if err := Leaf(t.Context(), root); err != nil {
		t.Fatal(err)
	}
	read := func(name string) string {
		text, _ := os.ReadFile(filepath.Join(root, name))
		return string(text)
	}
	// Each write goes to the beginning of a file, unlike in a real cgroup.
	if read("pause/cgroup.procs") != "17" || !strings.HasPrefix(read("cgroup.subtree_control"), "+pids") {
		t.Errorf("processes %q, controllers %q", read("pause/cgroup.procs"), read("cgroup.subtree_control"))
	}
	if err := write(root, "gone", "x"); !os.IsNotExist(err) || err == syscall.EBUSY {
		t.Errorf("a file that is not there gave %v", err)
	}
}
