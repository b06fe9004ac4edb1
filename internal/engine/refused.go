package engine

import (
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"

	cerrdefs "github.com/containerd/errdefs"
	"github.com/containerd/errdefs/pkg/errhttp"
)

// refusal is the answer of a socket proxy, or an authorization plugin, that
// does not let a call through. An engine of its own gives none to our calls.
type refusal struct {
	calls string // as docs/security.md has them
	error        // what was answered
}

func (r *refusal) Unwrap() error { return r.error }

func (r *refusal) Error() string {
	return fmt.Sprintf("the engine, or a proxy before it, refuses %s%s: let the calls through that docs/security.md lists", r.calls, r.reason())
}

// reason is what was answered, if that is a sentence for people: an
// authorization plugin gives one, a proxy a page.
func (r *refusal) reason() string {
	text := strings.TrimPrefix(r.error.Error(), "Error response from daemon: ")
	if text == "" || len(text) > 200 || strings.ContainsAny(text, "<\n") || strings.HasPrefix(text, "request returned ") || strings.HasPrefix(text, "unable to upgrade ") {
		return ""
	}
	return " (" + text + ")"
}

// Refused reports whether an error says that a call is not let through, which
// another try would not change.
func Refused(err error) bool {
	_, ok := errors.AsType[*refusal](err)
	return ok
}

// named gives a refusal the name of its call; other errors stay as they are.
func named(call string, err error) error {
	switch {
	case err == nil, Refused(err):
		return err
	case cerrdefs.IsPermissionDenied(err), cerrdefs.IsUnauthorized(err), errors.Is(err, errhttp.ToNative(http.StatusMethodNotAllowed)), notUpgraded(err):
		return &refusal{call, err}
	default:
		return err
	}
}

// notUpgraded: of a stream that is refused, the client has only words.
func notUpgraded(err error) bool {
	_, status, ok := strings.Cut(err.Error(), "unable to upgrade to tcp, received ")
	return ok && slices.Contains([]string{"401", "403", "405"}, status)
}

// unanswered says that a question to the engine failed: for now, unless it is
// not let through.
func unanswered(what string, err error) error {
	if Refused(err) {
		return fmt.Errorf("cannot %s: %w", what, err)
	}
	return fmt.Errorf("%w: cannot %s: %w", ErrUnreachable, what, err)
}
