package engine

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strconv"
	"time"

	cerrdefs "github.com/containerd/errdefs"
	"github.com/docker/docker/api/types/container"

	"github.com/podlike/podlike/internal/logs"
	"github.com/podlike/podlike/internal/pod"
)

// What a component writes while nobody is attached is in its log, and what of
// it came out of the pod before is in the log of the pause. Both logs are held
// against each other, and the lines that are missing are read from the first,
// until the container's end. That is slower than an attached stream (about 10
// against 40 MB/s on 20.10), and the logging driver may have changed bytes
// that are no text; so it is only for containers whose stream broke off, or
// whose supervisor did.

const (
	// tail is how many lines are compared at first, mostTail at most.
	tail, mostTail = 10_000, 1_000_000
	// markWithin is how long our own latest line may take through the pipe and
	// the engine into the log of the pause, and the engine to go on reading that
	// to us.
	markWithin = 15 * time.Second
)

// bothStreams has one for stdout and one for stderr.
type bothStreams[T any] [2]T

func index(stderr bool) int {
	if stderr {
		return 1
	}
	return 0
}

// readOn writes the lines of a container's log that did not come out of the
// pod before since. It returns when the container has ended, or is gone, or
// the stream was closed.
func (p *Pod) readOn(s *stream, c container.InspectResponse, since time.Time) {
	o := observed(c)
	relay := p.logs.Relay(o.Component)
	var cut bothStreams[time.Time] // up to where lines are written
	var missing int
	err := p.until(s.closed, func() (err error) {
		cut, missing, err = p.place(s.closed, c, since)
		return err
	})
	if err != nil {
		p.attachLate(s, c, err)
		return
	}
	lines, broken := missing+tail, 0
	for ended := false; s.closed.Err() == nil; {
		was, err := p.inspect(s.closed, c.ID)
		if cerrdefs.IsNotFound(err) {
			return
		}
		running := err != nil || was.State == pod.StateRunning
		if ended && !running {
			return // it was over before this last look
		}
		ended = !running
		var past bothStreams[bool] // what follows is new, even if the clock was set back
		write := func(e logs.Entry) error {
			i := index(e.Stderr)
			if past[i] = past[i] || e.At.After(cut[i]); past[i] {
				relay.Line(e)
			}
			if e.At.After(cut[i]) {
				cut[i] = e.At
			}
			return nil
		}
		rest, err := p.entries(s.closed, c, container.LogsOptions{Follow: running, Tail: strconv.Itoa(lines)}, write, relay.Flush)
		if ended {
			for _, e := range rest { // last lines without a newline
				write(e)
			}
		}
		if err := relay.Flush(); err != nil {
			p.say(fmt.Sprintf("warning: some lines may be missing: output of component %q: %v", o.Component, err))
			return
		}
		if broken++; !errors.Is(err, logs.ErrBroken) {
			broken = 0
		} else if broken == lookTries {
			p.attachLate(s, c, err)
			return
		}
		if lines = tail; running {
			lines = mostTail // the connection broke off, nobody knows for how long
			pause(s.closed, 100*time.Millisecond)
		}
	}
}

// attachLate is for containers whose log cannot be read: what they write from
// now on comes out.
func (p *Pod) attachLate(s *stream, c container.InspectResponse, why error) {
	if s.closed.Err() != nil || cerrdefs.IsNotFound(why) {
		return
	}
	p.say(fmt.Sprintf("warning: the log of component %q cannot be read (%v): lines that it wrote while nobody listened are not in the pod's log", observed(c).Component, why))
	if o, err := p.inspect(s.closed, c.ID); err == nil && o.State == pod.StateRunning {
		if copyAll, err := p.attach(s.closed, s, c); err == nil {
			copyAll()
		}
	}
}

// until calls f until it succeeds, fails for a reason that will not go away,
// or ctx ends. A broken log is given a few chances: how the container ended is
// not told before this returns.
func (p *Pod) until(ctx context.Context, f func() error) error {
	for broken := 0; ; {
		err := f()
		if errors.Is(err, logs.ErrBroken) {
			broken++
		}
		if err == nil || broken == lookTries || cerrdefs.IsNotFound(err) || cerrdefs.IsNotImplemented(err) || errors.Is(err, errUnreadable) || ctx.Err() != nil {
			return err
		}
		if err := pause(ctx, 500*time.Millisecond); err != nil {
			return err
		}
	}
}

// errUnreadable says that a logging driver keeps nothing to read.
var errUnreadable = errors.New("its logging driver keeps nothing to read")

