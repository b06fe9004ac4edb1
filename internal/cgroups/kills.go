package cgroups

import (
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
)

// Kills returns how many processes the kernel has killed for memory in a cgroup
// of version 2, which is a directory, and in those below it, also if they are
// gone by now: oom_kill of memory.events (cgroup-v2.rst).
func Kills(dir string) (int, error) {
	text, err := os.ReadFile(filepath.Join(dir, "memory.events"))
	if err != nil {
		return 0, fmt.Errorf("cannot ask whether memory ran out: %w", err)
	}
	for line := range strings.Lines(string(text)) {
		if count, ok := strings.CutPrefix(strings.TrimSpace(line), "oom_kill "); ok {
			return strconv.Atoi(count)
		}
	}
	return 0, fmt.Errorf("the kernel counts no processes that were killed for memory in %s", dir)
}
