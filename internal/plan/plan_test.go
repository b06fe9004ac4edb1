package plan

import (
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/podlike/podlike/internal/pod"
)

// components reads "web: db cache?" as: web depends on db, and on cache if
// there is one. A "!" after a name means service_completed_successfully.
func components(lines ...string) []pod.Component {
	var list []pod.Component
	for _, line := range lines {
		name, deps, _ := strings.Cut(line, ":")
		c := pod.Component{Name: name, Role: pod.RoleComponent}
		for _, d := range strings.Fields(deps) {
			dependency := pod.Dependency{Name: strings.TrimRight(d, "?!"), Condition: pod.Started, Required: !strings.HasSuffix(d, "?")}
			if strings.HasSuffix(d, "!") {
				dependency.Condition = pod.Completed
			}
			c.DependsOn = append(c.DependsOn, dependency)
		}
		list = append(list, c)
	}
	return list
}

func TestNewOrders(t *testing.T) {
	tests := map[string]struct {
		spec     pod.Spec
		start    []string
		warnings []string
	}{
		"nothing":      {},
		"no order":     {spec: pod.Spec{Components: components("b", "a")}, start: []string{"a", "b"}},
		"chain":        {spec: pod.Spec{Components: components("a: b", "b: c", "c")}, start: []string{"c", "b", "a"}},
		"diamond":      {spec: pod.Spec{Components: components("a: c b", "b: d", "c: d", "d")}, start: []string{"d", "b", "c", "a"}},
		"optional one": {spec: pod.Spec{Components: components("a: b?", "b")}, start: []string{"b", "a"}},
		"optional and missing": {
			spec:     pod.Spec{Components: components("a: x?")},
			start:    []string{"a"},
			warnings: []string{`component "a" depends on "x", which does not exist: goes on without it, because it is not required`},
		},
		"init waits for nobody": {
			spec:     pod.Spec{Init: components("setup: web"), Components: components("web")},
			start:    []string{"web"},
			warnings: []string{`init component "setup": its depends_on is ignored: init components run in the order of their list`},
		},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			p, err := New(tt.spec)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(tt.start, p.StartOrder()); diff != "" {
				t.Errorf("start order (-want +got):\n%s", diff)
			}
			stop := slices.Clone(tt.start)
			slices.Reverse(stop)
			if diff := cmp.Diff(stop, p.StopOrder()); diff != "" {
				t.Errorf("stop order (-want +got):\n%s", diff)
			}
			if diff := cmp.Diff(tt.warnings, p.Warnings); diff != "" {
				t.Errorf("warnings (-want +got):\n%s", diff)
			}
		})
	}
}

func TestNewRefuses(t *testing.T) {
	tests := map[string]struct {
		spec pod.Spec
		want []string
	}{
		"itself":   {pod.Spec{Components: components("a: a")}, []string{"components wait for each other: a -> a"}},
		"two":      {pod.Spec{Components: components("web: db", "db: web")}, []string{"components wait for each other: db -> web -> db"}},
		"optional": {pod.Spec{Components: components("web: db?", "db: web")}, []string{"components wait for each other: db -> web -> db"}},
		"cycle behind a chain": {
			pod.Spec{Components: components("a: b", "b: d", "c: b", "d: c")},
			[]string{"components wait for each other: b -> d -> c -> b"},
		},
		"every mistake": {
			pod.Spec{Init: components("a"), Components: components("a: b", "b: a", "c: nobody", "d: d")},
			[]string{
				`the component name "a" is used twice`,
				`component "c" depends on "nobody", which does not exist`,
				"components wait for each other: a -> b -> a",
				"components wait for each other: d -> d",
			},
		},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			_, err := New(tt.spec)
			if err == nil {
				t.Fatal("accepted")
			}
			if diff := cmp.Diff(tt.want, strings.Split(err.Error(), "\n")); diff != "" {
				t.Errorf("mistakes (-want +got):\n%s", diff)
			}
		})
	}
}

func TestWhoWaits(t *testing.T) {
	p, err := New(pod.Spec{Components: components("web: db job!", "worker: db", "db", "job", "cron: nothing?")})
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"web", "worker"}, p.Dependents("db")); diff != "" {
		t.Errorf("dependents of db (-want +got):\n%s", diff)
	}
	var names []string
	for _, d := range p.Dependencies("web") {
		names = append(names, d.Name)
	}
	if diff := cmp.Diff([]string{"db", "job"}, names); diff != "" {
		t.Errorf("dependencies of web (-want +got):\n%s", diff)
	}
	if len(p.Dependencies("cron")) != 0 {
		t.Errorf("a dropped dependency is still there: %v", p.Dependencies("cron"))
	}
	for name, want := range map[string]bool{"job": true, "db": false, "web": false} {
		if got := p.AwaitedEnd(name); got != want {
			t.Errorf("AwaitedEnd(%q) = %v, want %v", name, got, want)
		}
	}
}
