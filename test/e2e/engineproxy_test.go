//go:build e2e

package e2e

import (
	"io"
	"net"
	"path/filepath"
	"sync"
	"testing"
	"time"
)

// engineProxy is a unix socket in front of an engine's: it copies bytes both
// ways, and can be cut. Its file stays the same when the engine's is made anew.
type engineProxy struct {
	path     string // of its socket
	upstream string // of the engine's socket

	mu   sync.Mutex
	cuts int // that are not over yet
	open map[net.Conn]bool
}

// newEngineProxy listens until the test's end.
func newEngineProxy(t *testing.T, upstream string) *engineProxy {
	t.Helper()
	p := &engineProxy{path: filepath.Join(t.TempDir(), "docker.sock"), upstream: upstream, open: map[net.Conn]bool{}}
	listener, err := net.Listen("unix", p.path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		listener.Close()
		p.closeAll()
	})
	go func() {
		for {
			client, err := listener.Accept()
			if err != nil {
				return
			}
			go p.serve(client)
		}
	}()
	return p
}

// cut ends all connections, and every new one at once, for so long.
func (p *engineProxy) cut(d time.Duration) {
	p.mu.Lock()
	p.cuts++
	p.mu.Unlock()
	p.closeAll()
	time.AfterFunc(d, func() {
		p.mu.Lock()
		defer p.mu.Unlock()
		p.cuts--
	})
}

// isCut tells whether a cut is not over yet.
func (p *engineProxy) isCut() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.cuts > 0
}

func (p *engineProxy) serve(client net.Conn) {
	defer p.forget(client)
	if !p.remember(client) {
		return
	}
	engine, err := net.Dial("unix", p.upstream)
	if err != nil {
		return
	}
	defer p.forget(engine)
	if !p.remember(engine) {
		return
	}
	// Each direction ends on its own: an attached client closes its half.
	var both sync.WaitGroup
	for _, way := range [][2]net.Conn{{engine, client}, {client, engine}} {
		both.Go(func() {
			io.Copy(way[0], way[1])
			way[0].(*net.UnixConn).CloseWrite()
		})
	}
	both.Wait()
}

// remember notes an open connection, unless there is a cut.
func (p *engineProxy) remember(c net.Conn) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.cuts > 0 {
		return false
	}
	p.open[c] = true
	return true
}

func (p *engineProxy) forget(c net.Conn) {
	p.mu.Lock()
	delete(p.open, c)
	p.mu.Unlock()
	c.Close()
}

func (p *engineProxy) closeAll() {
	p.mu.Lock()
	defer p.mu.Unlock()
	for c := range p.open {
		c.Close()
	}
}
