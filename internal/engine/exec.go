package engine

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"time"

	"github.com/docker/docker/api/types/container"
	"github.com/docker/docker/pkg/stdcopy"
)

// maxLast bounds what is kept of a command's last line.
const maxLast = 1 << 10

// Exec runs a command inside a running container, as the container's user. It
// returns nil if that ended with 0; the error says how else it ended, with the
// last line of its output. The engine cannot end a command: one that still
// runs when ctx is done goes on, and the error is ctx's cause.
func (p *Pod) Exec(ctx context.Context, containerID string, command []string) error {
	return p.exec(ctx, containerID, container.ExecOptions{Cmd: command}, "")
}

// exec is Exec with all that the engine can set. The output goes to the pod's
// log as lines of that component; nowhere if that is "".
func (p *Pod) exec(ctx context.Context, id string, o container.ExecOptions, component string) error {
	o.AttachStdout, o.AttachStderr = true, true
	made, err := p.client.api.ContainerExecCreate(ctx, id, o)
	if err != nil {
		return orCause(ctx, fmt.Errorf("cannot be run: %w", err))
	}
	stream, err := p.client.api.ContainerExecAttach(ctx, made.ID, container.ExecAttachOptions{})
	if err != nil {
		return orCause(ctx, fmt.Errorf("cannot be run: %w", err))
	}
	defer stream.Close()
	// The connection is the caller's from here on: ctx no longer ends it.
	defer context.AfterFunc(ctx, stream.Close)()

	last, err := p.readOutput(stream.Reader, component)
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	if err != nil {
		return fmt.Errorf("its output cannot be read: %w", err)
	}
	code, err := p.execEnded(ctx, made.ID)
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
// engine may learn of its end a moment later.
func (p *Pod) execEnded(ctx context.Context, id string) (code int, err error) {
	err = every(ctx, 10*time.Millisecond, func() (bool, error) {
		got, err := p.client.api.ContainerExecInspect(ctx, id)
		code = got.ExitCode
		return err == nil && !got.Running, err
	})
	return code, err
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
