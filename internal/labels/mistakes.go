package labels

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/agnivade/levenshtein"
)

// Mistake is one thing that the user has to correct.
type Mistake struct {
	Label string // the label, "" when it is about all of them
	File  string // the Compose file that Line counts in, "" for the label's own text
	Line  int    // 1-based; 0 when it is about the label as a whole
	Text  string
}

func (m Mistake) String() string {
	var where []string
	if m.Label != "" {
		where = append(where, m.Label)
	}
	if m.File != "" {
		where = append(where, m.File)
	}
	if m.Line > 0 {
		where = append(where, fmt.Sprintf("line %d", m.Line))
	}
	if len(where) == 0 {
		return m.Text
	}
	return strings.Join(where, ", ") + ": " + m.Text
}

// MistakesError lists every mistake of a pod's definition, sorted by label and
// line.
type MistakesError struct {
	Mistakes []Mistake
}

// Error is a heading and one line for each mistake.
func (e *MistakesError) Error() string {
	var b strings.Builder
	if len(e.Mistakes) == 1 {
		b.WriteString("the pod's definition has a mistake:")
	} else {
		fmt.Fprintf(&b, "the pod's definition has %d mistakes:", len(e.Mistakes))
	}
	for _, m := range e.Mistakes {
		b.WriteString("\n  ")
		b.WriteString(strings.ReplaceAll(m.String(), "\n", "\n  "))
	}
	return b.String()
}

// findings collects what the steps have to say.
type findings struct {
	mistakes []Mistake
	warnings []string
}

func (f *findings) mistake(label string, line int, format string, args ...any) {
	f.mistakes = append(f.mistakes, Mistake{Label: label, Line: line, Text: fmt.Sprintf(format, args...)})
}

func (f *findings) warn(format string, args ...any) {
	f.warnings = append(f.warnings, fmt.Sprintf(format, args...))
}

// err is nil when there is no mistake.
func (f *findings) err() error {
	if len(f.mistakes) == 0 {
		return nil
	}
	slices.SortFunc(f.mistakes, func(a, b Mistake) int {
		return cmp.Or(cmp.Compare(a.Label, b.Label), cmp.Compare(a.Line, b.Line), cmp.Compare(a.Text, b.Text))
	})
	return &MistakesError{Mistakes: slices.Compact(f.mistakes)}
}

// sortedWarnings are the warnings in a stable order, each once.
func (f *findings) sortedWarnings() []string {
	slices.Sort(f.warnings)
	return slices.Compact(f.warnings)
}

// nearest is the known word that was most likely meant, "" when none is near:
// two letters off, or a third of a long word.
func nearest(word string, known []string) string {
	// Distances of long words cost time and help nobody.
	if len(word) < 2 || len(word) > 64 {
		return ""
	}
	best, limit := "", max(2, len(word)/3)+1
	for _, k := range known {
		d := levenshtein.ComputeDistance(strings.ToLower(word), strings.ToLower(k))
		if d < limit && d < len(word) {
			best, limit = k, d
		}
	}
	return best
}

// didYouMean is "" or `; did you mean "image"?`. The beginning of a known word
// is near enough, too.
func didYouMean(word string, known []string) string {
	best := nearest(word, known)
	for _, k := range known {
		if best == "" && len(word) > 2 && strings.HasPrefix(k, word) {
			best = k
		}
	}
	if best == "" {
		return ""
	}
	return fmt.Sprintf("; did you mean %q?", best)
}
