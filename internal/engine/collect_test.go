package engine

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/docker/docker/client"
)

// goesAway at the end of an answer cuts the connection there.
const goesAway = "<away>"

// canned is an engine that gives fixed answers, by "METHOD path" without the
// version, and writes down what it was asked. Nothing is there by default.
type canned struct {
	answers map[string]string
	then    map[string]func() // changes the answers after such a call

	mu    sync.Mutex
	asked []string
}

func (c *canned) client(t *testing.T) *Client {
	t.Helper()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		call := r.Method + " " + strings.TrimPrefix(r.URL.Path, "/v1.41")
		c.mu.Lock()
		c.asked = append(c.asked, call)
		answer, ok := c.answers[call]
		if change := c.then[call]; change != nil {
			change()
		}
		c.mu.Unlock()
		w.Header().Set("Content-Type", "application/json")
		switch {
		case !ok:
			w.WriteHeader(http.StatusNotFound)
			answer = `{"message":"no such thing"}`
		case answer == "error":
			w.WriteHeader(http.StatusInternalServerError)
			answer = `{"message":"out of order"}`
		case answer == "":
			w.WriteHeader(http.StatusNoContent)
		}
		answer, away := strings.CutSuffix(answer, goesAway)
		fmt.Fprint(w, answer)
		if away {
			if answer != "" {
				w.(http.Flusher).Flush()
			}
			panic(http.ErrAbortHandler)
		}
	}))
	t.Cleanup(server.Close)
	api, err := client.NewClientWithOpts(client.WithHost("tcp://"+server.Listener.Addr().String()), client.WithVersion("1.41"))
	if err != nil {
		t.Fatal(err)
	}
	return &Client{api: bounded{api}}
}

// took returns what was asked with a method, and forgets all.
func (c *canned) took(method string) (paths []string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, call := range c.asked {
		if path, ok := strings.CutPrefix(call, method+" "); ok {
			paths = append(paths, path)
		}
	}
	c.asked = nil
	return paths
}

func TestCollectorGivesASupervisorItsTime(t *testing.T) {
	of := func(id, role, state string) string {
		return fmt.Sprintf(`{"Id":"%s-%s-000000000","Names":["/%s"],"State":"%s","Labels":{"podlike.pod":"%s","podlike.role":"%s"}}`, id, role, role, state, id, role)
	}
	engine := &canned{answers: map[string]string{
		"GET /containers/json":                        "[" + strings.Join([]string{of("gone", "component", "exited"), of("gone", "supervisor", "running"), of("odd", "component", "exited"), of("new", "component", "created"), of("old", "component", "exited")}, ",") + "]",
		"GET /volumes":                                `{"Volumes":[{"Name":"v","Labels":{"podlike.pod":"gone"}}]}`,
		"GET /networks":                               `[]`,
		"GET /containers/odd/json":                    "error",
		"GET /containers/new/json":                    `{"Id":"new","State":{"Status":"created"}}`,
		"GET /containers/old/json":                    `{"Id":"old","State":{"Status":"exited"}}`,
		"DELETE /containers/gone-component-000000000": "", "DELETE /containers/gone-supervisor-000000000": "",
		"DELETE /containers/old-component-000000000": "", "DELETE /volumes/v": "",
	}}
	var lines []string
	k := &Collector{Client: engine.client(t), Patience: time.Hour, Everything: true, DryRun: true, Say: func(line string) { lines = append(lines, line) }}
	round := func(wantRemoved, wantPending int, want ...string) {
		t.Helper()
		got, err := k.Collect(t.Context())
		if err == nil || !strings.Contains(err.Error(), "out of order") {
			t.Errorf("the pod of which the engine says nothing: error %v", err)
		}
		if got != (Collected{Removed: wantRemoved, Pending: wantPending}) {
			t.Errorf("got %+v, want %d removed and %d pending", got, wantRemoved, wantPending)
		}
		if deleted := engine.took("DELETE"); !slices.Equal(deleted, want) {
			t.Errorf("deleted %q, want %q", deleted, want)
		}
	}
	round(1, 1)
	k.DryRun = false
	round(1, 1, "/containers/old-component-000000000")
	k.Everything = false
	k.Collect(t.Context())
	if asked := engine.took("GET"); slices.Contains(asked, "/volumes") || slices.Contains(asked, "/networks") {
		t.Errorf("asked for %q", asked)
	}
	k.Everything = true
	k.Patience = time.Nanosecond
	round(4, 0, "/containers/gone-supervisor-000000000", "/containers/gone-component-000000000", "/containers/old-component-000000000", "/volumes/v")
	if want := `removed container supervisor, which was running, of the dead pod ""`; !slices.Contains(lines, want) {
		t.Errorf("no %q in %q", want, lines)
	}
	if want := `would remove container component of the dead pod ""`; lines[0] != want {
		t.Errorf("the first line is %q, want %q", lines[0], want)
	}
}

// TestPullIntoAFullDisk is not tried again.
func TestPullIntoAFullDisk(t *testing.T) {
	const full = "failed to register layer: write /x: no space left on device"
	engine := &canned{answers: map[string]string{
		"POST /images/create": `{"status":"Extracting"}{"errorDetail":{"message":"` + full + `"},"error":"` + full + `"}`,
	}}
	err := engine.client(t).pull(t.Context(), "nginx:1", "", func(string) {})
	if err == nil || err.Error() != full+": the node has no room for it" {
		t.Errorf("error %v", err)
	}
	if tries := engine.took("POST"); len(tries) != 1 {
		t.Errorf("tried %d times", len(tries))
	}
}

// TestPullFromAnEngineThatGoesAway: that is for the caller to repeat, for as
// long as engines may be away, and uses up no try of the registry's.
func TestPullFromAnEngineThatGoesAway(t *testing.T) {
	for name, answer := range map[string]string{
		"before it answers": goesAway,
		"in the middle":     `{"status":"Extracting"}{"sta` + goesAway,
	} {
		t.Run(name, func(t *testing.T) {
			engine := &canned{answers: map[string]string{"POST /images/create": answer}}
			if err := engine.client(t).pull(t.Context(), "nginx:1", "", func(string) {}); !MayPass(err) {
				t.Errorf("error %v, want one that may pass", err)
			}
			if tries := engine.took("POST"); len(tries) != 1 {
				t.Errorf("tried %d times", len(tries))
			}
		})
	}
}
