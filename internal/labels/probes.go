package labels

import (
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/podlike/podlike/internal/pod"
)

// The defaults of Kubernetes.
const (
	probePeriod   = 10 * time.Second
	probeTimeout  = time.Second
	probeFailures = 3
	probeHost     = "127.0.0.1"

	// leastPeriod keeps a slip of the pen from using up a processor.
	leastPeriod = 100 * time.Millisecond
)

// probeHandlers are the keys of which a probe has exactly one.
var probeHandlers = []string{"exec", "grpc", "http", "tcp"}

var (
	// headerName is a token of RFC 9110, section 5.6.2.
	headerName  = regexp.MustCompile("^[!#$%&'*+.^_`|~0-9A-Za-z-]+$")
	codeOrRange = regexp.MustCompile(`^([1-5][0-9][0-9])(?:-([1-5][0-9][0-9]))?$`)
)

// probes reads x-podlike.probes. Unknown keys and the types of numbers and
// durations were checked with all other keys.
func (d *definition) probes() pod.Probes {
	var probes pod.Probes
	all, ok := d.extensionMap([]string{"x-podlike", "probes"}, d.extra["probes"])
	if !ok {
		return probes
	}
	if d.role == pod.RoleInit {
		d.warnf("ignores probes: an init component is done when it ends")
		return probes
	}
	kinds := make([]string, len(pod.ProbeKinds))
	for i, k := range pod.ProbeKinds {
		kinds[i] = string(k)
	}
	for _, k := range slices.Sorted(maps.Keys(all)) {
		path := []string{"x-podlike", "probes", k}
		if !contains(kinds, k) {
			d.unknown(k, path[:2], kinds)
			continue
		}
		m, ok := d.extensionMap(path, all[k])
		if !ok && all[k] != nil {
			continue
		}
		p := d.probe(m, path)
		switch pod.ProbeKind(k) {
		case pod.Startup:
			probes.Startup = p
		case pod.Liveness:
			probes.Liveness = p
		default:
			probes.Readiness = p
		}
	}
	return probes
}

// extensionMap is the mapping at path; ok is false for nothing, and for what
// is none, after a mistake.
func (d *definition) extensionMap(path []string, v any) (m map[string]any, ok bool) {
	if v == nil {
		return nil, false
	}
	if m, ok = v.(map[string]any); !ok {
		d.wrong(path, "must be a mapping, not %s", typeName(v))
	}
	return m, ok
}

func (d *definition) probe(m map[string]any, path []string) *pod.Probe {
	p := &pod.Probe{
		InitialDelay:     d.probeTime(m, path, "initial_delay", 0, 0),
		Period:           d.probeTime(m, path, "period", probePeriod, leastPeriod),
		Timeout:          d.probeTime(m, path, "timeout", probeTimeout, time.Millisecond),
		SuccessThreshold: d.threshold(m, path, "success_threshold", 1),
		FailureThreshold: d.threshold(m, path, "failure_threshold", probeFailures),
	}
	var found []string
	for _, handler := range probeHandlers {
		if _, ok := m[handler]; ok {
			found = append(found, handler)
		}
	}
	if len(found) != 1 {
		got := "none is there"
		if len(found) > 0 {
			got = "here are " + strings.Join(found, " and ")
		}
		d.wrong(path, "needs exactly one of %s; %s", strings.Join(probeHandlers, ", "), got)
		return p
	}
	at := extend(path, found[0])
	h, ok := d.extensionMap(at, m[found[0]])
	if !ok && m[found[0]] != nil {
		return p
	}
	switch found[0] {
	case "http":
		p.HTTP = d.httpProbe(h, at)
	case "tcp":
		p.TCP = &pod.TCPProbe{Host: d.probeText(h, at, "host", probeHost), Port: d.port(h, at)}
	case "grpc":
		p.GRPC = &pod.GRPCProbe{Host: d.probeText(h, at, "host", probeHost), Port: d.port(h, at), Service: d.probeText(h, at, "service", "")}
	case "exec":
		p.Exec = d.probeCommand(h["command"], extend(at, "command"))
	}
	return p
}

