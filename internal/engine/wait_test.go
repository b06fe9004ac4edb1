package engine

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/docker/docker/client"
)

// TestEndsThatAreSeenTwiceLeaveNothing: a container that ends while a wait for
// it is being made is seen to have ended by a look, and the wait's own answer,
// which nobody needs then, keeps no goroutine.
func TestEndsThatAreSeenTwiceLeaveNothing(t *testing.T) {
	looks := 0
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if strings.HasSuffix(r.URL.Path, "/wait") {
			fmt.Fprint(w, `{"StatusCode":3}`)
			return
		}
		state := `"created"`
		if looks++; looks%2 == 0 {
			state = `"exited","ExitCode":3`
		}
		fmt.Fprintf(w, `{"Id":"x","State":{"Status":%s},"Config":{}}`, state)
	}))
	defer server.Close()
	api, err := client.NewClientWithOpts(client.WithHost("tcp://"+server.Listener.Addr().String()), client.WithVersion("1.41"))
	if err != nil {
		t.Fatal(err)
	}
	defer api.Close()
	p := &Pod{client: &Client{api: bounded{api}}}

	const times = 50
	before := runtime.NumGoroutine()
	for range times {
		if exit, err := p.client.endedOnce(t.Context(), "x"); err != nil || exit.Code != 3 {
			t.Fatalf("it ended with %d, error %v", exit.Code, err)
		}
	}
	// Connections that are kept have goroutines too.
	late := time.After(5 * time.Second)
	for runtime.NumGoroutine() > before+times/2 {
		select {
		case <-late:
			t.Fatalf("%d goroutines before, %d after", before, runtime.NumGoroutine())
		case <-time.After(10 * time.Millisecond):
		}
	}
}
