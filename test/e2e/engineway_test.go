//go:build e2e

package e2e

import (
	"path/filepath"
	"sync/atomic"
	"testing"
	"time"

	"github.com/podlike/podlike/test/faultproxy"
)

// engineWay is how a pod reaches its engine.
type engineWay struct {
	bind string   // a mount of the pause
	env  []string // of the pause

	proxy *faultproxy.Proxy // nil where nothing is in between
	away  atomic.Bool
}

// directly is the way that the README tells: the socket's file.
func directly() *engineWay {
	return &engineWay{bind: socket() + ":/var/run/docker.sock:ro"}
}

// byDirectory is the way for a socket whose file may be made anew: the
// directory that it is in.
func byDirectory(socket string) *engineWay {
	return &engineWay{
		bind: filepath.Dir(socket) + ":/engine:ro",
		env:  []string{"DOCKER_HOST=unix:///engine/" + filepath.Base(socket)},
	}
}

// cuttable is a way that can be cut, until the test's end.
func cuttable(t *testing.T) *engineWay {
	t.Helper()
	path := filepath.Join(t.TempDir(), "docker.sock")
	proxy, err := faultproxy.Start(socket(), path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(proxy.Close)
	way := byDirectory(path)
	way.proxy = proxy
	return way
}

// cut takes the engine away for so long: its connections end, and its socket
// is not there.
func (w *engineWay) cut(t *testing.T, d time.Duration) {
	w.away.Store(true)
	w.proxy.Vanish()
	time.AfterFunc(d, func() {
		if err := w.proxy.Return(); err != nil {
			t.Error(err)
		}
		w.away.Store(false)
	})
}
