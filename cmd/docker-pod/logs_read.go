package main

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"sync"
	"time"

	"github.com/docker/docker/api/types/container"
	"github.com/docker/docker/api/types/events"
	"github.com/docker/docker/api/types/filters"
	"github.com/docker/docker/client"
	"github.com/docker/docker/pkg/stdcopy"

	"github.com/podlike/podlike/internal/labels"
)

// logReader prints the logs of containers of one pod.
type logReader struct {
	api         client.APIClient
	pod         onePod
	options     logsOptions
	prefixed    bool // lines of components get their names
	out, errOut io.Writer
	sources     []*source
	// wanted are the containers to follow that are started later; nil for
	// none.
	wanted func(member) bool

	mu sync.Mutex // held while a line is printed
}

// source is the log of one container.
type source struct {
	id, name string // name is "" for lines that are printed as they are
	fresh    bool   // started while we follow: all of it is new
	last     time.Time
	failed   error
}

// logLine is one line, with its newline unless it is the last.
type logLine struct {
	at     time.Time
	stderr bool
	text   []byte
}

// run prints what was said, merged by time, and then, if wanted, what comes.
func (l *logReader) run(ctx context.Context) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	var started <-chan events.Message
	if l.options.follow && l.wanted != nil {
		// Before the past is read, so that nothing is missed between.
		started, _ = l.api.Events(ctx, events.ListOptions{Filters: filters.NewArgs(
			filters.Arg("type", string(events.ContainerEventType)), filters.Arg("event", string(events.ActionStart)),
			filters.Arg("label", labels.KeyPod+"="+l.pod.ID))})
	}
	heads := make([]<-chan logLine, len(l.sources))
	for i, s := range l.sources {
		heads[i] = l.read(ctx, s, false)
	}
	merge(heads, func(i int, line logLine) { l.print(l.sources[i], line) })
	for _, s := range l.sources {
		if s.failed != nil {
			if len(l.sources) == 1 {
				return s.failed
			}
			fmt.Fprintf(l.errOut, "warning: cannot read the log of %q: %v\n", s.name, s.failed)
		}
	}
	if l.options.follow {
		l.follow(ctx, started)
	}
	return nil
}

// follow prints what comes, until the pause has ended and all was said.
func (l *logReader) follow(ctx context.Context, started <-chan events.Message) {
	ended, failed := l.api.ContainerWait(ctx, l.pod.ID, container.WaitConditionNotRunning)
	var wg sync.WaitGroup
	defer wg.Wait()
	known := map[string]bool{}
	begin := func(s *source) {
		known[s.id] = true
		wg.Go(func() {
			for line := range l.read(ctx, s, true) {
				l.print(s, line)
			}
		})
	}
	for _, s := range l.sources {
		begin(s)
	}
	for {
		select {
		case <-ctx.Done():
			return
		case <-ended:
			return
		case <-failed:
			return
		case e := <-started:
			owner, _ := labels.ReadOwner(e.Actor.Attributes)
			if known[e.Actor.ID] || !l.wanted(member{Owner: owner}) {
				continue
			}
			s := &source{id: e.Actor.ID, fresh: true}
			if l.prefixed {
				s.name = owner.Component
			}
			begin(s)
		}
	}
}

// read reads a container's log; the channel is closed at its end. With follow
// it goes on after the last line that was printed.
func (l *logReader) read(ctx context.Context, s *source, follow bool) <-chan logLine {
	lines := make(chan logLine)
	go func() {
		defer close(lines)
		o := container.LogsOptions{
			ShowStdout: true, ShowStderr: true, Timestamps: true, Follow: follow, Tail: l.options.tail, Since: l.options.since,
		}
		switch {
		case s.fresh:
			o.Tail, o.Since = "all", ""
		case follow && !s.last.IsZero():
			o.Tail, o.Since = "all", s.last.Add(time.Nanosecond).Format(time.RFC3339Nano)
		}
		c, err := l.api.ContainerInspect(ctx, s.id)
		if err != nil {
			s.failed = err
			return
		}
		stream, err := l.api.ContainerLogs(ctx, s.id, o)
		if err != nil {
			s.failed = err
			return
		}
		defer stream.Close()
		send := func(stderr bool) *lineWriter {
			return &lineWriter{emit: func(text []byte) {
				select {
				case lines <- newLogLine(stderr, text):
				case <-ctx.Done():
				}
			}}
		}
		stdout, stderr := send(false), send(true)
		if c.Config.Tty {
			_, err = io.Copy(stdout, stream)
		} else {
			_, err = stdcopy.StdCopy(stdout, stderr, stream)
		}
		stdout.end()
		stderr.end()
		if ctx.Err() == nil {
			s.failed = err
		}
	}()
	return lines
}

// newLogLine takes the engine's time off a line.
func newLogLine(stderr bool, text []byte) logLine {
	at, text := cutTime(text)
	return logLine{at, stderr, bytes.Clone(text)}
}

// cutTime returns the engine's time of a line, the zero time if there is none,
// and the rest.
func cutTime(line []byte) (at time.Time, text []byte) {
	stamp, text, found := bytes.Cut(line, []byte{' '})
	at, err := time.Parse(time.RFC3339Nano, string(stamp))
	if !found || err != nil {
		return time.Time{}, line
	}
	return at, text
}

// merge calls print with all lines of all channels, the oldest first.
func merge(channels []<-chan logLine, print func(channel int, line logLine)) {
	heads := make([]*logLine, len(channels))
	next := func(i int) {
		heads[i] = nil
		if line, ok := <-channels[i]; ok {
			heads[i] = &line
		}
	}
	for i := range channels {
		next(i)
	}
	for {
		oldest := -1
		for i, h := range heads {
			if h != nil && (oldest < 0 || h.at.Before(heads[oldest].at)) {
				oldest = i
			}
		}
		if oldest < 0 {
			return
		}
		print(oldest, *heads[oldest])
		next(oldest)
	}
}

// print prints a line as the task's own log would have it.
func (l *logReader) print(s *source, line logLine) {
	var text []byte
	if l.options.timestamps && !line.at.IsZero() {
		text = append(line.at.AppendFormat(text, "2006-01-02T15:04:05.000000000Z07:00"), ' ')
	}
	if s.name != "" {
		stream := "[out] "
		if line.stderr {
			stream = "[err] "
		}
		text = append(append(text, stream...), s.name+": "...)
	}
	text = append(text, line.text...)
	l.mu.Lock()
	defer l.mu.Unlock()
	s.last = line.at
	if line.stderr {
		l.errOut.Write(text)
	} else {
		l.out.Write(text)
	}
}

// lineWriter calls emit with each line that is written to it. A write is what
// the engine says at once: at most a line, or a piece of one that is longer
// than 16 KB, each with its time.
type lineWriter struct {
	emit    func(line []byte)
	partial []byte
}

func (w *lineWriter) Write(text []byte) (int, error) {
	n := len(text)
	if len(w.partial) > 0 {
		_, text = cutTime(text)
	}
	for {
		i := bytes.IndexByte(text, '\n')
		if i < 0 {
			w.partial = append(w.partial, text...)
			return n, nil
		}
		w.emit(append(w.partial, text[:i+1]...))
		w.partial, text = w.partial[:0], text[i+1:]
	}
}

// end emits a last line that has no newline.
func (w *lineWriter) end() {
	if len(w.partial) > 0 {
		w.emit(append(w.partial, '\n'))
		w.partial = nil
	}
}
