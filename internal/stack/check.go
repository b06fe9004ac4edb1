package stack

import (
	"fmt"
	"maps"
	"reflect"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"

	"github.com/docker/cli/cli/compose/types"
)

// check looks at the result: what `docker stack deploy` will say to it, what
// the pods will say to their labels, and what would go wrong later.
func (r *rendering) check(out *node, pods map[string]*madePod) {
	valid := r.checkSchema(out)
	r.checkLoad(out, valid)
	r.checkNames(out)
	r.checkDollars(out, nil, pods)
	services := out.get("services")
	for _, name := range services.keys {
		s := services.kids[name]
		r.checkServiceLabels(name, s)
		r.checkIgnored(name, s)
		made := pods[name]
		text := labelTexts(s)
		if !isPod(text) {
			if made == nil {
				r.checkEmptyPod(name, s)
			}
			continue
		}
		if made != nil && made.broken {
			continue
		}
		l := &linter{rendering: r, name: name, service: s, labels: text, made: made}
		l.checkPod()
	}
}

// checkSchema reports what docker/cli's schema has against the result, one
// mistake for each key.
func (r *rendering) checkSchema(out *node) (valid bool) {
	version := out.str("version")
	if version == "" {
		version = newestVersion
	}
	sections := map[string]any{}
	services := map[string]any{}
	all := out.get("services")
	for _, name := range all.keys {
		services[name] = typed(all.kids[name], r.Environment, parsed)
	}
	sections["services"] = services
	for _, k := range topLevel[2:] {
		if v := out.get(k); v != nil {
			sections[k] = r.objects(v)
		}
	}
	err := validateStack(sections, version)
	if err == nil {
		return true
	}
	if strings.HasPrefix(err.Error(), "unsupported Compose file version") {
		v := out.get("version")
		r.found.mistake(v.at, "the version %q is not one of 3.0 to %s: `docker stack deploy` reads no other; leave the line out", v.text, newestVersion)
		return false
	}
	before := len(r.found.mistakes)
	for _, section := range topLevel[1:] {
		objects := out.get(section)
		for _, name := range keysOf(objects) {
			for _, part := range parts(sections[section].(map[string]any)[name]) {
				stack := map[string]any{section: map[string]any{name: part}}
				if err := validateStack(stack, version); err != nil {
					r.schemaMistake(out, err, validateStack(stack, newestVersion) == nil)
				}
			}
		}
	}
	if len(r.found.mistakes) == before {
		r.schemaMistake(out, err, false) // only together they are wrong
	}
	return false
}

// parts are the entries of a mapping one by one, so that each can be wrong by
// itself; else the value. Only deploy is deep, and its mappings need nothing to
// be complete.
func parts(v any) []any {
	m, ok := v.(map[string]any)
	if !ok || len(m) == 0 {
		return []any{v}
	}
	var all []any
	for _, k := range slices.Sorted(maps.Keys(m)) {
		if k != "deploy" {
			all = append(all, map[string]any{k: m[k]})
			continue
		}
		for _, setting := range parts(m[k]) {
			for group, settings := range asMap(setting) {
				for _, one := range parts(settings) {
					all = append(all, map[string]any{k: map[string]any{group: one}})
				}
			}
			if asMap(setting) == nil {
				all = append(all, map[string]any{k: setting})
			}
		}
	}
	return all
}

func asMap(v any) map[string]any {
	m, _ := v.(map[string]any)
	return m
}

// noFormat is what the schema says of a text of the wrong form.
var noFormat = regexp.MustCompile(`^Does not match format '(\w+)'`)

// schemaMistake puts docker/cli's message where it belongs.
func (r *rendering) schemaMistake(out *node, err error, newer bool) {
	path, text, _ := strings.Cut(err.Error(), " ")
	n := find(out, path)
	if rest, ok := strings.CutPrefix(text, "Additional property "); ok {
		key := strings.TrimSuffix(rest, " is not allowed")
		at := n.at
		if k := n.get(key); k != nil {
			at = k.at
		}
		if slices.Contains(topLevel, path) {
			r.found.mistake(at, "%q is no name for one of the %s: use letters, digits, and . _ -", key, path)
			return
		}
		if newer {
			r.found.mistake(at, "%s: %s is not known in version %s of the format: leave the line version out, or write a newer one", path, key, out.str("version"))
			return
		}
		r.found.mistake(at, "%s: unknown key %q%s", path, key, didYouMean(key, dockerWords()))
		return
	}
	text = strings.ReplaceAll(text, "must be a integer", "must be a whole number")
	text = noFormat.ReplaceAllString(text, "is not a valid value for $1")
	if strings.HasPrefix(text, "is not") && n.isScalar() {
		text += ": " + strconv.Quote(n.text)
	} else if n.isScalar() && !n.isNull() {
		text += ", not the " + strings.TrimPrefix(n.kindName(), "a ") + " " + strconv.Quote(n.text)
	} else if n != nil && strings.HasPrefix(text, "must be") {
		text += ", not " + n.kindName()
	}
	r.found.mistake(n.at, "%s %s%s", path, text, remedy(path, text, n))
}

