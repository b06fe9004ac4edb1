package engine

import (
	"context"
	"fmt"
	"time"

	"github.com/docker/docker/api/types/container"

	"github.com/podlike/podlike/internal/pod"
)

// drainWithin is how long the rest of a component's output may take after its
// end. The engine closes the stream at once; more means that it is in trouble.
const drainWithin = 10 * time.Second

// attachWithin bounds the call itself, not the stream.
const attachWithin = 10 * time.Second

// stream is the output of one container.
type stream struct {
	drained chan struct{} // closed when all of it was written
	closer  func()
}

// follow attaches to a container's output, once, if the pod's logs are asked
// for. Before the start it gets every byte. A container that has ended has
// nothing more to say, and an attach to it would not end.
func (p *Pod) follow(ctx context.Context, id string) error {
	if !p.spec.Options.Logs || p.logs == nil {
		return nil
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.streams[id] != nil {
		return nil
	}
	c, err := p.client.api.ContainerInspect(ctx, id)
	if err != nil {
		return fmt.Errorf("cannot attach to its output: %w", err)
	}
	o := observed(c)
	if o.State == pod.StateExited {
		return nil
	}
	// Not bound to ctx: the stream ends with the container, and a stream that
	// is not read blocks it.
	dial, cancel := context.WithTimeout(context.WithoutCancel(ctx), attachWithin)
	defer cancel()
	attached, err := p.client.api.ContainerAttach(dial, id, container.AttachOptions{Stream: true, Stdout: true, Stderr: true})
	if err != nil {
		return fmt.Errorf("cannot attach to its output: %w", err)
	}
	s := &stream{drained: make(chan struct{}), closer: attached.Close}
	p.streams[id] = s
	go func() {
		defer close(s.drained)
		defer attached.Close()
		if err := p.logs.Copy(o.Component, attached.Reader, c.Config.Tty); err != nil {
			p.say(fmt.Sprintf("warning: some lines may be missing: %v", err))
		}
	}()
	return nil
}

// drained waits until all output of an ended container is written.
func (p *Pod) drained(ctx context.Context, id string) {
	p.mu.Lock()
	s := p.streams[id]
	p.mu.Unlock()
	if s == nil {
		return
	}
	late := time.NewTimer(drainWithin)
	defer late.Stop()
	select {
	case <-s.drained:
	case <-ctx.Done():
	case <-late.C:
		p.say(fmt.Sprintf("warning: container %.12s has ended, but its output has not within %s; some of it may be missing", id, drainWithin))
	}
}

// forget ends the stream of a container that is gone. The engine does it for
// those that ran; for one that never started it would stay open for ever.
func (p *Pod) forget(ctx context.Context, id string, ran bool) {
	p.mu.Lock()
	s := p.streams[id]
	delete(p.streams, id)
	p.mu.Unlock()
	if s == nil {
		return
	}
	if ran {
		late := time.NewTimer(drainWithin)
		defer late.Stop()
		select {
		case <-s.drained:
		case <-ctx.Done():
		case <-late.C:
		}
	}
	s.closer()
}
