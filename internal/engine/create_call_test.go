package engine

import (
	"context"
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/docker/docker/client"
)

// answers is an engine that is a function.
type answers func(*http.Request) (int, string)

func (a answers) RoundTrip(r *http.Request) (*http.Response, error) {
	status, body := a(r)
	if err := r.Context().Err(); err != nil {
		return nil, err
	}
	return &http.Response{StatusCode: status, Body: io.NopCloser(&slowBody{r.Context(), strings.Split(body, slowly)}), Header: http.Header{}, Request: r}, nil
}

// slowly in an answer takes 4 s; a site hangs the first time only.
const (
	slowly = "<4s>"
	hangs  = slowly + slowly + slowly + slowly
)

type slowBody struct {
	ctx   context.Context
	parts []string
}

func (b *slowBody) Read(p []byte) (int, error) {
	if b.parts[0] == "" {
		if len(b.parts) == 1 {
			return 0, io.EOF
		}
		if err := pause(b.ctx, 4*time.Second); err != nil {
			return 0, err
		}
		b.parts = b.parts[1:]
	}
	n := copy(p, b.parts[0])
	b.parts[0] = b.parts[0][n:]
	return n, nil
}

func (a answers) client(t *testing.T) *Client {
	t.Helper()
	api, err := client.NewClientWithOpts(client.WithHost("tcp://engine.invalid"), client.WithHTTPClient(&http.Client{Transport: a}), client.WithVersion("1.41"))
	if err != nil {
		t.Fatal(err)
	}
	return &Client{api: bounded{api}}
}

// TestCreateGivenUp: a create that nobody wants any more leaves no container,
// and does not take for ever.
func TestCreateGivenUp(t *testing.T) {
	for _, tt := range []struct {
		name    string
		takes   time.Duration // the call
		givenUp time.Duration // after that time
		removed bool
		lasts   time.Duration
		err     error
	}{
		{"in time", time.Second, time.Minute, false, time.Second, nil},
		{"before", time.Second, 0, false, 0, context.Canceled},
		{"meanwhile", 2 * time.Second, time.Second, true, 2 * time.Second, context.Canceled},
		{"an engine that hangs", time.Hour, time.Second, false, time.Second + createEndsWithin, context.Canceled},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var removed []string
				c := answers(func(r *http.Request) (int, string) {
					if r.Method == http.MethodDelete {
						removed = append(removed, r.URL.Path)
						return http.StatusNoContent, ""
					}
					pause(r.Context(), tt.takes)
					return http.StatusCreated, `{"Id": "made"}`
				}).client(t)
				ctx, cancel := context.WithCancel(t.Context())
				if tt.givenUp == 0 {
					cancel()
				} else {
					defer time.AfterFunc(tt.givenUp, cancel).Stop()
				}
				began := time.Now()
				made, err := c.createContainer(ctx, options{}, "name")
				if lasted := time.Since(began); lasted != tt.lasts {
					t.Errorf("it took %s, want %s", lasted, tt.lasts)
				}
				if !errors.Is(err, tt.err) || (err == nil) != (made.ID == "made") {
					t.Errorf("got %q, %v, want the error %v", made.ID, err, tt.err)
				}
				if got := len(removed) == 1 && strings.HasSuffix(removed[0], "/containers/made"); got != tt.removed || (!tt.removed && len(removed) > 0) {
					t.Errorf("removed %v, want so: %t", removed, tt.removed)
				}
				cancel()
			})
		})
	}
}
