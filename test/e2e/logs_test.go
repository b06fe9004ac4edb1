//go:build e2e

package e2e

import (
	"fmt"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/docker/docker/api/types/swarm"

	"github.com/podlike/podlike/test/e2e/pattern"
)

// startAttached starts a pod whose output the checkers read from its first
// byte, and returns what waits for its end. What is attached to has not the
// limits of a log driver: json-file makes U+FFFD of bytes that are not UTF-8,
// and breaks lines at 16 KB.
func (p *runningPod) startAttached(out, err *pattern.Checker) (wait func(within time.Duration) int) {
	p.t.Helper()
	done := p.attach(out, err)
	p.start()
	return func(within time.Duration) int {
		p.t.Helper()
		code := p.wait(within)
		<-done
		for _, c := range []*pattern.Checker{out, err} {
			if e := c.Result(); e != nil {
				p.t.Errorf("the output is not what was written: %v", e)
			}
		}
		return code
	}
}

// noDriver keeps the engine from writing the pause's output to disk too.
func noDriver() map[string]any { return map[string]any{"driver": "none"} }

func lineArgs(n int, sizes []int, more ...string) []string {
	var text []string
	for _, s := range sizes {
		text = append(text, strconv.Itoa(s))
	}
	return append([]string{"lines", "-n", strconv.Itoa(n), "-sizes", strings.Join(text, ",")}, more...)
}

// TestLogsMany: two million lines, from a component that ends with the last.
func TestLogsMany(t *testing.T) {
	const n, size = 2_000_000, 100
	s := newSite(t)
	p := s.create(podSpec{args: []string{"--logs"}, logging: noDriver(), components: map[string]string{
		"app": probe(lineArgs(n, []int{size})...),
	}})
	wait := p.startAttached(pattern.NewChecker("[out] ", map[string]pattern.Text{"app": pattern.Lines(n, "", size)}), pattern.NewChecker("[err] ", nil))
	began := time.Now()
	if code := wait(3 * time.Minute); code != 0 {
		t.Errorf("the pod ended with %d", code)
	}
	t.Logf("%.0f MB/s, start and end included", n*(size+1)/1e6/time.Since(began).Seconds())
}

// TestLogsSizes: lines of all sizes around the limits on their way, on both
// streams of two components at once, and what is written between the stop
// signal and the end, without a newline.
func TestLogsSizes(t *testing.T) {
	t.Parallel()
	const n, last = 90, "the end, without a newline"
	sizes := []int{8, 9, 4096, 40_000, 1_000_000, 1, 0, 16_383, 16_384, 16_385, 265, 2559, 65_536}
	s := newSite(t)
	writer := probe(lineArgs(n, sizes, "-to", "both", "-hold", "-last", last)...)
	p := s.create(podSpec{args: []string{"--logs"}, logging: noDriver(), components: map[string]string{"a": writer, "b": writer}})
	lines := map[string]pattern.Text{"a": pattern.Lines(n, last, sizes...), "b": pattern.Lines(n, last, sizes...)}
	out, err := pattern.NewChecker("[out] ", lines), pattern.NewChecker("[err] ", lines)
	wait := p.startAttached(out, err)
	for _, c := range []*pattern.Checker{out, err} {
		for name := range lines {
			eventually(t, time.Minute, func() error {
				seen, err := c.Seen(name)
				if err != nil {
					return hopeless{err}
				}
				if seen < n {
					return fmt.Errorf("%d of %d lines of %s came", seen, n, name)
				}
				return nil
			})
		}
	}
	s.signal(p.id, "SIGTERM")
	if code := wait(endWithin); code != 0 {
		t.Errorf("the pod ended with %d", code)
	}
}

// TestLogsBinary: bytes that are no text, no newline at the end, and the end
// of the component right after them.
func TestLogsBinary(t *testing.T) {
	t.Parallel()
	for i := range 5 {
		t.Run(fmt.Sprint(i), func(t *testing.T) {
			s := newSite(t)
			p := s.create(podSpec{args: []string{"-logs"}, logging: noDriver(), components: map[string]string{"app": probe("binary"), "side": probe("sleep")}})
			wait := p.startAttached(pattern.NewChecker("[out] ", map[string]pattern.Text{"app": pattern.Literally(pattern.Binary())}), pattern.NewChecker("[err] ", nil))
			if code := wait(startWithin); code != 0 {
				t.Errorf("the pod ended with %d", code)
			}
		})
	}
}

// TestLogsOfService: the same lines through the log driver, as `docker service
// logs` shows them.
func TestLogsOfService(t *testing.T) {
	t.Parallel()
	const n, last = 100_000, "bye"
	sizes := []int{100, 8, 9, 4096}
	s := newSite(t)
	v := s.deploy(podSpec{
		args:       []string{"--logs"},
		logging:    map[string]any{"driver": "json-file", "options": map[string]string{"max-size": "2g"}},
		components: map[string]string{"app": probe(lineArgs(n, sizes, "-to", "both", "-last", last)...)},
	})
	v.wantEnd(v.ended(2*time.Minute), swarm.TaskStateComplete, 0)
	stdout, stderr := v.logs(t.Context())
	for prefix, got := range map[string]string{"[out] ": stdout, "[err] ": stderr} {
		c := pattern.NewChecker(prefix, map[string]pattern.Text{"app": pattern.Lines(n, last, sizes...)})
		c.Write([]byte(got))
		if err := c.Result(); err != nil {
			t.Error(err)
		}
	}
}

// TestLogsOff: without --logs, the pod tells its own story only.
func TestLogsOff(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	p := s.create(podSpec{components: map[string]string{"app": probe("lines", "-n", "3", "-to", "both")}})
	var output syncBuffer
	done := p.attach(&output, &output)
	p.start()
	if code := p.wait(startWithin); code != 0 {
		t.Errorf("the pod ended with %d", code)
	}
	<-done
	if got := output.String(); strings.Contains(got, "[out]") || strings.Contains(got, "[err]") || !strings.Contains(got, "podlike: ") {
		t.Errorf("the pod printed:\n%s", got)
	}
}
