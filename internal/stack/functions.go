package stack

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"text/template"

	"gopkg.in/yaml.v3"
)

// functions are what templates may call, besides those of text/template.
// What they work on is their last argument, for pipelines. Names and order of
// arguments are those of Sprig and Helm, where they have the function.
var functions = template.FuncMap{
	"yaml":       toText,
	"toJson":     toJSON,
	"indent":     indent,
	"empty":      empty,
	"notEmpty":   func(v any) bool { return !empty(v) },
	"contains":   func(part, s string) bool { return strings.Contains(s, part) },
	"startsWith": func(prefix, s string) bool { return strings.HasPrefix(s, prefix) },
	"replace":    replace,
	"default":    orDefault,
	"required":   orFail,
	"quote":      quote,
	"join":       join,
}

func functionNames() []string {
	return append(slices.Sorted(maps.Keys(functions)), "and", "or", "not", "len", "index", "slice", "print", "printf", "println", "range", "if", "eq", "ne")
}

// toText is the YAML of a value, without the last line break.
func toText(v any) (string, error) {
	var b strings.Builder
	enc := yaml.NewEncoder(&b)
	enc.SetIndent(2)
	if err := enc.Encode(v); err != nil {
		return "", err
	}
	return strings.TrimSuffix(b.String(), "\n"), nil
}

func toJSON(v any) (string, error) {
	b, err := json.Marshal(v)
	return string(b), err
}

// indent puts n blanks before every line.
func indent(n int, s string) (string, error) {
	if n < 0 || n > maxText/2 {
		return "", fmt.Errorf("cannot indent by %d", n)
	}
	pad := strings.Repeat(" ", n)
	return pad + strings.ReplaceAll(s, "\n", "\n"+pad), nil
}

// empty: false, 0, "", nothing, and what has no items.
func empty(v any) bool {
	r := reflect.ValueOf(v)
	switch r.Kind() {
	case reflect.Array, reflect.Slice, reflect.Map, reflect.String:
		return r.Len() == 0
	case reflect.Struct:
		return false
	default:
		return !r.IsValid() || r.IsZero()
	}
}

// replace is `replace OLD NEW S`, or `replace OLD NEW N S` for the first N.
func replace(old, new string, rest ...any) (string, error) {
	n := -1
	switch len(rest) {
	case 1:
	case 2:
		count, ok := rest[0].(int)
		if !ok {
			return "", errors.New("replace: how often to replace must be a number")
		}
		n = count
	default:
		return "", errors.New("replace: write `replace OLD NEW TEXT` or `replace OLD NEW TIMES TEXT`")
	}
	return strings.Replace(text(rest[len(rest)-1]), old, new, n), nil
}

func orDefault(fallback any, v ...any) any {
	if len(v) == 0 || empty(v[0]) {
		return fallback
	}
	return v[0]
}

func orFail(message string, v any) (any, error) {
	if v == nil || v == "" {
		return nil, errors.New(message)
	}
	return v, nil
}

func quote(v ...any) string {
	quoted := make([]string, 0, len(v))
	for _, item := range v {
		if item != nil {
			quoted = append(quoted, strconv.Quote(text(item)))
		}
	}
	return strings.Join(quoted, " ")
}

func join(separator string, v any) string {
	r := reflect.ValueOf(v)
	if r.Kind() != reflect.Slice && r.Kind() != reflect.Array {
		return text(v)
	}
	parts := make([]string, r.Len())
	for i := range parts {
		parts[i] = text(r.Index(i).Interface())
	}
	return strings.Join(parts, separator)
}

func text(v any) string {
	switch v := v.(type) {
	case nil:
		return ""
	case *string:
		if v == nil {
			return ""
		}
		return *v
	default:
		return fmt.Sprint(v)
	}
}
