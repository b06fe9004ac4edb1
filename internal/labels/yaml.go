package labels

import (
	"errors"
	"fmt"
	"io"
	"math"
	"regexp"
	"strconv"
	"strings"

	"gopkg.in/yaml.v3"
)

// Bounds against hostile text. The largest hand-written definitions are some
// kilobytes.
const (
	maxText   = 1 << 20 // bytes of one label or file
	maxDepth  = 50      // levels of nesting, aliases followed
	maxValues = 20_000  // values of the whole pod, aliases followed
)

// What yaml.v3 says where in its errors, which have no field for it.
var (
	yamlLine   = regexp.MustCompile(`^line (\d+): `)
	yamlParser = regexp.MustCompile(`^did not find expected ('|key|node|<)`)
	yamlAnchor = regexp.MustCompile(`^unknown anchor '(.*)' referenced`)
	yamlPlace  = regexp.MustCompile(`^(did not find|found|could not find|mapping values|block )`)
)

// spot is where a value was written, and as what. Spots form a tree beside
// the values.
type spot struct {
	line int
	text string           // of a scalar, before YAML gave it a type
	kids map[string]*spot // by key, or by index
	bad  bool             // a mistake was found while it was read
}

// kid returns the spot of a key or an item, made when it is new.
func (s *spot) kid(part string, line int) *spot {
	k := s.kids[part]
	if k == nil {
		if s.kids == nil {
			s.kids = map[string]*spot{}
		}
		k = &spot{line: line}
		s.kids[part] = k
	}
	return k
}

// spoilt: something at or below the spot could not be read.
func (s *spot) spoilt() bool {
	if s.bad {
		return true
	}
	for _, k := range s.kids {
		if k.spoilt() {
			return true
		}
	}
	return false
}

// find is the spot at path, or the innermost one on the way to it.
func (s *spot) find(path []string) *spot {
	for _, part := range path {
		k := s.kids[part]
		if k == nil {
			break
		}
		s = k
	}
	return s
}

// reader reads YAML into plain values: map[string]any, []any, string, bool,
// int, float64 and nil. One reader serves a whole pod, so that its budget
// bounds the whole.
type reader struct {
	found  *findings
	budget int
	// namesUnknown: a label that names several components cannot be read, so
	// that nobody can say which names are wrong.
	namesUnknown bool
}

// document is one text being read.
type document struct {
	*reader
	label, file string
	substitute  func(string) (string, error) // nil: text is taken as it stands
}

func (r *reader) document(label, file string) *document {
	return &document{reader: r, label: label, file: file}
}

func (d *document) mistake(line int, format string, args ...any) {
	d.found.mistakes = append(d.found.mistakes, Mistake{
		Label: d.label, File: d.file, Line: line, Text: fmt.Sprintf(format, args...),
	})
}

// parse returns the text's root, nil for an empty text and after a mistake;
// ok is false after a mistake.
func (d *document) parse(text string) (root *yaml.Node, ok bool) {
	if len(text) > maxText {
		d.mistake(0, "is longer than %d bytes", maxText)
		return nil, false
	}
	dec := yaml.NewDecoder(strings.NewReader(text))
	var doc yaml.Node
	if err := decodeNode(dec, &doc); errors.Is(err, io.EOF) {
		return nil, true
	} else if err != nil {
		d.syntaxMistake(err, text)
		return nil, false
	}
	var next yaml.Node
	if err := decodeNode(dec, &next); err == nil {
		d.mistake(next.Line, "a second YAML document starts here; only one is read")
		return nil, false
	} else if !errors.Is(err, io.EOF) {
		d.syntaxMistake(err, text)
		return nil, false
	}
	if doc.Kind != yaml.DocumentNode || len(doc.Content) == 0 {
		return nil, true
	}
	return doc.Content[0], true
}

// decodeNode turns a panic of the YAML library into an error: the text comes
// from outside.
func decodeNode(dec *yaml.Decoder, n *yaml.Node) (err error) {
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("yaml: cannot be read: %v", r)
		}
	}()
	return dec.Decode(n)
}

// syntaxMistake reports what yaml.v3 says, with the line put right: its
// scanner counts from 1, its parser from 0, and neither names the first line.
func (d *document) syntaxMistake(err error, source string) {
	text, line := strings.TrimPrefix(err.Error(), "yaml: "), 0
	if m := yamlLine.FindStringSubmatch(text); m != nil {
		line, _ = strconv.Atoi(m[1])
		text = text[len(m[0]):]
		if yamlParser.MatchString(text) {
			line = min(line+1, 1+strings.Count(strings.TrimRight(source, "\n"), "\n"))
		}
	} else if m := yamlAnchor.FindStringSubmatch(text); m != nil {
		before, _, _ := strings.Cut(source, "*"+m[1])
		line = 1 + strings.Count(before, "\n")
	} else if yamlPlace.MatchString(text) {
		line = 1
	}
	d.mistake(line, "is not valid YAML: %s%s", text, syntaxRemedy(text))
}

