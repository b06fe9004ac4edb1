package stack

import (
	"errors"
	"slices"
	"strconv"
	"strings"

	"github.com/docker/cli/cli/compose/template"
)

// substitute replaces the variables of a text as `docker stack deploy` would.
// certain is false when one of them is not set and has no default: what the
// deploy will make of it, nobody knows here.
func substitute(text string, env map[string]string) (_ string, certain bool) {
	if !strings.Contains(text, "$") {
		return text, true
	}
	certain = true
	out, err := template.Substitute(text, func(name string) (string, bool) {
		v, ok := env[name]
		if !ok {
			certain = certain && hasDefault(text, name)
		}
		return v, ok
	})
	if err != nil {
		return text, !required(err) && certain
	}
	return out, certain
}

// required: the text is well-formed, and only a value is missing.
func required(err error) bool {
	var invalid *template.InvalidTemplateError
	return errors.As(err, &invalid) && strings.HasPrefix(invalid.Template, "required variable ")
}

// hasDefault: every ${name...} in the text says what to use without a value.
func hasDefault(text, name string) bool {
	for rest := text; ; {
		i := strings.Index(rest, "$")
		if i < 0 || i+1 >= len(rest) {
			return true
		}
		rest = rest[i+1:]
		if rest[0] == '$' {
			rest = rest[1:]
			continue
		}
		after, ok := strings.CutPrefix(strings.TrimPrefix(rest, "{"), name)
		if !ok || after != "" && strings.ContainsRune("_abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789", rune(after[0])) {
			continue
		}
		if rest[0] != '{' || !strings.HasPrefix(strings.TrimPrefix(after, ":"), "-") {
			return false
		}
	}
}

// escape protects what is not to be replaced at the deploy.
func escape(text string) string { return strings.ReplaceAll(text, "$", "$$") }

// parsed are the places that docker/cli reads as something else than a
// string. Their variables are replaced before it sees them; all other strings
// reach templates, and the output, as they were written. "*" is any key, "[]"
// any item. The values say what is made of the text; see interpolate.go there.
var parsed = map[string]func(string) (any, error){
	"configs.[].mode":                          asInt,
	"secrets.[].mode":                          asInt,
	"healthcheck.retries":                      asInt,
	"healthcheck.disable":                      asBool,
	"healthcheck.interval":                     asText,
	"healthcheck.timeout":                      asText,
	"healthcheck.start_period":                 asText,
	"healthcheck.start_interval":               asText,
	"deploy.mode":                              asText,
	"deploy.replicas":                          asInt,
	"deploy.update_config.parallelism":         asInt,
	"deploy.update_config.max_failure_ratio":   asFloat,
	"deploy.update_config.delay":               asText,
	"deploy.update_config.monitor":             asText,
	"deploy.rollback_config.parallelism":       asInt,
	"deploy.rollback_config.max_failure_ratio": asFloat,
	"deploy.rollback_config.delay":             asText,
	"deploy.rollback_config.monitor":           asText,
	"deploy.restart_policy.max_attempts":       asInt,
	"deploy.restart_policy.delay":              asText,
	"deploy.restart_policy.window":             asText,
	"deploy.placement.max_replicas_per_node":   asInt,
	"deploy.resources.limits.memory":           asText,
	"deploy.resources.limits.pids":             asInt,
	"deploy.resources.reservations.memory":     asText,
	"ports.[]":                                 asText,
	"ports.[].target":                          asInt,
	"ports.[].published":                       asInt,
	"expose.[]":                                asText,
	"ulimits.*":                                asInt,
	"ulimits.*.hard":                           asInt,
	"ulimits.*.soft":                           asInt,
	"privileged":                               asBool,
	"oom_score_adj":                            asInt,
	"read_only":                                asBool,
	"stdin_open":                               asBool,
	"tty":                                      asBool,
	"stop_grace_period":                        asText,
	"volumes.[]":                               asText,
	"volumes.[].read_only":                     asBool,
	"volumes.[].volume.nocopy":                 asBool,
}

// parsedBelow is the same for the top level, below the name of an object.
var parsedBelow = map[string]func(string) (any, error){
	"external":   asBool,
	"internal":   asBool,
	"attachable": asBool,
}

func asText(s string) (any, error)  { return s, nil }
func asInt(s string) (any, error)   { return strconv.Atoi(s) }
func asFloat(s string) (any, error) { return strconv.ParseFloat(s, 64) }

func asBool(s string) (any, error) {
	switch strings.ToLower(s) {
	case "y", "yes", "true", "on":
		return true, nil
	case "n", "no", "false", "off":
		return false, nil
	default:
		return nil, errors.New("must be true or false")
	}
}

// typed is the plain value as docker/cli wants it. What depends on a variable
// that is not set here is left out: the deploy decides about it.
func typed(n *node, env map[string]string, table map[string]func(string) (any, error)) any {
	v, _ := typedAt(n, env, table, nil)
	return v
}

func typedAt(n *node, env map[string]string, table map[string]func(string) (any, error), path []string) (_ any, ok bool) {
	switch {
	case n.isMap():
		m := make(map[string]any, len(n.kids))
		for _, k := range n.keys {
			if v, ok := typedAt(n.kids[k], env, table, append(path, k)); ok {
				m[k] = v
			}
		}
		return m, true
	case n.isList():
		l := make([]any, 0, len(n.list))
		for _, item := range n.list {
			if v, ok := typedAt(item, env, table, append(path, "[]")); ok {
				l = append(l, v)
			}
		}
		return l, true
	case !n.isText() || !strings.Contains(n.text, "$"):
		return n.plain(), true
	}
	cast, ok := lookUp(table, path)
	if !ok {
		return n.text, true
	}
	text, certain := substitute(n.text, env)
	if !certain {
		return nil, false
	}
	v, err := cast(text)
	if err != nil {
		return text, true // the schema says what is wrong
	}
	return v, true
}

func lookUp(table map[string]func(string) (any, error), path []string) (func(string) (any, error), bool) {
	for pattern, cast := range table {
		if slices.EqualFunc(strings.Split(pattern, "."), path, func(p, k string) bool { return p == k || p == "*" }) {
			return cast, true
		}
	}
	return nil, false
}
