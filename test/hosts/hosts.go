// Package hosts keeps what was seen of pods on hosts of several kinds, in the
// folder columns, and makes the table of docs/hosts.md out of it.
package hosts

import (
	"cmp"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// The lines of the table: what is tried on each host.
const (
	Start        = "a pod of two components starts as a Swarm service"
	SumOfMemory  = "the pod's memory limit holds for the sum: two components of 40 MiB under 64 MiB"
	OwnMemory    = "a component's own, smaller memory limit holds"
	CPUs         = "the pod's CPU limit holds for the sum: two busy components under 0.5 CPUs"
	Tools        = "`docker stats`, `top` and `exec` work on the pause and on components"
	Stop         = "a stop leaves no cgroup, slice or unit"
	PauseKilled  = "`kill -9` of the pause leaves none"
	HelperKilled = "`kill -9` of the supervisor, then a stop, leaves none"
	DaemonReload = "`systemctl daemon-reload` changes no limit"
)

// Lines are the table's, from the top.
func Lines() []string {
	return []string{Start, SumOfMemory, OwnMemory, CPUs, Tools, Stop, PauseKilled, HelperKilled, DaemonReload}
}

// Column is what one host showed.
type Column struct {
	Cgroup  string            // version of the cgroups: "1" or "2"
	Driver  string            // the engine's cgroup driver: "cgroupfs" or "systemd"
	Engine  string            // version of the engine
	Kernel  string            // version of the kernel
	Systemd string            // version of systemd, "" where it is not PID 1
	Cells   map[string]string // what was seen, for each line
}

// Kind names the sort of host. Of each kind the table has one column, the one
// that was seen last.
func (c Column) Kind() string {
	engine := strings.SplitN(c.Engine, ".", 3)
	return fmt.Sprintf("v%s-%s-docker-%s", c.Cgroup, c.Driver, strings.Join(engine[:min(2, len(engine))], "."))
}

// Read reads a column from a file.
func Read(file string) (Column, error) {
	var c Column
	content, err := os.ReadFile(file)
	if err == nil {
		err = json.Unmarshal(content, &c)
	}
	if err != nil {
		return c, fmt.Errorf("cannot read the column %q: %w", file, err)
	}
	return c, nil
}

// Write writes a column into a file.
func (c Column) Write(file string) error {
	content, err := json.MarshalIndent(c, "", "  ")
	if err != nil {
		return err
	}
	return os.WriteFile(file, append(content, '\n'), 0o644)
}

// ReadAll reads the columns of a folder, in the order of the table.
func ReadAll(folder string) ([]Column, error) {
	files, err := filepath.Glob(filepath.Join(folder, "*.json"))
	if err != nil {
		return nil, err
	}
	var all []Column
	for _, file := range files {
		c, err := Read(file)
		if err != nil {
			return nil, err
		}
		all = append(all, c)
	}
	slices.SortFunc(all, func(a, b Column) int { return cmp.Compare(a.Kind(), b.Kind()) })
	return all, nil
}

// Table is the columns in Markdown.
func Table(columns []Column) string {
	var b strings.Builder
	line := func(name string, cell func(Column) string) {
		b.WriteString("| " + name)
		for _, c := range columns {
			b.WriteString(" | " + cell(c))
		}
		b.WriteString(" |\n")
	}
	line("", func(c Column) string { return "v" + c.Cgroup + ", " + c.Driver })
	b.WriteString("|---" + strings.Repeat("|---", len(columns)) + "|\n")
	line("Docker", func(c Column) string { return c.Engine })
	line("kernel", func(c Column) string { return c.Kernel })
	line("systemd", func(c Column) string { return cmp.Or(c.Systemd, "not PID 1") })
	for _, name := range Lines() {
		line(name, func(c Column) string { return cmp.Or(c.Cells[name], "not tried") })
	}
	return b.String()
}
