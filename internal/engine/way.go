package engine

import (
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"strings"
)

// ErrUnreachable says that the engine did not answer; it may do so later.
var ErrUnreachable = errors.New("the Docker engine does not answer")

// unreachable says what is wrong with the way to the engine. The client's own
// errors do not tell a missing socket from one where nobody answers. A socket
// that the user named may come back: its directory can be mounted.
func (c *Client) unreachable(host string, named bool, err error) error {
	if Refused(err) {
		return err
	}
	if c.socket == "" {
		if wrong := wrongTLS(err); wrong != "" {
			return fmt.Errorf("cannot talk to the Docker engine at %s: %s (%w)", host, wrong, rootCause(err))
		}
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
		gids, _ := os.ReadFile("/proc/self/gid_map")
		context, _ := os.ReadFile("/proc/self/attr/current")
		return fmt.Errorf("cannot talk to the Docker engine at %s: permission denied; %s", host, notAllowed(string(gids), string(context)))
	default:
		return fmt.Errorf("%w at %s: %w", ErrUnreachable, host, dialErr)
	}
}

// notAllowed says why a process with this /proc/self/gid_map and
// /proc/self/attr/current may not use a socket, and what to do.
func notAllowed(gids, context string) string {
	// "system_u:system_r:container_t:s0:c1,c2"; AppArmor has no colons, and of
	// these two nothing is confined.
	if parts := strings.Split(context, ":"); len(parts) >= 4 && parts[2] != "spc_t" && parts[2] != "unconfined_t" {
		return "SELinux keeps containers of the type " + parts[2] + " from it: allow it on the node (docs/engines.md), or use DOCKER_HOST=tcp://..."
	}
	// "0 100000 65536": from, in the namespace above, how many.
	if first := strings.Fields(gids); len(first) >= 3 && first[0] == "0" && first[1] != "0" {
		return "root of this container has the group " + first[1] + " on the node (userns-remap, or a rootless engine): " +
			"let that group use the socket, mount the rootless engine's own, or use DOCKER_HOST=tcp://..."
	}
	return "if the service sets `user:`, remove it or give that user the socket's group"
}

// wrongTLS says what both ends of a connection do not agree on, "" if it is
// not that. Of some of it there are only words.
func wrongTLS(err error) string {
	text := err.Error()
	for _, known := range []struct{ words, meaning string }{
		{"HTTP request to an HTTPS server", "it wants TLS: set DOCKER_TLS_VERIFY=1 and DOCKER_CERT_PATH"},
		{"malformed HTTP response", "it wants TLS: set DOCKER_TLS_VERIFY=1 and DOCKER_CERT_PATH"},
		{"HTTP response to HTTPS client", "it does not speak TLS: remove DOCKER_TLS_VERIFY and DOCKER_CERT_PATH"},
		{"first record does not look like a TLS handshake", "it does not speak TLS: remove DOCKER_TLS_VERIFY and DOCKER_CERT_PATH"},
		{"remote error: tls:", "it does not accept this client: check cert.pem and key.pem in DOCKER_CERT_PATH"},
		{"failed to verify certificate", "its certificate is not what ca.pem in DOCKER_CERT_PATH stands for"},
	} {
		if strings.Contains(text, known.words) {
			return known.meaning
		}
	}
	return ""
}

// rootCause is the innermost error: those around it name the address again.
func rootCause(err error) error {
	for {
		inner := errors.Unwrap(err)
		if inner == nil {
			return err
		}
		err = inner
	}
}
