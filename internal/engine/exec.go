package engine

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/docker/docker/api/types"
	"github.com/docker/docker/api/types/container"
	"github.com/docker/docker/pkg/stdcopy"
)

// maxLast bounds what is kept of a command's last line.
const maxLast = 1 << 10

// Exec runs a command inside a running container, as the container's user. It
// returns nil if that ended with 0; the error says how else it ended, with the
// last line of its output. The engine cannot end a command: one that still
// runs when ctx is done goes on, and the error is ctx's cause. begun is called
// when the engine has been told to run it.
func (p *Pod) Exec(ctx context.Context, containerID string, command []string, begun func()) error {
	o := container.ExecOptions{Cmd: command, AttachStdout: true, AttachStderr: true}
	made, err := p.client.api.ContainerExecCreate(ctx, containerID, o)
	if err != nil {
		return orCause(ctx, fmt.Errorf("cannot be run: %w", err))
	}
	stream, err := p.client.startExec(ctx, made.ID, false)
	if err != nil {
		return orCause(ctx, fmt.Errorf("cannot be run: %w", err))
	}
	begun()
	return p.execResult(ctx, made.ID, stream, "")
}

// exec is Exec with all that the engine can set, and with patience for an
// engine that fails. The output goes to the pod's log as lines of that
// component.
func (p *Pod) exec(ctx context.Context, id string, o container.ExecOptions, component string) error {
	o.AttachStdout, o.AttachStderr = true, true
	// One that was made and whose answer was lost is never run.
	made, err := persistently(ctx, func() (container.ExecCreateResponse, error) {
		return p.client.api.ContainerExecCreate(ctx, id, o)
	})
	if err != nil {
		return orCause(ctx, fmt.Errorf("cannot be run: %w", err))
	}
	again := false
	stream, err := persistently(ctx, func() (stream *types.HijackedResponse, err error) {
		stream, err = p.client.startExec(ctx, made.ID, again)
		again = true
		return stream, err
	})
	if err != nil {
		return orCause(ctx, fmt.Errorf("cannot be run: %w", err))
	}
	return p.execResult(ctx, made.ID, stream, component)
}

// startExec starts a command that was made and attaches to it. With again,
// an earlier call may have started it: then there is no stream, because its
// output is lost.
func (c *Client) startExec(ctx context.Context, id string, again bool) (*types.HijackedResponse, error) {
	stream, err := c.api.ContainerExecAttach(ctx, id, container.ExecAttachOptions{})
	// A command is started once: a second call gets a 409, whether the first
	// still runs or not. The client tells it only so.
	if again && err != nil && strings.Contains(err.Error(), "received 409") {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	return &stream, nil
}

// execResult reads the output of a command to its end, if there is a stream,
// and says how it ended.
func (p *Pod) execResult(ctx context.Context, id string, stream *types.HijackedResponse, component string) error {
	var last string
	if stream != nil {
		defer stream.Close()
		// The connection is the caller's from here on: ctx no longer ends it.
		defer context.AfterFunc(ctx, stream.Close)()
		// A connection that breaks does not end the command.
		last, _ = p.readOutput(stream.Reader, component)
	}
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	code, err := p.execEnded(ctx, id)
	switch {
	case err != nil:
		return orCause(ctx, err)
	case code == 0:
		return nil
	case last == "":
		return fmt.Errorf("ended with code %d", code)
	default:
		return fmt.Errorf("ended with code %d: %s", code, last)
	}
}

// readOutput reads a command's output to its end, and returns its last line.
func (p *Pod) readOutput(stream io.Reader, component string) (string, error) {
	var last lastLine
	if component == "" || p.logs == nil || !p.spec.Options.Logs {
		_, err := stdcopy.StdCopy(&last, &last, stream)
		return last.String(), err
	}
	read, write := io.Pipe()
	done := make(chan struct{})
	go func() {
		defer close(done)
		stdcopy.StdCopy(&last, &last, read)
		io.Copy(io.Discard, read) // Copy wants to go on after what makes no sense
	}()
	err := p.logs.Copy(component, io.TeeReader(stream, write), false)
	write.Close()
	<-done
	return last.String(), err
}

// execEnded returns the exit code of a command whose output has ended; the
// engine may learn of its end a moment later. Where the output has only broken
// off, that may take long.
func (p *Pod) execEnded(ctx context.Context, id string) (code int, err error) {
	for delay := 10 * time.Millisecond; ; delay = min(2*delay, time.Second) {
		got, err := persistently(ctx, func() (container.ExecInspect, error) { return p.client.api.ContainerExecInspect(ctx, id) })
		if err != nil || !got.Running {
			return got.ExitCode, err
		}
		if err := pause(ctx, delay); err != nil {
			return 0, err
		}
	}
}

// orCause is why ctx ended, if it did, else err.
func orCause(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	return err
}

// lastLine keeps the last line that is not blank of what is written to it, or
// the beginning of that.
type lastLine struct {
	line []byte
	over bool // line has ended; what follows is another
}

func (l *lastLine) Write(text []byte) (int, error) {
	n := len(text)
	for len(text) > 0 {
		line, rest, ended := bytes.Cut(text, []byte{'\n'})
		text = rest
		if l.over && len(bytes.TrimSpace(line)) > 0 {
			l.line, l.over = l.line[:0], false
		}
		if !l.over {
			l.line = append(l.line, line[:min(len(line), maxLast-len(l.line))]...)
		}
		l.over = l.over || (ended && len(bytes.TrimSpace(l.line)) > 0)
	}
	return n, nil
}

func (l *lastLine) String() string { return string(bytes.TrimSpace(l.line)) }
