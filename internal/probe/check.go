package probe

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"sync"
	"sync/atomic"
	"time"

	"github.com/podlike/podlike/internal/pod"
)

// userAgent is how the probes call themselves, so that they can be told from
// other requests in a component's log.
const userAgent = "podlike-probe"

// maxBody is how much of an answer's body is read.
const maxBody = 64 << 10

// Checker makes checks for real.
type Checker struct {
	// exec runs a command inside a container.
	exec func(ctx context.Context, containerID string, command []string, begun func()) error
	http *http.Client
	grpc *http.Client

	mu sync.Mutex
	// busy holds the commands that run, also those that are late, and whether
	// they have begun.
	busy map[running]*atomic.Bool
}

// errNotAsked says that a check could not be made, which says nothing about
// the component.
var errNotAsked = errors.New("the engine has not run the command")

// running is a probe's command that runs.
type running struct {
	containerID string
	kind        pod.ProbeKind
}

// NewChecker returns a checker. exec runs a command inside a container and
// returns nil when that has ended with 0; it must end when ctx is done, and
// call begun when the engine runs the command.
func NewChecker(exec func(ctx context.Context, containerID string, command []string, begun func()) error) *Checker {
	// Each check makes its own connection: that a component still accepts them
	// is a part of the question. There is no proxy between here and the pod.
	dialer := &net.Dialer{KeepAlive: -1}
	return &Checker{
		exec: exec,
		http: &http.Client{
			Transport: &http.Transport{
				DialContext: dialer.DialContext,
				// A certificate says nothing here: its name is not 127.0.0.1.
				TLSClientConfig:    &tls.Config{InsecureSkipVerify: true},
				DisableKeepAlives:  true,
				DisableCompression: true,
			},
			// A redirect is an answer like any other: where it leads is often
			// no part of the pod.
			CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		},
		grpc: &http.Client{Transport: grpcTransport(dialer)},
		busy: map[running]*atomic.Bool{},
	}
}

// Check makes one check, and returns why it failed, or nil.
func (c *Checker) Check(ctx context.Context, containerID string, kind pod.ProbeKind, p pod.Probe) error {
	switch {
	case p.HTTP != nil:
		return c.checkHTTP(ctx, *p.HTTP)
	case p.TCP != nil:
		return checkTCP(ctx, *p.TCP)
	case p.GRPC != nil:
		return c.checkGRPC(ctx, *p.GRPC)
	default:
		return c.checkExec(ctx, running{containerID, kind}, p.Exec)
	}
}

func (c *Checker) checkHTTP(ctx context.Context, p pod.HTTPProbe) error {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, p.URL(), nil)
	if err != nil {
		return err
	}
	request.Header.Set("User-Agent", userAgent)
	request.Header.Set("Accept", "*/*")
	for name, value := range p.Headers {
		request.Header.Set(name, value)
		if http.CanonicalHeaderKey(name) == "Host" {
			request.Host = value
		}
	}
	answer, err := c.http.Do(request)
	if err != nil {
		return plain(err)
	}
	defer answer.Body.Close()
	io.CopyN(io.Discard, answer.Body, maxBody) // lets the server end in peace
	for _, r := range p.Expect {
		if r.Low <= answer.StatusCode && answer.StatusCode <= r.High {
			return nil
		}
	}
	return fmt.Errorf("the answer was %s", answer.Status)
}

func checkTCP(ctx context.Context, p pod.TCPProbe) error {
	connection, err := (&net.Dialer{KeepAlive: -1}).DialContext(ctx, "tcp", p.Address())
	if err != nil {
		return plain(err)
	}
	return connection.Close()
}

// checkExec runs the command. The engine cannot end one that is late: it goes
// on, and until it has ended no other is started, or they would pile up.
func (c *Checker) checkExec(ctx context.Context, key running, command []string) error {
	c.mu.Lock()
	if earlier := c.busy[key]; earlier != nil {
		c.mu.Unlock()
		if !earlier.Load() {
			return errNotAsked
		}
		return errors.New("the command of an earlier check still runs")
	}
	begun := &atomic.Bool{}
	c.busy[key] = begun
	c.mu.Unlock()

	done := make(chan error, 1)
	go func() {
		// Its own time, because it is to be seen to its end; which comes with
		// the container's at the latest.
		err := c.exec(context.WithoutCancel(ctx), key.containerID, command, func() { begun.Store(true) })
		c.mu.Lock()
		delete(c.busy, key)
		c.mu.Unlock()
		done <- err
	}()
	select {
	case err := <-done:
		if err != nil && !begun.Load() && mayPass(err) {
			return fmt.Errorf("%w: %w", errNotAsked, err)
		}
		return err
	case <-ctx.Done():
		if !begun.Load() {
			return errNotAsked
		}
		return context.Cause(ctx)
	}
}

// mayPass reports whether it is the engine that failed; see lifecycle.Passing.
func mayPass(err error) bool {
	passing := interface{ Patience() time.Duration }(nil)
	return errors.As(err, &passing)
}

// plain is the innermost error: the outer ones repeat the address.
func plain(err error) error {
	if timeout := interface{ Timeout() bool }(nil); errors.As(err, &timeout) && timeout.Timeout() {
		return errors.New("no answer in time")
	}
	for {
		inner := errors.Unwrap(err)
		if inner == nil {
			return err
		}
		err = inner
	}
}

// grpcTransport speaks HTTP/2 without TLS, a new connection each time.
func grpcTransport(dialer *net.Dialer) *http.Transport {
	protocols := &http.Protocols{}
	protocols.SetUnencryptedHTTP2(true)
	return &http.Transport{
		DialContext:       dialer.DialContext,
		Protocols:         protocols,
		DisableKeepAlives: true,
		IdleConnTimeout:   time.Second,
	}
}
