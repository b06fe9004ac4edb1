package main

import (
	"bytes"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/podlike/podlike/internal/pod"
	"github.com/podlike/podlike/internal/show"
)

// TestSeenByEngine: what is only the engine's view looks like it.
func TestSeenByEngine(t *testing.T) {
	n := newNode()
	p := onePod{ID: id("a"), Name: "shop", State: "exited", Status: "Exited (3)"}
	n.member(p.ID, "web", pod.RoleComponent, "running")
	n.member(p.ID, "setup", pod.RoleInit, "exited")
	n.member(p.ID, "supervisor", pod.RoleSupervisor, "running")
	if _, err := askPod(t.Context(), n, p); err == nil || !strings.Contains(err.Error(), "Exited (3)") {
		t.Errorf("a pause that does not run: %v", err)
	}
	status, err := seenByEngine(t.Context(), n, p)
	if err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	if err := show.Components(&out, "{{.Name}}: {{.State}}, {{.Health}}, {{.Restarts}}", status, time.Now()); err != nil {
		t.Fatal(err)
	}
	want := "setup: container exited, -, -\nweb: container running, -, -\n"
	if diff := cmp.Diff(want, out.String()); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}
