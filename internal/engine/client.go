package engine

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net"
	"net/http"
	"path"
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
	if dir := getenv("DOCKER_CERT_PATH"); dir != "" {
		config, err := tlsConfig(dir, getenv("DOCKER_TLS_VERIFY") != "", open)
		if err != nil {
			return nil, fmt.Errorf("cannot use the certificates of DOCKER_CERT_PATH %q: %w", dir, err)
		}
		// Before WithHost, which sets this transport up for the host's scheme.
		transport := &http.Client{Transport: &http.Transport{TLSClientConfig: config}, CheckRedirect: client.CheckRedirect}
		options = append([]client.Opt{client.WithHTTPClient(transport)}, options...)
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
		return nil, c.unreachable(host, getenv("DOCKER_HOST") != "", err)
	}
	api.NegotiateAPIVersionPing(ping)
	return c, nil
}

// Close gives the connections back.
func (c *Client) Close() error { return c.api.Close() }

// APIVersion is what both sides speak, as "1.41".
func (c *Client) APIVersion() string { return c.api.ClientVersion() }

// ErrUnreachable says that the engine did not answer; it may do so later.
var ErrUnreachable = errors.New("the Docker engine does not answer")

// unreachable says what is wrong with the way to the engine. The client's own
// errors do not tell a missing socket from one where nobody answers. A socket
// that the user named may come back: its directory can be mounted.
func (c *Client) unreachable(host string, named bool, err error) error {
	if c.socket == "" {
		return fmt.Errorf("%w at %s: %w", ErrUnreachable, host, err)
	}
	conn, dialErr := net.Dial("unix", c.socket)
	switch {
	case dialErr == nil:
		conn.Close()
		return fmt.Errorf("%w at %s: %w", ErrUnreachable, host, err)
	case errors.Is(dialErr, fs.ErrNotExist) && named:
		return fmt.Errorf("%w: cannot find the Docker socket %s of DOCKER_HOST: give its directory to the service as a volume", ErrUnreachable, c.socket)
	case errors.Is(dialErr, fs.ErrNotExist):
		return fmt.Errorf("cannot find the Docker socket %s: give it to the service with\n  volumes:\n    - /var/run/docker.sock:/var/run/docker.sock:ro", c.socket)
	case errors.Is(dialErr, fs.ErrPermission):
		return fmt.Errorf("cannot talk to the Docker engine at %s: permission denied; if the service sets `user:`, remove it or give that user the socket's group", host)
	default:
		return fmt.Errorf("%w at %s: %w", ErrUnreachable, host, dialErr)
	}
}

// tlsConfig reads ca.pem, cert.pem and key.pem, the names that every Docker
// client uses; any of them may be missing.
func tlsConfig(dir string, verify bool, open func(string) (io.ReadCloser, error)) (*tls.Config, error) {
	config := &tls.Config{MinVersion: tls.VersionTLS12, InsecureSkipVerify: !verify}
	if ca, err := readAll(open, path.Join(dir, "ca.pem")); err == nil {
		config.RootCAs = x509.NewCertPool()
		if !config.RootCAs.AppendCertsFromPEM(ca) {
			return nil, errors.New("ca.pem holds no certificate")
		}
	} else if verify {
		return nil, err
	}
	cert, certErr := readAll(open, path.Join(dir, "cert.pem"))
	key, keyErr := readAll(open, path.Join(dir, "key.pem"))
	if certErr == nil && keyErr == nil {
		pair, err := tls.X509KeyPair(cert, key)
		if err != nil {
			return nil, err
		}
		config.Certificates = []tls.Certificate{pair}
	}
	return config, nil
}

func readAll(open func(string) (io.ReadCloser, error), name string) ([]byte, error) {
	f, err := open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return io.ReadAll(f)
}
