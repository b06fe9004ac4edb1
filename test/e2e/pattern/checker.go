package pattern

import (
	"bytes"
	"errors"
	"fmt"
	"strings"
	"sync"
)

// Text appends line i of what a component writes to dst; ok is false past the
// last one.
type Text func(dst []byte, i int) (line []byte, ok bool)

// Lines are n lines as [Line] makes them, whose sizes take turns, and a last
// one unless it is "".
func Lines(n int, last string, sizes ...int) Text {
	return func(dst []byte, i int) ([]byte, bool) {
		if i < n {
			return Line(dst, i, sizes[i%len(sizes)]), true
		}
		return append(dst, last...), last != "" && i == n
	}
}

// Literally are the lines of b.
func Literally(b []byte) Text {
	lines := bytes.Split(b, []byte{'\n'})
	return func(dst []byte, i int) ([]byte, bool) {
		if i >= len(lines) {
			return dst, false
		}
		return append(dst, lines[i]...), true
	}
}

// Checker reads one of a pod's two streams and compares each line of a
// component with what it must be. It may be read while it is written.
type Checker struct {
	prefix string // "[out] " or "[err] "
	want   map[string]Text

	mu      sync.Mutex
	partial []byte
	line    []byte // what is wanted, kept for its memory
	seen    map[string]int
	errs    []string
	own     []string // lines that no component wrote
}

// NewChecker makes a checker of the stream whose lines begin with "[out] " or
// "[err] ", as prefix says. want is what each component writes there.
func NewChecker(prefix string, want map[string]Text) *Checker {
	return &Checker{prefix: prefix, want: want, seen: map[string]int{}}
}

// Write implements [io.Writer].
func (c *Checker) Write(p []byte) (int, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for rest := p; len(rest) > 0; {
		line, after, finished := bytes.Cut(rest, []byte{'\n'})
		rest = after
		if !finished {
			c.partial = append(c.partial, line...)
			break
		}
		if len(c.partial) > 0 {
			line = append(c.partial, line...)
			c.partial = c.partial[:0]
		}
		c.check(line)
	}
	return len(p), nil
}

func (c *Checker) check(line []byte) {
	rest, ok := bytes.CutPrefix(line, []byte(c.prefix))
	name, got, ok2 := bytes.Cut(rest, []byte(": "))
	want := c.want[string(name)]
	if !ok || !ok2 || want == nil {
		if !bytes.HasPrefix(line, []byte("podlike: ")) {
			c.fail("a line of nobody: %s", excerpt(line))
		}
		c.own = append(c.own, string(line))
		return
	}
	i := c.seen[string(name)]
	c.seen[string(name)]++
	if c.line, ok = want(c.line[:0], i); !ok {
		c.fail("%s: line %d is one too many: %s", name, i, excerpt(got))
	} else if !bytes.Equal(got, c.line) {
		c.fail("%s: line %d is\n  %s, want\n  %s", name, i, excerpt(got), excerpt(c.line))
	}
}

// fail keeps the first few errors; one lost line makes all later ones wrong.
func (c *Checker) fail(format string, args ...any) {
	if len(c.errs) < 5 {
		c.errs = append(c.errs, fmt.Sprintf(format, args...))
	}
}

// Seen is how many lines of a component came, and what was wrong with them.
func (c *Checker) Seen(component string) (int, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.errs) > 0 {
		return 0, errors.New(strings.Join(c.errs, "\n"))
	}
	return c.seen[component], nil
}

// Result is nil when all lines came, exact and once. The stream is over.
func (c *Checker) Result() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.partial) > 0 {
		c.fail("the output does not end with a newline: %s", excerpt(c.partial))
	}
	for name, want := range c.want {
		if _, more := want(nil, c.seen[name]); more {
			c.fail("%s: only %d lines came", name, c.seen[name])
		}
	}
	if len(c.errs) > 0 {
		return fmt.Errorf("%s\nthe pod's own lines:\n  %s", strings.Join(c.errs, "\n"), strings.Join(c.own, "\n  "))
	}
	return nil
}

// excerpt is a line for people, its middle left out.
func excerpt(line []byte) string {
	if len(line) <= 120 {
		return fmt.Sprintf("%q (%d bytes)", line, len(line))
	}
	return fmt.Sprintf("%q...%q (%d bytes)", line[:60], line[len(line)-40:], len(line))
}
