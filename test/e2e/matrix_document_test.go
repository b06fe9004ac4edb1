//go:build e2e

package e2e

import (
	"os"
	"strings"
	"sync"
	"testing"
)

const (
	matrixDocument = "../../docs/reliability.md"
	matrixBegin    = "<!-- outcomes of TestFaultMatrix: go test -tags e2e -run TestFaultMatrix ./test/e2e -update -->\n"
	matrixEnd      = "<!-- end of the outcomes -->\n"
)

// outcomes is what came of each fault in each state.
type outcomes struct {
	mu  sync.Mutex
	all map[outcomeOf]string
}

type outcomeOf struct {
	fault, state string
	pids         bool
}

func newOutcomes() *outcomes { return &outcomes{all: map[outcomeOf]string{}} }

func (o *outcomes) add(f *fault, at podMoment, pids bool, outcome string) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.all[outcomeOf{f.word, at.name, pids}] = outcome
}

// table is the outcomes in Markdown; whole is false where some are missing.
func (o *outcomes) table(columns []*fault) (text string, whole bool) {
	var b strings.Builder
	b.WriteString("|")
	rule := "\n|---"
	for _, at := range podMoments() {
		b.WriteString(" | " + at.name)
		rule += "|---"
	}
	b.WriteString(" |" + rule + "|\n")
	whole = true
	for _, f := range columns {
		b.WriteString("| " + f.name)
		for _, at := range podMoments() {
			with, hasWith := o.all[outcomeOf{f.word, at.name, true}]
			without, hasWithout := o.all[outcomeOf{f.word, at.name, false}]
			whole = whole && hasWith && hasWithout
			if with != without {
				with += "; with `--pids=false`: " + without
			}
			b.WriteString(" | " + with)
		}
		b.WriteString(" |\n")
	}
	return b.String(), whole
}

// compare holds the document against the outcomes, or writes them into it.
func (o *outcomes) compare(t *testing.T, columns []*fault) {
	t.Helper()
	text, whole := o.table(columns)
	if !whole {
		t.Logf("not all cells were run: %s is not looked at", matrixDocument)
		return
	}
	content, err := os.ReadFile(matrixDocument)
	if err != nil {
		t.Fatal(err)
	}
	before, rest, begins := strings.Cut(string(content), matrixBegin)
	has, after, ends := strings.Cut(rest, matrixEnd)
	switch {
	case !begins || !ends:
		t.Fatalf("%s has no place for the outcomes between %q and %q", matrixDocument, matrixBegin, matrixEnd)
	case *update:
		if err := os.WriteFile(matrixDocument, []byte(before+matrixBegin+text+matrixEnd+after), 0o644); err != nil {
			t.Fatal(err)
		}
	case has != text:
		t.Errorf("%s has other outcomes than were seen; run this test with -update. Seen:\n%s", matrixDocument, text)
	}
}

// TestReliabilityDocument: the document says what the table of this test wants.
func TestReliabilityDocument(t *testing.T) {
	wanted := newOutcomes()
	var columns []*fault
	for _, f := range allFaults(t) {
		columns = append(columns, f)
		for _, at := range podMoments() {
			for _, pids := range []bool{true, false} {
				wanted.add(f, at, pids, matrixTable()[f.word][at.name])
			}
		}
	}
	content, err := os.ReadFile(matrixDocument)
	if err != nil {
		t.Fatal(err)
	}
	if text, _ := wanted.table(columns); !strings.Contains(string(content), matrixBegin+text+matrixEnd) {
		t.Errorf("%s does not have this table:\n%s", matrixDocument, text)
	}
}
