package show

import (
	"io"
	"strconv"
	"time"

	"github.com/docker/cli/cli/command/formatter"
	"github.com/docker/go-units"

	"github.com/podlike/podlike/internal/pod"
)

const componentTable = "table {{.Name}}\t{{.Role}}\t{{.State}}\t{{.Health}}\t{{.Restarts}}\t{{.LastExit}}\t{{.Since}}"

// Unknown as the number of restarts says that nobody counted them.
const Unknown = -1

// Components prints the components as `docker ps` prints containers: the
// format "" or "table" is a table, "json" a JSON object in a line for each,
// "table TEMPLATE" a table of those columns, and the rest a Go template for
// each. Its fields are the methods of [component]. The error is one in the
// template, or of writing.
func Components(out io.Writer, format string, status pod.Status, now time.Time) error {
	if format == "" || format == formatter.TableFormatKey {
		format = componentTable
	}
	header := component{}
	header.Header = formatter.SubHeaderContext{
		"Name": "COMPONENT", "Role": "ROLE", "State": "STATE", "Health": "HEALTH", "Restarts": "RESTARTS",
		"LastExit": "LAST EXIT", "ExitCode": "EXIT CODE", "Reason": "REASON", "Since": "SINCE", "ID": "CONTAINER ID",
	}
	ctx := formatter.Context{Output: out, Format: formatter.Format(format), Trunc: true}
	return ctx.Write(&header, func(write func(formatter.SubContext) error) error {
		for _, c := range status.Components {
			if err := write(&component{c: c, now: now}); err != nil {
				return err
			}
		}
		return nil
	})
}

// component is one row; a template sees the methods.
type component struct {
	formatter.HeaderContext
	c   pod.ComponentStatus
	now time.Time
}

// MarshalJSON makes an object of all the methods below.
func (r *component) MarshalJSON() ([]byte, error) { return formatter.MarshalJSON(r) }

// Name is the component's.
func (r *component) Name() string { return r.c.Name }

// Role is component or init.
func (r *component) Role() string { return string(r.c.Role) }

// State is how far it is: waiting, starting, running, restarting, stopping,
// ended.
func (r *component) State() string { return string(r.c.Life) }

// Health is starting, healthy or unhealthy, and whether it is not ready; "-"
// unless it runs.
func (r *component) Health() string { return componentHealth(r.c) }

// Restarts counts them, "-" if they are [Unknown].
func (r *component) Restarts() string {
	if r.c.Restarts == Unknown {
		return "-"
	}
	return strconv.Itoa(r.c.Restarts)
}

// ExitCode is that of its last end; "" if it never ended.
func (r *component) ExitCode() string {
	if r.c.LastExit == nil {
		return ""
	}
	return strconv.Itoa(r.c.LastExit.Code)
}

// Reason is why it last ended, or could not start; "" for neither.
func (r *component) Reason() string { return r.c.Reason }

// LastExit is the reason and how long ago that was, "-" for none.
func (r *component) LastExit() string {
	switch {
	case r.c.Reason == "" && r.c.LastExit == nil:
		return "-"
	case r.c.LastExit == nil || r.c.LastExit.At.IsZero():
		return r.c.Reason
	default:
		return r.c.Reason + ", " + Age(r.c.LastExit.At, r.now) + " ago"
	}
}

// Since is for how long it has been in this state.
func (r *component) Since() string { return Age(r.c.Since, r.now) }

// ID is its container's, "" for none.
func (r *component) ID() string { return formatter.TruncateID(r.c.ContainerID) }

// Age is the time from then to now in words, "-" if there is no then.
func Age(then, now time.Time) string {
	if then.IsZero() {
		return "-"
	}
	return units.HumanDuration(max(0, now.Sub(then)))
}
