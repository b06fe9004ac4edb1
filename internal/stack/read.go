package stack

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

// Bounds against hostile text. A large hand-written stack has some thousand
// values.
const (
	maxText   = 4 << 20 // bytes of one file, or of what one template makes
	maxDepth  = 100     // levels of nesting, aliases followed
	maxValues = 200_000 // values of one text, aliases followed
)

// What yaml.v3 says where in its errors, which have no field for it.
var (
	yamlLine   = regexp.MustCompile(`^line (\d+): `)
	yamlParser = regexp.MustCompile(`^did not find expected ('|key|node|<)`)
	yamlAnchor = regexp.MustCompile(`^unknown anchor '(.*)' referenced`)
)

// reader turns one YAML text into nodes. where maps a line of the text to the
// place that messages name.
type reader struct {
	found  *findings
	where  func(line int) place
	budget int
	failed bool
}

// read returns the text's value, nil for an empty text; ok is false after a
// mistake, which is in found. Aliases and merge keys are resolved.
func read(text string, where func(line int) place, found *findings) (_ *node, ok bool) {
	r := &reader{found: found, where: where, budget: maxValues}
	if len(text) > maxText {
		r.mistake(0, "is longer than %d bytes", maxText)
		return nil, false
	}
	dec := yaml.NewDecoder(strings.NewReader(text))
	var doc, next yaml.Node
	if err := decodeNode(dec, &doc); errors.Is(err, io.EOF) {
		return nil, true
	} else if err != nil {
		r.syntaxMistake(err, text)
		return nil, false
	}
	if err := decodeNode(dec, &next); err == nil {
		r.mistake(next.Line, "a second YAML document starts here; only one is read")
		return nil, false
	} else if !errors.Is(err, io.EOF) {
		r.syntaxMistake(err, text)
		return nil, false
	}
	if doc.Kind != yaml.DocumentNode || len(doc.Content) == 0 {
		return nil, true
	}
	n := r.node(doc.Content[0], doc.Content[0].Line, 0)
	return n, !r.failed
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

func (r *reader) mistake(line int, format string, args ...any) {
	r.failed = true
	r.found.mistake(r.where(line), format, args...)
}

// syntaxMistake reports what yaml.v3 says, with the line put right: its
// scanner counts from 1, its parser from 0, and neither names the first line.
func (r *reader) syntaxMistake(err error, source string) {
	text, line := strings.TrimPrefix(err.Error(), "yaml: "), 1
	if m := yamlLine.FindStringSubmatch(text); m != nil {
		line, _ = strconv.Atoi(m[1])
		text = text[len(m[0]):]
		if yamlParser.MatchString(text) {
			line = min(line+1, 1+strings.Count(strings.TrimRight(source, "\n"), "\n"))
		}
	} else if m := yamlAnchor.FindStringSubmatch(text); m != nil {
		before, _, _ := strings.Cut(source, "*"+m[1])
		line = 1 + strings.Count(before, "\n")
	}
	remedy := ""
	switch {
	case strings.Contains(text, "cannot start any token"):
		remedy = "; indent with blanks, not with tabs, and quote values that begin with @, ` or %"
	case strings.Contains(text, "mapping values are not allowed"):
		remedy = "; quote the value if it has a colon followed by a blank, and look at the indentation"
	case strings.Contains(text, "did not find expected"):
		remedy = "; look at the indentation, and at quotes and brackets that are not closed"
	}
	r.mistake(line, "is not valid YAML: %s%s", text, remedy)
}

// spend takes one value off the budget; false when it, or the depth, is used
// up, which ends the reading and is reported once.
func (r *reader) spend(line, depth int) bool {
	if r.budget <= 0 {
		return false
	}
	r.budget--
	if r.budget > 0 && depth <= maxDepth {
		return true
	}
	if depth > maxDepth {
		r.mistake(line, "is nested more than %d levels deep", maxDepth)
	} else {
		r.mistake(line, "has more than %d values", maxValues)
	}
	r.budget = 0
	return false
}

// node converts n. line is where messages look for it: the line of its key, or
// of its list item.
func (r *reader) node(n *yaml.Node, line, depth int) *node {
	out := &node{at: r.where(line), tag: tagNull}
	if !r.spend(line, depth) {
		return out
	}
	switch n.Kind {
	case yaml.AliasNode:
		return r.node(n.Alias, line, depth+1)
	case yaml.MappingNode:
		out.tag, out.kids = tagMap, make(map[string]*node, len(n.Content)/2)
		r.fill(out, n, depth+1)
	case yaml.SequenceNode:
		out.tag = tagList
		for _, item := range n.Content {
			out.list = append(out.list, r.node(item, item.Line, depth+1))
		}
	default:
		r.scalar(out, n)
	}
	return out
}

// fill adds a mapping's entries that m does not have yet: its own before those
// that `<<` merges, as YAML has it.
func (r *reader) fill(m *node, n *yaml.Node, depth int) {
	if !r.spend(n.Line, depth) {
		return
	}
	own := make(map[string]bool, len(n.Content)/2)
	var merges []*yaml.Node
	for i := 0; i+1 < len(n.Content); i += 2 {
		k, v := unalias(n.Content[i]), n.Content[i+1]
		switch {
		case k.Kind != yaml.ScalarNode || k.ShortTag() == tagNull:
			r.mistake(n.Content[i].Line, "a key must be a word")
		case k.ShortTag() == "!!merge":
			merges = append(merges, v)
		case own[k.Value]:
			r.mistake(n.Content[i].Line, "the key %q is there twice", k.Value)
		default:
			own[k.Value] = true
			if !m.has(k.Value) {
				m.set(k.Value, r.node(v, n.Content[i].Line, depth))
			}
		}
	}
	for _, v := range merges {
		r.merge(m, unalias(v), depth+1)
	}
}

func (r *reader) merge(m *node, v *yaml.Node, depth int) {
	items := []*yaml.Node{v}
	if v.Kind == yaml.SequenceNode {
		items = v.Content
	}
	for _, item := range items {
		if item = unalias(item); item.Kind != yaml.MappingNode {
			r.mistake(item.Line, "<< merges mappings only")
			continue
		}
		r.fill(m, item, depth)
	}
}

func unalias(n *yaml.Node) *yaml.Node {
	if n.Kind == yaml.AliasNode {
		return n.Alias
	}
	return n
}

func (r *reader) scalar(out *node, n *yaml.Node) {
	out.text = n.Value
	switch tag := n.ShortTag(); tag {
	case tagNull:
		out.text = ""
	case tagText, "!!timestamp":
		out.tag = tagText
	case tagBool, tagInt, tagFloat:
		var v any
		err := n.Decode(&v)
		if f, ok := v.(float64); err != nil || ok && (math.IsNaN(f) || math.IsInf(f, 0)) {
			r.mistake(n.Line, "%q is not a value that Compose knows", n.Value)
			return
		}
		out.tag = tag
	default:
		r.mistake(n.Line, "the tag %s is not supported", n.Tag)
	}
}
