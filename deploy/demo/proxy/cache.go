package main

import (
	"bytes"
	"io"
	"net/http"
	"sync"
	"time"
)

const (
	maxBody    = 1 << 20 // bytes; a larger answer is passed on and not kept
	maxEntries = 1000    // when full, the cache starts again from empty
)

// cache is a round tripper that keeps successful answers to GET for a while.
// The answer's X-Cache header says HIT or MISS. It does not read
// Cache-Control or Vary: this is a demonstration.
type cache struct {
	next http.RoundTripper
	ttl  time.Duration
	now  func() time.Time

	mu      sync.Mutex
	entries map[string]entry
}

type entry struct {
	header  http.Header
	body    []byte
	expires time.Time
}

func newCache(next http.RoundTripper, ttl time.Duration, now func() time.Time) *cache {
	return &cache{next: next, ttl: ttl, now: now, entries: map[string]entry{}}
}

// RoundTrip answers from the cache, or asks next and keeps its answer.
func (c *cache) RoundTrip(r *http.Request) (*http.Response, error) {
	if r.Method != http.MethodGet {
		return c.next.RoundTrip(r)
	}
	key := r.URL.String()
	c.mu.Lock()
	e, found := c.entries[key]
	c.mu.Unlock()
	if found && c.now().Before(e.expires) {
		return e.response(r, "HIT"), nil
	}

	resp, err := c.next.RoundTrip(r)
	if err != nil {
		return nil, err
	}
	resp.Header.Set("X-Cache", "MISS")
	if resp.StatusCode != http.StatusOK || resp.ContentLength < 0 || resp.ContentLength > maxBody {
		return resp, nil
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		return nil, err
	}
	e = entry{header: resp.Header, body: body, expires: c.now().Add(c.ttl)}
	c.mu.Lock()
	if len(c.entries) >= maxEntries {
		clear(c.entries)
	}
	c.entries[key] = e
	c.mu.Unlock()
	return e.response(r, "MISS"), nil
}

func (e entry) response(r *http.Request, how string) *http.Response {
	h := e.header.Clone()
	h.Set("X-Cache", how)
	return &http.Response{
		StatusCode: http.StatusOK, Status: "200 OK", Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
		Header: h, Body: io.NopCloser(bytes.NewReader(e.body)), ContentLength: int64(len(e.body)), Request: r,
	}
}
