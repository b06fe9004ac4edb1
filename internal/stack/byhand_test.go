package stack

import (
	"os"
	"path/filepath"
	"testing"
)

// TestByHand: pods that are written as labels, as the articles on them show
// it, are found to be without a mistake, and stay as they are.
func TestByHand(t *testing.T) {
	files, err := filepath.Glob("testdata/byhand/*.yml")
	if err != nil || len(files) < 5 {
		t.Fatalf("found %d files, %v", len(files), err)
	}
	for _, file := range files {
		t.Run(filepath.Base(file), func(t *testing.T) {
			text, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			in := Input{Files: []Source{{file, text}}, ReadFile: memory(nil).read}
			report, err := Lint(t.Context(), in)
			if err != nil || len(report.Mistakes)+len(report.Warnings) > 0 || report.Pods != 1 {
				t.Errorf("%v, %+v", err, report)
			}
			out, _ := render(t, string(text))
			stackConfig(t, out)
			if before, after := parse(t, string(text)).get("services"), parse(t, out).get("services"); !before.same(after) {
				t.Errorf("the services became\n%s", out)
			}
		})
	}
}
