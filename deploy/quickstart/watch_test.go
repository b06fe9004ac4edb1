package main

import (
	"encoding/json"
	"errors"
	"reflect"
	"strings"
	"testing"
	"time"
)

// look is one look at the tasks, and what must come of it.
type look struct {
	after   time.Duration // since the look before
	tasks   string        // JSON, as docker inspect prints it
	lines   []string
	running string // ID
	err     string
}

const (
	older   = `{"ID": "older", "DesiredState": "running", "Status": {"State": "running", "PortStatus": {"Ports": [{"PublishedPort": 8080}]}}, "Spec": {"ContainerSpec": {"Labels": {"quickstart.images": "old"}}}}`
	waiting = `{"ID": "newer", "DesiredState": "ready", "Status": {"State": "pending", "Err": "no suitable node (host-mode port already in use on 1 node)"}}`
	newer   = `{"ID": "newer", "DesiredState": "running", "Status": {"State": "running", "PortStatus": {"Ports": [{"PublishedPort": 8080}]}}, "Spec": {"ContainerSpec": {"Labels": {"quickstart.images": "new"}}}}`
)

var (
	stopped     = strings.Replace(older, `"State": "running"`, `"State": "shutdown"`, 1)
	waitingLine = "task newer is pending: no suitable node (host-mode port already in use on 1 node)"
)

func TestLook(t *testing.T) {
	for name, test := range map[string]struct {
		before string
		looks  []look
	}{
		"a first run": {looks: []look{
			{tasks: `{"ID": "newer", "DesiredState": "running", "Status": {"State": "starting"}}`, lines: []string{"task newer is starting"}},
			{tasks: `{"ID": "newer", "DesiredState": "running", "Status": {"State": "starting"}}`},
			{tasks: newer, lines: []string{"task newer is running"}, running: "newer"},
		}},
		"a second run changes nothing": {before: newer, looks: []look{
			{tasks: newer, lines: []string{"task newer is running"}, running: "newer"},
		}},
		"the task of the old images does not count": {before: older, looks: []look{
			{tasks: older, lines: []string{"task older is running"}},
			{tasks: older + "," + waiting, lines: []string{waitingLine}},
			{after: time.Minute, tasks: older + "," + waiting},
			{after: time.Minute, tasks: stopped + "," + waiting, lines: []string{"task older is shutdown"}},
			{tasks: stopped + "," + newer, lines: []string{"task newer is running"}, running: "newer"},
		}},
		"nor one with another port": {looks: []look{
			{tasks: strings.Replace(newer, "8080", "9090", 1), lines: []string{"task newer is running"}},
		}},
		"another service has the port": {before: stopped, looks: []look{
			{tasks: stopped + "," + waiting, lines: []string{waitingLine}},
			{after: 10 * time.Second, tasks: waiting},
			{after: 10 * time.Second, tasks: waiting, err: "the port is taken"},
		}},
		"another process has the port": {looks: []look{
			{tasks: `{"ID": "newer", "Status": {"State": "failed", "Err": "starting container failed: Bind for 0.0.0.0:8080 failed: port is already allocated"}}`,
				lines: []string{"task newer is failed: starting container failed: Bind for 0.0.0.0:8080 failed: port is already allocated"}, err: "the port is taken"},
		}},
		"so says the engine without a proxy process": {looks: []look{
			{tasks: `{"ID": "newer", "Status": {"State": "rejected", "Err": "listen tcp4 0.0.0.0:8080: bind: address already in use"}}`,
				lines: []string{"task newer is rejected: listen tcp4 0.0.0.0:8080: bind: address already in use"}, err: "the port is taken"},
		}},
		"a failure": {looks: []look{
			{tasks: `{"ID": "newer", "Status": {"State": "failed", "Err": "task: non-zero exit (2)"}}`,
				lines: []string{"task newer is failed: task: non-zero exit (2)"}, err: "the pod failed: task: non-zero exit (2)"},
		}},
		"an old failure": {before: `{"ID": "older", "Status": {"State": "failed", "Err": "task: non-zero exit (2)"}}`, looks: []look{
			{tasks: `{"ID": "older", "Status": {"State": "failed", "Err": "task: non-zero exit (2)"}},` + newer,
				lines: []string{"task newer is running"}, running: "newer"},
		}},
	} {
		t.Run(name, func(t *testing.T) {
			at := time.Unix(0, 0)
			w := newWatcher(wanted{images: "new", port: 8080}, parse(t, test.before))
			for i, l := range test.looks {
				at = at.Add(l.after)
				lines, running, err := w.look(at, parse(t, l.tasks))
				id, why := "", ""
				if running != nil {
					id = running.ID
				}
				if err != nil {
					why = err.Error()
				}
				if !reflect.DeepEqual(lines, l.lines) || id != l.running || why != l.err {
					t.Errorf("look %d: got %q, running %q, error %q; want %q, %q, %q", i, lines, id, why, l.lines, l.running, l.err)
				}
				if l.err == errPortTaken.Error() && !errors.Is(err, errPortTaken) {
					t.Errorf("look %d: %v is not errPortTaken", i, err)
				}
			}
		})
	}
}

func parse(t *testing.T, tasks string) []task {
	t.Helper()
	var ts []task
	if err := json.Unmarshal([]byte("["+tasks+"]"), &ts); err != nil {
		t.Fatal(err)
	}
	return ts
}

func TestPublishedPort(t *testing.T) {
	for in, want := range map[string]int{"": 8080, "9090": 9090, "0": 0, "65536": 0, "http": 0} {
		got, err := publishedPort(in)
		if got != want || (err == nil) != (want != 0) {
			t.Errorf("publishedPort(%q) = %d, %v; want %d", in, got, err, want)
		}
	}
}

func TestEngineHost(t *testing.T) {
	for in, want := range map[string]string{
		"": "127.0.0.1", "unix:///var/run/docker.sock": "127.0.0.1", "tcp://docker:2375": "docker", "ssh://me@box": "box",
	} {
		if got := engineHost(in); got != want {
			t.Errorf("engineHost(%q) = %q, want %q", in, got, want)
		}
	}
}
