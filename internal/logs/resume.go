package logs

import (
	"bytes"
	"hash/maphash"
	"strings"
	"time"
)

// Trace is what is remembered of a line to recognise it.
type Trace struct {
	At   time.Time
	Hash uint64
}

var seed = maphash.MakeSeed()

// Trace returns the entry's. A carriage return at the end, which terminals
// add, makes no difference.
func (e Entry) Trace() Trace { return trace(e.At, e.Text) }

func trace(at time.Time, text []byte) Trace {
	return Trace{At: at, Hash: maphash.Bytes(seed, bytes.TrimRight(text, "\r"))}
}

// Forwarded tells whether the entry, which is of the task's own log, is a line
// that [Sink.Copy] wrote for a component, and returns the trace of what the
// component wrote.
func (e Entry) Forwarded(component string) (t Trace, stderr, ok bool) {
	for i, prefix := range []string{stdoutPrefix, stderrPrefix} {
		if text, is := bytes.CutPrefix(e.Text, []byte(prefix+component+": ")); is {
			return trace(e.At, text), i == 1, true
		}
	}
	return Trace{}, false, false
}

// Own tells whether the entry, which is of the task's own log, is a message.
func (e Entry) Own() bool {
	return !e.Stderr && strings.HasPrefix(string(e.Text), ownPrefix)
}

// Resume finds the place in a component's log up to which its lines were
// forwarded: the number of lines in logged that come before it. Both lists are
// of one stream of one container, the oldest first, and end with the newest;
// either may lack its beginning, unless whole says that both have it.
//
// The place is where the lines before it are the last forwarded ones. Where a
// container repeats itself there may be several: the one that fits for longest
// is chosen, and among equals the last of those that were logged before the
// last line was forwarded. sure is false where nothing fits; the place is then
// the one that the time tells.
func Resume(forwarded, logged []Trace, whole bool) (n int, sure bool) {
	if len(forwarded) == 0 {
		return 0, whole
	}
	if own := among(forwarded, logged); whole && len(own) > 0 {
		forwarded = own
	}
	if whole && len(forwarded) <= len(logged) && fits(forwarded, logged[:len(forwarded)]) == len(forwarded) {
		return len(forwarded), true
	}
	// A supervisor that is killed may leave half a line at the end.
	for _, list := range [][]Trace{forwarded, forwarded[:len(forwarded)-1]} {
		if n := longest(list, logged); n > 0 {
			return n, true
		}
	}
	last := forwarded[len(forwarded)-1].At
	for n < len(logged) && !logged[n].At.After(last) {
		n++
	}
	return n, false
}

// among are the forwarded lines that the log has. Others were not the
// container's: hooks write under its component's name, too.
func among(forwarded, logged []Trace) (own []Trace) {
	has := make(map[uint64]bool, len(logged))
	for _, t := range logged {
		has[t.Hash] = true
	}
	for _, t := range forwarded {
		if has[t.Hash] {
			own = append(own, t)
		}
	}
	return own
}

// enough is how many lines must fit, if so many were forwarded.
const enough = 100

// longest is the place with the longest fit, 0 if none fits.
func longest(forwarded, logged []Trace) int {
	if len(forwarded) == 0 {
		return 0
	}
	last := forwarded[len(forwarded)-1].At
	best, length := 0, 0
	for n := 1; n <= len(logged); n++ {
		got := fits(forwarded, logged[:n])
		if got < min(len(forwarded), enough) {
			continue
		}
		inTime := !logged[n-1].At.After(last)
		if got > length || (got == length && inTime) {
			best, length = n, got
		}
	}
	return best
}

// fits counts the lines that are the same at the ends of both lists.
func fits(a, b []Trace) int {
	n := 0
	for n < len(a) && n < len(b) && a[len(a)-1-n].Hash == b[len(b)-1-n].Hash {
		n++
	}
	return n
}

// Relay writes the lines of one component that do not come from a stream.
type Relay struct{ c copier }

// Relay returns one for the component. It is for one goroutine.
func (s *Sink) Relay(component string) *Relay {
	return &Relay{copier{sink: s, stdout: s.stdoutOf(component), stderr: s.stderrOf(component)}}
}

// Line writes a line, as [Sink.Copy] would have, at the latest with Flush.
func (r *Relay) Line(e Entry) {
	to := &r.c.stdout
	if e.Stderr {
		to = &r.c.stderr
	}
	r.c.emit(to, e.Text)
}

// Flush writes what is held back, and returns the first error of all writes.
func (r *Relay) Flush() error {
	r.c.flush()
	return r.c.failed
}
