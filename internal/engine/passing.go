package engine

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"time"

	cerrdefs "github.com/containerd/errdefs"
	"github.com/containerd/errdefs/pkg/errhttp"
	"github.com/docker/docker/client"
)

const (
	// silenceLasts is how long calls are worth repeating while the engine does
	// not answer: it may be restarting.
	silenceLasts = 60 * time.Second
	// troubleLasts is the same for an engine that answers, and says that it
	// has a problem of its own.
	troubleLasts = 15 * time.Second
)

// passing is an error whose reason may pass: it is the engine's, and not that
// of what was asked for. lifecycle.Passing describes it.
type passing struct {
	error
	patience time.Duration
}

// Patience is how long a call that fails like this is worth repeating.
func (p *passing) Patience() time.Duration { return p.patience }

func (p *passing) Unwrap() error { return p.error }

// MayPass reports whether the reason of an error is the engine's, and may be
// gone at another try.
func MayPass(err error) bool {
	_, ok := errors.AsType[*passing](err)
	return ok
}

// judge tells errors of the engine from errors of the question. ctx is the
// caller's, whose end is no fault of the engine; limited is that of the call.
func judge(ctx, limited context.Context, err error) error {
	switch {
	case err == nil, ctx.Err() != nil, MayPass(err):
		return err
	case limited.Err() != nil:
		return &passing{fmt.Errorf("%w: %w", ErrUnreachable, context.Cause(limited)), silenceLasts}
	case broke(err):
		return &passing{fmt.Errorf("%w: %w", ErrUnreachable, err), silenceLasts}
	case cerrdefs.IsUnavailable(err), cerrdefs.IsInternal(err) && !theRuntimes(err),
		errors.Is(err, errhttp.ToNative(http.StatusBadGateway)), errors.Is(err, errhttp.ToNative(http.StatusGatewayTimeout)):
		return &passing{err, troubleLasts}
	default:
		return err
	}
}

// broke reports whether there was no whole answer.
func broke(err error) bool {
	if client.IsErrConnectionFailed(err) || errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return true
	}
	_, ok := errors.AsType[net.Error](err)
	return ok
}

// theRuntimes reports whether an internal error of the engine is one of what
// the user wants, which another try would meet too: engines pass what runc
// says, and what they cannot find in the image or on the host, as a 500.
func theRuntimes(err error) bool {
	text := strings.ToLower(err.Error())
	for _, words := range []string{
		"oci runtime", "runc ", "container init", "unable to find user", "unable to find group", "no matching entries in",
		"no such file", "not a directory", "no space left", "permission denied", "operation not permitted", "invalid argument",
		"custom device", "port is already allocated", "address already in use", "could not select device driver",
		"logging driver", "already exists",
	} {
		if strings.Contains(text, words) {
			return true
		}
	}
	return false
}

// persistently calls until it succeeds, ctx ends, or its failures have lasted
// as long as they are worth: after 100 ms, doubling to 2 s.
func persistently[T any](ctx context.Context, call func() (T, error)) (T, error) {
	var since time.Time
	for delay := 100 * time.Millisecond; ; delay = min(2*delay, 2*time.Second) {
		answer, err := call()
		failure, ok := errors.AsType[*passing](err)
		if !ok {
			return answer, err
		}
		if since.IsZero() {
			since = time.Now()
		}
		if time.Since(since) > failure.patience || pause(ctx, delay) != nil {
			return answer, err
		}
	}
}
