package logs

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

var epoch = time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)

// framed is a frame of the engine's logs.
func framed(stream byte, ms int, text string) string {
	payload := epoch.Add(time.Duration(ms)*time.Millisecond).Format(time.RFC3339Nano) + " " + text
	header := [headerSize]byte{0: stream}
	binary.BigEndian.PutUint32(header[4:], uint32(len(payload)))
	return string(header[:]) + payload
}

func TestEntries(t *testing.T) {
	tests := []struct {
		name, in string
		tty      bool
		want     []string // of both lists
		failed   string
	}{
		{"nothing", "", false, nil, ""},
		{"lines of both streams", framed(1, 1, "a\n") + framed(2, 2, "b c\n") + framed(1, 3, "\n"), false,
			[]string{"out 1 1 a", "err 2 1 b c", "out 3 1 "}, ""},
		{"pieces, one stream within the other", framed(1, 1, "aa") + framed(2, 2, "b") + framed(1, 3, "cc") + framed(1, 4, "d\n") + framed(2, 5, "e\n"), false,
			[]string{"out 4 3 aaccd", "err 5 2 be"}, ""},
		{"a carriage return stays", framed(1, 1, "a\r\n"), false, []string{"out 1 1 a\r"}, ""},
		{"no newline at the end", framed(1, 1, "a\n") + framed(1, 2, "b"), false, []string{"out 1 1 a", "rest out 2 1 b"}, ""},
		{"a terminal", framed(1, 1, "a b\r\n")[headerSize:] + framed(1, 2, "c")[headerSize:], true,
			[]string{"out 1 1 a b\r", "rest out 2 1 c"}, ""},
		{"no frame", "what is this?", false, nil, "header of a frame"},
		{"a frame that is cut", framed(1, 1, "abc\n")[:20], false, nil, "unexpected EOF"},
		{"no time", framed(1, 1, "a\n")[:headerSize] + strings.Repeat("x", 40), false, nil, "has no time"},
		{"the engine's trouble", framed(3, 1, "no disk"), false, nil, "no disk"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var got []string
			note := func(prefix string, e Entry) {
				stream := "out"
				if e.Stderr {
					stream = "err"
				}
				got = append(got, fmt.Sprintf("%s%s %d %d %s", prefix, stream, e.At.Sub(epoch).Milliseconds(), e.Pieces, e.Text))
			}
			rest, err := Entries(strings.NewReader(tt.in), tt.tty, func(e Entry) error {
				note("", e)
				return nil
			})
			for _, e := range rest {
				note("rest ", e)
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
			if (err != nil) != (tt.failed != "") || (err != nil && !strings.Contains(err.Error(), tt.failed)) {
				t.Errorf("error %v, want %q", err, tt.failed)
			}
		})
	}
	stop := errors.New("stop")
	n := 0
	if _, err := Entries(strings.NewReader(strings.Repeat(framed(1, 1, "a\n"), 3)), false, func(Entry) error {
		n++
		return stop
	}); err != stop || n != 1 {
		t.Errorf("told to stop: error %v after %d lines", err, n)
	}
}

// traces makes them of letters, one each 10 ms, the first at ms.
func traces(ms int, letters string) (list []Trace) {
	for i, letter := range []rune(letters) {
		list = append(list, trace(epoch.Add(time.Duration(ms+10*i)*time.Millisecond), []byte(string(letter))))
	}
	return list
}

