package engine

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	cerrdefs "github.com/containerd/errdefs"
	"github.com/docker/docker/api/types/image"
	"github.com/docker/docker/api/types/registry"
	"github.com/docker/docker/pkg/jsonmessage"
)

// pullReports is how often a running pull says how far it is.
const pullReports = 10 * time.Second

// A pull that fails for a reason that may pass is tried again, after a second
// and then after twice as long each time.
const pullTries = 3

// pull pulls an image with the credentials for its registry.
func (c *Client) pull(ctx context.Context, ref, platform string, say func(string)) error {
	login, host := c.credentials.For(ref)
	say(fmt.Sprintf("pulling image %q", ref))
	started := time.Now()
	for try := 1; ; try++ {
		err := c.pullOnce(ctx, ref, platform, login, say)
		if err == nil {
			say(fmt.Sprintf("pulled image %q in %s", ref, time.Since(started).Round(100*time.Millisecond)))
			return nil
		}
		if ctx.Err() != nil {
			return ctx.Err()
		}
		if MayPass(err) || Refused(err) {
			return err // the engine's, which is no word about the image
		}
		if refused(err) {
			return fmt.Errorf("%w (registry %s, %s)", err, host, c.credentials.describe(login))
		}
		if nodeIsFull(err) {
			return fmt.Errorf("%w: the node has no room for it", err)
		}
		if try == pullTries {
			return fmt.Errorf("%w (%d tries)", err, try)
		}
		delay := time.Second << (try - 1)
		say(fmt.Sprintf("cannot pull image %q yet, trying again in %s: %v", ref, delay, err))
		if err := pause(ctx, delay); err != nil {
			return err
		}
	}
}

// pullOnce asks the engine to pull, and reads the answer to its end: the
// engine says 200 first, and what went wrong in the stream.
func (c *Client) pullOnce(ctx context.Context, ref, platform string, login registry.AuthConfig, say func(string)) error {
	options := image.PullOptions{Platform: platform}
	if login != (registry.AuthConfig{}) {
		encoded, err := registry.EncodeAuthConfig(login)
		if err != nil {
			return err
		}
		options.RegistryAuth = encoded
	}
	stream, err := c.api.ImagePull(ctx, ref, options)
	err = named("POST /images/create", err)
	if err == nil {
		defer stream.Close()
		err = readPull(stream, ref, say)
	}
	if broke(err) {
		return judge(ctx, ctx, err)
	}
	return err // the registry's, or what the engine makes of it
}

// refused reports whether the registry has answered, and said no: another try
// will hear the same. Engines pass the registry's words on under various
// status codes, so the words are looked at too.
func refused(err error) bool {
	if cerrdefs.IsNotFound(err) || cerrdefs.IsUnauthorized(err) || cerrdefs.IsPermissionDenied(err) || cerrdefs.IsInvalidArgument(err) {
		return true
	}
	text := strings.ToLower(err.Error())
	for _, word := range []string{"unauthorized", "denied", "no basic auth", "manifest unknown", "not found", "no matching manifest", "incorrect username"} {
		if strings.Contains(text, word) {
			return true
		}
	}
	return false
}

// nodeIsFull: another try would find no more room, and cost as much again.
func nodeIsFull(err error) bool {
	return strings.Contains(err.Error(), "no space left on device") || strings.Contains(err.Error(), "disk quota exceeded")
}

// readPull reads a pull's progress and returns the error that it ends with.
func readPull(stream io.Reader, ref string, say func(string)) error {
	layers := map[string]*jsonmessage.JSONProgress{}
	said := time.Now()
	decoder := json.NewDecoder(stream)
	for {
		var m jsonmessage.JSONMessage
		if err := decoder.Decode(&m); errors.Is(err, io.EOF) {
			return nil
		} else if err != nil {
			return err
		}
		if m.Error != nil {
			return m.Error
		}
		if m.Progress != nil && m.Progress.Total > 0 && m.Status == "Downloading" {
			layers[m.ID] = m.Progress
		}
		if len(layers) > 0 && time.Since(said) > pullReports {
			said = time.Now()
			var current, total int64
			for _, l := range layers {
				current, total = current+l.Current, total+l.Total
			}
			say(fmt.Sprintf("pulling image %q: %d of %d MB", ref, current/1e6, total/1e6))
		}
	}
}

// hasImage reports whether the image is on this node.
func (c *Client) hasImage(ctx context.Context, ref string) (bool, error) {
	_, err := c.api.ImageInspect(ctx, ref)
	if cerrdefs.IsNotFound(err) {
		return false, nil
	}
	return err == nil, err
}
