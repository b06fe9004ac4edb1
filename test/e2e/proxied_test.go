//go:build e2e

package e2e

import (
	"context"
	"errors"
	"io"
	"log"
	"maps"
	"net"
	"net/http"
	"net/http/httputil"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/docker/docker/api/types/container"
	"github.com/docker/docker/api/types/mount"
)

// strictProxy is a socket proxy as an administrator builds it from the list in
// docs/security.md: by exact method and path, and what a supervisor needs
// only. It refuses all else, and the calls given here. It returns its socket.
func strictProxy(t *testing.T, refused ...string) string {
	t.Helper()
	return closingProxy(t, &atomic.Bool{}, refused...)
}

// closingProxy is one that refuses everything while it is closed.
func closingProxy(t *testing.T, closed *atomic.Bool, refused ...string) string {
	t.Helper()
	var allowed []*regexp.Regexp
	for call, onlyGC := range documentedCalls(t) {
		if onlyGC || slices.Contains(refused, call) {
			continue
		}
		method, path, _ := strings.Cut(call, " ")
		id := "[^/]+"
		if strings.HasPrefix(path, "/images/") {
			id = ".+" // names have slashes
		}
		path = strings.ReplaceAll(regexp.QuoteMeta(path), `\{id\}`, id)
		allowed = append(allowed, regexp.MustCompile("^"+method+" (/v[0-9.]+)?"+path+"$"))
	}
	engine := &http.Transport{DisableCompression: true, DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
		var d net.Dialer
		return d.DialContext(ctx, "unix", socket())
	}}
	silent := log.New(io.Discard, "", 0) // connections end as pods do
	forward := &httputil.ReverseProxy{
		Rewrite:       func(r *httputil.ProxyRequest) { r.Out.URL.Scheme, r.Out.URL.Host = "http", "engine" },
		Transport:     engine,
		FlushInterval: -1,
		ErrorLog:      silent,
	}
	server := &http.Server{ErrorLog: silent, Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		call := r.Method + " " + r.URL.Path
		if closed.Load() || !slices.ContainsFunc(allowed, func(a *regexp.Regexp) bool { return a.MatchString(call) }) {
			w.WriteHeader(http.StatusForbidden)
			io.WriteString(w, "<html><body><h1>403 Forbidden</h1>\nRequest forbidden by administrative rules.\n</body></html>\n")
			return
		}
		forward.ServeHTTP(w, r)
	})}
	path := filepath.Join(t.TempDir(), "docker.sock")
	listener, err := net.Listen("unix", path)
	if err != nil {
		t.Fatal(err)
	}
	go server.Serve(listener)
	t.Cleanup(func() { server.Close(); engine.CloseIdleConnections() })
	return path
}

// everyCall is a pod that needs every documented call, sooner or later.
func everyCall(socket string) podSpec {
	return podSpec{
		args:     []string{"--logs"},
		noSocket: true,
		labels:   map[string]string{"pod.copy.app": "/supervisor:/state/supervisor"},
		components: map[string]string{
			"app": probe("exit-on", "USR1", "5") + `restart: on-failure
volumes: [data:/state]
post_start: [{command: [/probe, touch, /state/started]}]
`,
			"side": probe("sleep"),
		},
		host: func(h *container.HostConfig) {
			h.Binds = []string{socket + ":/var/run/docker.sock:ro"}
			h.Mounts = append(h.Mounts, mount.Mount{Type: mount.TypeVolume, Target: "/data"})
		},
	}
}

