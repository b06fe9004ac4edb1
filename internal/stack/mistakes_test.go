package stack

import (
	"errors"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

var update = flag.Bool("update", false, "write the golden files and the output in docs/templates.md anew")

// TestMistakes holds what the author of a stack reads after the likeliest
// mistakes: all of them, with file, line and remedy.
func TestMistakes(t *testing.T) {
	files, err := filepath.Glob("testdata/mistakes/*.yml")
	if err != nil || len(files) < 10 {
		t.Fatalf("found %d files, %v", len(files), err)
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".yml"), func(t *testing.T) {
			text, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			in := Input{Files: []Source{{"stack.yml", text}}, Dir: "", ReadFile: memory(nil).read}
			out, warnings, err := Render(t.Context(), in)
			var mistakes *MistakesError
			if !errors.As(err, &mistakes) {
				t.Fatalf("error is %v", err)
			}
			if out != nil {
				t.Errorf("there is output beside the mistakes:\n%s", out)
			}
			for _, m := range mistakes.Mistakes {
				if m.File == "" || m.Line == 0 {
					t.Errorf("no file or no line: %q", m)
				}
			}
			got := err.Error() + "\n"
			for _, w := range warnings {
				got += "warning: " + w + "\n"
			}
			golden(t, strings.TrimSuffix(file, ".yml")+".golden", got)
		})
	}
}

func golden(t *testing.T, file, got string) {
	t.Helper()
	if *update {
		if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(string(want), got); d != "" {
		t.Errorf("%s (-want +got):\n%s", file, d)
	}
}
