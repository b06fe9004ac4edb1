package main

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"testing"
	"time"
)

func TestProxyKeepsAnswersForTheTTL(t *testing.T) {
	asked := 0
	upstream := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		asked++
		if r.URL.Path == "/missing" {
			w.WriteHeader(http.StatusNotFound)
		}
		fmt.Fprintf(w, "answer %d", asked)
	}))
	defer upstream.Close()
	target, err := url.Parse(upstream.URL)
	if err != nil {
		t.Fatal(err)
	}
	clock := time.Unix(0, 0)
	proxy := httptest.NewServer(newProxy(target, 5*time.Second, func() time.Time { return clock }))
	defer proxy.Close()

	for _, step := range []struct {
		after        time.Duration
		method, path string
		status       int
		body, cached string
	}{
		{0, http.MethodGet, "/", 200, "answer 1", "MISS"},
		{4 * time.Second, http.MethodGet, "/", 200, "answer 1", "HIT"},
		{0, http.MethodGet, "/other", 200, "answer 2", "MISS"},
		{2 * time.Second, http.MethodGet, "/", 200, "answer 3", "MISS"},
		{0, http.MethodPost, "/", 200, "answer 4", ""},
		{0, http.MethodGet, "/missing", 404, "answer 5", "MISS"},
		{0, http.MethodGet, "/missing", 404, "answer 6", "MISS"},
	} {
		clock = clock.Add(step.after)
		req, err := http.NewRequestWithContext(t.Context(), step.method, proxy.URL+step.path, nil)
		if err != nil {
			t.Fatal(err)
		}
		resp, err := http.DefaultClient.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		body, err := io.ReadAll(resp.Body)
		resp.Body.Close()
		if err != nil {
			t.Fatal(err)
		}
		if resp.StatusCode != step.status || string(body) != step.body || resp.Header.Get("X-Cache") != step.cached {
			t.Errorf("%s %s: got %d %q %q, want %+v", step.method, step.path, resp.StatusCode, body, resp.Header.Get("X-Cache"), step)
		}
	}
	if err := healthcheck(proxy.Listener.Addr().String()); err != nil {
		t.Errorf("health check of a working proxy: %v", err)
	}
	upstream.Close()
	if err := healthcheck(proxy.Listener.Addr().String()); err == nil {
		t.Error("health check passed with the upstream gone")
	}
}
