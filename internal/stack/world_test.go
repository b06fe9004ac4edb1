package stack

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log"
	"net"
	"os"
	"os/exec"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/sirupsen/logrus"
)

// TestMain fails when a library logs on its own: what it has to say to the
// author of a stack is said with file and line, or not at all.
func TestMain(m *testing.M) {
	var logged strings.Builder
	logrus.SetOutput(&logged)
	log.SetOutput(&logged)
	code := m.Run()
	if text := logged.String(); text != "" && code == 0 {
		fmt.Fprintf(os.Stderr, "a library has logged:\n%s", text)
		code = 1
	}
	os.Exit(code)
}

// memory are files in memory, by path.
type memory map[string]string

func (f memory) read(path string) ([]byte, error) {
	text, ok := f[path]
	if !ok {
		return nil, &fs.PathError{Op: "open", Path: path, Err: fs.ErrNotExist}
	}
	return []byte(text), nil
}

// render renders one stack in /stack, and checks what holds for all output.
func render(t *testing.T, text string, change ...func(*Input)) (string, []string) {
	t.Helper()
	out, warnings, err := tryRender(t, text, change...)
	if err != nil {
		t.Fatalf("%v\nof\n%s", err, text)
	}
	return out, warnings
}

func tryRender(t *testing.T, text string, change ...func(*Input)) (string, []string, error) {
	t.Helper()
	in := Input{Files: []Source{{"stack.yml", []byte(text)}}, Dir: "/stack", ReadFile: memory(nil).read}
	for _, c := range change {
		c(&in)
	}
	out, warnings, err := Render(t.Context(), in)
	if err != nil {
		return "", warnings, err
	}
	checkOutput(t, in, string(out))
	return string(out), warnings, nil
}

// checkOutput: the same input gives the same bytes, and the output gives
// itself.
func checkOutput(t *testing.T, in Input, out string) {
	t.Helper()
	again, _, err := Render(t.Context(), in)
	if err != nil || string(again) != out {
		t.Errorf("the second rendering differs: %v\n%s\nis not\n%s", err, again, out)
	}
	in.Files = []Source{{"out.yml", []byte(out)}}
	itself, _, err := Render(t.Context(), in)
	if err != nil || string(itself) != out {
		t.Errorf("the output does not give itself: %v\n%s\nis not\n%s", err, itself, out)
	}
}

// stackConfig pipes output through `docker stack config`, and returns what
// that makes of it.
func stackConfig(t *testing.T, out string, env ...string) string {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "docker", "stack", "config", "-c", "-")
	cmd.Stdin = strings.NewReader(out)
	cmd.Env = append(cmd.Environ(), env...)
	var stderr strings.Builder
	cmd.Stderr = &stderr
	config, err := cmd.Output()
	if err != nil || stderr.Len() > 0 {
		t.Errorf("docker stack config: %v\n%s\nof\n%s", err, &stderr, out)
	}
	return string(config)
}

// label is one label of a service in the output.
func label(t *testing.T, out, service, name string) string {
	t.Helper()
	n := parse(t, out).get("services", service, "labels", name)
	if n == nil {
		t.Fatalf("services.%s has no label %s in\n%s", service, name, out)
	}
	return n.text
}

func parse(t *testing.T, text string) *node {
	t.Helper()
	found := &findings{}
	n, ok := read(text, func(line int) place { return place{file: "f", line: line} }, found)
	if !ok {
		t.Fatalf("%v\nof\n%s", found.err(), text)
	}
	return n
}

// nowhere is a network without servers.
func nowhere(context.Context, string, string) (net.Conn, error) {
	return nil, errors.New("there is no network")
}

// isText: YAML can hold it as a string.
func isText(b []byte) bool {
	for _, r := range string(b) {
		if r == utf8.RuneError || r < ' ' && r != '\n' && r != '\t' || r >= 0x7f && r < 0xa0 || r == 0xfeff || r >= 0xfffe {
			return false
		}
	}
	return true
}
