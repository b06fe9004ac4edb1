//go:build e2e

package e2e

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/docker/docker/api/types/swarm"
)

// inits is the label with init components, in their order: name, definition,
// name, definition, ...
func inits(pairs ...string) map[string]string {
	var b strings.Builder
	for i := 0; i < len(pairs); i += 2 {
		fmt.Fprintf(&b, "%s:\n", pairs[i])
		for line := range strings.Lines(pairs[i+1]) {
			b.WriteString("  " + line)
		}
	}
	return map[string]string{"pod.init.components": b.String()}
}

// TestInitOrder: init components run one by one, in the order in which they
// stand, and the components after them. Their health does not matter, their
// lines have their names, and one that fails is tried again.
func TestInitOrder(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	r := s.record()
	state := t.TempDir()
	labels := inits( // not the order of the alphabet
		"one", probe("exit", "0", "1s")+"healthcheck: {test: [CMD, /probe, exists, /never], interval: 200ms, retries: 1}\n",
		"again", probe("exists", "/state/ok")+"restart: on-failure\nvolumes: [\""+state+":/state\"]\n",
		"last", probe("exists", "/copied"))
	labels["pod.copy.last"] = "/pause:/copied"
	v := s.deploy(podSpec{
		args: []string{"--logs"}, labels: labels,
		components: map[string]string{"app": probe("sleep"), "side": probe("sleep")},
	})
	r.wait(t, "again", "die", 2)
	if n := len(r.of("last", "start")) + len(r.of("app", "start")); n > 0 {
		t.Error("something was started before the init component before it had ended with 0")
	}
	if err := os.WriteFile(filepath.Join(state, "ok"), nil, 0o644); err != nil {
		t.Fatal(err)
	}
	p := v.running()
	// The end of a process that lives for milliseconds may be seen before its
	// start: these two are not compared.
	inOrder(t, p.endOf("one"), p.startOf("again"), p.startOf("last"), p.startOf("app"))
	inOrder(t, p.endOf("one"), p.endOf("again"), p.endOf("last"), p.startOf("side"))
	inOrder(t, p.endOf("again"), p.startOf("last"))
	inOrder(t, p.endOf("last"), p.startOf("app"))
	ends := r.of("again", "die")
	for i, e := range ends {
		equal(t, "code", e.detail, map[bool]string{true: "0", false: "1"}[i == len(ends)-1])
	}
	wantLines(t, p.told(), [][]string{
		{"[err] again: probe: stat /state/ok: no such file"},
		{`restarting init component "again" at once (restart 1)`},
		{`restarting init component "again" in 1s (restart 2)`},
	})
}

// TestInitFails: the code of an init component that fails is the task's, and
// no component is started.
func TestInitFails(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name, definition string
		code, starts     int
	}{
		{"3", probe("exit", "3"), 3, 1},
		{"255", probe("exit", "255"), 255, 1},
		{"3-again", probe("exit", "3") + "restart: on-failure:1\n", 3, 2},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			s := newSite(t)
			r := s.record()
			v := s.deploy(podSpec{
				args: []string{"--logs"}, labels: inits("first", probe("exit", "0"), "bad", tt.definition, "after", probe("exit", "0")),
				components: map[string]string{"app": probe("sleep")},
			})
			v.wantEnd(v.ended(startWithin), swarm.TaskStateFailed, tt.code)
			equal(t, "starts", len(r.wait(t, "bad", "start", tt.starts)), tt.starts)
			equal(t, "starts after it", len(r.of("after", "start"))+len(r.of("app", "start")), 0)
			stdout, _ := v.logs(t.Context())
			wantLines(t, stdout, [][]string{{`init component "bad" ended with code`, fmt.Sprint(tt.code)}})
			eventually(t, 2*time.Second, func() error { return s.leftovers(t.Context()) })
		})
	}
}
