package engine

import (
	"context"
	"encoding/binary"
	"io"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/podlike/podlike/internal/pod"
)

// framed is a frame of the engine's logs.
func framed(stream byte, at time.Time, text string) string {
	if stream != 3 {
		text = at.Format(time.RFC3339Nano) + " " + text
	}
	header := [8]byte{0: stream}
	binary.BigEndian.PutUint32(header[4:], uint32(len(text)))
	return string(header[:]) + text
}

// TestEndOfOneWhoseLogIsBroken: how a component ended is told although its log
// cannot be read.
func TestEndOfOneWhoseLogIsBroken(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		began := time.Now()
		trouble := framed(3, began, "Error grabbing logs: invalid character '\\x00' looking for beginning of value\n")
		s := &site{
			roles: map[string]pod.Role{"web": pod.RoleComponent}, states: map[string]string{"web": "exited", "pause": "running"}, started: began,
			logs: map[string]string{
				"pause": framed(1, began.Add(time.Second), "podlike: taking the pod over\n"),
				"web":   framed(1, began, "one\n") + trouble,
			},
		}
		p := s.pod(t, io.Discard)
		ctx, cancel := context.WithTimeout(t.Context(), time.Hour)
		defer cancel()
		exit, err := p.Wait(ctx, "web")
		if err != nil || exit.Code != 3 {
			t.Errorf("code %d after %s, error %v", exit.Code, time.Since(began), err)
		}
		if took := time.Since(began); took > time.Minute {
			t.Errorf("it took %s to be told", took)
		}
		if s := p.stream("web"); s != nil {
			s.closer()
			<-s.drained
		}
	})
}

// lines is what comes out of the pod.
type lines struct {
	mu   sync.Mutex
	text strings.Builder
}

func (l *lines) Write(b []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(b)
}

// of are the lines of the component web, in one.
func (l *lines) of() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	var all []string
	for line := range strings.Lines(l.text.String()) {
		if text, ok := strings.CutPrefix(line, "[out] web: "); ok {
			all = append(all, strings.TrimSpace(text))
		}
	}
	return strings.Join(all, " ")
}

// TestReadOn: the lines of a component that came out of the pod before do not
// come out again, and the others do, once.
func TestReadOn(t *testing.T) {
	for _, tt := range []struct {
		name string
		// The logs are words, one each second from the container's start, at
		// which the pause's has an "S"; "<" sets the clock back by 10 s.
		pause, web, want string
	}{
		{"nobody listened for a while", "x S [a] [b]", "- - a b c d", "c d"},
		{"the engine is slow", "x S [a] ~ [b] ~ x ~ x ~ [c]", "- - a b - - c d", "d"},
		{"the engine hangs once", "x S [a] ~~~~ [b] ~ [c]", "- - a b c d", "d"},
		{"nothing came out", "x S", "- - a b", "a b"},
		{"the pause's log was rotated since", "- - - x x", "a b - - - c", "c"},
		{"the clock was set back while nobody listened", "x S [a] [b]", "- - a b c < d e", "c d e"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				began := time.Now()
				write := func(words string, wrap func(string) string) string {
					var log strings.Builder
					at := began.Add(-100 * time.Second)
					for _, word := range strings.Fields(words) {
						at = at.Add(time.Second)
						switch word {
						case "-":
						case "~", "~~~~":
							log.WriteString(strings.Repeat(slowly, len(word)))
						case "<":
							at = at.Add(-10 * time.Second)
						default:
							log.WriteString(framed(1, at, wrap(word)+"\n"))
						}
					}
					return log.String()
				}
				s := &site{
					roles: map[string]pod.Role{"web": pod.RoleComponent}, states: map[string]string{"web": "exited", "pause": "running"},
					started: began.Add(-98 * time.Second),
				}
				if !slices.Contains(strings.Fields(tt.pause), "S") {
					s.started = s.started.Add(-time.Hour) // and the log does not go back so far
				}
				s.logs = map[string]string{
					"web": write(tt.web, func(word string) string { return word }),
					"pause": write(tt.pause, func(word string) string {
						if text, ok := strings.CutPrefix(word, "["); ok {
							return "[out] web: " + strings.TrimSuffix(text, "]")
						}
						return "podlike: " + word
					}) + framed(1, began.Add(time.Second), "podlike: taking the pod over\n"),
				}
				var out lines
				p := s.pod(t, &out)
				if _, err := p.Wait(t.Context(), "web"); err != nil {
					t.Fatal(err)
				}
				if late := p.stream("web"); late != nil {
					<-late.drained
				}
				if got := out.of(); got != tt.want {
					t.Errorf("%q came out, want %q", got, tt.want)
				}
			})
		})
	}
}
