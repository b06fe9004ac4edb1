package stack

import (
	"errors"
	"fmt"
	"maps"
	"reflect"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"text/template"

	"github.com/docker/cli/cli/compose/types"
)

// values is what a template sees.
type values struct {
	// Service is the service as docker/cli reads it, all files merged. Strings
	// are as they were written: ${TAG} is still ${TAG}.
	Service types.ServiceConfig
	// Args are the arguments: the service's own, then those that the top level
	// has for it, then the global ones.
	Args map[string]any
	// Project is the whole stack.
	Project *types.Config
}

// templateError is how text/template says where: "template: t:3:12: ...".
var templateError = regexp.MustCompile(`^template: t:(\d+)(?::\d+)?: `)

// noField is what text/template says of a field that does not exist.
var noField = regexp.MustCompile(`can't evaluate field (\w+) in type (\S+)`)

// execute renders one template and reads the result, a mapping. ok is false
// after a mistake, which is in found. An empty result is an empty mapping.
func (r *rendering) execute(it item, v values) (_ *node, ok bool) {
	source, where, err := r.text(it)
	if err != nil {
		r.found.mistake(it.at, "%v", err)
		return nil, false
	}
	t, err := template.New("t").Funcs(functions).Parse(source)
	if err != nil {
		r.templateMistake(err, where)
		return nil, false
	}
	out := &limited{left: maxText}
	if err := t.Execute(out, v); err != nil {
		r.templateMistake(err, where)
		return nil, false
	}
	result := out.String()
	whereResult := where
	if strings.Count(result, "\n") != strings.Count(source, "\n") {
		// The lines are no longer those of the template.
		whereResult = func(line int) place { return place{file: where(1).file, line: where(1).line, result: line} }
	}
	if i := strings.Index(result, noValue); i >= 0 && !strings.Contains(source, noValue) {
		line := 1 + strings.Count(result[:i], "\n")
		text := strings.TrimSpace(strings.Split(result, "\n")[line-1])
		r.found.mistake(whereResult(line), "an argument has no value, in %q: add it to args, or write `default` or `required` in the template", text)
		return nil, false
	}
	n, ok := read(result, whereResult, r.found)
	switch {
	case !ok:
		return nil, false
	case n.isNull():
		return newMap(it.at), true
	case !n.isMap():
		r.found.mistake(n.at, "a template must make a YAML mapping, not %s", n.kindName())
		return nil, false
	default:
		return n, true
	}
}

// noValue is what text/template prints for a value that is not there.
const noValue = "<no value>"

// templateMistake reports an error of text/template with its line, and with
// the field that was probably meant.
func (r *rendering) templateMistake(err error, where func(line int) place) {
	text, at := err.Error(), where(1)
	if m := templateError.FindStringSubmatch(text); m != nil {
		line, _ := strconv.Atoi(m[1])
		at = where(line)
		text = text[len(m[0]):]
	}
	text = strings.TrimPrefix(text, `executing "t" at `)
	if m := noField.FindStringSubmatch(text); m != nil {
		text += didYouMean(m[1], fieldsOf(m[2]))
	}
	remedy := ""
	if strings.Contains(text, "function \"") && strings.Contains(text, "not defined") {
		name, _, _ := strings.Cut(text[strings.Index(text, `"`)+1:], `"`)
		if remedy = didYouMean(name, functionNames()); remedy == "" {
			remedy = "; the functions are " + strings.Join(slices.Sorted(maps.Keys(functions)), ", ") + ", and those of Go's text/template"
		}
	}
	r.found.mistake(at, "the template fails: %s%s", text, remedy)
}

// fieldsOf are the fields of the types that templates see, by the name that
// text/template has for the type.
func fieldsOf(name string) []string {
	var names []string
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
			if strings.TrimLeft(name, "*") == t.String() {
				names = append(names, f.Name)
			}
			visit(f.Type)
		}
	}
	visit(reflect.TypeFor[values]())
	return names
}

// limited collects output up to a limit: a template can loop.
type limited struct {
	strings.Builder
	left int
}

var errTooLong = errors.New("its result is too long")

func (l *limited) Write(p []byte) (int, error) {
	if l.left -= len(p); l.left < 0 {
		return 0, fmt.Errorf("%w: more than %d bytes", errTooLong, maxText)
	}
	return l.Builder.Write(p)
}
