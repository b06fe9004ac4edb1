package faultproxy

import (
	"context"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httputil"
	"os"
	"sync"
)

// Proxy is a running proxy. Its methods may be called from any goroutine.
type Proxy struct {
	engine, path string
	transport    *http.Transport
	reverse      *httputil.ReverseProxy
	server       *http.Server

	mu       sync.Mutex
	listener net.Listener // nil while it has vanished
	rules    []*Handle
	calls    map[string]int
	conns    map[net.Conn]bool // from clients
	flying   map[*flight]bool
	serving  sync.WaitGroup
}

// flight is a call that is being answered.
type flight struct {
	method, path string
	cancel       context.CancelFunc // ends it, its connections included
}

// Start listens on a unix socket at path, and forwards to the one of the
// engine. Close ends it.
func Start(engine, path string) (*Proxy, error) {
	p := &Proxy{engine: engine, path: path, calls: map[string]int{}, conns: map[net.Conn]bool{}, flying: map[*flight]bool{}}
	p.transport = &http.Transport{
		DialContext: p.dial,
		// A connection that was kept could make the transport repeat a call.
		DisableKeepAlives:  true,
		DisableCompression: true,
	}
	silent := log.New(io.Discard, "", 0) // cut connections are what this is for
	p.reverse = &httputil.ReverseProxy{
		Rewrite: func(r *httputil.ProxyRequest) {
			r.Out.URL.Scheme, r.Out.URL.Host = "http", "engine"
		},
		Transport:     p.transport,
		FlushInterval: -1,
		ErrorLog:      silent,
		// No answer of our own: an engine that is gone gives none.
		ErrorHandler: func(http.ResponseWriter, *http.Request, error) { panic(http.ErrAbortHandler) },
	}
	p.server = &http.Server{Handler: http.HandlerFunc(p.serve), ConnState: p.note, ErrorLog: silent}
	if err := p.Return(); err != nil {
		return nil, err
	}
	return p, nil
}

func (p *Proxy) dial(ctx context.Context, _, _ string) (net.Conn, error) {
	var d net.Dialer
	return d.DialContext(ctx, "unix", p.engine)
}

// note keeps the list of the clients' connections; hijacked ones stay in it
// until their end.
func (p *Proxy) note(c net.Conn, state http.ConnState) {
	p.mu.Lock()
	defer p.mu.Unlock()
	switch state {
	case http.StateNew:
		if p.listener == nil {
			c.Close() // it came just before the end
			return
		}
		p.conns[c] = true
	case http.StateClosed:
		delete(p.conns, c)
	}
}

// Add adds a rule.
func (p *Proxy) Add(r Rule) *Handle {
	h := &Handle{rule: r}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.rules = append(p.rules, h)
	return h
}

// Clear removes all rules.
func (p *Proxy) Clear() {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, h := range p.rules {
		h.Remove()
	}
	p.rules = nil
}

// fault is what happens to a call.
func (p *Proxy) fault(method, path string) Fault {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.calls[method+" "+Template(path)]++
	var f Fault
	found := false
	for _, h := range p.rules {
		// Each rule counts each call that matches it, until one takes it.
		if !found && h.takes(method, path) {
			f, found = h.rule.Fault, true
		}
	}
	return f
}

// Cut ends the running calls that match, and returns how many there were.
func (p *Proxy) Cut(method, path string) int {
	p.mu.Lock()
	defer p.mu.Unlock()
	n := 0
	for f := range p.flying {
		if matches(method, path, f.method, f.path) {
			f.cancel()
			n++
		}
	}
	return n
}

// CutAll closes all connections at once; new ones are welcome.
func (p *Proxy) CutAll() {
	p.mu.Lock()
	defer p.mu.Unlock()
	for f := range p.flying {
		f.cancel()
	}
	for c := range p.conns {
		c.Close()
	}
}

// Vanish closes and removes the socket, and cuts all connections: the engine
// is gone.
func (p *Proxy) Vanish() {
	p.mu.Lock()
	l := p.listener
	p.listener = nil
	p.mu.Unlock()
	if l != nil {
		l.Close()
	}
	os.Remove(p.path)
	p.CutAll()
}

// Return listens again, at the same path. It is another file then, as it is
// after the start of an engine: who has mounted the old file does not see it.
func (p *Proxy) Return() error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.listener != nil {
		return nil
	}
	l, err := net.Listen("unix", p.path)
	if err != nil {
		return fmt.Errorf("cannot listen for the faults' sake: %w", err)
	}
	p.listener = l
	p.serving.Go(func() { p.server.Serve(l) })
	return nil
}

// Close ends the proxy and all its connections.
func (p *Proxy) Close() {
	p.Vanish()
	p.server.Close()
	p.serving.Wait()
	p.transport.CloseIdleConnections()
}
