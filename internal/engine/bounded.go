package engine

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/docker/docker/api/types"
	"github.com/docker/docker/api/types/container"
	"github.com/docker/docker/api/types/image"
	"github.com/docker/docker/api/types/network"
	"github.com/docker/docker/api/types/system"
	"github.com/docker/docker/api/types/volume"
	"github.com/docker/docker/client"
	ocispec "github.com/opencontainers/image-spec/specs-go/v1"
)

const (
	// answersWithin bounds calls that change nothing or little, worksWithin
	// those that make the engine work. A slow engine takes 10 s for any of
	// them; one that takes longer than this is taken for one that hangs.
	answersWithin = 30 * time.Second
	worksWithin   = 60 * time.Second
	// lookTries is how often a question is asked before its failure is one.
	lookTries = 3
)

// bounded is the Docker client with an end to every call that should be
// quick, and with errors that tell whose fault they are ([MayPass]). Streams
// are as long as they are; only their beginning is bounded. What is not here
// goes through as it is.
type bounded struct{ *client.Client }

// timed makes one call, whose name is for errors.
func timed[T any](ctx context.Context, limit time.Duration, name string, call func(context.Context) (T, error)) (T, error) {
	limited, cancel := context.WithTimeoutCause(ctx, limit, fmt.Errorf("no answer within %s", limit))
	defer cancel()
	answer, err := call(limited)
	return answer, judge(ctx, limited, named(name, err))
}

// look asks for something, which may be repeated: a failure of a moment is not
// worth troubling the caller.
func look[T any](ctx context.Context, name string, call func(context.Context) (T, error)) (T, error) {
	for try := 1; ; try++ {
		answer, err := timed(ctx, answersWithin, name, call)
		if !MayPass(err) || try == lookTries || pause(ctx, time.Duration(try)*100*time.Millisecond) != nil {
			return answer, err
		}
	}
}

// done is for calls without an answer.
func done(err error) (struct{}, error) { return struct{}{}, err }

func (b bounded) ContainerInspect(ctx context.Context, id string) (container.InspectResponse, error) {
	return look(ctx, "GET /containers/{id}/json", func(ctx context.Context) (container.InspectResponse, error) {
		return b.Client.ContainerInspect(ctx, id)
	})
}

func (b bounded) ContainerList(ctx context.Context, o container.ListOptions) ([]container.Summary, error) {
	return look(ctx, "GET /containers/json", func(ctx context.Context) ([]container.Summary, error) { return b.Client.ContainerList(ctx, o) })
}

func (b bounded) ContainerExecInspect(ctx context.Context, id string) (container.ExecInspect, error) {
	return look(ctx, "GET /exec/{id}/json", func(ctx context.Context) (container.ExecInspect, error) {
		return b.Client.ContainerExecInspect(ctx, id)
	})
}

func (b bounded) ImageInspect(ctx context.Context, ref string) (image.InspectResponse, error) {
	return look(ctx, "GET /images/{name}/json", func(ctx context.Context) (image.InspectResponse, error) { return b.Client.ImageInspect(ctx, ref) })
}

func (b bounded) VolumeInspect(ctx context.Context, name string) (volume.Volume, error) {
	return look(ctx, "GET /volumes/{name}", func(ctx context.Context) (volume.Volume, error) { return b.Client.VolumeInspect(ctx, name) })
}

func (b bounded) Info(ctx context.Context) (system.Info, error) {
	return look(ctx, "GET /info", b.Client.Info)
}

func (b bounded) ContainerCreate(ctx context.Context, config *container.Config, host *container.HostConfig,
	networking *network.NetworkingConfig, platform *ocispec.Platform, name string) (container.CreateResponse, error) {
	return timed(ctx, worksWithin, "POST /containers/create", func(ctx context.Context) (container.CreateResponse, error) {
		return b.Client.ContainerCreate(ctx, config, host, networking, platform, name)
	})
}

func (b bounded) ContainerStart(ctx context.Context, id string, o container.StartOptions) error {
	_, err := timed(ctx, worksWithin, "POST /containers/{id}/start", func(ctx context.Context) (struct{}, error) {
		return done(b.Client.ContainerStart(ctx, id, o))
	})
	return err
}

func (b bounded) ContainerRemove(ctx context.Context, id string, o container.RemoveOptions) error {
	_, err := timed(ctx, worksWithin, "DELETE /containers/{id}", func(ctx context.Context) (struct{}, error) {
		return done(b.Client.ContainerRemove(ctx, id, o))
	})
	return err
}

func (b bounded) ContainerKill(ctx context.Context, id, signal string) error {
	_, err := timed(ctx, answersWithin, "POST /containers/{id}/kill", func(ctx context.Context) (struct{}, error) {
		return done(b.Client.ContainerKill(ctx, id, signal))
	})
	return err
}

func (b bounded) ContainerExecCreate(ctx context.Context, id string, o container.ExecOptions) (container.ExecCreateResponse, error) {
	return timed(ctx, answersWithin, "POST /containers/{id}/exec", func(ctx context.Context) (container.ExecCreateResponse, error) {
		return b.Client.ContainerExecCreate(ctx, id, o)
	})
}

// ContainerWait registers the wait: the engine answers that at once, and says
// how it ended when it did. The caller ends ctx.
func (b bounded) ContainerWait(ctx context.Context, id string, condition container.WaitCondition) (<-chan container.WaitResponse, <-chan error) {
	ctx, hangUp := context.WithCancelCause(ctx)
	late := time.AfterFunc(answersWithin, func() { hangUp(fmt.Errorf("no answer within %s", answersWithin)) })
	defer late.Stop()
	return b.Client.ContainerWait(ctx, id, condition)
}

func (b bounded) ContainerAttach(ctx context.Context, id string, o container.AttachOptions) (types.HijackedResponse, error) {
	return hijack(ctx, "POST /containers/{id}/attach", func(ctx context.Context) (types.HijackedResponse, error) { return b.Client.ContainerAttach(ctx, id, o) })
}

func (b bounded) ContainerExecAttach(ctx context.Context, id string, o container.ExecAttachOptions) (types.HijackedResponse, error) {
	return hijack(ctx, "POST /exec/{id}/start", func(ctx context.Context) (types.HijackedResponse, error) {
		return b.Client.ContainerExecAttach(ctx, id, o)
	})
}

// hijack makes a call that becomes a stream. The client does not look at ctx
// any more once it is connected (seen in v28), so a call that hangs is left
// alone; if it does get an answer, that is closed.
func hijack(ctx context.Context, name string, call func(context.Context) (types.HijackedResponse, error)) (types.HijackedResponse, error) {
	type result struct {
		stream types.HijackedResponse
		err    error
	}
	return timed(ctx, answersWithin, name, func(ctx context.Context) (types.HijackedResponse, error) {
		answered := make(chan result, 1)
		go func() {
			stream, err := call(ctx)
			answered <- result{stream, err}
		}()
		select {
		case r := <-answered:
			return r.stream, upgradeError(r.err)
		case <-ctx.Done():
			go func() {
				if r := <-answered; r.err == nil {
					r.stream.Close()
				}
			}()
			return types.HijackedResponse{}, ctx.Err()
		}
	})
}

// upgradeError gives a refused hijack its kind: the client has only words for
// it.
func upgradeError(err error) error {
	if err != nil && strings.Contains(err.Error(), "unable to upgrade") && strings.Contains(err.Error(), "received 5") {
		return &passing{err, troubleLasts}
	}
	return err
}
