package test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestNamesForMachines: what vm/tests names is there; go test would leave out
// a name that it does not know, and say nothing.
func TestNamesForMachines(t *testing.T) {
	files, err := filepath.Glob("e2e/*_test.go")
	if err != nil {
		t.Fatal(err)
	}
	var code strings.Builder
	for _, file := range files {
		code.WriteString(content(t, file))
	}
	for line := range strings.Lines(content(t, "vm/tests")) {
		name, _, _ := strings.Cut(line, "#")
		name = strings.TrimSpace(name)
		if name != "" && !strings.Contains(code.String(), "func "+name+"(t *testing.T)") {
			t.Errorf("vm/tests names %s, and no test in e2e is called so", name)
		}
	}
}

func content(t *testing.T, file string) string {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}
