package labels

import (
	"slices"
	"strings"

	"github.com/compose-spec/compose-go/v2/types"
)

// List says what becomes of a key of the Compose specification.
type List string

const (
	// Carried keys reach the container as Compose documents them.
	Carried List = "carried"
	// Handled keys are the pod's own work: order, restarts, files.
	Handled List = "handled by the pod"
	// Unsupported keys are refused in labels; in a Compose file they are
	// ignored with a warning.
	Unsupported List = "unsupported"
)

// Key is one key of a component's definition.
type Key struct {
	// Name is the path below the service: "[]" stands for the items of a
	// list, "*" for names that the user chooses.
	Name string
	List List
	// Reason says how the pod handles the key, or why it is not supported
	// and what to do instead. Empty for most carried keys.
	Reason string
	// FileOnly keys have a meaning in a Compose file, and none in a label.
	FileOnly bool

	value valueKind
}

// valueKind is what a scalar must say where the schema only asks for text.
type valueKind string

const (
	anyValue      valueKind = ""
	durationValue valueKind = "duration"
	sizeValue     valueKind = "size"
	boolValue     valueKind = "bool"
	integerValue  valueKind = "integer"
	countValue    valueKind = "count"  // an integer from 0
	weightValue   valueKind = "weight" // of block I/O
	modeValue     valueKind = "mode"   // of a file
	numberValue   valueKind = "number"
)

// Keys lists every key of the Compose service schema and of x-podlike, sorted
// by name. Keys below an unsupported one are left out.
func Keys() []Key {
	var keys []Key
	for _, k := range keyTable {
		if !belowUnsupported(k.Name) {
			keys = append(keys, k)
		}
	}
	slices.SortFunc(keys, func(a, b Key) int { return strings.Compare(a.Name, b.Name) })
	return keys
}

func belowUnsupported(name string) bool {
	for p := parentOf(name); p != ""; p = parentOf(p) {
		if k, ok := keyIndex.keys[p]; ok && k.List == Unsupported {
			return true
		}
	}
	return false
}

// index finds keys by name, and the names below a name.
type index struct {
	keys     map[string]Key
	children map[string][]string // last parts: "interval", "*", "[]"
}

func indexKeys(table []Key) index {
	x := index{keys: map[string]Key{}, children: map[string][]string{}}
	for _, k := range table {
		x.keys[k.Name] = k
		for name := k.Name; name != ""; name = parentOf(name) {
			parent := parentOf(name)
			part := strings.TrimPrefix(strings.TrimPrefix(name, parent), ".")
			if !slices.Contains(x.children[parent], part) {
				x.children[parent] = append(x.children[parent], part)
			}
		}
	}
	return x
}

// parentOf "a.b[]" is "a.b", of "a.b" is "a", of "a" is "".
func parentOf(name string) string {
	if p, ok := strings.CutSuffix(name, "[]"); ok {
		return p
	}
	if i := strings.LastIndexByte(name, '.'); i >= 0 {
		return name[:i]
	}
	return ""
}

// below is the name of a key under parent.
func below(parent, part string) string {
	if parent == "" || part == "[]" {
		return parent + part
	}
	return parent + "." + part
}

// preStartKeys are the keys of a container, below pre_start. They are derived,
// because they are the same once more.
func preStartKeys(table []Key) []Key {
	var keys []Key
	for _, k := range table {
		first, _, _ := strings.Cut(strings.ReplaceAll(k.Name, "[]", "."), ".")
		if slices.Contains(types.ContainerSpecAttributes, first) {
			k.Name = "pre_start[]." + k.Name
			keys = append(keys, k)
		}
	}
	return keys
}

var keyIndex = indexKeys(append(preStartKeys(keyTable), keyTable...))
