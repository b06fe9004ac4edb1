package logs

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"maps"
	"math/rand/v2"
	"strings"
	"sync"
	"testing"
	"testing/iotest"
)

func frame(kind byte, payload string) string {
	header := make([]byte, 8)
	header[0] = kind
	binary.BigEndian.PutUint32(header[4:], uint32(len(payload)))
	return string(header) + payload
}

func out(payload string) string  { return frame(1, payload) }
func errs(payload string) string { return frame(2, payload) }

func TestCopy(t *testing.T) {
	long := strings.Repeat("x", MaxLine)
	for name, c := range map[string]struct {
		in     string
		tty    bool
		stdout string
		stderr string
		fails  string
	}{
		"nothing":                         {},
		"a line":                          {in: out("hello\n"), stdout: "[out] web: hello\n"},
		"both streams":                    {in: out("a\n") + errs("b\n"), stdout: "[out] web: a\n", stderr: "[err] web: b\n"},
		"echoed input is output":          {in: frame(0, "a\n"), stdout: "[out] web: a\n"},
		"last line without its end":       {in: out("a\nb") + errs("c"), stdout: "[out] web: a\n[out] web: b\n", stderr: "[err] web: c\n"},
		"empty lines":                     {in: out("\n\na\n\n"), stdout: "[out] web: \n[out] web: \n[out] web: a\n[out] web: \n"},
		"empty frame":                     {in: out("") + out("a\n"), stdout: "[out] web: a\n"},
		"several lines in a frame":        {in: out("a\nb\nc\n"), stdout: "[out] web: a\n[out] web: b\n[out] web: c\n"},
		"a line over several frames":      {in: out("a") + out("b") + out("c\n"), stdout: "[out] web: abc\n"},
		"unfinished lines keep apart":     {in: out("a") + errs("1") + out("b\n") + errs("2\n"), stdout: "[out] web: ab\n", stderr: "[err] web: 12\n"},
		"nothing is trimmed":              {in: out(" \ta \r\n\r\n"), stdout: "[out] web:  \ta \r\n[out] web: \r\n"},
		"binary":                          {in: out("\x00\xff\xfe\x01\x00\n"), stdout: "[out] web: \x00\xff\xfe\x01\x00\n"},
		"a terminal":                      {tty: true, in: "a\r\nb\r\n> ", stdout: "[out] web: a\r\n[out] web: b\r\n[out] web: > \n"},
		"a terminal with frame-like text": {tty: true, in: out("a\n"), stdout: "[out] web: \x01\x00\x00\x00\x00\x00\x00\x02a\n"},
		"the longest line":                {in: out(long + "\n"), stdout: "[out] web: " + long + "\n"},
		"a longer line":                   {in: out(long) + out(long+"yz\n"), stdout: "[out] web: " + long + "\n[out] web: " + long + "\n[out] web: yz\n"},
		"not a header": {
			in: out("a\nb") + "GET / HTTP/1.1\r\n" + strings.Repeat(out("c\n"), batchSize), stdout: "[out] web: a\n[out] web: b\n",
			fails: `output of component "web": 47 45 54 20 2f 20 48 54 is not the header of a frame, the rest is lost`,
		},
		"a header with a wrong zero": {in: "\x01\x00\x01\x00\x00\x00\x00\x01a", fails: `output of component "web": 01 00 01 00 00 00 00 01 is not the header of a frame, the rest is lost`},
		"the engine fails":           {in: out("a\n") + frame(3, "disk full"), stdout: "[out] web: a\n", fails: `output of component "web": the engine says: disk full`},
		"cut in a header":            {in: out("a\n") + "\x01\x00", stdout: "[out] web: a\n", fails: `output of component "web": unexpected EOF`},
		"cut in a payload":           {in: out("a\nbcd")[:11], stdout: "[out] web: a\n[out] web: b\n", fails: `output of component "web": it ends 2 bytes before the end of a frame`},
	} {
		t.Run(name, func(t *testing.T) {
			var stdout, stderr bytes.Buffer
			in := strings.NewReader(c.in)
			err := NewSink(&stdout, &stderr).Copy("web", in, c.tty)
			if got := fmt.Sprint(err); got != c.fails && (err != nil || c.fails != "") {
				t.Errorf("error %q, want %q", got, c.fails)
			}
			same(t, "stdout", stdout.String(), c.stdout)
			same(t, "stderr", stderr.String(), c.stderr)
			if in.Len() > 0 {
				t.Errorf("%d bytes were not read", in.Len())
			}
		})
	}
}

// same compares without printing megabytes.
func same(t *testing.T, what, got, want string) {
	t.Helper()
	if got == want {
		return
	}
	at := 0
	for at < len(got) && at < len(want) && got[at] == want[at] {
		at++
	}
	t.Errorf("%s: %d bytes, want %d; from byte %d: %.60q, want %.60q", what, len(got), len(want), at, got[at:], want[at:])
}

