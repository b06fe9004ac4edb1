package labels

import (
	"context"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"

	"github.com/compose-spec/compose-go/v2/loader"
	"github.com/compose-spec/compose-go/v2/template"
	"github.com/compose-spec/compose-go/v2/types"
	"github.com/mattn/go-shellwords"
)

// maxWords bounds a command given as one string: splitting it takes time that
// grows with the square of its length.
const maxWords = 16 << 10

// loadServices has compose-go make services of all definitions at once. When
// that fails, every key is tried by itself, so that each mistake is found and
// put where it belongs; what is left is loaded for the steps that follow.
func loadServices(defs []*definition, profiles []string) types.Services {
	load := func() (types.Services, error) {
		services := make(map[string]any, len(defs))
		for _, d := range defs {
			if !d.broken {
				services[d.name] = d.value
			}
		}
		return composeLoad(services, profiles)
	}
	loaded, err := load()
	if err == nil {
		return loaded
	}
	found := false
	for _, d := range defs {
		found = d.blame() || found
	}
	if found {
		loaded, err = load()
	}
	if err != nil {
		// Only together they are wrong, as services that extend each other.
		defs[0].mistake(0, "cannot be loaded: %s", plainError(err))
	}
	return loaded
}

// blame reports and drops the keys that compose-go cannot load by themselves.
func (d *definition) blame() (found bool) {
	for _, k := range slices.Sorted(maps.Keys(d.value)) {
		if k == "extends" {
			continue
		}
		_, err := composeLoad(map[string]any{d.name: map[string]any{k: d.value[k]}}, nil)
		if err != nil {
			d.wrong([]string{k}, "is not valid: %s", plainError(err))
			d.drop(k)
			found = true
		}
	}
	return found
}

// composeLoad runs compose-go's loader on values that were already validated
// and interpolated. It reads no file, and leaves its input as it is.
func composeLoad(services map[string]any, profiles []string) (_ types.Services, err error) {
	// The library's code for shapes that nobody writes is less tested than
	// the rest; the text comes from outside.
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("compose-go cannot read it: %v", r)
		}
	}()
	details := types.ConfigDetails{
		WorkingDir:  "/",
		ConfigFiles: []types.ConfigFile{{Filename: "pod", Config: map[string]any{"services": clone(services)}}},
		Environment: types.Mapping{},
	}
	project, err := loader.LoadWithContext(context.Background(), details, func(o *loader.Options) {
		o.SetProjectName("pod", true)
		o.SkipValidation = true
		o.SkipNormalization = true
		o.SkipConsistencyCheck = true
		o.SkipInclude = true
		o.ResolvePaths = false
		o.SkipResolveEnvironment = true
		o.SkipResolveLabels = true
		o.Profiles = profiles
		// Interpolation was done or is not wanted, but its step is also what
		// gives "8" the type of its key.
		o.Interpolate.Substitute = func(text string, _ template.Mapping) (string, error) { return text, nil }
	})
	if err != nil {
		return nil, err
	}
	return project.Services, nil
}

// clone copies values, since the loader changes what it is given.
func clone(v any) any {
	switch v := v.(type) {
	case map[string]any:
		m := make(map[string]any, len(v))
		for k, e := range v {
			m[k] = clone(e)
		}
		return m
	case []any:
		l := make([]any, len(v))
		for i, e := range v {
			l[i] = clone(e)
		}
		return l
	default:
		return v
	}
}

// loaderNoise is how mapstructure and the loader say where; we know better.
var loaderNoise = regexp.MustCompile(`(?s)^.*(decoding failed due to the following error\(s\):\s*|error\(s\) decoding:\s*)|'[^']*services\[[^']*' |services\.[^ :]+: ?|\* `)

// plainError is the loader's message without its own paths and line breaks.
func plainError(err error) string {
	text := loaderNoise.ReplaceAllString(err.Error(), "")
	return strings.Join(strings.Fields(text), " ")
}

// checkWords looks at commands given as a string, which Compose splits into
// words as a shell would, up to an unquoted ; & | < or >. The rest is lost
// without a word there; here it is at least a warning.
func (d *definition) checkWords() {
	for _, k := range []string{"command", "entrypoint"} {
		d.words(d.value[k], []string{k})
	}
	for _, k := range []string{"pre_start", "post_start", "pre_stop"} {
		hooks, _ := d.value[k].([]any)
		for i, hook := range hooks {
			if m, ok := hook.(map[string]any); ok {
				d.words(m["command"], []string{k, itoa(i), "command"})
				d.words(m["entrypoint"], []string{k, itoa(i), "entrypoint"})
			}
		}
	}
}

// words splits a command given as a string. After a mistake it returns nil,
// and the key that it belongs to is taken out.
func (d *definition) words(v any, path []string) []string {
	text, ok := v.(string)
	if !ok {
		return nil
	}
	if len(text) > maxWords {
		d.wrong(path, "is longer than %d bytes: write it as a list", maxWords)
		d.drop(path[0])
		return nil
	}
	p := shellwords.NewParser()
	words, err := p.Parse(text)
	if err != nil {
		d.wrong(path, "has quotes or parentheses that do not match: quote the text, or write a list")
		d.drop(path[0])
		return nil
	}
	if p.Position >= 0 {
		d.warnf("%s ends before the unquoted %q, as in Compose: for a shell write [sh, -c, '...']",
			d.show(path), string([]rune(text)[p.Position:][:1]))
	}
	return words
}
