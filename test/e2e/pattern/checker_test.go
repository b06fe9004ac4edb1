package pattern

import (
	"bytes"
	"strings"
	"testing"
)

// TestChecker: what a pod could do to its components' lines does not pass.
func TestChecker(t *testing.T) {
	var whole strings.Builder
	for i := range 20 {
		whole.Write(append(Line([]byte("[out] a: "), i, []int{8, 9, 300}[i%3]), '\n'))
		if i == 10 {
			whole.WriteString("podlike: a message\n")
		}
	}
	whole.WriteString("[out] a: bye\n")
	good := whole.String()
	lines := strings.SplitAfter(good, "\n")
	for _, tt := range []struct {
		name, text, err string
	}{
		{"as it was written", good, ""},
		{"a lost byte", good[:200] + good[201:], "a: line 2 is"},
		{"a changed byte", good[:200] + "\x7f" + good[201:], "a: line 2 is"},
		{"a lost line", strings.Join(append(lines[:5:5], lines[6:]...), ""), "a: line 5 is"},
		{"a doubled line", strings.Join(append(lines[:6:6], lines[5:]...), ""), "a: line 6 is"},
		{"lines in another order", lines[1] + lines[0] + strings.Join(lines[2:], ""), "a: line 0 is"},
		{"a broken line", good[:200] + "\n[out] a: " + good[200:], "a: line 2 is"},
		{"no last line", strings.TrimSuffix(good, "[out] a: bye\n"), "a: only 20 lines came"},
		{"the last line twice", good + "[out] a: bye\n", "a: line 21 is one too many"},
		{"no newline at the end", strings.TrimSuffix(good, "\n"), "does not end with a newline"},
		{"a stranger's line", good + "[out] b: hello\n", "a line of nobody"},
		{"another stream's line", good + "[err] a: bye\n", "a line of nobody"},
		{"nothing", "", "a: only 0 lines came"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			for _, chunk := range []int{1, 7, len(good) + 20} {
				c := NewChecker("[out] ", map[string]Text{"a": Lines(20, "bye", 8, 9, 300)})
				for b := []byte(tt.text); len(b) > 0; b = b[min(chunk, len(b)):] {
					c.Write(b[:min(chunk, len(b))])
				}
				err := c.Result()
				if (err == nil) != (tt.err == "") || (err != nil && !strings.Contains(err.Error(), tt.err)) {
					t.Errorf("in pieces of %d bytes: %v, want %q", chunk, err, tt.err)
				}
				if seen, seenErr := c.Seen("a"); tt.err == "" && (seen != 21 || seenErr != nil) {
					t.Errorf("saw %d lines (%v), want 21", seen, seenErr)
				}
			}
		})
	}
}

func TestPattern(t *testing.T) {
	for _, size := range []int{0, 1, 8, 9, 100, 1_000_000} {
		line := Line([]byte("x"), 12345, size)[1:]
		if len(line) != size || bytes.ContainsAny(line, "\n\r ") {
			t.Errorf("size %d: %d bytes, %.40q", size, len(line), line)
		}
	}
	if bytes.Equal(Line(nil, 1, 100)[20:], Line(nil, 2, 100)[20:]) {
		t.Error("two lines have the same bytes")
	}
	binary := Binary()
	for i := range 256 {
		if !bytes.Contains(binary, []byte{byte(i)}) {
			t.Errorf("byte %d is missing", i)
		}
	}
	if bytes.HasSuffix(binary, []byte("\n")) {
		t.Error("there is a newline at the end")
	}
	text := Literally(binary)
	var again []byte
	for n := 0; ; n++ {
		line, ok := text(nil, n)
		if !ok {
			break
		}
		again = append(append(again, line...), '\n')
	}
	if !bytes.Equal(bytes.TrimSuffix(again, []byte("\n")), binary) {
		t.Error("the lines are not those of the text")
	}
}
