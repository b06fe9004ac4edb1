package engine

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestOutputEnd(t *testing.T) {
	for name, test := range map[string]struct {
		writes []string
		want   string
	}{
		"nothing":           {nil, ""},
		"all of it":         {[]string{"one\n", "two\n"}, "one\ntwo\n"},
		"just all of it":    {[]string{"123456789\n"}, "123456789\n"},
		"from a line on":    {[]string{"one\ntwo\n", "three\nfour\n"}, "four\n"},
		"a long line's end": {[]string{strings.Repeat("x", 50), "1234567890"}, "1234567890"},
		"a long last line":  {[]string{"one\n", "12345678901234\n"}, "678901234\n"},
	} {
		last := &outputEnd{most: 10}
		for _, w := range test.writes {
			last.Write([]byte(w))
		}
		if got := string(last.bytes()); got != test.want {
			t.Errorf("%s: got %q, want %q", name, got, test.want)
		}
	}
}

func TestPrevious(t *testing.T) {
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "web"), []byte("bye\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if text, err := Previous(dir, "web"); err != nil || string(text) != "bye\n" {
		t.Errorf("got %q, %v", text, err)
	}
	for name, want := range map[string]string{
		"db":         "was not restarted",
		"../" + "x":  "no name of a component",
		"a/b":        "no name of a component",
		"":           "no name of a component",
		"..":         "no name of a component",
		"/etc/hosts": "no name of a component",
	} {
		if _, err := Previous(dir, name); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: got %v, want %q in it", name, err, want)
		}
	}
}
