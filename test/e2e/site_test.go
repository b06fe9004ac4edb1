//go:build e2e

package e2e

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/docker/docker/api/types/container"
	"github.com/docker/docker/api/types/events"
	"github.com/docker/docker/api/types/filters"
	"github.com/docker/docker/client"
)

// site is where one test works. Everything that it makes has the site's name,
// or a name that begins with it and an underscore or a dot.
type site struct {
	t    *testing.T
	api  *client.Client
	name string
	// pauses holds the ID of each pause container that the test saw.
	pauses map[string]bool
	began  time.Time
}

// newSite makes the site of a test. When the test is over, whatever a failed
// test left is shown, everything is removed, and a pod that did not clean up
// after itself fails the test.
func newSite(t *testing.T) *site {
	t.Helper()
	api, err := connect()
	if err != nil {
		t.Fatal(err)
	}
	s := &site{t: t, api: api, name: siteName(t.Name()), pauses: map[string]bool{}, began: time.Now()}
	s.removeAll() // what an interrupted run left
	s.removeLeftovers()
	t.Cleanup(func() {
		defer api.Close()
		if t.Failed() {
			s.dump()
		}
		s.removeAll()
		s.checkLeftovers()
		s.removeLeftovers()
		t.Logf("took %s", time.Since(s.began).Round(100*time.Millisecond))
	})
	return s
}

// siteName makes a name that may be a stack's out of a test's: lower case
// words with dashes, at most 52 bytes.
func siteName(test string) string {
	words := regexp.MustCompile(`([a-z0-9])([A-Z])`).ReplaceAllString(strings.TrimPrefix(test, "Test"), "$1-$2")
	words = regexp.MustCompile(`[^a-z0-9]+`).ReplaceAllString(strings.ToLower(words), "-")
	if len(words) > 48 {
		words = words[:48]
	}
	return "e2e-" + strings.Trim(words, "-")
}

// owns tells whether a container's name is of this site.
func (s *site) owns(name string) bool {
	rest, ok := strings.CutPrefix(strings.TrimPrefix(name, "/"), s.name)
	return ok && (rest == "" || rest[0] == '_' || rest[0] == '.')
}

// containers returns the site's containers, of any state, whose name has in
// it what is asked for.
func (s *site) containers(ctx context.Context, part string) []container.Summary {
	all, err := s.api.ContainerList(ctx, container.ListOptions{All: true})
	if err != nil {
		s.t.Errorf("cannot list the containers: %v", err)
		return nil
	}
	var mine []container.Summary
	for _, c := range all {
		if len(c.Names) > 0 && s.owns(c.Names[0]) && strings.Contains(c.Names[0], part) {
			mine = append(mine, c)
		}
	}
	return mine
}

// docker runs the docker command with text as its input, and returns what it
// printed on stdout.
func (s *site) docker(ctx context.Context, input string, args ...string) (string, error) {
	return run(exec.CommandContext(ctx, "docker", args...), input)
}

// run runs a command. The error holds what it complained about.
func run(cmd *exec.Cmd, input string) (string, error) {
	var stdout, stderr bytes.Buffer
	cmd.Stdin, cmd.Stdout, cmd.Stderr = strings.NewReader(input), &stdout, &stderr
	if err := cmd.Run(); err != nil {
		return stdout.String(), fmt.Errorf("%s: %w: %s", strings.Join(cmd.Args, " "), err, bytes.TrimSpace(stderr.Bytes()))
	}
	return stdout.String(), nil
}

// socket is the path of the engine's socket on its own host.
func socket() string {
	if path, ok := strings.CutPrefix(os.Getenv("DOCKER_HOST"), "unix://"); ok {
		return path
	}
	return "/var/run/docker.sock"
}

// freePort is a TCP port of this machine that nobody listens on.
func freePort(t *testing.T) int {
	t.Helper()
	l, err := net.Listen("tcp", ":0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().(*net.TCPAddr).Port
}

// syncBuffer is a buffer that may be read while it is written.
type syncBuffer struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

func (b *syncBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buf.Write(p)
}

func (b *syncBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buf.String()
}

// watchCreated returns a function that lists the site's containers which were
// made since, by their names.
func (s *site) watchCreated() func() []string {
	since := time.Now()
	return func() []string {
		s.t.Helper()
		ctx, cancel := context.WithTimeout(s.t.Context(), patience(10*time.Second))
		defer cancel()
		stream, errs := s.api.Events(ctx, events.ListOptions{
			Since: since.Format(time.RFC3339Nano), Until: time.Now().Format(time.RFC3339Nano),
			Filters: filters.NewArgs(filters.Arg("type", "container"), filters.Arg("event", "create")),
		})
		var names []string
		for {
			select {
			case m := <-stream:
				if name := m.Actor.Attributes["name"]; s.owns(name) {
					names = append(names, name)
				}
			case err := <-errs:
				if !errors.Is(err, io.EOF) {
					s.t.Error(err)
				}
				return names
			}
		}
	}
}
