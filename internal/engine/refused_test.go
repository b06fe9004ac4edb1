package engine

import (
	"io/fs"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"testing"

	"github.com/compose-spec/compose-go/v2/types"

	"github.com/podlike/podlike/internal/pod"
)

// proxied is a client of an engine where nothing is, behind a proxy that lets
// everything through but what matches.
func proxied(t *testing.T, refused, body string) *Client {
	t.Helper()
	pattern := regexp.MustCompile(refused)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Api-Version", "1.41")
		switch call := r.Method + " " + r.URL.Path; {
		case refused != "" && call == "GET /"+nobody: // it lets known calls through, not unknown ones
			w.WriteHeader(http.StatusForbidden)
		case refused != "" && pattern.MatchString(call):
			if strings.HasPrefix(body, "{") {
				w.Header().Set("Content-Type", "application/json")
			}
			w.WriteHeader(http.StatusForbidden)
			w.Write([]byte(body))
		case strings.HasSuffix(call, "/_ping"):
		case strings.HasSuffix(call, "/containers/json"):
			w.Write([]byte("[]"))
		case strings.HasSuffix(call, "/events"):
		default:
			w.WriteHeader(http.StatusNotFound)
		}
	}))
	t.Cleanup(server.Close)
	client, err := Connect(t.Context(), getenv("DOCKER_HOST=tcp://"+server.Listener.Addr().String()), nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { client.Close() })
	return client
}

// TestPermitted: what is not let through is known before anything is made, as
// far as this pod needs it.
func TestPermitted(t *testing.T) {
	plain := pod.Component{Name: "app"}
	hooked := plain
	hooked.Service.PreStop = []types.ServiceHook{{Command: []string{"true"}}}
	copied := plain
	copied.Copies = []pod.Copy{{Source: "/a", Target: "/b"}}
	probed := plain
	probed.Probes.Liveness = &pod.Probe{Exec: []string{"true"}}

	for name, c := range map[string]struct {
		refused   string
		component pod.Component
		logs      bool
		want      string // the calls that the error names
	}{
		"nothing":              {"", hooked, true, ""},
		"the list":             {"GET .*/containers/json", plain, false, "GET /containers/json"},
		"events":               {"GET .*/events", plain, false, "GET /events"},
		"two":                  {"/kill|DELETE", plain, false, "POST /containers/{id}/kill, DELETE /containers/{id}"},
		"waiting":              {"/wait", plain, false, "POST /containers/{id}/wait"},
		"a stream":             {"/attach", plain, true, "POST /containers/{id}/attach"},
		"logs":                 {"/logs", plain, true, "GET /containers/{id}/logs"},
		"logs, not needed":     {"/logs|/attach", plain, false, ""},
		"copies":               {"PUT", copied, false, "PUT /containers/{id}/archive"},
		"copies, not needed":   {"PUT", plain, false, ""},
		"hooks":                {"/exec", hooked, false, "POST /containers/{id}/exec, POST /exec/{id}/start, GET /exec/{id}/json"},
		"probes":               {"GET .*/exec", probed, false, "GET /exec/{id}/json"},
		"commands, not needed": {"/exec", plain, false, ""},
	} {
		t.Run(name, func(t *testing.T) {
			client := proxied(t, c.refused, "<html><body><h1>403 Forbidden</h1>\nby administrative rules.\n</body></html>")
			spec := pod.Spec{Components: []pod.Component{c.component}, Options: pod.Options{Logs: c.logs}}
			p := &Pod{client: client, spec: spec, files: anyFile{}}
			err := p.Check(t.Context())
			if c.want == "" {
				if err != nil {
					t.Error(err)
				}
				return
			}
			if want := "refuses " + c.want + ": let"; !Refused(err) || !strings.Contains(err.Error(), want) {
				t.Errorf("%v, want %q", err, want)
			}
		})
	}
}

// anyFile has every file.
type anyFile struct{ Files }

func (anyFile) Stat(string) (fs.FileInfo, error) { return nil, nil }

// TestRefusalSaysWhy: an authorization plugin has a reason, a proxy has a page.
func TestRefusalSaysWhy(t *testing.T) {
	for body, want := range map[string]string{
		`{"message": "authorization denied by plugin gate: not on Sundays"}`: "refuses GET /info (authorization denied by plugin gate: not on Sundays): let",
		"<html>no</html>": "refuses GET /info: let",
		"":                "refuses GET /info: let",
	} {
		_, err := proxied(t, "/info$", body).api.Info(t.Context())
		if !Refused(err) || !strings.Contains(err.Error(), want) {
			t.Errorf("%v, want %q", err, want)
		}
	}
}