func (d *definition) httpProbe(h map[string]any, path []string) *pod.HTTPProbe {
	p := &pod.HTTPProbe{
		Scheme: d.probeText(h, path, "scheme", "http"),
		Host:   d.probeText(h, path, "host", probeHost),
		Port:   d.port(h, path),
		Path:   d.probeText(h, path, "path", "/"),
	}
	p.Scheme = strings.ToLower(p.Scheme) // Kubernetes writes HTTP
	if p.Scheme != "http" && p.Scheme != "https" {
		d.wrong(extend(path, "scheme"), "must be http or https, not %q", p.Scheme)
	}
	if !strings.HasPrefix(p.Path, "/") {
		d.wrong(extend(path, "path"), "must begin with a slash, unlike %q", p.Path)
	}
	headers, _ := d.extensionMap(extend(path, "headers"), h["headers"])
	for _, name := range slices.Sorted(maps.Keys(headers)) {
		at := append(extend(path, "headers"), name)
		value := d.text(headers[name], at)
		switch {
		case !headerName.MatchString(name):
			d.wrong(at, "is no name for a header")
		case strings.ContainsAny(value, "\r\n\x00"):
			d.wrong(at, "must be one line")
		default:
			if p.Headers == nil {
				p.Headers = map[string]string{}
			}
			p.Headers[name] = value
		}
	}
	p.Expect = d.codes(h["expect"], extend(path, "expect"))
	return p
}

// codes reads 204, "200-299", or a list of these.
func (d *definition) codes(v any, path []string) []pod.CodeRange {
	if v == nil {
		return []pod.CodeRange{{Low: 200, High: 399}}
	}
	list, ok := v.([]any)
	if !ok {
		r, _ := d.codeRange(v, path)
		return []pod.CodeRange{r}
	}
	var all []pod.CodeRange
	for i, item := range list {
		if r, ok := d.codeRange(item, extend(path, itoa(i))); ok {
			all = append(all, r)
		}
	}
	if len(list) == 0 {
		d.wrong(path, "must not be empty")
	}
	return all
}

func (d *definition) codeRange(v any, path []string) (pod.CodeRange, bool) {
	found := codeOrRange.FindStringSubmatch(strings.ReplaceAll(d.text(v, path), " ", ""))
	if found == nil {
		d.wrong(path, "must be an HTTP status like 204, or a range like 200-399")
		return pod.CodeRange{}, false
	}
	low, _ := strconv.Atoi(found[1])
	high := low
	if found[2] != "" {
		high, _ = strconv.Atoi(found[2])
	}
	if high < low {
		d.wrong(path, "is a range that ends before it begins: %d-%d", low, high)
		return pod.CodeRange{}, false
	}
	return pod.CodeRange{Low: low, High: high}, true
}

// port is the port of a handler, which must be there.
func (d *definition) port(h map[string]any, path []string) int {
	v, ok := h["port"]
	if !ok || v == nil {
		// One that was taken out after a mistake still has its spot.
		if _, was := d.at.find(path).kids["port"]; !was || ok {
			d.wrong(path, `needs the key "port"`)
		}
		return 0
	}
	n, ok := v.(int)
	if !ok || n < 1 || n > 65535 {
		d.wrong(extend(path, "port"), "must be a port from 1 to 65535")
		return 0
	}
	return n
}

// probeCommand is a list of words, or a string that is split as Compose does.
func (d *definition) probeCommand(v any, path []string) []string {
	var words []string
	switch v := v.(type) {
	case nil:
	case string:
		before := len(d.found.mistakes)
		if words = d.words(v, path); len(d.found.mistakes) > before {
			return nil
		}
	case []any:
		for i, item := range v {
			words = append(words, d.text(item, extend(path, itoa(i))))
		}
	default:
		d.wrong(path, "must be a list or a string, not %s", typeName(v))
		return nil
	}
	if len(words) == 0 {
		d.wrong(path, "must not be empty")
	}
	return words
}

func (d *definition) probeText(h map[string]any, path []string, key, otherwise string) string {
	if v := h[key]; v != nil {
		return d.text(v, extend(path, key))
	}
	return otherwise
}

func (d *definition) probeTime(m map[string]any, path []string, key string, otherwise, least time.Duration) time.Duration {
	text, ok := m[key].(string)
	if !ok {
		return otherwise
	}
	t, err := parseDuration(text)
	if err == nil && t < least {
		d.wrong(extend(path, key), "must be %s or more", least)
	}
	return t
}

func (d *definition) threshold(m map[string]any, path []string, key string, otherwise int) int {
	n, ok := m[key].(int)
	if !ok {
		return otherwise
	}
	if n < 1 {
		d.wrong(extend(path, key), "must be 1 or more")
	}
	return n
}
