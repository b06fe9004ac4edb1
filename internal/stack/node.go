package stack

import (
	"fmt"
	"slices"
	"strings"

	"gopkg.in/yaml.v3"
)

// place is where a value was written.
type place struct {
	file string
	line int // 1-based; 0 for the file as a whole
	// result counts lines in what a template made, where they are not those
	// of the file; else 0.
	result int
}

// The YAML types that a stack file may use.
const (
	tagMap   = "!!map"
	tagList  = "!!seq"
	tagText  = "!!str"
	tagInt   = "!!int"
	tagFloat = "!!float"
	tagBool  = "!!bool"
	tagNull  = "!!null"
)

// node is a value of a stack file together with where it was written. Nodes
// are not changed once they are shared: what changes them works on a clone.
type node struct {
	at   place
	tag  string
	text string           // of a scalar, as it was written
	list []*node          // of a list
	keys []string         // of a mapping, in the order in which they were written
	kids map[string]*node // of a mapping
}

func newMap(at place) *node { return &node{at: at, tag: tagMap, kids: map[string]*node{}} }

func newList(at place, items ...*node) *node { return &node{at: at, tag: tagList, list: items} }

func newText(at place, text string) *node { return &node{at: at, tag: tagText, text: text} }

func (n *node) isMap() bool    { return n != nil && n.tag == tagMap }
func (n *node) isList() bool   { return n != nil && n.tag == tagList }
func (n *node) isText() bool   { return n != nil && n.tag == tagText }
func (n *node) isNull() bool   { return n == nil || n.tag == tagNull }
func (n *node) isScalar() bool { return n != nil && !n.isMap() && !n.isList() }

// get follows keys; nil where one is missing.
func (n *node) get(keys ...string) *node {
	for _, k := range keys {
		if !n.isMap() {
			return nil
		}
		n = n.kids[k]
	}
	return n
}

func (n *node) has(key string) bool { return n.get(key) != nil }

// str is the text of a scalar at keys, "" for anything else.
func (n *node) str(keys ...string) string {
	if v := n.get(keys...); v.isScalar() && v.tag != tagNull {
		return v.text
	}
	return ""
}

// set adds or replaces an entry of a mapping.
func (n *node) set(key string, v *node) {
	if _, ok := n.kids[key]; !ok {
		n.keys = append(n.keys, key)
	}
	n.kids[key] = v
}

func (n *node) remove(key string) {
	if _, ok := n.kids[key]; ok {
		delete(n.kids, key)
		n.keys = slices.DeleteFunc(n.keys, func(k string) bool { return k == key })
	}
}

func (n *node) clone() *node {
	if n == nil {
		return nil
	}
	c := *n
	c.keys = slices.Clone(n.keys)
	if n.list != nil {
		c.list = make([]*node, len(n.list))
		for i, item := range n.list {
			c.list[i] = item.clone()
		}
	}
	if n.kids != nil {
		c.kids = make(map[string]*node, len(n.kids))
		for k, v := range n.kids {
			c.kids[k] = v.clone()
		}
	}
	return &c
}

// plain is the value without places: map[string]any, []any, string, bool, int,
// float64 or nil.
func (n *node) plain() any {
	switch {
	case n == nil:
		return nil
	case n.isMap():
		m := make(map[string]any, len(n.kids))
		for k, v := range n.kids {
			m[k] = v.plain()
		}
		return m
	case n.isList():
		l := make([]any, len(n.list))
		for i, v := range n.list {
			l[i] = v.plain()
		}
		return l
	case n.tag == tagText:
		return n.text
	case n.tag == tagNull:
		return nil
	default:
		var v any
		if err := (&yaml.Node{Kind: yaml.ScalarNode, Tag: n.tag, Value: n.text}).Decode(&v); err != nil {
			return n.text // cannot be: reading it checked this
		}
		return v
	}
}

// kindName is how messages call the value.
func (n *node) kindName() string {
	switch {
	case n.isNull():
		return "nothing"
	case n.isMap():
		return "a mapping"
	case n.isList():
		return "a list"
	case n.isText():
		return "a string"
	case n.tag == tagBool:
		return "a boolean"
	default:
		return "a number"
	}
}

// pairs reads a mapping, or a list of KEY=VALUE, as a mapping; an item without
// "=" has the value null where nulls is set, else "". ok is false when the
// value is neither.
func (n *node) pairs(nulls bool) (_ *node, ok bool) {
	switch {
	case n.isMap():
		return n, true
	case !n.isList():
		return nil, false
	}
	m := newMap(n.at)
	for _, item := range n.list {
		if !item.isScalar() {
			return nil, false
		}
		k, v, hasValue := strings.Cut(item.text, "=")
		value := newText(item.at, v)
		if !hasValue && nulls {
			value = &node{at: item.at, tag: tagNull}
		}
		m.set(k, value)
	}
	return m, true
}

// same reports whether two values say the same, wherever they were written.
func (n *node) same(o *node) bool {
	if n == nil || o == nil {
		return n == o
	}
	if n.tag != o.tag || n.text != o.text || len(n.list) != len(o.list) || len(n.kids) != len(o.kids) {
		return false
	}
	for i := range n.list {
		if !n.list[i].same(o.list[i]) {
			return false
		}
	}
	for k, v := range n.kids {
		if !v.same(o.kids[k]) {
			return false
		}
	}
	return true
}

func (p place) String() string {
	switch {
	case p.file == "":
		return ""
	case p.line == 0:
		return p.file
	case p.result > 0:
		return fmt.Sprintf("%s:%d (line %d of what the template makes)", p.file, p.line, p.result)
	default:
		return fmt.Sprintf("%s:%d", p.file, p.line)
	}
}