// syntaxRemedy says where to look: yaml.v3's words are those of the grammar.
func syntaxRemedy(text string) string {
	switch {
	case strings.Contains(text, "mapping values are not allowed"):
		return "; quote the value if it has a colon followed by a blank, and look at the indentation"
	case strings.Contains(text, "did not find expected"):
		return "; look at the indentation, and at quotes and brackets that are not closed"
	default:
		return ""
	}
}

// spend takes one value off the budget; false when it, or the depth, is used
// up. That ends the reading of everything that follows, and is reported once.
func (d *document) spend(line, depth int) bool {
	if d.budget <= 0 {
		return false
	}
	d.budget--
	if d.budget > 0 && depth <= maxDepth {
		return true
	}
	if depth > maxDepth {
		d.mistake(line, "is nested more than %d levels deep", maxDepth)
	} else {
		d.mistake(line, "the definition has more than %d values", maxValues)
	}
	d.budget = 0
	return false
}

// value converts a node and writes down where it stood; what cannot be
// converted becomes a mistake and nil.
func (d *document) value(n *yaml.Node, at *spot, depth int) any {
	if !d.spend(n.Line, depth) {
		return nil
	}
	switch n.Kind {
	case yaml.AliasNode:
		return d.value(n.Alias, at, depth+1)
	case yaml.MappingNode:
		m := make(map[string]any, len(n.Content)/2)
		d.fill(m, n, at, depth+1)
		return m
	case yaml.SequenceNode:
		l := make([]any, 0, len(n.Content))
		for i, item := range n.Content {
			l = append(l, d.value(item, at.kid(strconv.Itoa(i), item.Line), depth+1))
		}
		return l
	default:
		at.text = n.Value
		v, ok := d.scalar(n)
		at.bad = !ok
		return v
	}
}

// fill adds a mapping's entries that m does not have yet: its own before those
// that `<<` merges, as YAML has it.
func (d *document) fill(m map[string]any, n *yaml.Node, at *spot, depth int) {
	if !d.spend(n.Line, depth) {
		return
	}
	own := make(map[string]bool, len(n.Content)/2)
	var merges []*yaml.Node
	for i := 0; i+1 < len(n.Content); i += 2 {
		k, v := unalias(n.Content[i]), n.Content[i+1]
		if k.Kind != yaml.ScalarNode || k.ShortTag() == "!!null" {
			d.mistake(k.Line, "a key must be a word")
			continue
		}
		if k.ShortTag() == "!!merge" {
			merges = append(merges, v)
			continue
		}
		if own[k.Value] {
			d.mistake(k.Line, "the key %q is there twice", k.Value)
			continue
		}
		own[k.Value] = true
		if _, ok := m[k.Value]; !ok {
			m[k.Value] = d.value(v, at.kid(k.Value, n.Content[i].Line), depth)
		}
	}
	for _, v := range merges {
		d.merge(m, unalias(v), at, depth+1)
	}
}

func (d *document) merge(m map[string]any, v *yaml.Node, at *spot, depth int) {
	items := []*yaml.Node{v}
	if v.Kind == yaml.SequenceNode {
		items = v.Content
	}
	for _, item := range items {
		if item = unalias(item); item.Kind != yaml.MappingNode {
			d.mistake(item.Line, "<< merges mappings only")
			continue
		}
		d.fill(m, item, at, depth)
	}
}

func unalias(n *yaml.Node) *yaml.Node {
	if n.Kind == yaml.AliasNode {
		return n.Alias
	}
	return n
}

// scalar is the value of a scalar node; ok is false after a mistake.
func (d *document) scalar(n *yaml.Node) (_ any, ok bool) {
	switch tag := n.ShortTag(); tag {
	case "!!null":
		return nil, true
	case "!!str", "!!timestamp":
		if d.substitute == nil {
			return n.Value, true
		}
		text, err := d.substitute(n.Value)
		if err != nil {
			d.mistake(n.Line, "%v", err)
		}
		return text, err == nil
	case "!!bool", "!!int", "!!float":
		var v any
		if err := n.Decode(&v); err != nil {
			d.mistake(n.Line, "%q is not a %s", n.Value, strings.TrimPrefix(tag, "!!"))
			return nil, false
		}
		switch v := v.(type) {
		case bool, int:
			return v, true
		case float64:
			if math.IsNaN(v) || math.IsInf(v, 0) {
				d.mistake(n.Line, "%q is not a number that Compose knows", n.Value)
				return nil, false
			}
			return v, true
		default:
			// Wider than this machine's int: compose-go reads it from text.
			return fmt.Sprint(v), true
		}
	default:
		d.mistake(n.Line, "the tag %s is not supported", n.Tag)
		return nil, false
	}
}
