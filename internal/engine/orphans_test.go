package engine

import (
	"context"
	"slices"
	"strings"
	"testing"

	"github.com/podlike/podlike/internal/labels"
	"github.com/podlike/podlike/internal/namespaces"
	"github.com/podlike/podlike/internal/pod"
)

// leaving answers for a pod of which one component is left on the node.
func leaving() *canned {
	e := hosting("0")
	e.answers["GET /containers/json"] = `[{"Id":"mine00000000","Names":["/mine"],"State":"exited","Labels":{"podlike.pod":"abc","podlike.role":"component"}},
		{"Id":"boss00000000","Names":["/boss"],"State":"exited","ImageID":"sha256:1","Labels":{"podlike.pod":"abc","podlike.role":"supervisor"}}]`
	e.answers["GET /containers/mine00000000/json"] = e.answers["GET /containers/mine/json"]
	e.answers["DELETE /containers/mine00000000"], e.answers["DELETE /containers/boss00000000"] = "", ""
	return e
}

// helpers is how many were made since the last look.
func (c *canned) helpers() int {
	made := 0
	for _, path := range c.took("POST") {
		if strings.HasPrefix(path, "/containers/create") {
			made++
		}
	}
	return made
}

// TestOrphansAreSwept: only what was below the pod's pause, and by no helper
// where there is nothing.
func TestOrphansAreSwept(t *testing.T) {
	engine := hosting("0")
	client := engine.client(t)
	left := orphans{}
	of := pod.Identity{ID: "abc", Name: "web"}
	for _, id := range []string{"mine", "mine", "free", "nobody"} {
		left.note(t.Context(), client, id, of)
	}
	if len(left) != 1 || left["/docker/abc"] != of {
		t.Fatalf("%v", left)
	}
	for want := 1; want >= 0; want-- { // the second time there is none
		if err := left.sweep(t.Context(), client, "sha256:1"); err != nil || len(left) > 0 {
			t.Errorf("%v, left %v", err, left)
		}
		if got := engine.helpers(); got != want {
			t.Errorf("%d helpers, want %d", got, want)
		}
	}
	if err := (orphans{"/docker/abc": of}).sweep(t.Context(), client, ""); err == nil || !strings.Contains(err.Error(), "the cgroup /docker/abc may stay") {
		t.Errorf("without an image: %v", err)
	}
	engine.answers["GET /containers/abc/json"] = `{"Id":"abc","State":{"Status":"running"}}`
	left.add("/docker/abc", of)
	if err := left.sweep(t.Context(), client, "sha256:1"); err != nil || engine.helpers() > 0 {
		t.Errorf("a pause that was started again: %v", err)
	}
}

// TestSweepsAreNotForgotten: when the containers are gone nothing else knows
// what is to be swept.
func TestSweepsAreNotForgotten(t *testing.T) {
	t.Run("a round that was cut off", func(t *testing.T) {
		engine := leaving()
		ctx, cancel := context.WithCancel(t.Context())
		k := &Collector{Client: engine.client(t), Image: "sha256:1", Say: func(line string) {
			if strings.Contains(line, "mine") { // the last one
				cancel()
			}
		}}
		if _, err := k.Collect(ctx); err == nil {
			t.Error("no error")
		}
		if err := k.Sweep(t.Context()); err != nil || engine.helpers() != 1 {
			t.Errorf("not swept: %v", err)
		}
	})
	t.Run("an engine out of order", func(t *testing.T) {
		engine := leaving()
		engine.answers["POST /containers/create"] = "error"
		client, left := engine.client(t), orphans{}
		if err := client.buryOnce(t.Context(), "abc", "r", left); !MayPass(err) {
			t.Errorf("error %v", err)
		}
		engine.answers["GET /containers/json"] = `[{"Id":"boss","ImageID":"sha256:1","Labels":{"podlike.pod":"abc","podlike.role":"supervisor"}}]`
		engine.answers["POST /containers/create"] = `{"Id":"h"}`
		engine.helpers()
		if err := client.buryOnce(t.Context(), "abc", "r", left); err != nil || engine.helpers() != 1 {
			t.Errorf("not swept: %v", err)
		}
	})
}

// TestPodSweeps: in an orderly end only where the runtime leaves something in
// any case.
func TestPodSweeps(t *testing.T) {
	for name, c := range map[string]struct {
		version, parent string
		died            bool
		want            int
	}{
		"an orderly end":           {"1", "/docker/abc", false, 0},
		"the pause died":           {"1", "/docker/abc", true, 1},
		"v2":                       {"2", "/docker/abc", true, 1},
		"systemd":                  {"2", "podlike_abc.slice", true, 0},
		"systemd, v1":              {"1", "podlike_abc.slice", false, 1},
		"where all containers are": {"2", "", true, 0},
	} {
		t.Run(name, func(t *testing.T) {
			engine := hosting("0")
			engine.answers["GET /info"] = `{"CgroupVersion":"` + c.version + `"}`
			p := &Pod{
				client: engine.client(t), image: "sha256:1", host: namespaces.Host{CgroupVersion: c.version},
				spec: pod.Spec{Identity: pod.Identity{ID: "abc", Name: "web"}}, placing: placing{plan: namespaces.Placement{Parent: c.parent}},
			}
			for _, done := range []bool{false, true} {
				want := 0
				if done {
					want = c.want
				}
				p.placing.done = done
				engine.answers["GET /containers/abc/json"] = `{"Id":"abc","Config":{},"State":{"Status":"running","Running":true}}`
				engine.answers["POST /containers/abc/wait"] = `{"StatusCode":0}`
				engine.then = map[string]func(){"POST /containers/abc/wait": func() { // it ends while one waits
					engine.answers["GET /containers/abc/json"] = `{"Id":"abc","Config":{},"State":{"Status":"exited"}}`
				}}
				if err := p.Sweep(t.Context(), c.died); err != nil || engine.helpers() != want {
					t.Errorf("components placed: %v; %v, not %d helpers", done, err, want)
				}
			}
		})
	}
}

// TestARunningHelperIsLeftToItsWork, by whoever else needs one for the pod.
func TestARunningHelperIsLeftToItsWork(t *testing.T) {
	for state, want := range map[string][]string{"running": nil, "exited": {"/containers/other"}} {
		engine := &canned{answers: map[string]string{
			"GET /containers/web.podlike-helper/json": `{"Id":"other","Config":{"Labels":{"podlike.pod":"abc","podlike.role":"helper"}},"State":{"Status":"` + state + `","Running":` + map[bool]string{true: "true", false: "false"}[state == "running"] + `}}`,
			"DELETE /containers/other":                "",
		}}
		owner := labels.Owner{Identity: pod.Identity{ID: "abc", Name: "web"}, Role: pod.RoleHelper, SpecHash: "of another errand"}
		if id, err := engine.client(t).takeOver(t.Context(), "web.podlike-helper", owner); id != "" || err != nil {
			t.Errorf("%s: %q, %v", state, id, err)
		}
		if got := engine.took("DELETE"); !slices.Equal(got, want) {
			t.Errorf("%s: deleted %q, want %q", state, got, want)
		}
	}
}
