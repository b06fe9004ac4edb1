package namespaces

import "testing"

// TestRemains shows which cgroup parents are a pod's own, and where what is
// left of them is looked for.
func TestRemains(t *testing.T) {
	const pause = "0123456789abcdef"
	for parent, c := range map[string]struct {
		ofPod  bool
		v1, v2 string
		always bool // on v1
	}{
		"":                                  {},
		"/docker":                           {v1: "/docker", v2: "/docker"},
		"/docker/" + pause:                  {ofPod: true, v1: "/docker/" + pause, v2: "/docker/" + pause},
		"/docker/fedcba":                    {v1: "/docker/fedcba", v2: "/docker/fedcba"},
		"podlike_0123456789ab.slice":        {ofPod: true, v1: "/podlike_0123456789ab.slice", always: true},
		"my-all-podlike_0123456789ab.slice": {ofPod: true, v1: "/my.slice/my-all.slice/my-all-podlike_0123456789ab.slice", always: true},
		"podlike_fedcbafedcba.slice":        {v1: "/podlike_fedcbafedcba.slice", always: true},
	} {
		v1, v2 := Host{CgroupVersion: "1"}, Host{CgroupVersion: "2"}
		if got := OfPod(parent, pause); got != c.ofPod {
			t.Errorf("%q is the pod's: %v", parent, got)
		}
		if got1, got2 := Remains(v1, parent), Remains(v2, parent); got1 != c.v1 || got2 != c.v2 {
			t.Errorf("%q: %q on v1 and %q on v2, want %q and %q", parent, got1, got2, c.v1, c.v2)
		}
		if got := AlwaysRemains(v1, parent); got != c.always || AlwaysRemains(v2, parent) {
			t.Errorf("%q stays in any case: %v", parent, got)
		}
	}
}
