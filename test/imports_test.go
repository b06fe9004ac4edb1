// Package test holds the rules that concern the whole repository.
package test

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"os/exec"
	"slices"
	"strings"
	"testing"
)

const module = "github.com/podlike/podlike/"

// mayImport is who may import whom among our packages, tests aside. A name
// that ends in /... stands for everything below it. To merge or split
// packages, change this table in the same commit.
var mayImport = map[string][]string{
	"cmd/pause":      {"internal/reaper", "internal/handoff", "internal/self"},               // PID 1: wiring only
	"cmd/supervisor": {"internal/..."},                                                       // flags and wiring only
	"cmd/docker-pod": {"internal/stack", "internal/labels", "internal/pod", "internal/show"}, // the user's command line

	"internal/pod":        nil, // the model: plain data
	"internal/labels":     {"internal/pod"},
	"internal/stack":      {"internal/pod", "internal/labels"},
	"internal/namespaces": {"internal/pod"},
	"internal/cgroups":    {"internal/namespaces"}, // does on the host what namespaces decides
	"internal/plan":       {"internal/pod"},
	"internal/lifecycle":  {"internal/pod", "internal/plan"},
	"internal/probe":      {"internal/pod"},
	"internal/engine":     {"internal/pod", "internal/labels", "internal/namespaces", "internal/logs"},
	"internal/show":       {"internal/pod"}, // what people see is the same in supervisor and docker-pod
	"internal/metrics":    {"internal/pod"}, // what Prometheus sees of a status

	"internal/lifecycle/enginetest":  {"internal/pod"}, // an engine in memory
	"images/pack":                    nil,
	"internal/lifecycle/conformance": {"internal/pod", "internal/lifecycle"},

	// These know nothing of pods.
	"internal/reaper":  nil,
	"internal/handoff": nil,
	"internal/logs":    nil,
	"internal/rootfs":  nil,
	"internal/self":    nil,

	// The quick start is what a user could have written.
	"deploy/demo/app":   nil,
	"deploy/demo/proxy": nil,
	"deploy/quickstart": nil,

	"test/faultproxy": nil, // knows HTTP, and nothing of pods

	"test/hosts": nil, // what was seen, and a table of it

	"test":         {"..."},
	"test/e2e/...": {"..."},
}

// rule limits imports from outside the repository, tests aside.
type rule struct {
	imports []string // import paths; /... stands for everything below, and the path itself
	only    []string // packages of ours that may; nil: all but never
	never   []string // packages of ours that may not
	deep    bool     // also through other packages
	why     string
}

var rules = []rule{
	{
		imports: []string{"github.com/docker/docker/client/...", "github.com/docker/docker/api/...", "github.com/moby/moby/..."},
		only:    []string{"internal/engine", "cmd/docker-pod", "test/..."},
		why:     "the Docker client will be exchanged one day, and one package is all that may change then; docker-pod has the one that docker/cli makes for plugins",
	},
	{
		imports: []string{"github.com/ramr/go-reaper/..."},
		only:    []string{"internal/reaper"},
		why:     "some of its settings lose exit codes or spin; they are set in one place",
	},
	{
		imports: []string{"github.com/coreos/go-systemd/...", "github.com/godbus/dbus/..."},
		only:    []string{"internal/cgroups"},
		why:     "what is done on the host is done by a helper, in one package",
	},
	{
		imports: []string{"net", "net/...", "os/exec", "github.com/docker/...", "github.com/compose-spec/...", "gopkg.in/yaml.v3"},
		never:   []string{"cmd/pause"}, deep: true,
		why: "PID 1 must stay small: it holds no Docker code and no network stack, and os/exec would steal the reaper's statuses",
	},
	{
		imports: []string{"os/...", "net/...", "syscall", "golang.org/x/sys/...", "github.com/docker/..."},
		never:   []string{"internal/lifecycle", "internal/plan"},
		why:     "the core decides, and does no I/O: that is what makes it testable without an engine",
	},
}

// goPackage is the part of `go list -json` that matters here.
type goPackage struct {
	ImportPath string
	Imports    []string
	Deps       []string
}