// place is the time, for each stream, up to which a container's lines were
// written, and how many lines its log has after that.
func (p *Pod) place(ctx context.Context, c container.InspectResponse, since time.Time) (cut bothStreams[time.Time], missing int, err error) {
	p.reading.Lock()
	defer p.reading.Unlock()
	written, oldest, all, err := p.written(ctx, c, since)
	if err != nil {
		return cut, 0, err
	}
	for lines := tail; ; lines *= 10 {
		var logged bothStreams[[]logs.Trace]
		var first time.Time
		count := 0
		rest, err := p.entries(ctx, c, container.LogsOptions{Tail: strconv.Itoa(lines)}, func(e logs.Entry) error {
			i := index(e.Stderr)
			logged[i] = append(logged[i], e.Trace())
			if count += e.Pieces; first.IsZero() {
				first = e.At
			}
			return nil
		}, nil)
		if err != nil {
			return cut, 0, err
		}
		for _, e := range rest {
			count += e.Pieces
		}
		whole, found := count < lines, true
		missing = 0
		for i := range cut {
			n, sure := logs.Resume(written[i], logged[i], whole && all)
			switch {
			case len(written[i]) == 0 && !all:
				// Of what it wrote later, nothing came out.
				cut[i] = oldest
				sure = first.Before(oldest)
			case n > 0:
				cut[i] = logged[i][n-1].At
			}
			missing += len(logged[i]) - n
			found = found && sure
		}
		if !found && !whole && lines < mostTail {
			continue // the place may be further back
		}
		if !found && len(written[0])+len(written[1]) > 0 {
			p.say(fmt.Sprintf("warning: the log of component %q does not have the lines that came out of the pod; some may be missing or come twice", observed(c).Component))
		}
		return cut, missing, nil
	}
}

// errFound ends the reading of a log before its end.
var errFound = errors.New("found")

// written are the container's lines that the log of the pause has, of those
// that were there at since: it is read until a message of our own that is
// later. oldest is how far back that goes, all whether to the container's
// start.
func (p *Pod) written(ctx context.Context, c container.InspectResponse, since time.Time) (lines bothStreams[[]logs.Trace], oldest time.Time, all bool, err error) {
	paused, err := p.client.api.ContainerInspect(ctx, p.pause.ID)
	if err != nil {
		return lines, oldest, false, err
	}
	if paused.HostConfig.LogConfig.Type == "none" {
		return lines, oldest, false, errUnreadable
	}
	o := observed(c)
	patient, cancel := context.WithCancel(ctx)
	defer cancel()
	// Not for all of it: that may be 100 MB on a busy node.
	silence := time.AfterFunc(markWithin, cancel)
	defer silence.Stop()
	_, err = p.entries(patient, paused, container.LogsOptions{Follow: true, Tail: strconv.Itoa(tail)}, func(e logs.Entry) error {
		silence.Reset(markWithin)
		if oldest.IsZero() {
			oldest = e.At
		}
		if t, stderr, ok := e.Forwarded(o.Component); ok && t.At.After(o.StartedAt) {
			lines[index(stderr)] = append(lines[index(stderr)], t)
		}
		if (e.Own() && e.At.After(since)) || e.At.After(since.Add(markWithin)) {
			return errFound
		}
		return nil
	}, nil)
	switch {
	case err == nil, errors.Is(err, errFound):
	case patient.Err() != nil && ctx.Err() == nil:
		// What is missing at the end would come out twice.
		return lines, oldest, false, fmt.Errorf("%w: the pod's own does not go on to its latest message", logs.ErrBroken)
	default:
		return lines, oldest, false, err
	}
	// Not because the log is short: it may have been rotated just now. Before a
	// component starts there is always a message that says so.
	return lines, oldest, oldest.Before(o.StartedAt), nil
}

// entries reads a container's log. idle, if not nil, is called whenever the
// next line may take its time.
func (p *Pod) entries(ctx context.Context, c container.InspectResponse, o container.LogsOptions, each func(logs.Entry) error, idle func() error) ([]logs.Entry, error) {
	if c.HostConfig.LogConfig.Type == "none" {
		return nil, errUnreadable
	}
	o.ShowStdout, o.ShowStderr, o.Timestamps = true, true, true
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	log, err := p.client.api.ContainerLogs(ctx, c.ID, o)
	if err != nil {
		return nil, err
	}
	defer log.Close()
	var from io.Reader = log
	if idle != nil {
		from = idleReader{log, idle}
	}
	return logs.Entries(from, c.Config.Tty, func(e logs.Entry) error {
		p.linesRead.Add(1)
		return each(e)
	})
}

// idleReader calls idle before each read, which may wait.
type idleReader struct {
	io.Reader
	idle func() error
}

func (r idleReader) Read(b []byte) (int, error) {
	r.idle()
	return r.Reader.Read(b)
}
