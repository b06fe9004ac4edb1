package engine

import (
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/podlike/podlike/internal/labels"
	"github.com/podlike/podlike/internal/logs"
	"github.com/podlike/podlike/internal/pod"
)

// site is an engine with some containers of one pod.
type site struct {
	mu      sync.Mutex
	states  map[string]string // by ID: "running"
	roles   map[string]pod.Role
	logs    map[string]string // what the logs call answers
	starts  map[string]int
	started time.Time
}

func (s *site) answer(r *http.Request) (int, string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	var id, call string
	switch parts := strings.Split(r.URL.Path, "/"); {
	case strings.HasSuffix(r.URL.Path, "/containers/json"):
		var list []string
		for id := range s.roles {
			list = append(list, `{"Id": "`+id+`"}`)
		}
		return 200, "[" + strings.Join(list, ",") + "]"
	case len(parts) > 4:
		id, call = parts[3], parts[4]
	}
	switch call {
	case "start":
		s.starts[id]++
		return 204, ""
	case "logs":
		text := s.logs[id]
		if text != "" {
			s.logs[id] = strings.ReplaceAll(text, hangs, "")
		}
		return 200, text
	}
	owner := labels.Owner{Identity: pod.Identity{ID: "pause", Run: "r", Name: "app"}, Component: id, Role: s.roles[id]}
	var text []string
	for k, v := range owner.Add(nil) {
		text = append(text, fmt.Sprintf("%q: %q", k, v))
	}
	return 200, fmt.Sprintf(`{"Id": %q, "State": {"Status": %q, "Running": %t, "ExitCode": 3, "StartedAt": %q}, "Config": {"Labels": {%s}}, "HostConfig": {"LogConfig": {"Type": "json-file"}}}`,
		id, s.states[id], s.states[id] == "running", s.started.Format(time.RFC3339Nano), strings.Join(text, ","))
}

// pod is the supervisor's view of it; what comes out is written to out.
func (s *site) pod(t *testing.T, out io.Writer) *Pod {
	t.Helper()
	s.starts = map[string]int{}
	p := &Pod{
		client: answers(s.answer).client(t), streams: map[string]*stream{}, warned: map[string]bool{}, hooks: newHooks(), attempts: newAttempts(),
		spec: pod.Spec{Identity: pod.Identity{ID: "pause", Run: "r", Name: "app"}, Options: pod.Options{Logs: true}},
		logs: logs.NewSink(out, out), began: time.Now(),
	}
	p.pause.ID = "pause"
	p.say = func(line string) { p.logs.Message("podlike: %s", line) }
	return p
}

// TestListFollowsComponentsOnly: what somebody sees in a container for
// debugging is not for the pod's log.
func TestListFollowsComponentsOnly(t *testing.T) {
	s := &site{
		roles:  map[string]pod.Role{"web": pod.RoleComponent, "seed": pod.RoleInit, "debug": pod.RoleDebug, "ipc": pod.RoleIPC},
		states: map[string]string{"web": "running", "seed": "exited", "debug": "running", "ipc": "running"},
	}
	p := s.pod(t, io.Discard)
	if _, err := p.List(t.Context()); err != nil {
		t.Fatal(err)
	}
	for id, want := range map[string]bool{"web": true, "seed": true, "debug": false, "ipc": false} {
		if followed := p.stream(id); (followed != nil) != want {
			t.Errorf("%s is followed: %t, want %t", id, followed != nil, want)
		} else if followed != nil {
			defer func() { followed.closer(); <-followed.drained }()
		}
	}
}

// TestStartOfWhatWasFoundRunning: a container that an earlier supervisor was
// starting, and that has ended since it was listed, does not run twice.
func TestStartOfWhatWasFoundRunning(t *testing.T) {
	s := &site{
		roles:  map[string]pod.Role{"web": pod.RoleComponent, "made": pod.RoleComponent},
		states: map[string]string{"web": "running", "made": "created"},
	}
	p := s.pod(t, io.Discard)
	p.spec.Options.Logs = false
	if _, err := p.List(t.Context()); err != nil {
		t.Fatal(err)
	}
	s.states["web"] = "exited"
	for id, want := range map[string]int{"web": 0, "made": 1} {
		if err := p.Start(t.Context(), id); err != nil {
			t.Error(err)
		}
		if s.starts[id] != want {
			t.Errorf("%s was started %d times, want %d", id, s.starts[id], want)
		}
	}
}
