package engine

import (
	"slices"
	"strings"
	"testing"

	"github.com/podlike/podlike/internal/labels"
	"github.com/podlike/podlike/internal/pod"
)

// TestLeftovers: each text is what is on a node, "<pod>:<role>:<state>", or
// "<pod>:volume" and "<pod>:network". The pods' names say how they are: live,
// dead, and hung for one whose supervisor had its time.
func TestLeftovers(t *testing.T) {
	for _, tt := range []struct{ name, things, remove, pending string }{
		{"nothing", "", "", ""},
		{"a live pod", "live:component:running live:component:exited live:supervisor:running live:ipc:running live:init:created live:volume live:network", "", ""},
		{"a live pod without supervisor", "live:component:running live:supervisor:exited live:supervisor:created", "", ""},
		{"a dead pod", "dead:component:running dead:component:paused dead:init:exited dead:ipc:running dead:component:created dead:component:dead",
			"dead:component:running dead:component:paused dead:init:exited dead:ipc:running dead:component:created dead:component:dead", ""},
		{"volumes and networks last", "dead:network dead:volume dead:component:exited", "dead:component:exited dead:volume dead:network", ""},
		{"volumes alone", "dead:volume live:volume", "dead:volume", ""},
		{"a supervisor that ended", "dead:component:exited dead:supervisor:exited", "dead:supervisor:exited dead:component:exited", ""},
		{"a supervisor that never started", "dead:component:exited dead:supervisor:created", "dead:supervisor:created dead:component:exited", ""},
		{"a supervisor that cleans up", "dead:component:running dead:supervisor:running dead:volume", "", "dead"},
		{"a supervisor that is paused", "dead:component:running dead:supervisor:paused", "", "dead"},
		{"a supervisor that hangs", "hung:component:running hung:supervisor:running hung:volume", "hung:supervisor:running hung:component:running hung:volume", ""},
		{"one of each", "live:component:running dead:component:exited dead:supervisor:running hung:component:exited", "hung:component:exited", "dead"},
		{"a helper at work", "dead:helper:running dead:component:exited", "dead:component:exited", ""},
		{"a helper that ended", "dead:helper:exited dead:helper:created", "dead:helper:exited dead:helper:created", ""},
		{"being removed", "dead:component:removing dead:component:exited", "dead:component:exited", ""},
	} {
		var things []thing
		for _, text := range strings.Fields(tt.things) {
			f := append(strings.Split(text, ":"), "")
			x := thing{kind: kindContainer, id: text, state: f[2], owner: labels.Owner{Identity: pod.Identity{ID: f[0]}, Role: pod.Role(f[1])}}
			if f[1] == kindVolume || f[1] == kindNetwork {
				x.kind, x.owner.Role = f[1], pod.RoleIPC
			}
			things = append(things, x)
		}
		remove, pending := leftovers(things, func(id string) bool { return id != "live" }, func(id string) bool { return id == "hung" })
		var ids []string
		for _, x := range remove {
			ids = append(ids, x.id)
		}
		if got := strings.Join(ids, " "); got != tt.remove {
			t.Errorf("%s: removes %q, want %q", tt.name, got, tt.remove)
		}
		if got := strings.Join(pending, " "); got != tt.pending {
			t.Errorf("%s: pending are %q, want %q", tt.name, got, tt.pending)
		}
	}
}

// TestPauseIsOver: only an engine that says so proves that a pod is dead.
func TestPauseIsOver(t *testing.T) {
	var over []string
	for _, state := range []string{"created", "running", "paused", "restarting", "removing", "exited", "dead", ""} {
		if pauseIsOver(state) {
			over = append(over, state)
		}
	}
	if want := []string{"exited", "dead"}; !slices.Equal(over, want) {
		t.Errorf("over in the states %q, want %q", over, want)
	}
}
