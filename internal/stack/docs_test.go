package stack

import (
	"context"
	"fmt"
	"maps"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

const docs = "../../docs/templates.md"

// block is one fenced block of the documentation.
type block struct {
	info       string // what stands behind the fence
	text       string
	start, end int // the lines of text, from 0
}

// example is a section of the documentation that has a stack.yml.
type example struct {
	title  string
	files  memory            // below /stack
	urls   map[string]string // what servers have
	output *block
}

func readDocs(t *testing.T) (lines []string, examples []example) {
	t.Helper()
	text, err := os.ReadFile(docs)
	if err != nil {
		t.Fatal(err)
	}
	lines = strings.Split(string(text), "\n")
	var now example
	done := func() {
		if now.files["/stack/stack.yml"] != "" {
			examples = append(examples, now)
		}
	}
	var open *block
	for i, line := range lines {
		switch {
		case open != nil && line == "```":
			open.end = i
			open.text = strings.Join(lines[open.start:i], "\n") + "\n"
			switch kind, name, _ := strings.Cut(open.info, "="); {
			case kind == "yaml file" || kind == "sh file":
				now.files["/stack/"+name] = open.text
			case kind == "yaml url":
				now.urls[name] = open.text
			case kind == "yaml output":
				now.output = open
			default:
				t.Errorf("line %d: nobody runs the block %q", open.start, open.info)
			}
			open = nil
		case open != nil:
		case strings.HasPrefix(line, "```"):
			open = &block{info: line[3:], start: i + 1}
		case strings.HasPrefix(line, "#"):
			done()
			now = example{title: strings.TrimLeft(line, "# "), files: memory{}, urls: map[string]string{}}
		}
	}
	done()
	return lines, examples
}

// TestDocs renders every example of the documentation, and compares it with
// the output that stands there.
func TestDocs(t *testing.T) {
	lines, examples := readDocs(t)
	if len(examples) < 14 {
		t.Fatalf("only %d examples", len(examples))
	}
	// From the last to the first, so that -update does not move lines.
	for _, e := range slices.Backward(examples) {
		t.Run(e.title, func(t *testing.T) {
			server := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				body, ok := e.urls["https://"+r.Host+r.URL.Path]
				if !ok {
					http.NotFound(w, r)
				}
				_, _ = w.Write([]byte(body))
			}))
			defer server.Close()
			out, warnings := render(t, e.files["/stack/stack.yml"], func(in *Input) {
				in.ReadFile = e.files.read
				in.HTTP.RootCAs = pool(server)
				in.HTTP.dial = func(ctx context.Context, network, _ string) (net.Conn, error) {
					var d net.Dialer
					return d.DialContext(ctx, network, server.Listener.Addr().String())
				}
			})
			for _, w := range warnings {
				if !strings.Contains(w, "its fallback is used") && !strings.Contains(w, "is left out: none of its profiles") {
					t.Errorf("warning: %s", w)
				}
			}
			stackConfig(t, out)
			switch {
			case e.output == nil:
				t.Error("has no output")
			case *update:
				lines = slices.Concat(lines[:e.output.start], strings.Split(strings.TrimSuffix(out, "\n"), "\n"), lines[e.output.end:])
			default:
				if d := cmp.Diff(e.output.text, out); d != "" {
					t.Errorf("%s (-want +got):\n%s", docs, d)
				}
			}
		})
	}
	if *update {
		if err := os.WriteFile(docs, []byte(strings.Join(lines, "\n")), 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

// TestDocsKeys: the table of keys is the one of the code.
func TestDocsKeys(t *testing.T) {
	const begin, end = "<!-- keys: begin -->\n", "<!-- keys: end -->"
	text, err := os.ReadFile(docs)
	if err != nil {
		t.Fatal(err)
	}
	before, rest, ok := strings.Cut(string(text), begin)
	table, after, ok2 := strings.Cut(rest, end)
	if !ok || !ok2 {
		t.Fatal("no table of keys")
	}
	want := "| key | pause | component | |\n|---|---|---|---|\n"
	mark := map[bool]string{true: "yes"}
	for _, k := range slices.Sorted(maps.Keys(homes)) {
		h := homes[k]
		want += fmt.Sprintf("| `%s` | %s | %s | %s |\n", k, mark[h.pause], mark[h.component], h.why)
	}
	if *update {
		if err := os.WriteFile(docs, []byte(before+begin+want+end+after), 0o644); err != nil {
			t.Fatal(err)
		}
	} else if d := cmp.Diff(want, table); d != "" {
		t.Errorf("%s (-want +got):\n%s", docs, d)
	}
}

// TestDocsFunctions: every function is described, and used in an example.
func TestDocsFunctions(t *testing.T) {
	text, err := os.ReadFile(docs)
	if err != nil {
		t.Fatal(err)
	}
	_, examples := readDocs(t)
	var used strings.Builder
	for _, e := range examples {
		for _, f := range e.files {
			used.WriteString(f)
		}
	}
	for name := range functions {
		if !strings.Contains(string(text), "`"+name+" ") {
			t.Errorf("%s is not described", name)
		}
		if !strings.Contains(used.String(), name+" ") {
			t.Errorf("%s is in no example", name)
		}
	}
}

// TestHomes: every key that docker/cli or a component knows has a home, or a
// reason against it.
func TestHomes(t *testing.T) {
	for _, k := range dockerKeys() {
		if _, ok := homes[k]; !ok {
			t.Errorf("%s has no home", k)
		}
	}
	for _, k := range componentKeys() {
		if _, ok := homes[k]; !ok && because(k) == "" && k != extension {
			t.Errorf("%s has neither a home nor a reason", k)
		}
	}
}
