package engine

import (
	"context"
	"errors"
	"time"

	cerrdefs "github.com/containerd/errdefs"
	"github.com/docker/docker/api/types/container"

	"github.com/podlike/podlike/internal/pod"
)

// ended waits until the container has run and ended. A broken connection, or
// an engine that restarts, only makes it look again.
func (c *Client) ended(ctx context.Context, id string) (pod.Exit, error) {
	for {
		exit, err := c.endedOnce(ctx, id)
		if err == nil {
			return exit, nil
		}
		if ctx.Err() != nil {
			return pod.Exit{}, context.Cause(ctx)
		}
		if err := pause(ctx, 500*time.Millisecond); err != nil {
			return pod.Exit{}, err
		}
	}
}

func (c *Client) endedOnce(ctx context.Context, id string) (pod.Exit, error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	o, err := c.inspect(ctx, id)
	switch {
	case cerrdefs.IsNotFound(err):
		return pod.Exit{Code: killed, At: time.Now()}, nil
	case err != nil:
		return pod.Exit{}, err
	case o.State == pod.StateExited:
		return o.Exit, nil
	}
	condition := container.WaitConditionNotRunning
	if o.State == pod.StateCreated {
		condition = container.WaitConditionNextExit
	}
	answers, errs := c.api.ContainerWait(ctx, id, condition)

	// The wait is registered now. It may have started and ended since the
	// first look, and the next exit would never come.
	if o.State == pod.StateCreated {
		if o, err := c.inspect(ctx, id); err == nil && o.State == pod.StateExited {
			// The client hands its one answer over to a reader, or waits for
			// one for ever.
			go func() {
				select {
				case <-answers:
				case <-errs:
				}
			}()
			return o.Exit, nil
		}
	}
	select {
	case err := <-errs:
		return pod.Exit{}, err
	case a := <-answers:
		if a.Error != nil && a.Error.Message != "" {
			return pod.Exit{}, errors.New(a.Error.Message)
		}
		exit := pod.Exit{Code: int(a.StatusCode), At: time.Now()}
		o, err := c.inspect(ctx, id)
		if MayPass(err) {
			return pod.Exit{}, err // it knows more than the code
		}
		if err == nil && o.State == pod.StateExited {
			exit = o.Exit
		}
		return exit, nil
	}
}
