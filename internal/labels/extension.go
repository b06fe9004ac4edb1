package labels

import (
	"slices"
	"strings"

	"github.com/podlike/podlike/internal/pod"
)

// passedSignals can be passed on to components. Others either mean that the
// pod ends (SIGTERM, SIGINT) or cannot be caught.
var passedSignals = []string{
	"SIGALRM", "SIGCONT", "SIGHUP", "SIGQUIT", "SIGTTIN", "SIGTTOU", "SIGURG", "SIGUSR1", "SIGUSR2", "SIGWINCH",
}

// extension reads x-podlike, whose keys were checked with all others.
func (d *definition) extension(c *pod.Component) {
	if v, ok := d.extra["essential"].(bool); ok {
		c.Essential = v
	}
	if v, ok := d.extra["start_timeout"].(string); ok {
		c.StartTimeout, _ = parseDuration(v) // was checked with the keys
	}
	for i, v := range d.extensionList("ignore_exit_codes") {
		n, ok := v.(int)
		if !ok || n < 1 || n > 255 {
			d.wrong([]string{"x-podlike", "ignore_exit_codes", itoa(i)}, "must be an exit code from 1 to 255")
			continue
		}
		c.IgnoreExitCodes = append(c.IgnoreExitCodes, n)
	}
	slices.Sort(c.IgnoreExitCodes)
	c.IgnoreExitCodes = slices.Compact(c.IgnoreExitCodes)
	for i, v := range d.extensionList("signals") {
		if name, ok := d.signal(v, i); ok {
			c.Signals = append(c.Signals, name)
		}
	}
	slices.Sort(c.Signals)
	c.Signals = slices.Compact(c.Signals)
	c.Probes = d.probes()
}

func (d *definition) signal(v any, i int) (string, bool) {
	path := []string{"x-podlike", "signals", itoa(i)}
	word, _ := v.(string)
	name := strings.ToUpper(word)
	if !strings.HasPrefix(name, "SIG") {
		name = "SIG" + name
	}
	switch {
	case contains(passedSignals, name):
		return name, true
	case name == "SIGTERM" || name == "SIGINT":
		d.wrong(path, "cannot be %s: it stops the pod, and with it every component", name)
	default:
		d.wrong(path, "must be one of %s%s", strings.Join(passedSignals, ", "), didYouMean(name, passedSignals))
	}
	return "", false
}

func (d *definition) extensionList(key string) []any {
	v, ok := d.extra[key]
	if !ok || v == nil {
		return nil
	}
	list, ok := v.([]any)
	if !ok {
		d.wrong([]string{"x-podlike", key}, "must be a list, as [%s]", map[string]string{
			"signals": "SIGHUP", "ignore_exit_codes": "143",
		}[key])
	}
	return list
}
