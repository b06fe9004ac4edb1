package labels

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"sync"

	"github.com/compose-spec/compose-go/v2/schema"
	"github.com/santhosh-tekuri/jsonschema/v6"
	"github.com/santhosh-tekuri/jsonschema/v6/kind"
)

// serviceSchema is the definition of a service in compose-go's own schema,
// compiled at its first use.
var serviceSchema = sync.OnceValues(func() (*jsonschema.Schema, error) {
	doc, err := jsonschema.UnmarshalJSON(strings.NewReader(schema.Schema))
	if err != nil {
		return nil, err
	}
	c := jsonschema.NewCompiler()
	if err := c.AddResource("compose-spec.json", doc); err != nil {
		return nil, err
	}
	return c.Compile("compose-spec.json#/$defs/service")
})

// checkShapes validates the definition. A number or boolean where the schema
// wants a string becomes the string that was written, as in `user: 1000`.
// Values that are wrong are reported and taken out, so that the loader sees
// only what can be loaded.
func (d *definition) checkShapes() {
	s, err := serviceSchema()
	if err != nil {
		d.mistake(0, "cannot be checked: %v", err)
		return
	}
	// Quoting one scalar may show the next mistake; two rounds are enough, the
	// third is for safety.
	for range 3 {
		leaves := validate(s, d.value)
		if len(leaves) == 0 {
			return
		}
		quoted := false
		for _, leaf := range leaves {
			if leaf.takesText() {
				setPath(d.value, leaf.path, d.at.find(leaf.path).text)
				quoted = true
			}
		}
		if quoted {
			continue
		}
		for _, leaf := range leaves {
			if text := leaf.message(); text != "" {
				d.wrong(leaf.path, "%s", text)
			}
		}
		for _, leaf := range leaves {
			if len(leaf.path) > 0 {
				d.drop(leaf.path[0])
			}
		}
		return
	}
}

// shapeError is one thing that the schema has against a value.
type shapeError struct {
	path []string
	kind jsonschema.ErrorKind
}

func validate(s *jsonschema.Schema, v map[string]any) []shapeError {
	var failed *jsonschema.ValidationError
	if err := s.Validate(v); err == nil || !errors.As(err, &failed) {
		return nil
	}
	var leaves []shapeError
	collect(failed, &leaves)
	// Walking maps, the validator reports in random order.
	slices.SortStableFunc(leaves, func(a, b shapeError) int { return slices.Compare(a.path, b.path) })
	return leaves
}

// collect goes down to the errors that say something about a value.
func collect(e *jsonschema.ValidationError, leaves *[]shapeError) {
	switch k := e.ErrorKind.(type) {
	case *kind.OneOf:
		collectOneOf(e, leaves)
		return
	case *kind.FalseSchema:
		// unevaluatedProperties says this about good keys when another key is
		// bad; unknown ones were found before.
		return
	default:
		if len(e.Causes) == 0 {
			*leaves = append(*leaves, shapeError{e.InstanceLocation, k})
			return
		}
	}
	for _, c := range e.Causes {
		collect(c, leaves)
	}
}

// collectOneOf keeps what the alternative of the value's own type says; when
// there is none, the types that would do.
func collectOneOf(e *jsonschema.ValidationError, leaves *[]shapeError) {
	all := &kind.Type{}
	for _, alternative := range e.Causes {
		var inner []shapeError
		collect(alternative, &inner)
		i := slices.IndexFunc(inner, func(s shapeError) bool {
			_, isType := s.kind.(*kind.Type)
			return isType && len(s.path) == len(e.InstanceLocation)
		})
		if i < 0 && len(inner) > 0 {
			*leaves = append(*leaves, inner...)
			return
		}
		if i >= 0 {
			t := inner[i].kind.(*kind.Type)
			all.Got = t.Got
			all.Want = append(all.Want, t.Want...)
		}
	}
	*leaves = append(*leaves, shapeError{e.InstanceLocation, all})
}

// takesText: a scalar stands where a string would do.
func (s shapeError) takesText() bool {
	t, ok := s.kind.(*kind.Type)
	return ok && (t.Got == "number" || t.Got == "boolean") && slices.Contains(t.Want, "string")
}

// message follows the value's path: "must be a string or a list, not a mapping".
func (s shapeError) message() string {
	switch k := s.kind.(type) {
	case *kind.Type:
		return "must be " + typeWords(k.Want) + ", not " + typeWord(k.Got)
	case *kind.Enum:
		words := make([]string, len(k.Want))
		for i, w := range k.Want {
			words[i] = fmt.Sprint(w)
		}
		got := fmt.Sprint(k.Got)
		return fmt.Sprintf("must be one of %s, not %q%s", strings.Join(words, ", "), got, didYouMean(got, words))
	case *kind.Required:
		return "needs the key " + strings.Join(quoteAll(k.Missing), " and ")
	case *kind.AdditionalProperties:
		return "has a name that is not allowed: " + strings.Join(quoteAll(k.Properties), ", ")
	case *kind.UniqueItems:
		return fmt.Sprintf("has the same item twice, as numbers %d and %d", k.Duplicates[0]+1, k.Duplicates[1]+1)
	case *kind.Minimum:
		return fmt.Sprintf("must be %s or more", k.Want.RatString())
	case *kind.Maximum:
		return fmt.Sprintf("must be %s or less", k.Want.RatString())
	case *kind.Pattern:
		return fmt.Sprintf("has a word that Compose does not know: %q", k.Got)
	default:
		return "is not what Compose expects here"
	}
}

// typeWords joins the schema's types: "a mapping, a list or a string". Null is
// left out: nobody means to write it.
func typeWords(types []string) string {
	var words []string
	for _, t := range []string{"object", "array", "string", "number", "integer", "boolean"} {
		if slices.Contains(types, t) {
			words = append(words, typeWord(t))
		}
	}
	if len(words) < 2 {
		return strings.Join(words, "")
	}
	return strings.Join(words[:len(words)-1], ", ") + " or " + words[len(words)-1]
}

func typeWord(t string) string {
	switch t {
	case "object":
		return "a mapping"
	case "array":
		return "a list"
	case "string":
		return "a string"
	case "boolean":
		return "a boolean"
	case "null":
		return "empty"
	case "integer":
		return "a whole number"
	default:
		return "a number"
	}
}

func quoteAll(words []string) []string {
	quoted := make([]string, len(words))
	for i, w := range words {
		quoted[i] = strconv.Quote(w)
	}
	slices.Sort(quoted)
	return quoted
}

// setPath replaces the value at path, which exists.
func setPath(v any, path []string, value any) {
	for i, part := range path {
		last := i == len(path)-1
		switch c := v.(type) {
		case map[string]any:
			if last {
				c[part] = value
				return
			}
			v = c[part]
		case []any:
			n, err := strconv.Atoi(part)
			if err != nil || n < 0 || n >= len(c) {
				return
			}
			if last {
				c[n] = value
				return
			}
			v = c[n]
		default:
			return
		}
	}
}
