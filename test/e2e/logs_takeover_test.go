//go:build e2e

package e2e

import (
	"fmt"
	"testing"
	"time"

	"github.com/docker/docker/api/types/container"

	"github.com/podlike/podlike/test/e2e/pattern"
)

// keepLogs gives every log file the room that the test needs; a machine's
// engine may have other defaults.
const keepLogs = "\nlogging: {driver: json-file, options: {max-size: 1g}}\n"

func roomForLogs(h *container.HostConfig) {
	h.LogConfig = container.LogConfig{Type: "json-file", Config: map[string]string{"max-size": "1g"}}
}

// TestLogsOverSupervisors: the lines that components write while supervisors
// are killed and replaced come out of the pod once, in order: steady ones on
// both streams, the same again and again, a flood, and the last of all.
func TestLogsOverSupervisors(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		n     int
		sizes []int
		args  []string
		kills int
	}{
		"steady": {8000, []int{60, 8, 30_000}, []string{"-to", "both", "-every", "1ms"}, 3},
		"flood":  {400_000, []int{100}, nil, 2},
	} {
		t.Run(name, func(t *testing.T) {
			s := newSite(t)
			const last = "the end, without a newline"
			p := s.create(podSpec{args: []string{"--logs"}, host: roomForLogs, components: map[string]string{
				"app":   probe(lineArgs(c.n, c.sizes, append(c.args, "-last", last)...)...) + keepLogs,
				"other": probe("sleep") + "\nx-podlike: {essential: false}\n",
			}})
			lines := map[string]pattern.Text{"app": pattern.Lines(c.n, last, c.sizes...)}
			out, err := pattern.NewChecker("[out] ", lines), pattern.NewChecker("[err] ", lines)
			if name == "flood" {
				err = pattern.NewChecker("[err] ", nil)
			}
			wait := p.startAttached(out, err)
			for kill := range c.kills {
				// The more that came, the later the kill.
				eventually(t, time.Minute, func() error {
					seen, err := out.Seen("app")
					if err != nil {
						return hopeless{err}
					}
					if want := c.n * (kill + 1) / (c.kills + 2); seen < want {
						return fmt.Errorf("%d of %d lines came", seen, want)
					}
					return nil
				})
				s.killHard(p.component("supervisor"))
			}
			if code := wait(2 * time.Minute); code != 0 {
				t.Errorf("the pod ended with %d", code)
			}
		})
	}
}