func TestImports(t *testing.T) {
	packages := listPackages(t)
	for _, p := range packages {
		name := ours(p.ImportPath)
		allowed, listed := lookUp(name)
		if !listed {
			t.Errorf("package %s is not in the table: add it, with what it may import", name)
		}
		for _, path := range p.Imports {
			if imported := ours(path); imported != "" && !matchesAny(imported, allowed) {
				t.Errorf("%s imports %s: it may import %s", name, imported, orNone(allowed))
			}
		}
		for _, r := range rules {
			for _, path := range r.broken(p) {
				t.Errorf("%s imports %s: %s", name, path, r.why)
			}
		}
	}
	for name := range mayImport {
		if !slices.ContainsFunc(packages, func(p goPackage) bool { return matches(ours(p.ImportPath), name) }) {
			t.Errorf("the table names %s, which does not exist", name)
		}
	}
}

// broken returns the imports of p that the rule forbids.
func (r rule) broken(p goPackage) []string {
	name := ours(p.ImportPath)
	if matchesAny(name, r.only) || (r.never != nil && !matchesAny(name, r.never)) {
		return nil
	}
	paths := p.Imports
	if r.deep {
		paths = p.Deps
	}
	var bad []string
	for _, path := range paths {
		if matchesAny(path, r.imports) {
			bad = append(bad, path)
		}
	}
	return bad
}

// TestRulesCatch shows each kind of offence to the code that looks for it.
func TestRulesCatch(t *testing.T) {
	for _, test := range []struct {
		name    string
		imports []string
		deps    []string
		bad     []string
	}{
		{name: "internal/engine", imports: []string{"github.com/docker/docker/client", "net"}},
		{name: "internal/logs", imports: []string{"github.com/docker/docker/api/types/container"}, bad: []string{"github.com/docker/docker/api/types/container"}},
		{name: "internal/logs", imports: []string{"github.com/docker/docker/pkg/stdcopy"}},
		{name: "cmd/supervisor", imports: []string{"github.com/ramr/go-reaper"}, bad: []string{"github.com/ramr/go-reaper"}},
		{name: "internal/reaper", imports: []string{"github.com/ramr/go-reaper"}},
		{name: "cmd/pause", imports: []string{"os"}, deps: []string{"os", "net/http", "os/exec"}, bad: []string{"net/http", "os/exec"}},
		{name: "cmd/supervisor", imports: []string{"os"}, deps: []string{"net/http"}},
		{name: "internal/plan", imports: []string{"os/exec", "sort"}, bad: []string{"os/exec"}},
		{name: "internal/lifecycle", imports: []string{"os", "context"}, deps: []string{"net"}, bad: []string{"os"}},
		{name: "test/e2e", imports: []string{"github.com/docker/docker/client"}},
	} {
		var bad []string
		for _, r := range rules {
			bad = append(bad, r.broken(goPackage{module + test.name, test.imports, test.deps})...)
		}
		if !slices.Equal(bad, test.bad) {
			t.Errorf("%s with %v and %v: found %v, want %v", test.name, test.imports, test.deps, bad, test.bad)
		}
	}
	if matchesAny("internal/podium", []string{"internal/pod", "internal/pod/..."}) {
		t.Error("internal/podium is taken for internal/pod")
	}
}

// listPackages returns every package of the repository, with the files of the
// e2e tests' build tag.
func listPackages(t *testing.T) []goPackage {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "go", "list", "-tags", "e2e", "-json=ImportPath,Imports,Deps", "./...")
	cmd.Dir = ".."
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("go list: %v\n%s", err, &stderr)
	}
	var packages []goPackage
	for d := json.NewDecoder(bytes.NewReader(out)); ; {
		var p goPackage
		if err := d.Decode(&p); errors.Is(err, io.EOF) {
			return packages
		} else if err != nil {
			t.Fatalf("cannot read what go list printed: %v", err)
		}
		packages = append(packages, p)
	}
}

// ours is the path below the module, or "" for somebody else's package.
func ours(path string) string {
	if name, ok := strings.CutPrefix(path, module); ok {
		return name
	}
	return ""
}

// lookUp finds the entry of a package: its own, or one that ends in /... .
func lookUp(name string) (allowed []string, listed bool) {
	for pattern, a := range mayImport {
		if matches(name, pattern) {
			return a, true
		}
	}
	return nil, false
}

func matches(path, pattern string) bool {
	if pattern == "..." {
		return true
	}
	if dir, ok := strings.CutSuffix(pattern, "/..."); ok {
		return path == dir || strings.HasPrefix(path, dir+"/")
	}
	return path == pattern
}

func matchesAny(path string, patterns []string) bool {
	return slices.ContainsFunc(patterns, func(p string) bool { return matches(path, p) })
}

func orNone(allowed []string) string {
	if len(allowed) == 0 {
		return "none of ours"
	}
	return strings.Join(allowed, ", ")
}
