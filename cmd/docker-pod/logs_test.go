package main

import (
	"bytes"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestForwardsLogs(t *testing.T) {
	for args, want := range map[string]bool{
		"": false, "--logs": true, "-logs": true, "--logs=true": true, "-logs=1": true, "--logs=false": false, "--logs=0": false,
		"--pids=false": false, "logs": false, "--pids --logs --volumes": true, "--logs --logs=false": false,
	} {
		if got := forwardsLogs(strings.Fields(args)); got != want {
			t.Errorf("%q: got %t", args, got)
		}
	}
}

func TestLastLines(t *testing.T) {
	for tail, want := range map[string]string{"all": "a\nb\nc", "0": "", "1": "c", "2": "b\nc", "9": "a\nb\nc"} {
		if got := string(lastLines([]byte("a\nb\nc"), tail)); got != want {
			t.Errorf("%s: got %q, want %q", tail, got, want)
		}
	}
}

func TestMerge(t *testing.T) {
	at := func(s int) time.Time { return time.Unix(int64(s), 0) }
	feed := func(name string, seconds ...int) <-chan logLine {
		c := make(chan logLine)
		go func() {
			defer close(c)
			for i, s := range seconds {
				c <- logLine{at: at(s), text: fmt.Appendf(nil, "%s%d", name, i)}
			}
		}()
		return c
	}
	var got []string
	merge([]<-chan logLine{feed("a", 1, 5, 5), feed("b"), feed("c", 2, 4, 5, 9)}, func(i int, line logLine) {
		got = append(got, fmt.Sprintf("%d:%s", i, line.text))
	})
	if diff := cmp.Diff(strings.Fields("0:a0 2:c0 2:c1 0:a1 0:a2 2:c2 2:c3"), got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestLines(t *testing.T) {
	var got []string
	w := &lineWriter{emit: func(line []byte) { got = append(got, string(line)) }}
	for _, piece := range []string{"one\ntw", "o\n", "\nlast"} {
		w.Write([]byte(piece))
	}
	w.end()
	w.end()
	if diff := cmp.Diff([]string{"one\n", "two\n", "\n", "last\n"}, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// TestLinesInPieces: the engine cuts a long line, and gives each piece a time.
func TestLinesInPieces(t *testing.T) {
	var got []string
	w := &lineWriter{emit: func(line []byte) { got = append(got, string(newLogLine(false, line).text)) }}
	for _, piece := range []string{"2026-03-01T12:00:00.5Z {long ", "2026-03-01T12:00:00.6Z and ", "2026-03-01T12:00:01Z long}\n", "2026-03-01T12:00:02Z short\n"} {
		w.Write([]byte(piece))
	}
	if diff := cmp.Diff([]string{"{long and long}\n", "short\n"}, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestPrintLines(t *testing.T) {
	var out, errOut bytes.Buffer
	l := &logReader{out: &out, errOut: &errOut}
	web, pause := &source{name: "web"}, &source{}
	l.print(web, newLogLine(false, []byte("2026-03-01T12:00:00.5Z hello you\n")))
	l.print(web, newLogLine(true, []byte("2026-03-01T12:00:01Z oh\n")))
	l.print(pause, newLogLine(false, []byte("2026-03-01T12:00:02Z podlike: hi\n")))
	l.print(pause, newLogLine(false, []byte("no time here\n")))
	l.options.timestamps = true
	l.print(web, newLogLine(false, []byte("2026-03-01T12:00:03.25Z later\n")))
	if want := "[out] web: hello you\npodlike: hi\nno time here\n2026-03-01T12:00:03.250000000Z [out] web: later\n"; out.String() != want {
		t.Errorf("stdout %q, want %q", out.String(), want)
	}
	if want := "[err] web: oh\n"; errOut.String() != want {
		t.Errorf("stderr %q, want %q", errOut.String(), want)
	}
	if want := time.Date(2026, 3, 1, 12, 0, 3, 250_000_000, time.UTC); !web.last.Equal(want) {
		t.Errorf("the last line of web was at %s, want %s", web.last, want)
	}
}
