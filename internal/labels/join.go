package labels

import (
	"slices"
	"strings"

	"github.com/compose-spec/compose-go/v2/types"

	"github.com/podlike/podlike/internal/pod"
)

// joinPrefix is how a key names the component whose namespace is joined.
const joinPrefix = "service:"

func joinsComponent(value string) bool { return strings.HasPrefix(value, joinPrefix) }

// joined checks the keys that choose a namespace and returns what follows
// from them: a component that joins another's starts after it, and again when
// that one is made anew, because its namespace is gone then.
func (d *definition) joined(s types.ServiceConfig, names []string) []pod.Dependency {
	var deps []pod.Dependency
	for _, key := range []struct {
		name, value string
		words       []string
	}{
		{"pid", s.Pid, []string{"private", "host"}},
		{"ipc", s.Ipc, []string{"private", "shareable", "host", "none"}},
	} {
		other, joins := strings.CutPrefix(key.value, joinPrefix)
		switch {
		case key.value == "", slices.Contains(key.words, key.value):
		case !joins:
			d.wrong([]string{key.name}, "must be %s or service:<component>, not %q", strings.Join(key.words, ", "), key.value)
		case other == d.name:
			d.wrong([]string{key.name}, "joins itself")
		case d.role == pod.RoleInit:
			d.wrong([]string{key.name}, "cannot join a component: init components run before there is any")
		case !contains(names, other):
			d.wrong([]string{key.name}, "names %q, which is no component%s", other, didYouMean(other, names))
		default:
			deps = append(deps, pod.Dependency{Name: other, Condition: pod.Started, Required: true, Restart: true})
		}
	}
	return deps
}

// withDependencies adds what is not among deps yet; what the user said of the
// same component stays, but for the restart.
func withDependencies(deps, more []pod.Dependency) []pod.Dependency {
	for _, m := range more {
		i := slices.IndexFunc(deps, func(d pod.Dependency) bool { return d.Name == m.Name })
		if i < 0 {
			deps = append(deps, m)
		} else {
			deps[i].Required, deps[i].Restart = true, true
		}
	}
	slices.SortFunc(deps, func(a, b pod.Dependency) int { return strings.Compare(a.Name, b.Name) })
	return deps
}
