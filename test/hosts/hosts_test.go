package hosts

import (
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

const (
	document = "../../docs/hosts.md"
	begin    = "<!-- what TestHost saw: go test ./test/hosts -update -->\n"
	end      = "<!-- end of what TestHost saw -->\n"
)

var (
	update = flag.Bool("update", false, "write the table of docs/hosts.md anew")
	from   = flag.String("from", "", "with -update: the folder below which runs left their host.json")
)

// TestDocument: docs/hosts.md has the table of the columns that are kept.
func TestDocument(t *testing.T) {
	if *update && *from != "" {
		keepNew(t)
	}
	columns, err := ReadAll("columns")
	if err != nil {
		t.Fatal(err)
	}
	if len(columns) == 0 {
		t.Fatal("no columns are kept")
	}
	content, err := os.ReadFile(document)
	if err != nil {
		t.Fatal(err)
	}
	before, rest, begins := strings.Cut(string(content), begin)
	has, after, ends := strings.Cut(rest, end)
	text := Table(columns)
	switch {
	case !begins || !ends:
		t.Fatalf("%s has no place for the table between %q and %q", document, begin, end)
	case *update:
		if err := os.WriteFile(document, []byte(before+begin+text+end+after), 0o644); err != nil {
			t.Fatal(err)
		}
	case has != text:
		t.Errorf("%s has another table; run this test with -update. Kept is:\n%s", document, text)
	}
}

// keepNew keeps the columns that runs left, each in the place of the one of
// its kind.
func keepNew(t *testing.T) {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(*from, "*", "out", "host.json"))
	if err != nil {
		t.Fatal(err)
	}
	if len(files) == 0 {
		t.Fatalf("no run left a column below %q", *from)
	}
	for _, file := range files {
		c, err := Read(file)
		if err != nil {
			t.Fatal(err)
		}
		if err := c.Write(filepath.Join("columns", c.Kind()+".json")); err != nil {
			t.Fatal(err)
		}
		t.Logf("kept %s of %s", c.Kind(), file)
	}
}

// TestTable: a line that a host did not try says so, and columns stand in the
// order of their kinds.
func TestTable(t *testing.T) {
	folder := t.TempDir()
	for name, c := range map[string]Column{
		"a.json": {Cgroup: "2", Driver: "systemd", Engine: "26.1.5+dfsg1", Kernel: "6.12", Systemd: "257"},
		"b.json": {Cgroup: "1", Driver: "cgroupfs", Engine: "20.10.24", Kernel: "5.10", Cells: map[string]string{Start: "yes"}},
	} {
		if err := c.Write(filepath.Join(folder, name)); err != nil {
			t.Fatal(err)
		}
	}
	columns, err := ReadAll(folder)
	if err != nil {
		t.Fatal(err)
	}
	if got, want := columns[1].Kind(), "v2-systemd-docker-26.1"; got != want {
		t.Errorf("the second kind is %q, want %q", got, want)
	}
	table := Table(columns)
	for _, want := range []string{
		"|  | v1, cgroupfs | v2, systemd |\n|---|---|---|\n",
		"| systemd | not PID 1 | 257 |\n",
		"| " + Start + " | yes | not tried |\n",
	} {
		if !strings.Contains(table, want) {
			t.Errorf("the table lacks %q:\n%s", want, table)
		}
	}
}