// Sizes around what buffers, frames and drivers are cut at.
var lineSizes = []int{0, 1, 8, 9, 10, 265, 4096, 16384, 40000, 65535, 65536, 65537, 1000000}

// However the engine cuts the output into frames, and the network the frames
// into reads, the lines are the same.
func TestCopyWithAnyCuts(t *testing.T) {
	for seed := range uint64(24) {
		random := rand.New(rand.NewPCG(seed, 1))
		texts := [2]string{randomText(random), randomText(random)}
		in := strings.NewReader(randomFrames(random, texts))
		var read io.Reader = in
		switch seed % 3 {
		case 1:
			read = iotest.HalfReader(in)
		case 2:
			read = &cutReader{in, random}
		}
		var stdout, stderr bytes.Buffer
		if err := NewSink(&stdout, &stderr).Copy("web", read, false); err != nil {
			t.Fatal(err)
		}
		same(t, "stdout", stdout.String(), prefixed("[out] web: ", texts[0]))
		same(t, "stderr", stderr.String(), prefixed("[err] web: ", texts[1]))
		if t.Failed() {
			t.Fatalf("with seed %d", seed)
		}
	}
}

func randomText(random *rand.Rand) string {
	var b strings.Builder
	for range random.IntN(12) {
		for range lineSizes[random.IntN(len(lineSizes))] {
			if c := byte(random.IntN(256)); c != '\n' {
				b.WriteByte(c)
			}
		}
		b.WriteByte('\n')
	}
	b.WriteString([]string{"", "no end"}[random.IntN(2)])
	return b.String()
}

func randomFrames(random *rand.Rand, texts [2]string) string {
	var b strings.Builder
	for len(texts[0])+len(texts[1]) > 0 {
		i := random.IntN(2)
		n := min(len(texts[i]), []int{0, 1, 7, 8, 100, 4096, 32768, 200000}[random.IntN(8)])
		b.WriteString(frame(byte(1+i), texts[i][:n]))
		texts[i] = texts[i][n:]
	}
	return b.String()
}

func prefixed(prefix, text string) string {
	var b strings.Builder
	for line := range strings.Lines(text) {
		b.WriteString(prefix + strings.TrimSuffix(line, "\n") + "\n")
	}
	return b.String()
}

// cutReader returns any number of bytes at a time.
type cutReader struct {
	r      io.Reader
	random *rand.Rand
}

func (c *cutReader) Read(p []byte) (int, error) {
	return c.r.Read(p[:1+c.random.IntN(min(len(p), 1+c.random.IntN(5000)))])
}

func FuzzCopy(f *testing.F) {
	f.Add([]byte(out("a\n")+errs("b")), false)
	f.Add([]byte("a\r\n"), true)
	f.Fuzz(func(t *testing.T, in []byte, tty bool) {
		var both bytes.Buffer
		NewSink(&both, &both).Copy("web", bytes.NewReader(in), tty)
		for line := range strings.Lines(both.String()) {
			if !strings.HasPrefix(line, "[out] web: ") && !strings.HasPrefix(line, "[err] web: ") || !strings.HasSuffix(line, "\n") {
				t.Errorf("not a line of ours: %q", line)
			}
		}
	})
}

// TestCount: each line counts with its newline and without its prefix, however
// it comes to the sink.
func TestCount(t *testing.T) {
	s := NewSink(io.Discard, io.Discard)
	counted := map[string]int{}
	s.Count(func(component, stream string, bytes int) { counted[component+" "+stream] += bytes })
	if err := s.Copy("web", strings.NewReader(out("one\ntw")+errs("oh\n")+out("o\nlast")), false); err != nil {
		t.Fatal(err)
	}
	relay := s.Relay("db")
	relay.Line(Entry{Stderr: true, Text: []byte("four")})
	if err := relay.Flush(); err != nil {
		t.Fatal(err)
	}
	s.Message("our own words do not count")
	want := map[string]int{"web stdout": len("one\ntwo\nlast\n"), "web stderr": len("oh\n"), "db stderr": len("four\n")}
	if !maps.Equal(counted, want) {
		t.Errorf("counted %v, want %v", counted, want)
	}
}

func TestCopyKeepsTheOrderOfBothStreams(t *testing.T) {
	var both bytes.Buffer
	in := out("1\n2\n") + errs("3\n") + out("half") + errs("4\n") + out(" 5\n6\n")
	if err := NewSink(&both, &both).Copy("web", strings.NewReader(in), false); err != nil {
		t.Fatal(err)
	}
	same(t, "both", both.String(), "[out] web: 1\n[out] web: 2\n[err] web: 3\n[err] web: 4\n[out] web: half 5\n[out] web: 6\n")
}

