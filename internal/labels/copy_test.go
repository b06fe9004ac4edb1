package labels

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/podlike/podlike/internal/pod"
)

func TestCopies(t *testing.T) {
	tests := []struct {
		name, text string
		want       []pod.Copy
	}{
		{"string", "/a:/b", []pod.Copy{{Source: "/a", Target: "/b"}}},
		{"folded string", "/etc/conf/logging.conf:/opt/logs.xml\n", []pod.Copy{{Source: "/etc/conf/logging.conf", Target: "/opt/logs.xml"}}},
		{"blanks", " /a : /b ", []pod.Copy{{Source: "/a", Target: "/b"}}},
		{"list", "- /a:/b\n- /a:/c/\n", []pod.Copy{{Source: "/a", Target: "/b"}, {Source: "/a", Target: "/c/"}}},
		{"flow list", "[/a:/b]", []pod.Copy{{Source: "/a", Target: "/b"}}},
		{"mapping", "/b: /c\n/a:   /d\n", []pod.Copy{{Source: "/a", Target: "/d"}, {Source: "/b", Target: "/c"}}},
		{"list of mappings", "- /a: /b\n", []pod.Copy{{Source: "/a", Target: "/b"}}},
		{"options", "/a:/b:mode=0400,uid=1000,gid=5", []pod.Copy{{Source: "/a", Target: "/b", Mode: ptr(uint32(0o400)), UID: ptr(1000), GID: ptr(5)}}},
		{"options in a mapping", "/a: /b:mode=4755", []pod.Copy{{Source: "/a", Target: "/b", Mode: ptr(uint32(0o4755))}}},
		{"root stays a name", "/a:/b:uid=0", []pod.Copy{{Source: "/a", Target: "/b", UID: ptr(0)}}},
		{"cleaned", "/a/../b//c:/d/./e//", []pod.Copy{{Source: "/b/c", Target: "/d/e/"}}},
		{"null", "~", nil},
		{"empty", "", nil},
		{"empty list", "[]", nil},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			spec, _ := parse(t, map[string]string{
				"pod.component.web": "image: x", "pod.copy.web": tt.text,
				"pod.init.components": "- image: x", "pod.copy.init-1": tt.text,
			})
			if diff := cmp.Diff(tt.want, spec.Components[0].Copies); diff != "" {
				t.Error(diff)
			}
			if diff := cmp.Diff(tt.want, spec.Init[0].Copies); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestMistakesOfCopies(t *testing.T) {
	const form = "is not /source:/target or /source:/target:mode=0400,uid=1000,gid=1000"
	tests := []struct{ name, text, want string }{
		{"one part", "/a", `line 1: "/a" ` + form},
		{"three paths", "/a:/b:/c", `line 1: "/a:/b:/c" ` + form},
		{"several lines folded", "/a:/b /c:/d", `line 1: "/a:/b /c:/d" ` + form + "; for several copies write a list, each line starting with `- `"},
		{"empty side", "- /a:/b\n- '/a:'", `line 2: the target "" must be an absolute path`},
		{"relative source", "a:/b", `line 1: the source "a" must be an absolute path`},
		{"relative target", "/a: b", `line 1: the target "b" must be an absolute path`},
		{"decimal mode", "/a:/b:mode=0999", `line 1: mode must be octal, as 0400, not "0999"`},
		{"wide mode", "/a:/b:mode=77777", `line 1: mode must be octal, as 0400, not "77777"`},
		{"user by name", "/a:/b:uid=root", `line 1: uid must be a number, not "root"`},
		{"unknown option", "/a:/b:moda=0400", `line 1: unknown option "moda"; did you mean "mode"?`},
		{"number", "5", `line 1: must be /source:/target, a list of these, or a mapping, not a number`},
		{"number in a list", "[5]", `line 1: a copy must be written as /source:/target, not as a number`},
		{"number as target", "/a: 5", `line 1: the target of /a must be a path, not a number`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got := mistakes(t, source(map[string]string{"pod.component.web": "image: x", "pod.copy.web": tt.text}, nil))
			if want := "pod.copy.web, " + tt.want; strings.Join(got, "\n") != want {
				t.Errorf("got  %q\nwant %q", got, want)
			}
		})
	}
}

func TestCopyForAnUnknownComponent(t *testing.T) {
	got := mistakes(t, source(map[string]string{"pod.component.proxy": "image: x", "pod.copy.porxy": "/a:/b", "pod.copy.supervisor": "/a:/b"}, nil))
	want := []string{`pod.copy.porxy: there is no component "porxy"; did you mean "proxy"?`, `pod.copy.supervisor: there is no component "supervisor"`}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}
