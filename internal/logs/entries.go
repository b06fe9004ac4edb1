package logs

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"time"
)

// ErrBroken says that the log itself cannot be read, as against the connection
// to the engine.
var ErrBroken = errors.New("the log is broken")

// Entry is one line as the engine's log has it.
type Entry struct {
	Stderr bool
	// At is when the engine read the end of the line.
	At time.Time
	// Pieces is in how many pieces the log has the line.
	Pieces int
	// Text has no newline at its end, and is valid until each returns.
	Text []byte
}

// Entries reads what the engine's logs call gives when it is asked for times,
// to its end, and calls each with every line. Frames as in [Sink.Copy]; each
// holds one time and one line, or a piece of a long one (16 KB on all engines).
// rest are lines that have no newline yet, of both streams. It ends with the
// error of each, or with what was wrong with the input.
func Entries(r io.Reader, tty bool, each func(Entry) error) (rest []Entry, err error) {
	e := &entries{in: bufio.NewReaderSize(r, batchSize), each: each}
	if tty {
		err = e.raw()
	} else {
		err = e.frames()
	}
	for i, text := range e.partial {
		if len(text) > 0 {
			rest = append(rest, Entry{Stderr: i == 1, At: e.at[i], Pieces: e.pieces[i], Text: text})
		}
	}
	return rest, err
}

type entries struct {
	in      *bufio.Reader
	each    func(Entry) error
	payload []byte
	partial [2][]byte
	pieces  [2]int
	at      [2]time.Time
}

func (e *entries) raw() error {
	for {
		line, err := e.in.ReadBytes('\n')
		if len(line) > 0 {
			if err := e.take(0, line); err != nil {
				return err
			}
		}
		if err != nil {
			return unlessEOF(err)
		}
	}
}

func (e *entries) frames() error {
	var header [headerSize]byte
	for {
		if _, err := io.ReadFull(e.in, header[:]); err != nil {
			return unlessEOF(err)
		}
		size := int(binary.BigEndian.Uint32(header[4:]))
		if header[0] > frameError || header[1]|header[2]|header[3] != 0 || size > MaxLine {
			return fmt.Errorf("%w: % x is not the header of a frame", ErrBroken, header)
		}
		if cap(e.payload) < size {
			e.payload = make([]byte, size)
		}
		e.payload = e.payload[:size]
		if _, err := io.ReadFull(e.in, e.payload); err != nil {
			return err
		}
		if header[0] == frameError {
			return fmt.Errorf("%w: the engine says: %s", ErrBroken, bytes.TrimSpace(e.payload))
		}
		stream := 0
		if header[0] == frameStderr {
			stream = 1
		}
		if err := e.take(stream, e.payload); err != nil {
			return err
		}
	}
}

// take takes a time and what follows it.
func (e *entries) take(stream int, timed []byte) error {
	word, text, found := bytes.Cut(timed, []byte{' '})
	at, err := time.Parse(time.RFC3339Nano, string(word))
	if !found || err != nil {
		return fmt.Errorf("%w: a line of it has no time: %.40q", ErrBroken, timed)
	}
	text, whole := bytes.CutSuffix(text, []byte{'\n'})
	if held := e.partial[stream]; len(held) > 0 {
		text = append(held, text...)
		e.partial[stream] = text
	}
	e.at[stream] = at
	e.pieces[stream]++
	if !whole && len(text) < MaxLine {
		if len(e.partial[stream]) == 0 {
			e.partial[stream] = append(e.partial[stream], text...)
		}
		return nil
	}
	pieces := e.pieces[stream]
	e.partial[stream], e.pieces[stream] = e.partial[stream][:0], 0
	return e.each(Entry{Stderr: stream == 1, At: at, Pieces: pieces, Text: text})
}
