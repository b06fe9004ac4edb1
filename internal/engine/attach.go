package engine

import (
	"context"
	"fmt"
	"time"

	cerrdefs "github.com/containerd/errdefs"
	"github.com/docker/docker/api/types/container"

	"github.com/podlike/podlike/internal/pod"
)

const (
	// drainWithin is how long the rest of a component's output may take after
	// its end without a line of it coming. The engine closes the stream at
	// once; more means that it is in trouble.
	drainWithin = 10 * time.Second
	// endsWithin is by how much a container's end may be told later than that
	// of its output.
	endsWithin = 2 * time.Second
	// reapedWithin is by how much it may come later.
	reapedWithin = 200 * time.Millisecond
)

// stream is the output of one container.
type stream struct {
	drained chan struct{} // closed when all of it was written
	closer  func()
	closed  context.Context // done when nobody wants the rest
}

// follow lets a container's output come out of the pod, once, if the pod's
// logs are asked for. One that has not started is attached to, which gives
// every byte. Of one that has, an earlier supervisor wrote some; its log has
// the rest.
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
	// Not bound to ctx: the stream ends with the container, and a stream that
	// is not read blocks it.
	s := &stream{drained: make(chan struct{})}
	s.closed, s.closer = context.WithCancel(context.WithoutCancel(ctx))
	if observed(c).State != pod.StateCreated {
		p.streams[id] = s
		go func() {
			defer close(s.drained)
			p.readOn(s, c, p.began)
		}()
		return nil
	}
	copyAll, err := p.attach(ctx, s, c)
	if err != nil {
		return fmt.Errorf("cannot attach to its output: %w", err)
	}
	p.streams[id] = s
	go func() {
		defer close(s.drained)
		copyAll()
		if began := time.Now(); p.brokeOff(s.closed, id) {
			p.say(fmt.Sprintf("warning: the connection to the output of component %q was lost; reading on from its log", observed(c).Component))
			p.readOn(s, c, began)
		}
	}()
	return nil
}

// attach makes the connection; copyAll copies what comes until it ends.
func (p *Pod) attach(ctx context.Context, s *stream, c container.InspectResponse) (copyAll func(), err error) {
	attached, err := p.client.api.ContainerAttach(ctx, c.ID, container.AttachOptions{Stream: true, Stdout: true, Stderr: true})
	if err != nil {
		return nil, err
	}
	context.AfterFunc(s.closed, attached.Close)
	return func() {
		defer attached.Close()
		if err := p.logs.Copy(observed(c).Component, attached.Reader, c.Config.Tty); err != nil {
			p.say(fmt.Sprintf("warning: some lines may be missing: %v", err))
		}
	}, nil
}

// brokeOff reports whether a container's output ended although the container
// did not, or while the engine could not be asked.
func (p *Pod) brokeOff(ctx context.Context, id string) bool {
	over := time.Now()
	late := over.Add(endsWithin)
	for {
		o, err := p.inspect(ctx, id)
		switch {
		case ctx.Err() != nil, cerrdefs.IsNotFound(err):
			return false
		case err == nil && o.State == pod.StateExited:
			return o.Exit.At.After(over.Add(reapedWithin))
		case err != nil || time.Now().After(late):
			return true
		}
		if pause(ctx, 50*time.Millisecond) != nil {
			return false
		}
	}
}

// drained waits until all output of an ended container is written.
func (p *Pod) drained(ctx context.Context, id string) {
	if s := p.stream(id); s != nil && !p.drain(ctx, s) && ctx.Err() == nil {
		p.say(fmt.Sprintf("warning: container %.12s has ended, but its output has not within %s; some of it may be missing", id, drainWithin))
	}
}

func (p *Pod) stream(id string) *stream {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.streams[id]
}

// drain waits for the end of the output, as long as logs are being read.
func (p *Pod) drain(ctx context.Context, s *stream) bool {
	for lines := int64(-1); lines != p.linesRead.Load(); {
		lines = p.linesRead.Load()
		late := time.NewTimer(drainWithin)
		select {
		case <-s.drained:
			late.Stop()
			return true
		case <-ctx.Done():
			late.Stop()
			return false
		case <-late.C:
		}
	}
	return false
}

// forget ends the stream of a container that is gone. The engine does it for
// those that ran; for one that never started it would stay open for ever.
func (p *Pod) forget(ctx context.Context, id string, ran bool) {
	s := p.stream(id)
	if s == nil {
		return
	}
	if ran {
		p.drain(ctx, s)
	}
	s.closer()
	p.mu.Lock()
	delete(p.streams, id)
	p.mu.Unlock()
}
