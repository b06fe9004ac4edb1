package metrics

import (
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"

	"github.com/podlike/podlike/internal/lifecycle"
	"github.com/podlike/podlike/internal/pod"
)

var start = time.Unix(1_700_000_000, 500_000_000)

// full has a value for every metric.
var full = pod.Status{
	Phase: "running", Since: start, Health: pod.Unhealthy, Supervisors: 3, Version: "v1.2.3",
	Components: []pod.ComponentStatus{
		{Name: "setup", Role: pod.RoleInit, Life: pod.LifeEnded},
		{Name: "web", Role: pod.RoleComponent, Life: pod.LifeRunning, Since: start, Health: pod.Unhealthy, Restarts: 2,
			LastExit: &pod.Exit{Code: 137, At: start}, Probes: []pod.ProbeStatus{{Kind: pod.Readiness, Health: pod.Starting}}},
	},
}

func metricsOf(s pod.Status) *Metrics { return New(func() (pod.Status, bool) { return s, true }) }

func TestMetrics(t *testing.T) {
	m := metricsOf(full)
	m.Wrote("web", "stdout", 5)
	m.Wrote("web", "stdout", 7)
	got := scrape(t, m)
	for _, want := range []string{
		`podlike_supervisor_info{version="v1.2.3"} 1`,
		`podlike_supervisor_replacements_total 2`,
		`podlike_pod_phase{phase="running"} 1`,
		`podlike_pod_phase{phase="stopping"} 0`,
		`podlike_pod_phase_start_time_seconds 1.7000000005e+09`,
		`podlike_pod_health{health="unhealthy"} 1`,
		`podlike_pod_health{health="healthy"} 0`,
		`podlike_component_state{component="setup",role="init",state="ended"} 1`,
		`podlike_component_state{component="web",role="component",state="running"} 1`,
		`podlike_component_state{component="web",role="component",state="ended"} 0`,
		`podlike_component_health{component="web",health="unhealthy",role="component"} 1`,
		`podlike_component_health{component="setup",health="healthy",role="init"} 0`,
		`podlike_component_restarts_total{component="web",role="component"} 2`,
		`podlike_component_restarts_total{component="setup",role="init"} 0`,
		`podlike_component_last_exit_code{component="web",role="component"} 137`,
		`podlike_component_last_exit_time_seconds{component="web",role="component"} 1.7000000005e+09`,
		`podlike_component_probe_health{component="web",health="starting",probe="readiness"} 1`,
		`podlike_component_log_bytes_total{component="web",stream="stdout"} 12`,
	} {
		if !slices.Contains(got, want) {
			t.Errorf("there is no line %s", want)
		}
	}
	for _, line := range got {
		if strings.HasPrefix(line, `podlike_component_last_exit_code{component="setup"`) {
			t.Errorf("it never ended, and yet: %s", line)
		}
	}
	if t.Failed() {
		t.Log(strings.Join(got, "\n"))
	}
}

// scrape returns the lines that Prometheus would get.
func scrape(t *testing.T, m *Metrics) []string {
	t.Helper()
	recorder := httptest.NewRecorder()
	m.handler().ServeHTTP(recorder, httptest.NewRequest(http.MethodGet, "/metrics", nil))
	if recorder.Code != http.StatusOK {
		t.Fatalf("code %d: %s", recorder.Code, recorder.Body)
	}
	return strings.Split(recorder.Body.String(), "\n")
}

// TestNothingKnownYet: before the first status there is nothing to say, and no
// zero that somebody could believe.
func TestNothingKnownYet(t *testing.T) {
	m := New(func() (pod.Status, bool) { return full, false })
	if n, err := testutil.GatherAndCount(m.registry); err != nil || n != 0 {
		t.Errorf("%d samples, %v; want none", n, err)
	}
}

