package logs

import (
	"context"
	"fmt"
	"io"
	"strings"
	"sync"
)

// maxQueued bounds the own messages that wait for a reader of the task's
// output. The supervisor says a handful of lines in a component's life, so
// this is hours of nobody reading.
const maxQueued = 4096

// Sink is the task's stdout and stderr, for many writers at a time. Each
// write to it is one or more whole lines, and never falls into another.
type Sink struct {
	// writing is held for each write. It is one lock for both, because with a
	// terminal both are the same.
	writing        sync.Mutex
	stdout, stderr io.Writer
	count          func(component, stream string, bytes int)

	mu      sync.Mutex // guards what follows; never held while writing
	queue   []message
	dropped int
	idle    chan struct{} // closed when the queue has been written; nil while nothing is queued
	failed  error         // the first message that could not be written
}

type message struct {
	to   io.Writer
	text string
}

// NewSink returns the sink that writes to stdout and stderr.
func NewSink(stdout, stderr io.Writer) *Sink {
	return &Sink{stdout: stdout, stderr: stderr}
}

// Count makes the sink tell how many bytes a component wrote to which stream,
// "stdout" or "stderr", for each line, without what is put before it. It is to
// be called before the first Copy or Relay; count is called by several goroutines.
func (s *Sink) Count(count func(component, stream string, bytes int)) { s.count = count }

// Message writes a line of our own to stdout, formatted like fmt.Printf; the
// newline is added. It returns at once, whether or not anybody reads the
// output. Messages and errors keep their order.
func (s *Sink) Message(format string, args ...any) {
	s.enqueue(s.stdout, fmt.Sprintf(format, args...))
}

// Error is [Sink.Message] for stderr.
func (s *Sink) Error(format string, args ...any) {
	s.enqueue(s.stderr, fmt.Sprintf(format, args...))
}

func (s *Sink) enqueue(to io.Writer, text string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.queue) >= maxQueued {
		s.dropped++
		return
	}
	s.queue = append(s.queue, message{to, strings.TrimSuffix(text, "\n") + "\n"})
	if s.idle == nil {
		s.idle = make(chan struct{})
		// Ends when the queue is empty; Flush awaits it.
		go s.writeQueue()
	}
}

// writeQueue writes what is queued until nothing is left.
func (s *Sink) writeQueue() {
	for {
		s.mu.Lock()
		if s.dropped > 0 {
			s.queue = append(s.queue, message{s.stderr, fmt.Sprintf("%d messages were lost here: nobody read the output\n", s.dropped)})
			s.dropped = 0
		}
		queue := s.queue
		s.queue = nil
		if len(queue) == 0 {
			close(s.idle)
			s.idle = nil
			s.mu.Unlock()
			return
		}
		s.mu.Unlock()

		for _, m := range queue {
			if err := s.write(m.to, []byte(m.text)); err != nil {
				s.mu.Lock()
				if s.failed == nil {
					s.failed = fmt.Errorf("cannot write a message: %w", err)
				}
				s.mu.Unlock()
			}
		}
	}
}

// Flush waits until all messages are written. It returns ctx's error when
// that takes too long, else that of the first message that could not be
// written.
func (s *Sink) Flush(ctx context.Context) error {
	s.mu.Lock()
	idle := s.idle
	s.mu.Unlock()
	if idle != nil {
		select {
		case <-idle:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.failed
}

// write writes whole lines.
func (s *Sink) write(to io.Writer, lines []byte) error {
	s.writing.Lock()
	defer s.writing.Unlock()
	return writePieces(to, lines)
}
