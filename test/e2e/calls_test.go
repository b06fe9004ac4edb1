//go:build e2e

package e2e

import (
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"
)

// documentedCalls reads the list of docs/security.md: each call, and whether
// only gc makes it.
func documentedCalls(t *testing.T) map[string]bool {
	t.Helper()
	text, err := os.ReadFile("../../docs/security.md")
	if err != nil {
		t.Fatal(err)
	}
	_, list, _ := strings.Cut(string(text), "<!-- calls: begin -->")
	list, _, _ = strings.Cut(list, "<!-- calls: end -->")
	calls := map[string]bool{}
	onlyGC := false
	for _, row := range regexp.MustCompile("(?m)^\\| ([A-Z, ]+) \\| `([^`]+)` \\|(.*)\\|$").FindAllStringSubmatch(list, -1) {
		onlyGC = strings.Contains(row[3], "`gc` only") || (strings.TrimSpace(row[3]) == "the same" && onlyGC)
		for method := range strings.SplitSeq(row[1], ", ") {
			calls[method+" "+strings.ReplaceAll(row[2], "{name}", "{id}")] = onlyGC
		}
	}
	if len(calls) < 15 {
		t.Fatalf("only %d calls are documented", len(calls))
	}
	return calls
}

// TestCallsAreDocumented: a pod with everything that asks for calls makes
// those that docs/security.md lists for a socket proxy, and no others.
func TestCallsAreDocumented(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	f := s.faulty(podSpec{
		labels: map[string]string{"pod.copy.app": "/supervisor:/state/supervisor"},
		components: map[string]string{
			"app": probe("exit-on", "USR1", "5") + `volumes: [data:/state]
post_start: [{command: [/probe, touch, /state/started]}]
x-podlike: {probes: {liveness: {exec: {command: [/probe, exists, /state/started]}, period: 1s}}}
`,
			"side": probe("sleep"),
			"none": "image: " + missingImage + "\nx-podlike: {essential: false}\n",
		},
	}, false)
	f.start()
	app := f.component("app")
	said(t, &f.stderr, `cannot start component "none"`)
	s.killHard(f.component("supervisor"))
	said(t, &f.stdout, "taking the pod over")
	eventually(t, 10*time.Second, func() error { return f.unharmed(lives{"app": app}) })
	s.signal(app.ID, "SIGUSR1")
	if code := f.wait(endWithin); code != 5 {
		t.Errorf("the pod ended with %d", code)
	}
	<-f.done

	made := f.proxy.Calls()
	documented := documentedCalls(t)
	for _, call := range made {
		if onlyGC, ok := documented[call]; !ok || onlyGC {
			t.Errorf("%s is made, and docs/security.md does not say so", call)
		}
	}
	for call, onlyGC := range documented {
		// A volume is looked at if the service has one.
		if !onlyGC && !slices.Contains(made, call) && call != "GET /volumes/{id}" && call != "GET /_ping" {
			t.Errorf("docs/security.md lists %s, which is not made", call)
		}
	}
}