func TestResume(t *testing.T) {
	long := []rune(strings.Repeat("a", 1500))
	for i := range 1000 {
		long[i] = rune(0x4e00 + i) // no two the same
	}
	tests := []struct {
		name              string
		forwarded, logged []Trace
		whole             bool
		want              int
		sure              bool
	}{
		{"nothing was forwarded", nil, traces(0, "abc"), true, 0, true},
		{"nothing that we know of", nil, traces(0, "abc"), false, 0, false},
		{"some", traces(1, "ab"), traces(0, "abcd"), true, 2, true},
		{"all", traces(1, "abcd"), traces(0, "abcd"), true, 4, true},
		{"all, and nothing else is known", traces(1, "cd"), traces(0, "abcd"), false, 4, true},
		{"the same again, all is known", traces(1, "aa"), traces(0, "aaaaa"), true, 2, true},
		{"the same again, with what came before", traces(1, "baa"), traces(0, "xbaaaaa"), false, 4, true},
		{"the same only: the time tells", traces(1, "aaa"), traces(0, "aaaaaa"), false, 3, true},
		{"the same only, forwarded late", traces(35, "aa"), traces(0, "aaaaaa"), false, 5, true},
		{"a beat with something now and then", traces(201, "aabaa"), traces(0, "caabaaaabaaaa"), false, 11, true},
		{"half a line at the end", append(traces(1, "ab"), trace(epoch, []byte("c and a message"))), traces(0, "abcd"), true, 2, true},
		{"a hook's lines at the beginning", traces(1, "HHab"), traces(0, "abcd"), true, 2, true},
		{"a hook's lines in the middle", traces(1, "aHHb"), traces(0, "abcd"), true, 2, true},
		{"a hook's lines, forwarded late", traces(100, "aHb"), traces(0, "abcd"), true, 2, true},
		{"a hook's lines at the end", traces(1, "abHH"), traces(0, "abcd"), true, 2, true},
		{"only half a line", traces(1, "x"), traces(2, "abcd"), true, 0, false},
		{"other lines: the time tells", traces(15, "xy"), traces(0, "abcdef"), false, 3, false},
		{"the log has lost its beginning", traces(1, "abcdef"), traces(30, "defgh"), false, 3, false},
		{"a long log", traces(50_000, string(long[:1200])), traces(0, string(long)), false, 1200, true},
		{"a log that does not reach back", traces(50_000, string(long[:600])), traces(60_000, string(long[650:])), false, 0, false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if n, sure := Resume(tt.forwarded, tt.logged, tt.whole); n != tt.want || sure != tt.sure {
				t.Errorf("got %d, %v; want %d, %v", n, sure, tt.want, tt.sure)
			}
		})
	}
}

// TestRelayIsRecognised: what a relay writes is what Forwarded finds, in the
// form that the engine's log gives it back.
func TestRelayIsRecognised(t *testing.T) {
	var out, errs bytes.Buffer
	s := NewSink(&out, &errs)
	r := s.Relay("web")
	r.Line(Entry{Text: []byte("one\r")})
	r.Line(Entry{Stderr: true, Text: []byte("[out] db: two")})
	if err := r.Flush(); err != nil {
		t.Fatal(err)
	}
	if out.String() != "[out] web: one\r\n" || errs.String() != "[err] web: [out] db: two\n" {
		t.Errorf("wrote %q and %q", out.String(), errs.String())
	}
	for _, tt := range []struct {
		log, component, text string
		stderr, ok           bool
	}{
		{"[out] web: one\r\r", "web", "one", false, true},
		{"[err] web: [out] db: two", "web", "[out] db: two", true, true},
		{"[err] web: [out] db: two", "db", "", false, false},
		{"podlike: [out] web: x", "web", "", false, false},
	} {
		got, stderr, ok := Entry{At: epoch, Text: []byte(tt.log)}.Forwarded(tt.component)
		if ok != tt.ok || stderr != tt.stderr || (ok && got != trace(epoch, []byte(tt.text))) {
			t.Errorf("%q: got %v %v", tt.log, stderr, ok)
		}
	}
	own := Entry{Text: []byte("podlike: hello")}
	if !own.Own() || (Entry{Text: []byte("[out] web: podlike: hello")}).Own() || (Entry{Stderr: true, Text: own.Text}).Own() {
		t.Error("our own messages are not told from others")
	}
}

// sizes notes how long each write is.
type sizes struct {
	bytes.Buffer
	each []int
}

func (s *sizes) Write(b []byte) (int, error) {
	s.each = append(s.each, len(b))
	return s.Buffer.Write(b)
}

func TestWritesArePiecesThatAPipeTakesWhole(t *testing.T) {
	short, long := strings.Repeat("x", 1499)+"\n", strings.Repeat("y", 9999)+"\n"
	w := &sizes{}
	text := strings.Repeat(short, 5) + long + short + "no newline"
	if err := writePieces(w, []byte(text)); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]int{3000, 3000, 1500, 10_000, 1500, 10}, w.each); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if w.String() != text {
		t.Error("the text is not the same")
	}
}

// TestALongLineWaitsForAnEmptyPipe: or else a kill could cut it.
func TestALongLineWaitsForAnEmptyPipe(t *testing.T) {
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	defer w.Close()
	if _, err := w.WriteString("unread\n"); err != nil {
		t.Fatal(err)
	}
	done := make(chan error)
	go func() { done <- writePieces(w, []byte(strings.Repeat("y", 9999)+"\n")) }()
	select {
	case <-done:
		t.Fatal("wrote into a pipe that was not empty")
	case <-time.After(100 * time.Millisecond):
	}
	if _, err := r.Read(make([]byte, 100)); err != nil {
		t.Fatal(err)
	}
	if err := <-done; err != nil {
		t.Error(err)
	}
}
