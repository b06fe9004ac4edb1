package conformance

import (
	"errors"
	"testing"
	"time"

	"github.com/podlike/podlike/internal/lifecycle/enginetest"
	"github.com/podlike/podlike/internal/pod"
)

func TestEngineInMemory(t *testing.T) {
	Run(t, func(t *testing.T) Bench {
		works := map[string]Work{}
		engine := enginetest.New(pod.Identity{ID: "id", Run: "run", Name: "name"}, func(c pod.Component) string { return "hash of " + c.Name })
		engine.Script = func(component string, _ int) enginetest.Script {
			w := works[component]
			s := enginetest.Script{Deaf: w.Deaf, Code: w.Code, HasCheck: w.Checked}
			if w.EndsWith {
				s.Runs = time.Millisecond
			}
			if w.Checked {
				s.HealthyAfter = 10 * time.Millisecond
			}
			if w.Missing {
				s.CreateErr = errors.New("no such image")
			}
			return s
		}
		return Bench{Engine: engine, Component: func(name string, w Work) pod.Component {
			works[name] = w
			return pod.Component{Name: name, Role: pod.RoleComponent}
		}}
	})
}
