//go:build e2e

package e2e

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"
	"time"

	cerrdefs "github.com/containerd/errdefs"
)

// TestComponentKeys: the common keys of a component reach its container.
func TestComponentKeys(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	named := s.name + "_data"
	p := s.create(podSpec{args: []string{"--logs"}, components: map[string]string{"app": "image: " + probeImage + `
entrypoint: /probe
command: facts "two words"
environment:
  GREETING: hello world
  NUMBER: 7
user: "1000:1001"
working_dir: /somewhere
volumes:
  - ` + named + `:/data
  - /usr:/host:ro
  - /anonymous
labels:
  colour: blue
healthcheck:
  test: ["CMD", "/probe", "exists", "/data"]
  interval: 2s
  retries: 4
stop_signal: SIGUSR1
stop_grace_period: 7s
read_only: true
tmpfs: /state
mem_limit: 64m
cpus: 0.5
`}})
	var stdout, stderr syncBuffer
	done := p.attach(&stdout, &stderr)
	p.start()
	c := p.component("app")

	equal(t, "label colour", c.Config.Labels["colour"], "blue")
	equal(t, "stop signal", c.Config.StopSignal, "SIGUSR1")
	equal(t, "memory", c.HostConfig.Memory, 64<<20)
	equal(t, "CPUs", c.HostConfig.NanoCPUs, 500_000_000)
	if check := c.Config.Healthcheck; check == nil || check.Interval != 2*time.Second || check.Retries != 4 {
		t.Errorf("health check: %+v", check)
	}
	equal(t, "role", c.Config.Labels["podlike.role"], "component")
	equal(t, "component", c.Config.Labels["podlike.component"], "app")
	if _, ok := c.HostConfig.Tmpfs["/state"]; !ok {
		t.Errorf("no tmpfs at /state: %v", c.HostConfig.Tmpfs)
	}
	var anonymous string
	mounts := map[string]string{}
	for _, m := range c.Mounts {
		mounts[m.Destination] = string(m.Type)
		switch m.Destination {
		case "/data":
			equal(t, "volume at /data", m.Name, named)
		case "/host":
			equal(t, "/host is writable", m.RW, false)
		case "/anonymous":
			anonymous = m.Name
		}
	}
	for destination, kind := range map[string]string{"/data": "volume", "/host": "bind", "/anonymous": "volume"} {
		equal(t, "mount at "+destination, mounts[destination], kind)
	}

	s.signal(p.id, "SIGTERM")
	if code := p.wait(endWithin); code != 0 {
		t.Errorf("the pod ended with %d", code)
	}
	<-done
	wantLines(t, stdout.String(), [][]string{{"[out] app: got user defined signal 1"}})
	var got struct {
		UID, GID     int
		Dir          string
		Env, Args    []string
		RootReadOnly bool
	}
	_, line, _ := strings.Cut(stdout.String(), "[out] app: ")
	line, _, _ = strings.Cut(line, "\n")
	if err := json.Unmarshal([]byte(line), &got); err != nil {
		t.Fatalf("%v in %q", err, line)
	}
	equal(t, "user", got.UID, 1000)
	equal(t, "group", got.GID, 1001)
	equal(t, "directory", got.Dir, "/somewhere")
	equal(t, "root is read-only", got.RootReadOnly, true)
	if want := []string{"/probe", "facts", "two words"}; !slices.Equal(got.Args, want) {
		t.Errorf("arguments: %q, want %q", got.Args, want)
	}
	for _, want := range []string{"GREETING=hello world", "NUMBER=7"} {
		if !slices.Contains(got.Env, want) {
			t.Errorf("environment: %q, want %q in it", got.Env, want)
		}
	}
	eventually(t, 2*time.Second, p.gone)
	if _, err := s.api.VolumeInspect(t.Context(), anonymous); !cerrdefs.IsNotFound(err) {
		t.Errorf("the anonymous volume is still there: %v", err)
	}
	if _, err := s.api.VolumeInspect(t.Context(), named); err != nil {
		t.Errorf("the named volume is gone: %v", err)
	}
}

func equal[T comparable](t *testing.T, what string, got, want T) {
	t.Helper()
	if got != want {
		t.Errorf("%s: %v, want %v", what, got, want)
	}
}
