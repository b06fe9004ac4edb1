package labels

import (
	"maps"
	"path"
	"slices"
	"strconv"
	"strings"

	"github.com/podlike/podlike/internal/pod"
	"gopkg.in/yaml.v3"
)

// copies reads the value of a pod.copy label: `src:dst[:mode=0400,uid=1,gid=1]`,
// a list of these, or a mapping of src to dst[:options].
func (d *document) copies(root *yaml.Node) []pod.Copy {
	if root == nil {
		return nil
	}
	at := &spot{line: root.Line}
	switch v := d.value(root, at, 0).(type) {
	case nil:
		return nil
	case string:
		return d.copyLine(v, at.line)
	case []any:
		var all []pod.Copy
		for i, item := range v {
			s := at.find([]string{itoa(i)})
			switch item := item.(type) {
			case string:
				all = append(all, d.copyLine(item, s.line)...)
			case map[string]any:
				all = append(all, d.copyMap(item, s)...)
			default:
				d.mistake(s.line, "a copy must be written as /source:/target, not as %s", typeName(item))
			}
		}
		return all
	case map[string]any:
		return d.copyMap(v, at)
	default:
		d.mistake(at.line, "must be /source:/target, a list of these, or a mapping, not %s", typeName(v))
		return nil
	}
}

func (d *document) copyMap(m map[string]any, at *spot) []pod.Copy {
	var all []pod.Copy
	for _, source := range slices.Sorted(maps.Keys(m)) {
		line := at.find([]string{source}).line
		target, ok := m[source].(string)
		if !ok {
			d.mistake(line, "the target of %s must be a path, not %s", source, typeName(m[source]))
			continue
		}
		all = append(all, d.copyLine(source+":"+target, line)...)
	}
	return all
}

// copyLine reads one src:dst[:options]; nothing after a mistake.
func (d *document) copyLine(text string, line int) []pod.Copy {
	parts := strings.Split(text, ":")
	for i := range parts {
		parts[i] = strings.TrimSpace(parts[i])
	}
	if len(parts) < 2 || len(parts) > 3 || len(parts) == 3 && !strings.Contains(parts[2], "=") {
		remedy := ""
		if strings.Count(text, ":") > 1 && strings.ContainsAny(strings.TrimSpace(text), " \n\t") {
			remedy = "; for several copies write a list, each line starting with `- `"
		}
		d.mistake(line, "%q is not /source:/target or /source:/target:mode=0400,uid=1000,gid=1000%s", text, remedy)
		return nil
	}
	before := len(d.found.mistakes)
	c := pod.Copy{Source: d.copyPath("source", parts[0], line), Target: d.copyPath("target", parts[1], line)}
	if len(parts) == 3 {
		for option := range strings.SplitSeq(parts[2], ",") {
			d.copyOption(&c, option, line)
		}
	}
	if len(d.found.mistakes) > before {
		return nil
	}
	return []pod.Copy{c}
}

func (d *document) copyPath(which, name string, line int) string {
	if !path.IsAbs(name) {
		d.mistake(line, "the %s %q must be an absolute path", which, name)
		return ""
	}
	clean := path.Clean(name)
	if which == "target" && strings.HasSuffix(name, "/") && clean != "/" {
		clean += "/" // means "into"
	}
	return clean
}

func (d *document) copyOption(c *pod.Copy, option string, line int) {
	name, value, _ := strings.Cut(option, "=")
	name, value = strings.TrimSpace(name), strings.TrimSpace(value)
	base, bits := 10, 31
	if name == "mode" {
		base, bits = 8, 12
	}
	n, err := strconv.ParseUint(value, base, bits)
	id := int(n)
	switch {
	case !contains([]string{"mode", "uid", "gid"}, name):
		d.mistake(line, "unknown option %q%s", name, didYouMean(name, []string{"mode", "uid", "gid"}))
	case err != nil && name == "mode":
		d.mistake(line, "mode must be octal, as 0400, not %q", value)
	case err != nil:
		d.mistake(line, "%s must be a number, not %q", name, value)
	case name == "mode":
		mode := uint32(n)
		c.Mode = &mode
	case name == "uid":
		c.UID = &id
	default:
		c.GID = &id
	}
}

// readCopies reads all pod.copy labels, by the component's name.
func readCopies(labels map[string]string, r *reader) map[string][]pod.Copy {
	all := map[string][]pod.Copy{}
	for _, label := range sortedKeys(labels) {
		name, ok := strings.CutPrefix(label, prefixCopy)
		if !ok || name == "" {
			continue
		}
		doc := r.document(label, "")
		root, ok := doc.parse(labels[label])
		if !ok {
			root = nil
		}
		all[name] = doc.copies(root)
	}
	return all
}

// giveCopies puts the copies to their components.
func giveCopies(copies map[string][]pod.Copy, defs []*definition, spec *pod.Spec, r *reader) {
	byName := map[string]*pod.Component{}
	for _, list := range [][]pod.Component{spec.Init, spec.Components} {
		for i := range list {
			byName[list[i].Name] = &list[i]
		}
	}
	var names []string
	for _, d := range defs {
		names = append(names, d.name)
	}
	for _, name := range sortedKeys(copies) {
		switch c := byName[name]; {
		case c != nil:
			c.Copies = copies[name]
		case !contains(names, name) && !r.namesUnknown:
			r.found.mistake(prefixCopy+name, 0, "there is no component %q%s", name, didYouMean(name, names))
		}
	}
}
