package labels

import (
	"strconv"
	"strings"

	"github.com/podlike/podlike/internal/pod"
	"gopkg.in/yaml.v3"
)

// definition is one component on its way from text to [pod.Component].
type definition struct {
	*document
	name    string
	role    pod.Role
	prefix  string // what stands before a path in messages: "", "init-1", "services.web"
	lenient bool   // of a Compose file: what makes no sense in a pod is ignored
	image   bool   // an image is required

	at      *spot
	value   map[string]any
	extra   map[string]any  // the value of x-podlike
	dropped map[string]bool // keys that were taken out after a mistake
	broken  bool            // cannot be read at all; only the name is known

	circular bool   // extends leads back to itself
	hookOf   string // the component whose pre_start it is
}

// define reads the mapping of one component. After a mistake it is broken:
// others may still name it.
func (d *document) define(n *yaml.Node, line int, name string, role pod.Role, prefix string) *definition {
	def := &definition{
		document: d, name: name, role: role, prefix: prefix, image: true,
		at: &spot{line: line}, value: map[string]any{}, dropped: map[string]bool{},
	}
	if n == nil || unalias(n).ShortTag() == "!!null" {
		return def // says the same as a mapping without keys
	}
	value, ok := d.value(n, def.at, 0).(map[string]any)
	if !ok {
		def.broken = true
		if d.budget > 0 {
			d.mistake(line, "%s must be a mapping of Compose keys, as `image: nginx`", def.subject("the definition"))
		}
		return def
	}
	def.value = value
	for k := range value {
		if def.at.kids[k].spoilt() {
			def.drop(k) // the rest of it would only cause mistakes that are none
		}
	}
	return def
}

// drop takes a key out after a mistake in it.
func (d *definition) drop(key string) {
	delete(d.value, key)
	d.dropped[key] = true
}

// subject names the definition in a message: its prefix, or fallback.
func (d *definition) subject(fallback string) string {
	if d.prefix != "" {
		return d.prefix
	}
	return fallback
}

// show writes a path as people do: "init-1.volumes[0].bind".
func (d *definition) show(path []string) string {
	var b strings.Builder
	b.WriteString(d.prefix)
	for _, part := range path {
		if _, err := strconv.Atoi(part); err == nil {
			b.WriteString("[" + part + "]")
			continue
		}
		if b.Len() > 0 {
			b.WriteByte('.')
		}
		b.WriteString(part)
	}
	return b.String()
}

// in is “ or ` in healthcheck`: where the mapping at path stands.
func (d *definition) in(path []string) string {
	if s := d.show(path); s != "" {
		return " in " + s
	}
	return ""
}

// wrong is a mistake about the value at path: "healthcheck.interval must be ...".
func (d *definition) wrong(path []string, format string, args ...any) {
	subject := d.show(path)
	if subject == "" {
		subject = "the definition"
	}
	d.mistake(d.at.find(path).line, "%s "+format, append([]any{subject}, args...)...)
}

// warnf is a warning that names the component.
func (d *definition) warnf(format string, args ...any) {
	d.found.warn("component %q: "+format, append([]any{d.name}, args...)...)
}

// extend makes a path one longer without touching the original.
func extend(path []string, part string) []string {
	return append(path[:len(path):len(path)], part)
}
