package faultproxy

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"time"
)

// mayI is in calls by which a pod only asks what gets to the engine: they are
// no part of its work, so rules and counts leave them alone.
const mayI = "podlike-may-i"

// serve answers one call.
func (p *Proxy) serve(w http.ResponseWriter, r *http.Request) {
	path := withoutVersion(r.URL.Path)
	var fault Fault
	if !strings.Contains(r.URL.Path+r.URL.RawQuery, mayI) {
		fault = p.fault(r.Method, path)
	}
	upgrade := r.Header.Get("Upgrade") != ""
	ctx := r.Context()
	if upgrade {
		// It would end with the client's half of the connection.
		ctx = context.WithoutCancel(ctx)
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	r = r.WithContext(ctx)
	f := &flight{method: r.Method, path: path, cancel: cancel}
	p.mu.Lock()
	p.flying[f] = true
	p.mu.Unlock()
	defer func() {
		p.mu.Lock()
		delete(p.flying, f)
		p.mu.Unlock()
	}()

	var body []byte
	if upgrade || fault != (Fault{}) {
		// The server notices only then that a client hangs up. What is sent
		// twice must be kept, too.
		var err error
		if body, err = io.ReadAll(r.Body); err != nil {
			panic(http.ErrAbortHandler)
		}
		r.Body = io.NopCloser(bytes.NewReader(body))
		r.ContentLength, r.TransferEncoding = int64(len(body)), nil
	}
	switch {
	case fault.hang:
		<-ctx.Done()
		panic(http.ErrAbortHandler)
	case fault.status != 0:
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(fault.status)
		fmt.Fprintf(w, "{\"message\": \"injected fault: %s %s\"}\n", r.Method, path)
		return
	case fault.delay > 0:
		late := time.NewTimer(fault.delay)
		defer late.Stop()
		select {
		case <-ctx.Done():
			panic(http.ErrAbortHandler)
		case <-late.C:
		}
	}
	switch {
	case upgrade:
		p.hijack(w, r, fault)
	case fault.lose:
		p.ask(r)
		panic(http.ErrAbortHandler)
	case fault.duplicate:
		p.ask(r)
		r.Body = io.NopCloser(bytes.NewReader(body))
		p.reverse.ServeHTTP(w, r)
	case fault.cut:
		p.reverse.ServeHTTP(&cutWriter{w, fault.cutAfter}, r)
	default:
		p.reverse.ServeHTTP(w, r)
	}
}

// ask makes the call and throws its answer away. The engine's work is done
// when the answer has ended.
func (p *Proxy) ask(r *http.Request) {
	out := r.Clone(r.Context())
	out.URL.Scheme, out.URL.Host, out.RequestURI = "http", "engine", ""
	answer, err := p.transport.RoundTrip(out)
	if err != nil {
		return
	}
	io.Copy(io.Discard, answer.Body)
	answer.Body.Close()
}

// cutWriter passes so many bytes on and then closes the connection.
type cutWriter struct {
	http.ResponseWriter
	left int64
}

func (w *cutWriter) WriteHeader(status int) {
	w.ResponseWriter.WriteHeader(status)
	if w.left == 0 {
		w.cut()
	}
}

func (w *cutWriter) Write(b []byte) (int, error) {
	if int64(len(b)) < w.left {
		w.left -= int64(len(b))
		return w.ResponseWriter.Write(b)
	}
	w.ResponseWriter.Write(b[:w.left])
	w.cut()
	return 0, errCut
}

func (w *cutWriter) cut() {
	http.NewResponseController(w.ResponseWriter).Flush()
	panic(http.ErrAbortHandler)
}

// Unwrap lets the proxy flush.
func (w *cutWriter) Unwrap() http.ResponseWriter { return w.ResponseWriter }

var errCut = errors.New("cut")

// hijack connects the client with the engine, byte by byte, from the answer's
// first line on.
func (p *Proxy) hijack(w http.ResponseWriter, r *http.Request, fault Fault) {
	ctx := r.Context()
	conn, err := p.dial(ctx, "", "")
	if err != nil {
		panic(http.ErrAbortHandler)
	}
	engine := conn.(*net.UnixConn)
	defer engine.Close()
	hijacked, buffered, err := http.NewResponseController(w).Hijack()
	if err != nil {
		return
	}
	client := hijacked.(*net.UnixConn)
	defer func() {
		client.Close()
		p.note(client, http.StateClosed)
	}()
	defer context.AfterFunc(ctx, func() {
		client.Close()
		engine.Close()
	})()

	if err := r.Write(engine); err != nil {
		return
	}
	answers := bufio.NewReader(engine)
	head, err := readHead(answers)
	if err != nil || fault.lose {
		return
	}
	if _, err := client.Write(head); err != nil {
		return
	}
	var both sync.WaitGroup
	defer both.Wait()
	both.Go(func() {
		io.Copy(engine, buffered.Reader)
		engine.CloseWrite()
	})
	if fault.cut {
		io.CopyN(client, answers, fault.cutAfter)
		client.Close()
		engine.Close()
		return
	}
	io.Copy(client, answers)
	client.CloseWrite()
}

// readHead reads the answer's first line and its header.
func readHead(r *bufio.Reader) ([]byte, error) {
	var head []byte
	for {
		line, err := r.ReadBytes('\n')
		if err != nil {
			return nil, err
		}
		head = append(head, line...)
		if len(bytes.TrimSpace(line)) == 0 {
			return head, nil
		}
	}
}
