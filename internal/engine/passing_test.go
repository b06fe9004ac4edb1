package engine

import (
	"errors"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/docker/docker/api/types/container"
	"github.com/docker/docker/api/types/mount"
	"github.com/google/go-cmp/cmp"

	"github.com/podlike/podlike/internal/labels"
	"github.com/podlike/podlike/internal/pod"
)

// TestWhoseFault: errors of the engine may pass, errors of the question do
// not, and a call that hangs has an end.
func TestWhoseFault(t *testing.T) {
	for _, tt := range []struct {
		name   string
		status int
		says   string
		takes  time.Duration
		passes bool
		silent bool
		lasts  time.Duration
	}{
		{"trouble", 500, "database is locked", 0, true, false, 0},
		{"not ready", 503, "starting", 0, true, false, 0},
		{"a proxy without its engine", 502, "bad gateway", 0, true, false, 0},
		{"the runtime's", 500, "OCI runtime create failed: container_linux.go:380: starting container process caused: exec: no such thing", 0, false, false, 0},
		{"the image's", 500, "unable to find user nobody2: no matching entries in passwd file", 0, false, false, 0},
		{"wrong", 400, "invalid mount config", 0, false, false, 0},
		{"missing", 404, "no such container", 0, false, false, 0},
		{"taken", 409, "name in use", 0, false, false, 0},
		{"slow", 204, "", 10 * time.Second, false, false, 10 * time.Second},
		{"hangs", 204, "", time.Hour, true, true, worksWithin},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				c := answers(func(r *http.Request) (int, string) {
					pause(r.Context(), tt.takes)
					return tt.status, tt.says
				}).client(t)
				began := time.Now()
				err := c.api.ContainerStart(t.Context(), "c1", container.StartOptions{})
				if MayPass(err) != tt.passes || errors.Is(err, ErrUnreachable) != tt.silent || (err == nil) != (tt.status < 300 && !tt.silent) {
					t.Errorf("%v, may pass: %t, no answer: %t", err, MayPass(err), errors.Is(err, ErrUnreachable))
				}
				if lasted := time.Since(began); lasted != tt.lasts {
					t.Errorf("it lasted %s, want %s", lasted, tt.lasts)
				}
			})
		})
	}
}

// TestLookIsRepeated: a question whose answer fails for a moment is asked
// again, one that is answered is not.
func TestLookIsRepeated(t *testing.T) {
	for fails, want := range map[int]int{0: 1, 1: 2, 2: 3, 3: 3} {
		synctest.Test(t, func(t *testing.T) {
			asked := 0
			c := answers(func(*http.Request) (int, string) {
				if asked++; asked <= fails {
					return 500, "injected"
				}
				return 404, "no such container"
			}).client(t)
			_, err := c.api.ContainerInspect(t.Context(), "c1")
			if asked != want || MayPass(err) != (fails == lookTries) {
				t.Errorf("%d failures: asked %d times, %v", fails, asked, err)
			}
		})
	}
}

// TestStartIsNotRepeatedBlindly: a container that has run is not started a
// second time, whatever became of the first call's answer.
func TestStartIsNotRepeatedBlindly(t *testing.T) {
	for _, tt := range []struct {
		name   string
		again  bool
		state  string // that an inspect shows
		status int    // of the start call
		starts int
		fails  bool
	}{
		{"all is well", false, "running", 204, 1, false},
		{"the answer was lost", false, "running", 500, 1, false},
		{"and it has ended", false, "exited", 500, 1, false},
		{"it did not start", false, "created", 500, 1, true},
		{"a repeated call", true, "created", 204, 1, false},
		{"of one that runs", true, "running", 204, 0, false},
		{"of one that has ended", true, "exited", 204, 0, false},
		{"refused", false, "running", 404, 1, true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			starts := 0
			c := answers(func(r *http.Request) (int, string) {
				if strings.HasSuffix(r.URL.Path, "/start") {
					starts++
					return tt.status, "injected"
				}
				running := map[bool]string{true: "true", false: "false"}[tt.state == "running"]
				return 200, `{"Id": "c1", "State": {"Status": "` + tt.state + `", "Running": ` + running + `}, "Config": {}}`
			}).client(t)
			if err := c.start(t.Context(), "c1", tt.again); (err != nil) != tt.fails || starts != tt.starts {
				t.Errorf("%v after %d start calls, want %d", err, starts, tt.starts)
			}
		})
	}
}

// TestNameOfAContainerInTheMaking: while the engine still makes the container
// of a call that was given up, its name is taken, and nobody has it.
func TestNameOfAContainerInTheMaking(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		owner := labels.Owner{Identity: pod.Identity{ID: "pause", Run: "r", Name: "app"}, Component: "web", Role: pod.RoleComponent}
		ready := time.Now().Add(90 * time.Second)
		c := answers(func(r *http.Request) (int, string) {
			switch {
			case r.Method == http.MethodPost:
				return 409, "the name is in use"
			case time.Now().Before(ready):
				return 404, "no such container"
			}
			var text []string
			for k, v := range owner.Add(nil) {
				text = append(text, `"`+k+`": "`+v+`"`)
			}
			return 200, `{"Id": "made", "State": {"Status": "created"}, "Config": {"Labels": {` + strings.Join(text, ",") + `}}}`
		}).client(t)
		o := options{Config: &container.Config{Image: "i"}, HostConfig: &container.HostConfig{}}
		id, err := c.create(t.Context(), o, owner, false, true, func(string) {})
		if id != "made" || err != nil {
			t.Errorf("got %q, %v", id, err)
		}
	})
}

// TestSocketMount: the supervisor gets what the pause has, a directory where
// that is one.
func TestSocketMount(t *testing.T) {
	bind := func(source, target string, rw bool) container.MountPoint {
		return container.MountPoint{Type: mount.TypeBind, Source: source, Destination: target, RW: rw}
	}
	for _, tt := range []struct {
		name   string
		socket string
		mounts []container.MountPoint
		want   mount.Mount
		ok     bool
	}{
		{"the file", "/var/run/docker.sock", []container.MountPoint{bind("/run/docker.sock", "/var/run/docker.sock", false)},
			mount.Mount{Type: mount.TypeBind, Source: "/run/docker.sock", Target: "/var/run/docker.sock", ReadOnly: true}, true},
		{"a directory", "/host-run/docker.sock", []container.MountPoint{bind("/data", "/data", true), bind("/var/run", "/host-run", true)},
			mount.Mount{Type: mount.TypeBind, Source: "/var/run", Target: "/host-run"}, true},
		{"a directory above", "/host/run/docker.sock", []container.MountPoint{bind("/var", "/host", false)},
			mount.Mount{Type: mount.TypeBind, Source: "/var", Target: "/host", ReadOnly: true}, true},
		{"the file in a directory", "/host/docker.sock", []container.MountPoint{bind("/var/run", "/host", true), bind("/x.sock", "/host/docker.sock", true)},
			mount.Mount{Type: mount.TypeBind, Source: "/x.sock", Target: "/host/docker.sock"}, true},
		{"none", "/var/run/docker.sock", []container.MountPoint{bind("/data", "/data", true)}, mount.Mount{}, false},
	} {
		got, ok := socketMount(tt.mounts, tt.socket)
		if diff := cmp.Diff(tt.want, got); ok != tt.ok || ok && diff != "" {
			t.Errorf("%s: %t (-want +got):\n%s", tt.name, ok, diff)
		}
	}
}
