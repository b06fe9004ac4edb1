package stack

import (
	"errors"
	"io"
	"slices"
	"strings"

	"github.com/podlike/podlike/internal/labels"
	"github.com/podlike/podlike/internal/pod"
)

// labelTexts are the labels of a service's containers.
func labelTexts(service *node) map[string]*node {
	pairs, ok := service.get("labels").pairs(false)
	if !ok {
		return nil
	}
	return pairs.kids
}

// isPod: the labels make a pod, or would have made one in earlier versions.
func isPod(texts map[string]*node) bool {
	for name := range texts {
		if strings.HasPrefix(name, labelComponent) || strings.HasPrefix(name, labelOldName) || name == labelFile || name == labelInit {
			return true
		}
	}
	return false
}

// parseLabels has the pod's own parser read the labels, and reports what it
// finds where the author wrote it. ok is false after a mistake.
func (l *linter) parseLabels() (spec pod.Spec, ok bool) {
	src := labels.Source{Labels: map[string]string{}, Open: emptyFile}
	unsure := map[string][]bool{}
	for name, n := range l.labels {
		if !strings.HasPrefix(name, "pod.") {
			continue
		}
		if !n.isScalar() {
			return spec, false // docker/cli's schema has complained
		}
		src.Labels[name], unsure[name] = l.deployed(n.text)
	}
	spec, warnings, err := labels.Parse(src, pod.Options{})
	for _, w := range warnings {
		l.found.warn(l.service.at, "services.%s: %s", l.name, w)
	}
	var wrong *labels.MistakesError
	if !errors.As(err, &wrong) {
		return spec, err == nil
	}
	for _, m := range wrong.Mistakes {
		if depends(unsure[m.Label], src.Labels[m.Label], m.Line) {
			continue // on a variable that only the deploy knows
		}
		at := l.placeOf(m.Label, m.Line)
		if key, must := mistaken(m); must && l.found.has(at, key+" must be ") {
			continue // the value is the service's, too, and was complained about there
		}
		l.found.mistake(at, "services.%s: %s%s", l.name, labelSubject(m.Label), m.Text)
	}
	return spec, false
}

// mistaken is the key whose value is not what it must be, if the mistake is of
// that kind.
func mistaken(m labels.Mistake) (key string, must bool) {
	key, _, must = strings.Cut(" "+m.Text, " must be ")
	if key = strings.TrimSpace(key); key == "" {
		key = strings.TrimPrefix(m.Label, "pod.")
	}
	return key, must
}

// deployed is a label's text as the deploy will write it; unsure says of each
// line whether it has a variable without a value here.
func (l *linter) deployed(text string) (_ string, unsure []bool) {
	lines := strings.Split(text, "\n")
	for i, line := range lines {
		value, certain := substitute(line, l.Environment)
		unsure = append(unsure, !certain)
		lines[i] = strings.ReplaceAll(value, "\n", " ")
	}
	return strings.Join(lines, "\n"), unsure
}

// depends: what is written on the line, or below it, has a variable without a
// value here. The line 0 stands for the whole text.
func depends(unsure []bool, text string, line int) bool {
	if line == 0 {
		return slices.Contains(unsure, true)
	}
	lines := strings.Split(text, "\n")
	if line > len(unsure) || line > len(lines) {
		return false
	}
	depth := func(s string) int { return len(s) - len(strings.TrimLeft(s, " ")) }
	for i := line - 1; i < len(lines) && i < len(unsure); i++ {
		below := depth(lines[i]) > depth(lines[line-1]) || strings.TrimSpace(lines[i]) == ""
		if i >= line && !below {
			return false
		}
		if unsure[i] {
			return true
		}
	}
	return false
}

// placeOf is where the author wrote a line of a label.
func (l *linter) placeOf(label string, line int) place {
	n := l.labels[label]
	if n == nil {
		return l.service.at
	}
	if l.made != nil {
		if places := l.made.places[label]; places != nil {
			return places[min(max(line-1, 0), len(places)-1)]
		}
	}
	at := n.at
	if line > 0 && strings.Contains(n.text, "\n") {
		at.line += line // a block starts below its key
	}
	return at
}

func labelSubject(label string) string {
	if name, ok := strings.CutPrefix(label, labelComponent); ok {
		return "component " + name + ": "
	}
	if label == "" {
		return ""
	}
	return label + ": "
}

// emptyFile stands for the files of the pause, which are not here.
func emptyFile(string) (io.ReadCloser, error) { return io.NopCloser(strings.NewReader("")), nil }