func TestStartDurations(t *testing.T) {
	m := metricsOf(pod.Status{})
	told := func(name string, life pod.Life, at time.Duration) {
		m.Observe(pod.Status{Components: []pod.ComponentStatus{{Name: name, Role: pod.RoleComponent, Life: life, Since: start.Add(at)}}})
	}
	told("web", pod.LifeWaiting, 0)
	told("web", pod.LifeStarting, 2*time.Second) // created
	told("web", pod.LifeStarting, 3*time.Second) // started
	told("web", pod.LifeRunning, 6*time.Second)
	told("web", pod.LifeRunning, 6*time.Second)
	told("db", pod.LifeStarting, 0)
	told("db", pod.LifeRestarting, time.Second) // it could not be started
	told("old", pod.LifeRunning, 0)             // of an earlier supervisor
	var lines []string
	for _, line := range scrape(t, m) {
		if strings.Contains(line, "start_duration_seconds_sum") || strings.Contains(line, "start_duration_seconds_count") {
			lines = append(lines, line)
		}
	}
	want := []string{
		`podlike_component_start_duration_seconds_sum{component="web",role="component"} 4`,
		`podlike_component_start_duration_seconds_count{component="web",role="component"} 1`,
	}
	if diff := cmp.Diff(want, lines); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// TestWords: every word that the status may have is among those of the
// one-hot metrics.
func TestWords(t *testing.T) {
	for _, p := range []lifecycle.Phase{lifecycle.Adopting, lifecycle.Initializing, lifecycle.Serving, lifecycle.Ending, lifecycle.Sweeping, lifecycle.Over} {
		if !slices.Contains(phases, string(p)) {
			t.Errorf("the phase %q is missing", p)
		}
	}
}

// TestConventions: names and types are as Prometheus wants them.
func TestConventions(t *testing.T) {
	m := metricsOf(full)
	m.Wrote("web", "stdout", 5)
	problems, err := testutil.GatherAndLint(m.registry)
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range problems {
		t.Errorf("%s: %s", p.Metric, p.Text)
	}
}

// TestDocs: docs/metrics.md has a row for each metric, with its labels, and no
// other.
func TestDocs(t *testing.T) {
	text, err := os.ReadFile("../../docs/metrics.md")
	if err != nil {
		t.Fatal(err)
	}
	documented := map[string]string{}
	for _, row := range regexp.MustCompile("(?m)^\\| `(podlike_[a-z_]+)` \\| ([^|]*) \\|").FindAllStringSubmatch(string(text), -1) {
		documented[row[1]] = strings.TrimSpace(strings.NewReplacer("`", "", ",", "").Replace(row[2]))
	}
	described := make(chan *prometheus.Desc)
	m := metricsOf(full)
	go func() {
		defer close(described)
		m.Describe(described)
		m.starts.Describe(described)
		m.logs.Describe(described)
	}()
	registered := map[string]string{}
	for d := range described {
		found := regexp.MustCompile(`fqName: "([^"]*)".*variableLabels: \{([^}]*)\}`).FindStringSubmatch(d.String())
		if found == nil {
			t.Fatalf("cannot understand %s", d)
		}
		registered[found[1]] = strings.ReplaceAll(found[2], ",", " ")
	}
	if diff := cmp.Diff(registered, documented); diff != "" {
		t.Errorf("(-registered +documented):\n%s", diff)
	}
}

func TestServe(t *testing.T) {
	m := metricsOf(full)
	stop, err := m.Serve("127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	stop()

	taken := httptest.NewServer(http.NotFoundHandler())
	defer taken.Close()
	if _, err := m.Serve(taken.Listener.Addr().String()); err == nil || !strings.Contains(err.Error(), "address already in use") {
		t.Errorf("a port that is taken: %v", err)
	}
}

// TestOnlyMetrics: there is one path, and one method.
func TestOnlyMetrics(t *testing.T) {
	server := httptest.NewServer(metricsOf(full).mux())
	defer server.Close()
	for request, want := range map[string]int{"GET /metrics": 200, "GET /": 404, "GET /debug/pprof/": 404, "POST /metrics": 405} {
		method, path, _ := strings.Cut(request, " ")
		r, err := http.NewRequestWithContext(t.Context(), method, server.URL+path, nil)
		if err != nil {
			t.Fatal(err)
		}
		answer, err := server.Client().Do(r)
		if err != nil {
			t.Fatal(err)
		}
		io.Copy(io.Discard, answer.Body)
		answer.Body.Close()
		if answer.StatusCode != want {
			t.Errorf("%s: %d, want %d", request, answer.StatusCode, want)
		}
	}
}
