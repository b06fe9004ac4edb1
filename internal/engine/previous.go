package engine

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"time"

	"github.com/docker/docker/api/types/container"
	"github.com/docker/docker/pkg/stdcopy"

	"github.com/podlike/podlike/internal/pod"
)

// A restart removes the component's old container, and with it what that said.
// The end of it is kept in files of the supervisor's own container, in memory,
// until the next restart.

// PreviousDir is where in the supervisor's container the files are; its file
// system is read-only but for this.
const PreviousDir = "/run/podlike"

const (
	// previousSize bounds PreviousDir, for all components together, in bytes.
	previousSize = 16 << 20
	// previousLines and previousBytes bound what is kept of one component.
	previousLines = 1000
	previousBytes = 256 << 10
	// previousWithin bounds the reading, which the restart waits for.
	previousWithin = 5 * time.Second
)

// Previous returns the last lines of what a component said before its last
// restart, stdout and stderr together, out of the directory dir.
func Previous(dir, component string) ([]byte, error) {
	if !filepath.IsLocal(component) || filepath.Base(component) != component {
		return nil, fmt.Errorf("%q is no name of a component", component)
	}
	text, err := os.ReadFile(filepath.Join(dir, component))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("there is no output of an earlier run of component %q: it was not restarted since this supervisor runs", component)
	}
	return text, err
}

// keepLast keeps the end of what a component said that has ended and is about
// to be removed, unless the pod ends too.
func (p *Pod) keepLast(ctx context.Context, o pod.Observed) {
	if p.previous == "" || o.State != pod.StateExited || (o.Role != pod.RoleComponent && o.Role != pod.RoleInit) {
		return
	}
	select {
	case <-p.hooks.ending:
		return
	default:
	}
	ctx, cancel := context.WithTimeout(ctx, previousWithin)
	defer cancel()
	text, err := p.client.lastOutput(ctx, o.ContainerID)
	if err != nil {
		// Such as a logging driver that cannot be read.
		text = fmt.Appendf(nil, "podlike: the output of this run cannot be read: %v\n", err)
	}
	file := filepath.Join(p.previous, o.Component)
	if err := os.WriteFile(file, text, 0o600); err != nil {
		os.Remove(file) // a part would look like all of it
		p.warnOnce(fmt.Sprintf("cannot keep what component %q said before its restart: %v", o.Component, err))
	}
}

func (c *Client) lastOutput(ctx context.Context, id string) ([]byte, error) {
	found, err := c.api.ContainerInspect(ctx, id)
	if err != nil {
		return nil, err
	}
	stream, err := c.api.ContainerLogs(ctx, id, container.LogsOptions{
		ShowStdout: true, ShowStderr: true, Tail: strconv.Itoa(previousLines),
	})
	if err != nil {
		return nil, err
	}
	defer stream.Close()
	last := &outputEnd{most: previousBytes}
	if found.Config.Tty {
		_, err = io.Copy(last, stream)
	} else {
		_, err = stdcopy.StdCopy(last, last, stream)
	}
	return last.bytes(), err
}

// outputEnd keeps the end of what is written to it.
type outputEnd struct {
	most int
	text []byte
	cut  bool
}

func (t *outputEnd) Write(text []byte) (int, error) {
	t.text = append(t.text, text...)
	if len(t.text) > 2*t.most {
		t.trim()
	}
	return len(text), nil
}

func (t *outputEnd) trim() {
	if over := len(t.text) - t.most; over > 0 {
		t.text = t.text[:copy(t.text, t.text[over:])]
		t.cut = true
	}
}

// bytes is at most that much, from the beginning of a line where something was
// cut off, or from anywhere in the middle of one that is longer.
func (t *outputEnd) bytes() []byte {
	t.trim()
	if _, rest, found := bytes.Cut(t.text, []byte{'\n'}); t.cut && found && len(rest) > 0 {
		return rest
	}
	return t.text
}
