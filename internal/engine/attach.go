package engine

import (
	"context"
	"fmt"
	"time"

	"github.com/docker/docker/api/types/container"
)

// drainWithin is how long the rest of a component's output may take after its
// end. The engine closes the stream at once; more means that it is in trouble.
const drainWithin = 10 * time.Second

// follow attaches to a container's output, once, if the pod's logs are asked
// for. Before the start it gets every byte.
func (p *Pod) follow(ctx context.Context, id string) error {
	if !p.spec.Options.Logs || p.logs == nil {
		return nil
	}
	p.mu.Lock()
	_, attached := p.streams[id]
	done := make(chan struct{})
	if !attached {
		p.streams[id] = done
	}
	p.mu.Unlock()
	if attached {
		return nil
	}

	c, err := p.client.api.ContainerInspect(ctx, id)
	if err == nil {
		// Not bound to ctx: the stream ends with the container, and a stream
		// that is not read blocks it.
		stream, attachErr := p.client.api.ContainerAttach(context.WithoutCancel(ctx), id, container.AttachOptions{Stream: true, Stdout: true, Stderr: true})
		if attachErr == nil {
			name := observed(c).Component
			go func() {
				defer close(done)
				defer stream.Close()
				if err := p.logs.Copy(name, stream.Reader, c.Config.Tty); err != nil {
					p.say(fmt.Sprintf("warning: some lines may be missing: %v", err))
				}
			}()
			return nil
		}
		err = attachErr
	}
	p.mu.Lock()
	delete(p.streams, id)
	p.mu.Unlock()
	close(done)
	return fmt.Errorf("cannot attach to its output: %w", err)
}

// drained waits until all output of an ended container is written.
func (p *Pod) drained(ctx context.Context, id string) {
	p.mu.Lock()
	done, ok := p.streams[id]
	p.mu.Unlock()
	if !ok {
		return
	}
	late := time.NewTimer(drainWithin)
	defer late.Stop()
	select {
	case <-done:
	case <-ctx.Done():
	case <-late.C:
		p.say(fmt.Sprintf("container %.12s has ended, but its output has not within %s; some of it may be missing", id, drainWithin))
	}
	p.mu.Lock()
	delete(p.streams, id)
	p.mu.Unlock()
}
