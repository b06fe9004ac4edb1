package lifecycle

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// edges are the transitions as sorted words.
func edges(table map[State][]State) []string {
	var list []string
	for from, tos := range table {
		for _, to := range tos {
			list = append(list, fmt.Sprintf("%s -> %s", from, to))
		}
	}
	slices.Sort(list)
	return list
}

func TestDiagramShowsTheTransitions(t *testing.T) {
	text, err := os.ReadFile("doc.go")
	if err != nil {
		t.Fatal(err)
	}
	drawn := map[State][]State{}
	for line := range strings.Lines(string(text)) {
		line, isDrawing := strings.CutPrefix(line, "//\t")
		if !isDrawing {
			continue
		}
		var chain []State
		for _, word := range strings.Split(line, "──►") {
			// What follows two blanks explains the edge.
			word, _, _ = strings.Cut(strings.TrimSpace(word), "  ")
			chain = append(chain, State(word))
		}
		for i := range len(chain) - 1 {
			if !slices.Contains(drawn[chain[i]], chain[i+1]) {
				drawn[chain[i]] = append(drawn[chain[i]], chain[i+1])
			}
		}
	}
	if diff := cmp.Diff(edges(transitions), edges(drawn)); diff != "" {
		t.Errorf("doc.go draws other transitions than the code has (-code +diagram):\n%s", diff)
	}
}

// TestWords lists every word of every enum: they are seen in status and logs,
// and stand in tests.
func TestWords(t *testing.T) {
	want := map[string][]string{
		"State": {"waiting", "creating", "starting", "running", "stopping", "backing off", "removing", "ended", "gone"},
		"Phase": {"adopting", "init", "running", "stopping", "sweeping", "over"},
		"EventKind": {"begun", "listed", "list failed", "created", "create failed", "started", "start failed", "removed", "remove failed",
			"tried in vain", "exited", "health changed", "stop asked", "signalled", "pause gone",
			"restart due", "wait over", "list due", "order over", "grace over", "force over", "budget over"},
		"ActionKind": {"list", "create", "cancel", "start", "wait", "stop", "kill", "remove", "alarm", "tell", "complain", "health", "finish"},
		"Cause":      {"asked", "init failed", "component ended", "all ended", "unhealthy", "failed", "resumed", "orphaned"},
		"met":        {"holds", "not yet", "never"},
	}
	if diff := cmp.Diff(want, declaredWords(t)); diff != "" {
		t.Errorf("words (-want +declared):\n%s", diff)
	}
}

// declaredWords reads the typed string constants of this package.
func declaredWords(t *testing.T) map[string][]string {
	files, err := filepath.Glob("*.go")
	if err != nil {
		t.Fatal(err)
	}
	words := map[string][]string{}
	for _, name := range files {
		file, err := parser.ParseFile(token.NewFileSet(), name, nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		ast.Inspect(file, func(n ast.Node) bool {
			spec, ok := n.(*ast.ValueSpec)
			if !ok || len(spec.Values) != 1 {
				return true
			}
			typ, hasType := spec.Type.(*ast.Ident)
			value, isLiteral := spec.Values[0].(*ast.BasicLit)
			if !hasType || !isLiteral || value.Kind != token.STRING {
				return true
			}
			word, err := strconv.Unquote(value.Value)
			if err != nil {
				t.Fatal(err)
			}
			words[typ.Name] = append(words[typ.Name], word)
			return true
		})
	}
	return words
}
