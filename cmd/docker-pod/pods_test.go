package main

import (
	"slices"
	"strings"
	"testing"

	"github.com/docker/docker/api/types/container"

	"github.com/podlike/podlike/internal/labels"
	"github.com/podlike/podlike/internal/pod"
)

func TestListPods(t *testing.T) {
	n := newNode()
	n.pause(id("a"), "new", "", "running") // nothing else of it exists yet
	n.pause(id("b"), "old", "", "exited")
	n.pause(id("c"), "built-otherwise", "", "running")
	delete(n.containers[2].Labels, labels.KeyImage)
	n.member(id("c"), "supervisor", pod.RoleSupervisor, "running")
	n.member(id("c"), "web", pod.RoleComponent, "running")
	n.containers = append(n.containers, container.Summary{ID: id("d"), Names: []string{"/stranger"}, State: "running"})
	for all, want := range map[bool][]string{false: {"built-otherwise", "new"}, true: {"built-otherwise", "new", "old"}} {
		pods, err := listPods(t.Context(), n, all)
		if err != nil {
			t.Fatal(err)
		}
		var names []string
		for _, p := range pods {
			names = append(names, p.Name)
		}
		slices.Sort(names)
		if !slices.Equal(names, want) {
			t.Errorf("all %t: got %v, want %v", all, names, want)
		}
	}
}

func TestMatchPod(t *testing.T) {
	one := func(begin, name, service, state string) onePod {
		return onePod{ID: id(begin), Name: name, Service: service, State: state, Status: state}
	}
	pods := []onePod{
		one("a1", "shop_web.1.xyz", "shop_web", "running"),
		one("a2", "shop_web.1.old", "shop_web", "exited"),
		one("b1", "many.1.x", "many", "running"),
		one("b2", "many.2.x", "many", "running"),
		one("b3", "many.12.x", "many", "running"),
		one("c1", "plain", "", "running"),
		one("c2", "dead.1.x", "dead", "exited"),
		one("d1", "a1", "", "running"),
	}
	for ref, want := range map[string]string{
		id("a2"):         "shop_web.1.old", // the whole ID, although it has ended
		"shop_web":       "shop_web.1.xyz", // the one that runs
		"shop_web.1":     "shop_web.1.xyz",
		"shop_web.1.old": "shop_web.1.old",
		"many.1":         "many.1.x", // not many.12
		"many.12":        "many.12.x",
		"plain":          "plain",
		"/plain":         "plain",
		"c1":             "plain",
		"dead":           "dead.1.x", // better than nothing
		"a1":             "a1",       // a name goes before an ID
		"a10":            "shop_web.1.xyz",
	} {
		if p, err := matchPod(pods, ref); err != nil || p.Name != want {
			t.Errorf("%q: got %q, %v; want %q", ref, p.Name, err, want)
		}
	}
	for ref, want := range map[string][]string{
		"many":   {`"many" is any of 3 pods`, "many.1.x", "many.2.x", "many.12.x", "b20000000000"},
		"many.3": {`no pod "many.3"`},
		"b":      {"is any of 3 pods"},
		"shop":   {`no pod "shop"`},
		"":       {`no pod ""`},
		".x":     {`no pod ".x"`},
	} {
		_, err := matchPod(pods, ref)
		for _, w := range want {
			if err == nil || !strings.Contains(err.Error(), w) {
				t.Errorf("%q: got %v, want %q in it", ref, err, w)
			}
		}
	}
}

func TestMemberOf(t *testing.T) {
	n := newNode()
	p := onePod{ID: id("a"), Name: "shop"}
	n.member(p.ID, "web", pod.RoleComponent, "running")
	n.member(p.ID, "setup", pod.RoleInit, "exited")
	n.member(p.ID, "supervisor", pod.RoleSupervisor, "running")
	n.member(p.ID, "ipc", pod.RoleIPC, "running")
	n.member(id("b"), "other", pod.RoleComponent, "running")
	for name, want := range map[string]string{"web": id("fweb"), "setup": id("fsetup"), "supervisor": id("fsupervisor")} {
		if m, err := memberOf(t.Context(), n, p, name); err != nil || m.ID != want {
			t.Errorf("%s: got %q, %v; want %q", name, m.ID, err, want)
		}
	}
	for _, name := range []string{"ipc", "other", "we"} {
		_, err := memberOf(t.Context(), n, p, name)
		want := `pod "shop" has no container of a component "` + name + `" now; it has setup, web, supervisor`
		if err == nil || err.Error() != want {
			t.Errorf("%s: got %v, want %s", name, err, want)
		}
	}
}

func TestPartsOf(t *testing.T) {
	n := newNode()
	p := onePod{ID: id("a"), State: "running"}
	n.member(p.ID, "supervisor", pod.RoleSupervisor, "running")
	n.member(p.ID, "debug", pod.RoleDebug, "running")
	n.member(p.ID, "ipc", pod.RoleComponent, "running") // a component may be called so
	n.member(p.ID, "setup", pod.RoleInit, "exited")
	parts, err := partsOf(t.Context(), n, p)
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, c := range parts {
		names = append(names, c.name)
	}
	if want := []string{"ipc", "(supervisor)", "(debug)", "(pause)"}; !slices.Equal(names, want) {
		t.Errorf("got %v, want %v", names, want)
	}
}

func TestRemovePod(t *testing.T) {
	n := newNode()
	n.pause(id("a"), "plain", "", "running")
	n.containers[0].Labels["pod.stop_grace_period"] = "1m30.5s"
	n.pause(id("b"), "web.1.x", "web", "running")
	if _, err := removePod(t.Context(), n, "web"); err == nil || !strings.Contains(err.Error(), "docker service rm web") {
		t.Errorf("a task: %v", err)
	}
	if len(n.stopped)+len(n.removed) > 0 {
		t.Fatalf("stopped %v and removed %v of Swarm's", n.stopped, n.removed)
	}
	if _, err := removePod(t.Context(), n, "plain"); err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(n.stopped, []string{id("a")}) || !slices.Equal(n.removed, n.stopped) {
		t.Errorf("stopped %v and removed %v", n.stopped, n.removed)
	}
	if n.timeout == nil || *n.timeout != 91 {
		t.Errorf("it had %v seconds, want 91", n.timeout)
	}
}
