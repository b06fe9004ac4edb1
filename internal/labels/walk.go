package labels

import (
	"maps"
	"slices"
	"strconv"
	"strings"
)

// checkKeys compares the definition's keys with the table, gives the scalars
// of the table's kinds their one form, and takes out everything that the
// later steps should not see: what was refused or ignored, and x-podlike.
func (d *definition) checkKeys() {
	d.oldForms()
	d.walkMap(d.value, "", nil)
	if extra, ok := d.value["x-podlike"]; ok {
		delete(d.value, "x-podlike")
		if m, ok := extra.(map[string]any); ok {
			d.extra = m
		} else {
			d.wrong([]string{"x-podlike"}, "must be a mapping, as `essential: false`")
		}
	}
}

func (d *definition) walkMap(m map[string]any, name string, path []string) {
	known := keyIndex.children[name]
	for _, k := range slices.Sorted(maps.Keys(m)) {
		p := extend(path, k)
		child := below(name, k)
		key, inTable := keyIndex.keys[child]
		switch {
		case !inTable && slices.Contains(known, "*"):
			child = below(name, "*")
			key = keyIndex.keys[child]
		case !inTable && strings.HasPrefix(k, "x-"):
			// Compose's extension fields: there to be ignored.
			delete(m, k)
			if name == "" && nearest(k, []string{"x-podlike"}) != "" {
				d.mistake(d.at.find(p).line, "unknown key %q%s%s", k, d.in(path), didYouMean(k, []string{"x-podlike"}))
			}
			continue
		case !inTable:
			delete(m, k)
			d.unknown(k, path, known)
			continue
		}
		if d.refuse(key, p) {
			delete(m, k)
			continue
		}
		v, keep := d.walkValue(m[k], child, key.value, p)
		if !keep || v == nil && name == "" {
			delete(m, k) // `key:` with nothing below it says nothing
			continue
		}
		m[k] = v
	}
}

// walkValue returns the value in its one form; keep is false after a mistake.
func (d *definition) walkValue(v any, name string, kind valueKind, path []string) (_ any, keep bool) {
	switch v := v.(type) {
	case map[string]any:
		if len(keyIndex.children[name]) > 0 {
			d.walkMap(v, name, path)
		}
		return v, true
	case []any:
		item := below(name, "[]")
		if len(keyIndex.children[item]) == 0 {
			return v, true
		}
		for i, e := range v {
			if m, ok := e.(map[string]any); ok {
				d.walkMap(m, item, extend(path, strconv.Itoa(i)))
			}
		}
		return v, true
	case nil:
		return nil, true
	default:
		return d.scalarOf(kind, v, path)
	}
}

func (d *definition) unknown(k string, path, known []string) {
	names := slices.DeleteFunc(slices.Clone(known), func(s string) bool {
		return s == "[]" || s == "*"
	})
	if d.lenient {
		d.warnf("ignores the unknown key %q%s", k, d.in(path))
		return
	}
	d.mistake(d.at.find(extend(path, k)).line, "unknown key %q%s%s", k, d.in(path), didYouMean(k, names))
}

// refuse says whether the key has no place here: a mistake in a label, a
// warning in a Compose file.
func (d *definition) refuse(k Key, path []string) bool {
	switch {
	case k.FileOnly && !d.lenient:
		d.wrong(path, "has no place in a label: %s", k.Reason)
		return true
	case k.List != Unsupported:
		return false
	case d.lenient:
		d.warnf("ignores %s: %s", d.show(path), k.Reason)
		return true
	default:
		d.wrong(path, "is not supported in a pod: %s", k.Reason)
		return true
	}
}

// oldForms accepts what older definitions say in another shape than Compose.
func (d *definition) oldForms() {
	// depends_on: {db: } and {db: {}} mean "started".
	if deps, ok := d.value["depends_on"].(map[string]any); ok {
		for name, v := range deps {
			m, ok := v.(map[string]any)
			if v == nil {
				m, ok = map[string]any{}, true
			}
			if ok {
				if _, has := m["condition"]; !has {
					m["condition"] = "service_started"
				}
				deps[name] = m
			}
		}
	}
	// tmpfs: {/run: size=1m} is the list item /run:size=1m.
	if mounts, ok := d.value["tmpfs"].(map[string]any); ok {
		var list []any
		for _, target := range slices.Sorted(maps.Keys(mounts)) {
			if options := d.text(mounts[target], []string{"tmpfs", target}); options != "" {
				target += ":" + options
			}
			list = append(list, target)
		}
		d.value["tmpfs"] = list
	}
	// storage_opt takes any scalar.
	if options, ok := d.value["storage_opt"].(map[string]any); ok {
		for k, v := range options {
			options[k] = d.text(v, []string{"storage_opt", k})
		}
	}
}

// text is a scalar as it was written; "" for null, and for what is no scalar
// after a mistake.
func (d *definition) text(v any, path []string) string {
	switch v := v.(type) {
	case nil:
		return ""
	case string:
		return v
	case map[string]any, []any:
		d.wrong(path, "must be a string, not %s", typeName(v))
		return ""
	default:
		return d.at.find(path).text
	}
}
