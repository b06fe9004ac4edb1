package labels

import (
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/compose-spec/compose-go/v2/schema"
)

var update = flag.Bool("update", false, "write the table of docs/components.md anew")

// schemaKeys walks compose-go's schema of a service and returns the name of
// every key, as keyTable writes them, down to the first unsupported one.
func schemaKeys(t *testing.T) map[string]bool {
	t.Helper()
	var root map[string]any
	if err := json.Unmarshal([]byte(schema.Schema), &root); err != nil {
		t.Fatal(err)
	}
	defs := root["$defs"].(map[string]any)
	keys := map[string]bool{}
	var walk func(node map[string]any, name string)
	walk = func(node map[string]any, name string) {
		if ref, ok := node["$ref"].(string); ok {
			walk(defs[strings.TrimPrefix(ref, "#/$defs/")].(map[string]any), name)
		}
		for _, group := range []string{"allOf", "anyOf", "oneOf"} {
			list, _ := node[group].([]any)
			for _, sub := range list {
				walk(sub.(map[string]any), name)
			}
		}
		if props, ok := node["properties"].(map[string]any); ok {
			for k, sub := range props {
				child := below(name, k)
				keys[child] = true
				if keyIndex.keys[child].List != Unsupported {
					walk(sub.(map[string]any), child)
				}
			}
		}
		if patterns, ok := node["patternProperties"].(map[string]any); ok {
			for pattern, sub := range patterns {
				if pattern != "^x-" {
					walk(sub.(map[string]any), below(name, "*"))
				}
			}
		}
		if items, ok := node["items"].(map[string]any); ok {
			walk(items, below(name, "[]"))
		}
	}
	walk(defs["service"].(map[string]any), "")
	if len(keys) < 100 {
		t.Fatalf("the schema has only %d keys: the walk does not understand it", len(keys))
	}
	return keys
}

func TestEveryKeyOfTheSchemaIsInTheTable(t *testing.T) {
	for name := range schemaKeys(t) {
		if _, ok := keyIndex.keys[name]; !ok {
			t.Errorf("the key %s of the Compose schema is in no list: add it to keyTable", name)
		}
	}
}

func TestTheTableHasNoOtherKeys(t *testing.T) {
	known := schemaKeys(t)
	for _, k := range Keys() {
		ours := k.Name == "x-podlike" || strings.HasPrefix(k.Name, "x-podlike.")
		name := strings.TrimSuffix(k.Name, ".*")
		if !ours && !known[name] {
			t.Errorf("the Compose schema has no key %s", k.Name)
		}
	}
}

func TestTableLines(t *testing.T) {
	ours := slices.IndexFunc(keyTable, func(k Key) bool { return k.Name == "x-podlike" })
	if !slices.IsSortedFunc(keyTable[:ours], func(a, b Key) int { return strings.Compare(a.Name, b.Name) }) {
		t.Error("keyTable is not sorted")
	}
	seen := map[string]bool{}
	for _, k := range keyTable {
		if seen[k.Name] {
			t.Errorf("%s is there twice", k.Name)
		}
		seen[k.Name] = true
		switch k.List {
		case Carried, Handled:
		case Unsupported:
			if k.Reason == "" {
				t.Errorf("%s is unsupported without a reason", k.Name)
			}
		default:
			t.Errorf("%s is in the list %q", k.Name, k.List)
		}
	}
}

// The reader of the documentation sees what the code does.
func TestDocumentedKeys(t *testing.T) {
	const file, begin, end = "../../docs/components.md", "<!-- keys: begin -->\n", "<!-- keys: end -->\n"
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	before, rest, ok := strings.Cut(string(text), begin)
	table, after, ok2 := strings.Cut(rest, end)
	if !ok || !ok2 {
		t.Fatalf("%s has no markers", file)
	}
	var b strings.Builder
	b.WriteString("| key | | how, or why not |\n|---|---|---|\n")
	for _, k := range Keys() {
		reason := k.Reason
		if k.FileOnly {
			reason = "in a Compose file; in a label: " + reason
		}
		fmt.Fprintf(&b, "| `%s` | %s | %s |\n", k.Name, k.List, reason)
	}
	if table == b.String() {
		return
	}
	if !*update {
		t.Fatalf("the table in %s is not that of the code; run go test ./internal/labels -update", file)
	}
	if err := os.WriteFile(file, []byte(before+begin+b.String()+end+after), 0o644); err != nil {
		t.Fatal(err)
	}
}
