package stack

import (
	"bytes"
	"fmt"
	"regexp"
	"strings"

	"gopkg.in/yaml.v3"
)

// variable is a `$` that `docker stack deploy` replaces.
var variable = regexp.MustCompile(`\$[_a-zA-Z{]`)

// oldWord is a text that YAML 1.1 takes for a boolean or a number, as the docker
// CLI up to 20.10 does.
var oldWord = regexp.MustCompile(`^(?i:y|n|yes|no|on|off|[-+]?[0-9][0-9_]*(:[0-5]?[0-9])+(\.[0-9_]*)?)$`)

// write is the YAML of a value: two blanks of indentation, keys in the order of
// the node.
func write(n *node) (string, error) {
	var b bytes.Buffer
	enc := yaml.NewEncoder(&b)
	enc.SetIndent(2)
	if err := enc.Encode(toYAML(n)); err != nil {
		return "", fmt.Errorf("cannot write YAML: %w", err)
	}
	if err := enc.Close(); err != nil {
		return "", fmt.Errorf("cannot write YAML: %w", err)
	}
	return b.String(), nil
}

func toYAML(n *node) *yaml.Node {
	switch {
	case n.isNull():
		return &yaml.Node{Kind: yaml.ScalarNode, Tag: tagNull, Value: "null"}
	case n.isMap():
		y := &yaml.Node{Kind: yaml.MappingNode, Tag: tagMap}
		for _, k := range n.keys {
			y.Content = append(y.Content, toYAML(newText(n.at, k)), toYAML(n.kids[k]))
		}
		return y
	case n.isList():
		y := &yaml.Node{Kind: yaml.SequenceNode, Tag: tagList}
		for _, item := range n.list {
			y.Content = append(y.Content, toYAML(item))
		}
		return y
	default:
		y := &yaml.Node{Kind: yaml.ScalarNode, Tag: n.tag, Value: n.text}
		if n.tag == tagText {
			y.Style = textStyle(n.text)
		}
		return y
	}
}

// textStyle quotes what the deploy replaces, so that a value with a colon or a
// hash does not change the YAML of the label it lands in.
func textStyle(text string) yaml.Style {
	switch {
	case strings.Contains(text, "\n"):
		if oddLines(text) {
			return yaml.DoubleQuotedStyle
		}
		return 0 // a literal block
	case variable.MatchString(text):
		return yaml.SingleQuotedStyle
	case oldWord.MatchString(text):
		return yaml.DoubleQuotedStyle
	default:
		return 0
	}
}

// oddLines: a literal block cannot hold the text unchanged, or yaml.v3 writes
// one that it does not read back.
func oddLines(text string) bool {
	first := strings.TrimLeft(text, "\n")
	if first == "" || len(first) < len(text) || strings.HasPrefix(first, " ") || strings.HasPrefix(first, "\t") {
		return true
	}
	return strings.ContainsAny(text, "\r\u0085\u2028\u2029\ufeff\x00")
}

// writeLines is write, and the place of each line of the text.
func writeLines(n *node) (text string, places []place, err error) {
	text, err = write(n)
	if err != nil {
		return "", nil, err
	}
	places = make([]place, strings.Count(text, "\n")+1)
	for i := range places {
		places[i] = n.at
	}
	var doc yaml.Node
	if err := decodeNode(yaml.NewDecoder(strings.NewReader(text)), &doc); err != nil || len(doc.Content) == 0 {
		return text, places, nil // the places are a courtesy
	}
	seen := make([]bool, len(places))
	markLines(doc.Content[0], n, places, seen)
	for i := 1; i < len(places); i++ {
		if !seen[i] {
			places[i] = places[i-1] // goes on with what began above
		}
	}
	return text, places, nil
}

func markLines(y *yaml.Node, n *node, places []place, seen []bool) {
	mark := func(line int, at place) {
		if i := line - 1; i >= 0 && i < len(places) && !seen[i] {
			places[i], seen[i] = at, true
		}
	}
	switch {
	case n.isMap() && len(y.Content) == 2*len(n.keys):
		for i, k := range n.keys {
			mark(y.Content[2*i].Line, n.kids[k].at)
			markLines(y.Content[2*i+1], n.kids[k], places, seen)
		}
	case n.isList() && len(y.Content) == len(n.list):
		for i, item := range n.list {
			mark(y.Content[i].Line, item.at)
			markLines(y.Content[i], item, places, seen)
		}
	}
}
