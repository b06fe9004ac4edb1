package engine

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"

	"github.com/docker/docker/client"
)

// DefaultSocket is where the engine listens when nobody says otherwise.
const DefaultSocket = "/var/run/docker.sock"

// Client is a connection to the engine of this node.
type Client struct {
	api bounded
	// socket is the path of the engine's unix socket, "" for TCP.
	socket string
	// base is what URLs begin with; behind a socket, the host is any word.
	base string

	credentials Credentials
}

// Use makes later pulls use these credentials.
func (c *Client) Use(credentials Credentials) { c.credentials = credentials }

// Connect makes a client from DOCKER_HOST, DOCKER_TLS_VERIFY and
// DOCKER_CERT_PATH, as getenv gives them, and agrees on an API version with
// the engine. open opens the certificates, which may be Swarm secrets of the
// pause.
//
// The error says what to do about it.
func Connect(ctx context.Context, getenv func(string) string, open func(path string) (io.ReadCloser, error)) (*Client, error) {
	host := getenv("DOCKER_HOST")
	if host == "" {
		host = "unix://" + DefaultSocket
	}
	options := []client.Opt{client.WithHost(host), client.WithAPIVersionNegotiation()}
	config, err := tlsConfig(getenv, open)
	if err != nil {
		return nil, err
	}
	if config != nil {
		// Before WithHost, which sets this transport up for the host's scheme.
		transport := &http.Client{Transport: &http.Transport{TLSClientConfig: config}, CheckRedirect: client.CheckRedirect}
		options = append([]client.Opt{client.WithHTTPClient(transport)}, options...)
	}
	if scheme, _, _ := strings.Cut(host, "://"); scheme != "unix" && scheme != "tcp" {
		return nil, fmt.Errorf("cannot use DOCKER_HOST %q: a pod reaches its engine by unix:// or tcp://", host)
	}
	api, err := client.NewClientWithOpts(options...)
	if err != nil {
		return nil, fmt.Errorf("cannot use DOCKER_HOST %q: %w", host, err)
	}
	c := &Client{api: bounded{api}}
	c.socket, _ = strings.CutPrefix(host, "unix://")
	if c.socket == host {
		c.socket = ""
	}
	switch {
	case c.socket != "":
		c.base = "http://engine"
	case config != nil:
		c.base = "https" + strings.TrimPrefix(host, "tcp")
	default:
		c.base = "http" + strings.TrimPrefix(host, "tcp")
	}
	asking, cancel := context.WithTimeoutCause(ctx, answersWithin, fmt.Errorf("no answer within %s", answersWithin))
	defer cancel()
	ping, err := api.Ping(asking)
	if err != nil && asking.Err() != nil {
		err = context.Cause(asking)
	}
	if err == nil && ping.APIVersion == "" {
		// The client would take it for an engine of 2016.
		err = errors.New("it does not say its API version")
	}
	if err != nil {
		api.Close()
		return nil, c.unreachable(host, getenv("DOCKER_HOST") != "", named("GET /_ping", err))
	}
	api.NegotiateAPIVersionPing(ping)
	return c, nil
}

// Close gives the connections back.
func (c *Client) Close() error { return c.api.Close() }

// APIVersion is what both sides speak, as "1.41".
func (c *Client) APIVersion() string { return c.api.ClientVersion() }
