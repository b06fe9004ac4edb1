package stack

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/agnivade/levenshtein"
)

// Mistake is one thing that the author of a stack has to correct, or, as a
// warning, may want to look at.
type Mistake struct {
	File string `json:"file"` // as it was named in [Input.Files]; "" when it is about none
	Line int    `json:"line"` // 1-based; 0 when it is about the file as a whole
	Text string `json:"text"` // what is wrong, and what would be right

	at place
}

func (m Mistake) String() string {
	if where := m.at.String(); where != "" {
		return where + ": " + m.Text
	}
	return m.Text
}

// MistakesError lists every mistake of a stack, sorted by file and line.
type MistakesError struct {
	Mistakes []Mistake
}

// Error is a heading and one line for each mistake.
func (e *MistakesError) Error() string {
	var b strings.Builder
	if len(e.Mistakes) == 1 {
		b.WriteString("the stack has a mistake:")
	} else {
		fmt.Fprintf(&b, "the stack has %d mistakes:", len(e.Mistakes))
	}
	for _, m := range e.Mistakes {
		b.WriteString("\n  " + strings.ReplaceAll(m.String(), "\n", "\n    "))
	}
	return b.String()
}

// findings collects what the steps have to say.
type findings struct {
	mistakes []Mistake
	warnings []Mistake
}

func (f *findings) mistake(at place, format string, args ...any) {
	f.mistakes = append(f.mistakes, Mistake{File: at.file, Line: at.line, Text: fmt.Sprintf(format, args...), at: at})
}

func (f *findings) warn(at place, format string, args ...any) {
	f.warnings = append(f.warnings, Mistake{File: at.file, Line: at.line, Text: fmt.Sprintf(format, args...), at: at})
}

// has: there is a mistake at this place that has the words in it.
func (f *findings) has(at place, words string) bool {
	return slices.ContainsFunc(f.mistakes, func(m Mistake) bool {
		return m.File == at.file && m.Line == at.line && strings.Contains(m.Text, words)
	})
}

// err is nil when there is no mistake.
func (f *findings) err() error {
	if len(f.mistakes) == 0 {
		return nil
	}
	return &MistakesError{Mistakes: sorted(f.mistakes)}
}

// sortedWarnings are the warnings in the order of the files, each once.
func (f *findings) sortedWarnings() []string {
	var lines []string
	for _, w := range sorted(f.warnings) {
		lines = append(lines, w.String())
	}
	return lines
}

func sorted(all []Mistake) []Mistake {
	all = slices.Clone(all)
	slices.SortStableFunc(all, func(a, b Mistake) int {
		return cmp.Or(cmp.Compare(a.File, b.File), cmp.Compare(a.Line, b.Line), cmp.Compare(a.at.result, b.at.result), cmp.Compare(a.Text, b.Text))
	})
	return slices.Compact(all)
}

// didYouMean is "" or `; did you mean "image"?`: the known word that is two
// letters off, or a third of a long word.
func didYouMean(word string, known []string) string {
	if len(word) < 2 || len(word) > 64 {
		return ""
	}
	best, limit := "", max(2, len(word)/3)+1
	for _, k := range slices.Sorted(slices.Values(known)) {
		d := levenshtein.ComputeDistance(strings.ToLower(word), strings.ToLower(k))
		if d < limit && d < len(word) {
			best, limit = k, d
		}
	}
	if best == "" {
		return ""
	}
	return fmt.Sprintf("; did you mean %q?", best)
}

// oneOf lists words for a message: "a, b or c".
func oneOf(words []string) string {
	if len(words) < 2 {
		return strings.Join(words, "")
	}
	return strings.Join(words[:len(words)-1], ", ") + " or " + words[len(words)-1]
}
