package labels

import (
	"io"
	"strings"
	"testing"

	"github.com/podlike/podlike/internal/pod"
)

func TestPortClashesOfAComposeFile(t *testing.T) {
	file := `services:
  a: {image: x, ports: ["8080:80", "127.0.0.1:9000:9000/udp", 443]}
  b: {image: x, ports: [{target: 80, published: 81}, "9000"]}
  c: {image: x, expose: ["443", "5000-5001"]}
  d: {image: x, expose: [5001]}
  e: {image: x, ports: ["8081:8080"], expose: [8080]}
`
	_, warnings, err := Parse(Source{
		Labels: map[string]string{"pod.compose.file": "/pod.yml"},
		Open:   func(string) (io.ReadCloser, error) { return io.NopCloser(strings.NewReader(file)), nil },
	}, pod.Options{})
	if err != nil {
		t.Fatal(err)
	}
	var clashes []string
	for _, w := range warnings {
		if port, rest, ok := strings.Cut(strings.TrimPrefix(w, "port "), " is published or exposed by the components "); ok {
			names, _, _ := strings.Cut(rest, ":")
			clashes = append(clashes, port+": "+names)
		}
	}
	if got, want := strings.Join(clashes, "; "), "443/tcp: a, c; 5001/tcp: c, d; 80/tcp: a, b"; got != want {
		t.Errorf("clashes %q, want %q\nall warnings: %q", got, want, warnings)
	}
}
