package show

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/podlike/podlike/internal/pod"
)

var now = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

func ago(d time.Duration) time.Time { return now.Add(-d) }

// shop has a component in each state that looks different.
var shop = pod.Status{
	Phase: "running", Since: ago(2 * time.Hour), Health: pod.Unhealthy, Supervisors: 3, Version: "v1.2.3",
	Components: []pod.ComponentStatus{
		{Name: "setup", Role: pod.RoleInit, Life: pod.LifeEnded, Since: ago(time.Hour), LastExit: &pod.Exit{At: ago(time.Hour)}, Reason: "ended with code 0"},
		{Name: "app", Role: pod.RoleComponent, Life: pod.LifeRunning, Since: ago(5 * time.Minute), Health: pod.Healthy, Restarts: 2,
			LastExit: &pod.Exit{Code: 3, At: ago(6 * time.Minute)}, Reason: "ended with code 3", ContainerID: "0123456789abcdef"},
		{Name: "db", Role: pod.RoleComponent, Life: pod.LifeRunning, Since: ago(time.Second), Health: pod.Unhealthy,
			Probes: []pod.ProbeStatus{{Kind: pod.Liveness, Health: pod.Unhealthy}, {Kind: pod.Readiness, Health: pod.Starting}}},
		{Name: "job", Role: pod.RoleComponent, Life: pod.LifeEnded, LastExit: &pod.Exit{}, Reason: "ended with code 0"},
		{Name: "web", Role: pod.RoleComponent, Life: pod.LifeWaiting, Reason: "cannot start: no image", Restarts: Unknown},
	},
}

func TestStatusTable(t *testing.T) {
	want := `pod: running for 2 hours, unhealthy; supervisor v1.2.3, replaced 2 times
COMPONENT   ROLE        STATE     HEALTH                 RESTARTS   LAST EXIT                             SINCE
setup       init        ended     -                      0          ended with code 0, About an hour ago  About an hour
app         component   running   healthy                2          ended with code 3, 6 minutes ago      5 minutes
db          component   running   unhealthy, not ready   0          -                                     1 second
job         component   ended     -                      0          ended with code 0                     -
web         component   waiting   -                      -          cannot start: no image                -
`
	var out bytes.Buffer
	if err := Status(&out, "", shop, now); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(words(want), words(out.String())); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// words makes columns one blank wide.
func words(s string) []string {
	var lines []string
	for line := range strings.Lines(s) {
		lines = append(lines, strings.Join(strings.Fields(line), " "))
	}
	return lines
}

func TestStatusFormats(t *testing.T) {
	for format, want := range map[string]string{
		"{{.Name}} {{.ExitCode}} {{.ID}}": "setup 0 \napp 3 0123456789ab\ndb  \njob 0 \nweb  \n",
		"table {{.Name}}":                 "COMPONENT\nsetup\napp\ndb\njob\nweb\n",
	} {
		var out bytes.Buffer
		if err := Status(&out, format, shop, now); err != nil {
			t.Errorf("%s: %v", format, err)
		}
		if out.String() != want {
			t.Errorf("%s: got %q, want %q", format, out.String(), want)
		}
	}
	if err := Status(&bytes.Buffer{}, "{{.Nmae}}", shop, now); err == nil || !strings.Contains(err.Error(), "Nmae") {
		t.Errorf("a field that does not exist: %v", err)
	}
}

// TestStatusJSON: what is printed can be read back whole.
func TestStatusJSON(t *testing.T) {
	var out bytes.Buffer
	if err := Status(&out, "json", shop, now); err != nil {
		t.Fatal(err)
	}
	var back pod.Status
	if err := json.Unmarshal(out.Bytes(), &back); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(shop, back); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestComponentsJSON(t *testing.T) {
	var out bytes.Buffer
	if err := Components(&out, "json", shop, now); err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(strings.TrimSpace(out.String()), "\n")
	var app map[string]string
	if err := json.Unmarshal([]byte(lines[1]), &app); err != nil || len(lines) != 5 {
		t.Fatalf("%v in %d lines:\n%s", err, len(lines), out.String())
	}
	want := map[string]string{"Name": "app", "Role": "component", "State": "running", "Health": "healthy", "Restarts": "2",
		"ExitCode": "3", "Reason": "ended with code 3", "LastExit": "ended with code 3, 6 minutes ago", "Since": "5 minutes", "ID": "0123456789ab"}
	if diff := cmp.Diff(want, app); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestSums(t *testing.T) {
	if ready, all := Ready(shop); ready != 2 || all != 4 { // app and job, not the init
		t.Errorf("%d of %d are ready, want 2 of 4", ready, all)
	}
	if n := Restarts(pod.Status{Components: []pod.ComponentStatus{{Restarts: 2}, {Restarts: 3}}}); n != 5 {
		t.Errorf("%d restarts, want 5", n)
	}
}
