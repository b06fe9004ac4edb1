//go:build e2e

package e2e

import (
	"strings"
	"testing"
	"time"

	"github.com/docker/docker/api/types/swarm"
)

// TestInvalidDefinition: the task fails with 2, its log names every mistake
// with label and line, and nothing is left.
func TestInvalidDefinition(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	v := s.deploy(podSpec{components: map[string]string{
		"app": "image: " + probeImage + "\ncomand: [sleep]\nenviroment: {A: b}\n",
		"db":  "user: root\n",
	}})
	v.wantEnd(v.ended(startWithin), swarm.TaskStateFailed, 2)
	stdout, stderr := v.logs(t.Context())
	wantLines(t, stdout+stderr, [][]string{
		{"pod.component.app", "line 2", `"comand"`, `"command"`},
		{"pod.component.app", "line 3", `"enviroment"`, `"environment"`},
		{"pod.component.db", "image"},
	})
}

// TestMissingImage: one clear error, and not half a pod left.
func TestMissingImage(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	v := s.deploy(podSpec{args: []string{"--logs"}, components: map[string]string{
		"app": probe("sleep"),
		"db":  "image: " + missingImage + "\n",
	}})
	v.wantEnd(v.ended(startWithin), swarm.TaskStateFailed, 125)
	_, stderr := v.logs(t.Context())
	if n := strings.Count(stderr, missingImage); n != 1 {
		t.Errorf("the errors name the image %d times, want once:\n%s", n, stderr)
	}
	wantLines(t, stderr, [][]string{{`component "db"`, missingImage}})
	for id := range s.pauses {
		eventually(t, 2*time.Second, s.pod(id).gone)
	}
}

// TestBadStart: whatever is wrong from the beginning ends the pod with the
// right code, and says what to do.
func TestBadStart(t *testing.T) {
	t.Parallel()
	app := map[string]string{"app": probe("sleep")}
	for _, tt := range []struct {
		name string
		pod  podSpec
		code int
		log  [][]string
	}{
		{"nothing", podSpec{}, 2, [][]string{{"pod.component."}}},
		{"unknown-key", podSpec{components: map[string]string{"app": probe("sleep") + "frobnicate: yes\n"}}, 2,
			[][]string{{"pod.component.app", "line 3", `"frobnicate"`}}},
		{"no-image", podSpec{components: map[string]string{"app": "command: sleep\n"}}, 2, [][]string{{"pod.component.app", "image"}}},
		{"not-YAML", podSpec{components: map[string]string{"app": "image: [\n"}}, 2, [][]string{{"pod.component.app"}}},
		{"ports", podSpec{components: map[string]string{"app": probe("sleep") + "ports: [\"80:80\"]\n"}}, 2,
			[][]string{{"pod.component.app", "line 3", "ports"}}},
		{"flags", podSpec{args: []string{"--lgos", "--pids", "false"}, components: app}, 2,
			[][]string{{"--lgos"}, {`"false"`, "--pids=false"}}},
		{"no-socket", podSpec{noSocket: true, components: app}, 125,
			[][]string{{"/var/run/docker.sock:/var/run/docker.sock"}}},
		{"supervisor-image", podSpec{labels: map[string]string{"pod.component.supervisor": "image: " + missingImage}, components: app}, 125,
			[][]string{{"supervisor", missingImage}}},
		{"supervisor-definition", podSpec{labels: map[string]string{"pod.component.supervisor": "image: " + supervisorImage + "\nimagge: x\n"}, components: app}, 2,
			[][]string{{"pod.component.supervisor", "line 2", `"imagge"`, `"image"`}}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			s := newSite(t)
			p := s.create(tt.pod)
			var output syncBuffer
			done := p.attach(&output, &output)
			p.start()
			if code := p.wait(endWithin); code != tt.code {
				t.Errorf("the pod ended with %d, want %d", code, tt.code)
			}
			<-done
			wantLines(t, output.String(), tt.log)
			eventually(t, 2*time.Second, p.gone)
		})
	}
}

// wantLines fails the test unless, for each set of words, some line of the
// text has them all.
func wantLines(t *testing.T, text string, want [][]string) {
	t.Helper()
next:
	for _, words := range want {
	line:
		for line := range strings.Lines(text) {
			for _, word := range words {
				if !strings.Contains(line, word) {
					continue line
				}
			}
			continue next
		}
		t.Errorf("no line has %q in:\n%s", words, text)
	}
}
