package engine

import (
	"context"
	"time"

	"github.com/docker/docker/api/types/container"
)

// createEndsWithin is how long a create call goes on at most when its caller
// does not want the container any more.
const createEndsWithin = 5 * time.Second

// createContainer makes one create call. The engine does not stop at a create
// whose caller hangs up (seen on 20.10): the container would appear later, when
// nobody looks for it any more. So the call's end is awaited although ctx is
// done, and what it made is removed.
func (c *Client) createContainer(ctx context.Context, o options, name string) (container.CreateResponse, error) {
	if err := ctx.Err(); err != nil {
		return container.CreateResponse{}, err
	}
	call, hangUp := context.WithCancel(context.WithoutCancel(ctx))
	defer hangUp()
	stop := context.AfterFunc(ctx, func() {
		if pause(call, createEndsWithin) == nil {
			hangUp()
		}
	})
	defer stop()
	made, err := c.api.ContainerCreate(call, o.Config, o.HostConfig, o.Networking, o.Platform, name)
	if err == nil && ctx.Err() != nil {
		c.discard(ctx, made.ID)
		return container.CreateResponse{}, ctx.Err()
	}
	return made, err
}
