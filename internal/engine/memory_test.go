package engine

import (
	"testing"

	"github.com/podlike/podlike/internal/namespaces"
	"github.com/podlike/podlike/internal/pod"
)

// TestRanOutOfMemory: what the engine missed is asked of the slice, where
// nobody of ours has killed the component.
func TestRanOutOfMemory(t *testing.T) {
	seen, missed := pod.Exit{Code: 137, OOMKilled: true}, pod.Exit{Code: 137}
	type end struct {
		exit  pod.Exit
		kills string // what the slice counts then
		want  bool
		asked int
	}
	for name, c := range map[string]struct {
		prepare func(*Pod)
		ends    []end
	}{
		"seen":                {nil, []end{{seen, "", true, 0}}},
		"missed":              {nil, []end{{missed, "1", true, 1}}},
		"killed otherwise":    {nil, []end{{missed, "0", false, 1}}},
		"another code":        {nil, []end{{pod.Exit{Code: 1}, "", false, 0}}},
		"one after the other": {nil, []end{{seen, "", true, 0}, {missed, "1", false, 1}, {missed, "2", true, 1}, {missed, "2", false, 1}}},
		"no answer":           {nil, []end{{missed, "podlike_x.slice", false, 1}}},
		"stopped by us":       {func(p *Pod) { p.attempts.stop("app") }, []end{{missed, "", false, 0}}},
		"in the pod's end":    {func(p *Pod) { p.Ending() }, []end{{missed, "", false, 0}}},
		"taken over":          {func(p *Pod) { p.memory.uncounted = true }, []end{{missed, "3", false, 1}, {missed, "4", true, 1}}},
		"below the pause":     {func(p *Pod) { p.placing.plan.Work = namespaces.MakeLeaf }, []end{{missed, "", false, 0}}},
		"without a slice":     {func(p *Pod) { p.placing.plan = namespaces.Placement{} }, []end{{missed, "", false, 0}}},
		"cgroup v1":           {func(p *Pod) { p.host.CgroupVersion = "1" }, []end{{missed, "", false, 0}}},
	} {
		t.Run(name, func(t *testing.T) {
			engine := hosting("0")
			p := engine.client(t).Pod(PodConfig{
				Spec:  pod.Spec{Identity: pod.Identity{ID: "abc", Name: "web"}},
				Facts: Facts{Host: namespaces.Host{CgroupVersion: "2"}, inspect: blank()}, Say: func(string) {},
			})
			p.placing.plan = namespaces.Placement{Work: namespaces.MakeSlice, Parent: "podlike_abc.slice"}
			p.placing.done = true
			if c.prepare != nil {
				c.prepare(p)
			}
			for i, e := range c.ends {
				engine.answers["GET /containers/h/logs"] = e.kills
				if got := p.ranOutOfMemory(t.Context(), "app", e.exit); got != e.want {
					t.Errorf("end %d: memory ran out: %v", i, got)
				}
				if asked := engine.helpers(); asked != e.asked {
					t.Errorf("end %d: %d helpers, want %d", i, asked, e.asked)
				}
			}
		})
	}
}
