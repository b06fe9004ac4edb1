package main

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"
)

func TestPageCountsRequests(t *testing.T) {
	app := newApp(func() time.Time { return time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC) })
	for _, want := range []string{"answered 1 request.", "answered 2 requests."} {
		w := httptest.NewRecorder()
		app.ServeHTTP(w, httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/", nil))
		if body := w.Body.String(); w.Code != http.StatusOK || !strings.Contains(body, want) ||
			!strings.Contains(body, "2026-01-02 03:04:05 UTC") {
			t.Errorf("got %d %s, want %q in it", w.Code, body, want)
		}
	}
	w := httptest.NewRecorder()
	app.ServeHTTP(w, httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/favicon.ico", nil))
	if w.Code != http.StatusNotFound {
		t.Errorf("another path: got %d, want 404", w.Code)
	}
}