// A prompt answer must not wait for the next output.
func TestCopyWritesBeforeItWaits(t *testing.T) {
	for _, tail := range []string{"", "\x01\x00\x00", out("half a line"), out("half a line")[:12]} {
		engine, component := io.Pipe()
		reader, writer := io.Pipe()
		ended := make(chan error)
		go func() { ended <- NewSink(writer, writer).Copy("web", engine, false) }()
		go io.WriteString(component, out("now\n")+tail)

		want := "[out] web: now\n"
		got := make([]byte, len(want))
		if _, err := io.ReadFull(reader, got); err != nil || string(got) != want {
			t.Errorf("read %q, %v", got, err)
		}
		go io.Copy(io.Discard, reader)
		component.Close()
		<-ended
		writer.Close()
	}
}

// failing fails the first times and works from then on.
type failing struct {
	bytes.Buffer
	times int
}

func (f *failing) Write(p []byte) (int, error) {
	if f.times > 0 {
		f.times--
		return 0, fmt.Errorf("no room, %d to go", f.times)
	}
	return f.Buffer.Write(p)
}

func TestCopyReadsOnWhenItCannotWrite(t *testing.T) {
	var stderr bytes.Buffer
	stdout := failing{times: 2}
	in := strings.NewReader(out("1\n") + errs("a\n") + out("2\n") + errs("b\n") + out("3\n"))
	err := NewSink(&stdout, &stderr).Copy("web", in, false)
	if want := `output of component "web": no room, 1 to go`; err == nil || err.Error() != want {
		t.Errorf("error %v, want %s", err, want)
	}
	if in.Len() > 0 {
		t.Errorf("%d bytes were not read", in.Len())
	}
	same(t, "stdout", stdout.String(), "[out] web: 3\n")
	same(t, "stderr", stderr.String(), "[err] web: a\n[err] web: b\n")
}

func TestCopyReportsTheFirstError(t *testing.T) {
	err := NewSink(&failing{times: 1}, nil).Copy("web", strings.NewReader(out(strings.Repeat("x", batchSize)+"\n")+"not a frame"), false)
	if want := `output of component "web": no room, 0 to go`; err == nil || err.Error() != want {
		t.Errorf("error %v, want %s", err, want)
	}
}

func TestCopyReportsTheReader(t *testing.T) {
	var stdout bytes.Buffer
	broken := errors.New("connection reset")
	err := NewSink(&stdout, nil).Copy("web", io.MultiReader(strings.NewReader(out("a\nb")), iotest.ErrReader(broken)), false)
	if !errors.Is(err, broken) {
		t.Errorf("error %v, want %v", err, broken)
	}
	same(t, "stdout", stdout.String(), "[out] web: a\n[out] web: b\n")
}

// Lines of many components and our own never fall into each other, and each
// writer's keep their order.
func TestManyWriters(t *testing.T) {
	const components, lines = 8, 400
	var both bytes.Buffer
	sink := NewSink(&both, &both)
	var all sync.WaitGroup
	for c := range components {
		all.Go(func() {
			engine, component := io.Pipe()
			go func() {
				defer component.Close()
				for i := range lines {
					text := fmt.Sprintf("%d %s\n", i, strings.Repeat("x", lineSizes[i%9]))
					io.WriteString(component, frame(byte(1+i%2), text[:len(text)/2]))
					io.WriteString(component, frame(byte(1+i%2), text[len(text)/2:]))
				}
			}()
			if err := sink.Copy(fmt.Sprint("c", c), engine, false); err != nil {
				t.Error(err)
			}
		})
	}
	for i := range lines {
		sink.Message("[own] own: %d ", i)
	}
	all.Wait()
	if err := sink.Flush(t.Context()); err != nil {
		t.Fatal(err)
	}

	next := map[string]int{}
	for line := range strings.Lines(both.String()) {
		_, rest, _ := strings.Cut(line, "] ")
		name, text, _ := strings.Cut(rest, ": ")
		size := 0
		if name != "own" {
			size = lineSizes[next[name]%9]
		}
		if want := fmt.Sprintf("%d %s\n", next[name], strings.Repeat("x", size)); text != want {
			t.Fatalf("%s: %.40q, want %.40q", name, text, want)
		}
		next[name]++
	}
	for name, n := range next {
		if n != lines {
			t.Errorf("%s: %d lines, want %d", name, n, lines)
		}
	}
	if len(next) != components+1 {
		t.Errorf("lines of %d writers, want %d", len(next), components+1)
	}
}

func BenchmarkCopy(b *testing.B) {
	line := strings.Repeat("x", 99) + "\n"
	for name, perFrame := range map[string]int{"one line a frame": 1, "32 KiB a frame": 327} {
		b.Run(name, func(b *testing.B) {
			in := strings.Repeat(out(strings.Repeat(line, perFrame)), 10000/perFrame)
			sink := NewSink(io.Discard, io.Discard)
			b.SetBytes(int64(10000 / perFrame * perFrame * len(line)))
			for b.Loop() {
				if err := sink.Copy("web", strings.NewReader(in), false); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
