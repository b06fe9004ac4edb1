package show

import (
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/podlike/podlike/internal/pod"
)

// Status prints what the pod looks like at the time now. The format "" is a
// line about the pod and a table of its components, "json" the whole status
// as one JSON document; the rest is as for [Components].
func Status(out io.Writer, format string, status pod.Status, now time.Time) error {
	switch format {
	case "":
		if _, err := fmt.Fprintln(out, Headline(status, now)); err != nil {
			return err
		}
		return Components(out, "", status, now)
	case "json":
		e := json.NewEncoder(out)
		e.SetIndent("", "  ")
		return e.Encode(status)
	default:
		return Components(out, format, status, now)
	}
}

// Headline says in one line how the pod as a whole is.
func Headline(s pod.Status, now time.Time) string {
	line := fmt.Sprintf("pod: %s for %s, %s", s.Phase, Age(s.Since, now), health(s.Health))
	line += "; supervisor"
	if s.Version != "" {
		line += " " + s.Version
	}
	switch replaced := s.Supervisors - 1; {
	case replaced == 1:
		line += ", replaced once"
	case replaced > 1:
		line += fmt.Sprintf(", replaced %d times", replaced)
	}
	return line
}

// Ready counts the components that are as they should be: they run and are
// healthy, or have done their work. Init components do not count.
func Ready(s pod.Status) (ready, all int) {
	for _, c := range s.Components {
		if c.Role == pod.RoleInit {
			continue
		}
		all++
		done := c.Life == pod.LifeEnded && c.LastExit != nil && c.LastExit.Code == 0
		if (c.Life == pod.LifeRunning && c.Health == pod.Healthy && !unready(c)) || done {
			ready++
		}
	}
	return ready, all
}

// Restarts sums the restarts of all components.
func Restarts(s pod.Status) int {
	sum := 0
	for _, c := range s.Components {
		sum += c.Restarts
	}
	return sum
}

// unready reports whether a readiness probe has not passed.
func unready(c pod.ComponentStatus) bool {
	for _, p := range c.Probes {
		if p.Kind == pod.Readiness && p.Health != pod.Healthy {
			return true
		}
	}
	return false
}

func health(h pod.Health) string {
	if h == "" {
		return "-"
	}
	return string(h)
}

// componentHealth is a component's health, with what its readiness probe adds.
func componentHealth(c pod.ComponentStatus) string {
	if c.Life == pod.LifeRunning && unready(c) {
		return strings.TrimPrefix(health(c.Health)+", not ready", "-, ")
	}
	return health(c.Health)
}
