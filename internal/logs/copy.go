package logs

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
)

// MaxLine is how much of one line is held, in bytes, for each of the two
// streams of a component. A longer line comes out in pieces of this size.
const MaxLine = 16 << 20

// batchSize is how many bytes of finished lines are collected, as long as
// more input is at hand, before they are written. It is a pipe's capacity.
const batchSize = 64 << 10

// Copy reads the output of a component to its end and writes its lines. The
// stream is what the engine's attach gives: frames of stdout and stderr, or
// raw bytes where the container has a terminal (tty), which count as stdout.
//
// Lines of both streams come out in the order in which they were finished.
// What is finished is written before Copy waits for more. It always reads to
// the end, because an attached stream that is not read blocks its writer:
// after a failed write, and after a frame that makes no sense. It returns the
// first error, which names the component.
//
// Frames: https://docs.docker.com/reference/api/engine/, ContainerAttach.
func (s *Sink) Copy(component string, r io.Reader, tty bool) error {
	c := &copier{
		sink:   s,
		in:     bufio.NewReaderSize(r, batchSize),
		stdout: s.stdoutOf(component),
		stderr: s.stderrOf(component),
	}
	read := c.frames
	if tty {
		read = c.raw
	}
	err := read()
	c.finish(&c.stdout)
	c.finish(&c.stderr)
	c.flush()
	io.Copy(io.Discard, c.in)
	if c.failed != nil {
		err = c.failed
	}
	if err != nil {
		return fmt.Errorf("output of component %q: %w", component, err)
	}
	return nil
}

// copier is the state of one Copy.
type copier struct {
	sink           *Sink
	in             *bufio.Reader
	stdout, stderr stream

	batch  []byte  // whole lines, with their prefixes
	of     *stream // whose lines are in batch
	failed error   // the first write that failed
}

// stream is one of the two outputs of a component.
type stream struct {
	to      io.Writer
	prefix  string
	partial []byte // the line that is not finished yet

	component, name string // name is "stdout" or "stderr"
}

// What the lines of the task's output begin with.
const (
	stdoutPrefix = "[out] "
	stderrPrefix = "[err] "
	ownPrefix    = "podlike: "
)

func (s *Sink) stdoutOf(component string) stream {
	return stream{to: s.stdout, prefix: stdoutPrefix + component + ": ", component: component, name: "stdout"}
}

func (s *Sink) stderrOf(component string) stream {
	return stream{to: s.stderr, prefix: stderrPrefix + component + ": ", component: component, name: "stderr"}
}

// raw reads bytes without frames to their end.
func (c *copier) raw() error {
	for {
		if _, err := c.take(&c.stdout, batchSize); err != nil {
			return unlessEOF(err)
		}
	}
}

// A frame begins with one byte that says which stream it is, three of zero,
// and the payload's length as four bytes, big end first.
const (
	headerSize = 8

	frameError  = 3 // what went wrong in the engine, as text
	frameStderr = 2
	// 1 is stdout; 0 is stdin that the engine echoes, and counts as stdout.
)

// frames reads frames to the end.
func (c *copier) frames() error {
	var header [headerSize]byte
	for {
		if c.in.Buffered() < headerSize {
			c.flush()
		}
		if _, err := io.ReadFull(c.in, header[:]); err != nil {
			return unlessEOF(err)
		}
		left := int64(binary.BigEndian.Uint32(header[4:]))
		to := &c.stdout
		switch {
		case header[0] > frameError || header[1]|header[2]|header[3] != 0:
			return fmt.Errorf("% x is not the header of a frame, the rest is lost", header)
		case header[0] == frameError:
			text, _ := io.ReadAll(io.LimitReader(c.in, min(left, batchSize)))
			return fmt.Errorf("the engine says: %s", text)
		case header[0] == frameStderr:
			to = &c.stderr
		}
		for left > 0 {
			n, err := c.take(to, left)
			if errors.Is(err, io.EOF) {
				return fmt.Errorf("it ends %d bytes before the end of a frame", left)
			}
			if err != nil {
				return err
			}
			left -= n
		}
	}
}

// unlessEOF returns nil for the regular end of the input.
func unlessEOF(err error) error {
	if err == io.EOF {
		return nil
	}
	return err
}

// take reads what is at hand for a stream, between 1 and limit bytes, and
// waits only when nothing is.
func (c *copier) take(st *stream, limit int64) (int64, error) {
	if c.in.Buffered() == 0 {
		c.flush()
		if _, err := c.in.Peek(1); err != nil {
			return 0, err
		}
	}
	text, _ := c.in.Peek(int(min(limit, int64(c.in.Buffered()))))
	c.feed(st, text)
	c.in.Discard(len(text))
	return int64(len(text)), nil
}

// feed takes the next bytes of a stream apart into lines.
func (c *copier) feed(st *stream, text []byte) {
	for len(text) > 0 {
		line, rest, finished := bytes.Cut(text, []byte{'\n'})
		for len(st.partial)+len(line) > MaxLine {
			fits := MaxLine - len(st.partial)
			c.emit(st, line[:fits])
			line = line[fits:]
		}
		if finished {
			c.emit(st, line)
		} else {
			st.partial = append(st.partial, line...)
		}
		text = rest
	}
}

// finish writes a last line that had no newline.
func (c *copier) finish(st *stream) {
	if len(st.partial) > 0 {
		c.emit(st, nil)
	}
}

// emit adds a line to the batch: what was held back of it, and its end.
func (c *copier) emit(st *stream, end []byte) {
	if c.of != st {
		c.flush()
		c.of = st
	}
	if c.sink.count != nil {
		c.sink.count(st.component, st.name, len(st.partial)+len(end)+1)
	}
	c.batch = append(c.batch, st.prefix...)
	c.batch = append(c.batch, st.partial...)
	c.batch = append(c.batch, end...)
	c.batch = append(c.batch, '\n')
	st.partial = st.partial[:0]
	if cap(st.partial) > batchSize {
		st.partial = nil
	}
	if len(c.batch) >= batchSize {
		c.flush()
	}
}

// flush writes the batch. The lines of a write that failed are lost; later
// ones are tried again, since a disk may have room by then.
func (c *copier) flush() {
	if len(c.batch) == 0 {
		return
	}
	if err := c.sink.write(c.of.to, c.batch); err != nil && c.failed == nil {
		c.failed = err
	}
	c.batch = c.batch[:0]
	if cap(c.batch) > 2*batchSize {
		c.batch = nil
	}
}