// TestSocketProxy: a proxy that lets just the documented calls through is
// enough for a pod's life: its start, a restart, another supervisor, its stop.
func TestSocketProxy(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	pod := s.create(everyCall(strictProxy(t)))
	var stdout, stderr syncBuffer
	done := pod.attach(&stdout, &stderr)
	pod.start()
	said(t, &stdout, "the pod is healthy")
	side := pod.component("side")

	first := pod.component("app")
	s.signal(first.ID, "SIGUSR1")
	eventually(t, startWithin, func() error { return replaced(pod, first) })
	s.killHard(pod.component("supervisor"))
	said(t, &stdout, "taking the pod over")
	if again := pod.component("side"); again.ID != side.ID || again.State.StartedAt != side.State.StartedAt {
		t.Error("another supervisor disturbed a component")
	}
	s.signal(pod.id, "SIGTERM")
	if code := pod.wait(endWithin); code != 0 {
		t.Errorf("the pod ended with %d, want 0", code)
	}
	<-done
	eventually(t, 5*time.Second, pod.gone)
	if all := stdout.String() + stderr.String(); strings.Contains(all, "refuses") || strings.Contains(all, "warning") {
		t.Errorf("something was refused:\n%s", all)
	}
}

// TestSocketProxyRefusesForAWhile: a pod that runs does not end because nobody
// may take it over for the moment.
func TestSocketProxyRefusesForAWhile(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	var closed atomic.Bool
	pod := s.create(everyCall(closingProxy(t, &closed)))
	var stdout, stderr syncBuffer
	done := pod.attach(&stdout, &stderr)
	pod.start()
	said(t, &stdout, "the pod is healthy")
	side := pod.component("side")
	closed.Store(true)
	s.killHard(pod.component("supervisor"))
	said(t, &stderr, "refuses GET /_ping")
	closed.Store(false)
	said(t, &stdout, "taking the pod over")
	if again := pod.component("side"); again.ID != side.ID || again.State.StartedAt != side.State.StartedAt {
		t.Error("a component was disturbed")
	}
	s.signal(pod.id, "SIGTERM")
	if code := pod.wait(endWithin); code != 0 {
		t.Errorf("the pod ended with %d, want 0", code)
	}
	<-done
}

// replaced checks that another container took a component's place.
func replaced(pod *runningPod, was container.InspectResponse) error {
	now, err := pod.api.ContainerInspect(pod.t.Context(), was.Name)
	if err == nil && (!now.State.Running || now.State.StartedAt == was.State.StartedAt) {
		err = errors.New("it was not replaced yet")
	}
	return err
}

// TestSocketProxyRefuses: a pod that may not make one of its calls ends with
// 125 and says which one it is, once, and nothing of it is left.
func TestSocketProxyRefuses(t *testing.T) {
	t.Parallel()
	calls := documentedCalls(t)
	maps.DeleteFunc(calls, func(_ string, onlyGC bool) bool { return onlyGC })
	delete(calls, "HEAD /_ping") // GET is as good
	for _, call := range slices.Sorted(maps.Keys(calls)) {
		t.Run(call, func(t *testing.T) {
			t.Parallel()
			refused := []string{call}
			if call == "GET /_ping" {
				refused = append(refused, "HEAD /_ping")
			}
			s := newSite(t)
			spec := everyCall(strictProxy(t, refused...))
			if call == "POST /images/create" {
				spec.components["side"] = "image: " + missingImage + "\n"
			}
			pod := s.create(spec)
			var stdout, stderr syncBuffer
			done := pod.attach(&stdout, &stderr)
			pod.start()
			if code := pod.wait(startWithin); code != 125 {
				t.Errorf("the pod ended with %d, want 125", code)
			}
			<-done
			eventually(t, 5*time.Second, pod.gone)
			method, path, _ := strings.Cut(call, " ")
			want := regexp.MustCompile("refuses " + method + " " + strings.ReplaceAll(regexp.QuoteMeta(path), `\{id\}`, `\{(id|name)\}`) + ": let the calls")
			if all := stdout.String() + stderr.String(); len(want.FindAllString(all, -1)) != 1 || strings.Count(stderr.String(), "\n") != 1 {
				t.Errorf("want %q once, and no other complaint:\n%s", want, all)
			}
		})
	}
}
