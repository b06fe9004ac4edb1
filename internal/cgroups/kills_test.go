package cgroups

import (
	"os"
	"path/filepath"
	"testing"
)

func TestKills(t *testing.T) {
	for name, c := range map[string]struct {
		text string
		want int
		err  string
	}{
		"some":          {"low 0\nhigh 0\nmax 9\noom 3\noom_kill 2\noom_group_kill 1\n", 2, ""},
		"an old kernel": {"low 0\nhigh 0\nmax 9\noom 3\n", 0, "the kernel counts no processes that were killed for memory in "},
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			if err := os.WriteFile(filepath.Join(dir, "memory.events"), []byte(c.text), 0o644); err != nil {
				t.Fatal(err)
			}
			if c.err != "" {
				c.err += dir
			}
			got, err := Kills(dir)
			if got != c.want || (err == nil) != (c.err == "") || err != nil && err.Error() != c.err {
				t.Errorf("%d, %v; want %d, %q", got, err, c.want, c.err)
			}
		})
	}
	if _, err := Kills(t.TempDir()); !os.IsNotExist(err) && err == nil {
		t.Error("a cgroup without a file of memory gave no error")
	}
}
