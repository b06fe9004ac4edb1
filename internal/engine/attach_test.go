package engine

import (
	"context"
	"io"
	"net"
	"testing"
	"testing/synctest"
	"time"

	"github.com/docker/docker/api/types/container"
	"github.com/docker/docker/client"
)

// TestAttachThatHangs: that is the engine's fault, and worth another try.
func TestAttachThatHangs(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ours, engines := net.Pipe()
		go io.Copy(io.Discard, engines)
		api, err := client.NewClientWithOpts(client.WithHost("tcp://engine.invalid"), client.WithVersion("1.41"),
			client.WithDialContext(func(context.Context, string, string) (net.Conn, error) { return ours, nil }))
		if err != nil {
			t.Fatal(err)
		}
		p := &Pod{client: &Client{api: bounded{api}}}
		began := time.Now()
		_, err = p.attach(t.Context(), &stream{closed: t.Context()}, container.InspectResponse{ContainerJSONBase: &container.ContainerJSONBase{ID: "web"}})
		if !MayPass(err) || time.Since(began) != answersWithin {
			t.Errorf("%v after %s", err, time.Since(began))
		}
		engines.Close()
		ours.Close()
	})
}