// durations are the keys whose values are times.
var durations = []string{"stop_grace_period", "interval", "timeout", "start_period", "start_interval", "delay", "monitor", "window"}

// remedy says what to write instead, where that is not plain from the text.
func remedy(path, text string, n *node) string {
	key := path[strings.LastIndex(path, ".")+1:]
	switch wantsText := strings.HasPrefix(text, "must be a string"); {
	case key == "depends_on" && n.isMap():
		return "; only a service with x-podlike can have the long form"
	case strings.Contains(path, ".labels.pod.") && !n.isScalar():
		return ": write a | behind the colon, which makes a text of the lines below"
	case wantsText && n.isScalar() && slices.Contains(durations, key):
		return fmt.Sprintf(": it needs a unit, write %ss", n.text)
	case wantsText && n.isScalar():
		return ": put it in quotes"
	case strings.HasPrefix(text, "must be a list") && n.isScalar() && !n.isNull():
		return ": write `- " + n.text + "` on a line below"
	default:
		return ""
	}
}

// find is the value at a dotted path, or the innermost one on the way to it.
// Names may have dots themselves.
func find(n *node, path string) *node {
	parts := strings.Split(path, ".")
	for len(parts) > 0 {
		found := false
		for i := len(parts); i > 0 && n.isMap() && !found; i-- {
			if kid := n.get(strings.Join(parts[:i], ".")); kid != nil {
				n, parts, found = kid, parts[i:], true
			}
		}
		if n.isList() && !found {
			i := 0
			for _, c := range parts[0] {
				if c < '0' || c > '9' {
					return n
				}
				i = min(i*10+int(c-'0'), 1<<20)
			}
			if i < len(n.list) {
				n, parts, found = n.list[i], parts[1:], true
			}
		}
		if !found {
			return n
		}
	}
	return n
}

// dockerWords are all keys that docker/cli knows anywhere.
var dockerWords = sync.OnceValue(func() []string {
	var words []string
	seen := map[reflect.Type]bool{}
	var visit func(t reflect.Type)
	visit = func(t reflect.Type) {
		for t.Kind() == reflect.Pointer || t.Kind() == reflect.Slice || t.Kind() == reflect.Map {
			t = t.Elem()
		}
		if t.Kind() != reflect.Struct || seen[t] {
			return
		}
		seen[t] = true
		for f := range t.Fields() {
			if name, _, _ := strings.Cut(f.Tag.Get("json"), ","); name != "" && name != "-" {
				words = append(words, name)
			}
			visit(f.Type)
		}
	}
	visit(reflect.TypeFor[types.Config]())
	return words
})

// checkLoad runs docker/cli's loader over the result, for what the schema
// cannot say. What the schema has reported is left out.
func (r *rendering) checkLoad(out *node, valid bool) {
	services := out.get("services")
	for _, name := range services.keys {
		s := services.kids[name]
		load := func(service map[string]any) error {
			_, err := r.loadSections(map[string]any{"services": map[string]any{name: service}})
			return err
		}
		service := r.dockerPart(s)
		if !valid {
			dropInvalid(name, service)
		}
		if load(service) == nil {
			continue
		}
		for _, k := range s.keys {
			if v, ok := service[k]; ok {
				if err := load(map[string]any{k: v}); err != nil {
					r.found.mistake(s.kids[k].at, "services.%s.%s is not valid: %s", name, k, loaderText(err))
				}
			}
		}
	}
	for _, section := range topLevel[2:] {
		objects := out.get(section)
		for _, name := range keysOf(objects) {
			one := map[string]any{name: typed(currentForm(objects.kids[name]), r.Environment, parsedBelow)}
			if !valid && validateStack(map[string]any{section: one}, newestVersion) != nil {
				continue
			}
			if _, err := r.loadSections(map[string]any{section: one}); err != nil {
				r.found.mistake(objects.kids[name].at, "%s", loaderText(err))
			}
		}
	}
}

// loaderNoise is how mapstructure says where; we know better.
var loaderNoise = regexp.MustCompile(`(?s)^.*error\(s\):\s*|^'[^']*' `)

func loaderText(err error) string {
	text := loaderNoise.ReplaceAllString(err.Error(), "")
	return strings.Join(strings.Fields(loaderNoise.ReplaceAllString(text, "")), " ")
}
