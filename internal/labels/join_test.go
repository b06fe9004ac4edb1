package labels

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/podlike/podlike/internal/pod"
)

func TestJoiningAComponentMeansToFollowIt(t *testing.T) {
	joined := pod.Dependency{Name: "a", Condition: pod.Started, Required: true, Restart: true}
	for name, tt := range map[string]struct {
		text string
		want []pod.Dependency
	}{
		"pid":               {"pid: 'service:a'", []pod.Dependency{joined}},
		"ipc":               {"ipc: 'service:a'", []pod.Dependency{joined}},
		"both":              {"ipc: 'service:a'\npid: 'service:a'", []pod.Dependency{joined}},
		"words of its own":  {"ipc: shareable\npid: host", nil},
		"keeps a condition": {"pid: 'service:a'\ndepends_on: {a: {condition: service_healthy, required: false}}", []pod.Dependency{{Name: "a", Condition: pod.IsHealthy, Required: true, Restart: true}}},
	} {
		t.Run(name, func(t *testing.T) {
			spec, _, err := Parse(Source{Labels: map[string]string{
				"pod.component.a": "image: x",
				"pod.component.b": "image: x\n" + tt.text,
			}}, pod.Options{})
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(tt.want, spec.Components[1].DependsOn); diff != "" {
				t.Error(diff)
			}
		})
	}
}
