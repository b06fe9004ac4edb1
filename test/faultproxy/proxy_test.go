package faultproxy

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"
)

// upstream is an engine that counts what it did.
type upstream struct {
	done atomic.Int64
	more chan string // lines for /events
}

func (u *upstream) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.Header.Get("Upgrade") != "" || strings.HasSuffix(r.URL.Path, "/raw") {
		u.hijack(w, r)
		return
	}
	if strings.HasSuffix(r.URL.Path, "/events") {
		http.NewResponseController(w).Flush()
		for line := range u.more {
			io.WriteString(w, line)
			http.NewResponseController(w).Flush()
		}
		return
	}
	body, _ := io.ReadAll(r.Body)
	fmt.Fprintf(w, "%d %s %s", u.done.Add(1), r.URL, body)
}

// hijack answers as engines do, echoes what it reads, and says so at the end.
func (u *upstream) hijack(w http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body)
	u.done.Add(1)
	conn, in, err := http.NewResponseController(w).Hijack()
	if err != nil {
		return
	}
	defer conn.Close()
	io.WriteString(conn, "HTTP/1.1 101 UPGRADED\r\nContent-Type: application/vnd.docker.raw-stream\r\nConnection: Upgrade\r\nUpgrade: tcp\r\n\r\n")
	fmt.Fprintf(conn, "body %q\n", body)
	io.Copy(conn, in)
	io.WriteString(conn, "that was all")
}

// start starts a proxy before an engine of its own.
func start(t *testing.T) (*Proxy, *upstream, *http.Client) {
	t.Helper()
	dir := t.TempDir()
	l, err := net.Listen("unix", filepath.Join(dir, "engine"))
	if err != nil {
		t.Fatal(err)
	}
	u := &upstream{more: make(chan string)}
	server := &http.Server{Handler: u}
	go server.Serve(l)
	p, err := Start(filepath.Join(dir, "engine"), filepath.Join(dir, "proxy"))
	if err != nil {
		t.Fatal(err)
	}
	transport := &http.Transport{DialContext: func(context.Context, string, string) (net.Conn, error) {
		return net.Dial("unix", filepath.Join(dir, "proxy"))
	}}
	t.Cleanup(func() {
		transport.CloseIdleConnections()
		p.Close()
		server.Close()
	})
	return p, u, &http.Client{Transport: transport}
}

// call makes one call and returns the answer's status and body.
func call(client *http.Client, method, path, body string) (int, string, error) {
	r, err := http.NewRequest(method, "http://engine"+path, strings.NewReader(body))
	if err != nil {
		return 0, "", err
	}
	answer, err := client.Do(r)
	if err != nil {
		return 0, "", err
	}
	defer answer.Body.Close()
	text, err := io.ReadAll(answer.Body)
	return answer.StatusCode, string(text), err
}

func TestFaults(t *testing.T) {
	const path = "/v1.41/containers/abc/start"
	for _, tt := range []struct {
		name  string
		fault Fault
		// The first call gets the fault, the second one does not.
		status  int
		text    string
		broken  bool
		then    string
		atLeast time.Duration
	}{
		{name: "none", fault: Fault{}, status: 200, text: "1 " + path + "?t=1 hello", then: "2 " + path + "?t=1 hello"},
		{name: "delay", fault: Delay(30 * time.Millisecond), status: 200, text: "1 " + path + "?t=1 hello", then: "2 " + path + "?t=1 hello", atLeast: 30 * time.Millisecond},
		{name: "fail", fault: Fail(500), status: 500, text: "{\"message\": \"injected fault: POST /containers/abc/start\"}\n", then: "1 " + path + "?t=1 hello"},
		{name: "lose", fault: LoseAnswer(), broken: true, then: "2 " + path + "?t=1 hello"},
		{name: "duplicate", fault: Duplicate(), status: 200, text: "2 " + path + "?t=1 hello", then: "3 " + path + "?t=1 hello"},
		{name: "cut", fault: CutAfter(5), status: 200, text: "1 /v1", broken: true, then: "2 " + path + "?t=1 hello"},
		{name: "cut at once", fault: CutAfter(0), status: 200, broken: true, then: "2 " + path + "?t=1 hello"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			p, _, client := start(t)
			h := p.Add(Rule{Method: "POST", Path: "/containers/*/start", Count: 1, Fault: tt.fault})
			began := time.Now()
			status, text, err := call(client, "POST", path+"?t=1", "hello")
			if status != tt.status || text != tt.text || (err != nil) != tt.broken {
				t.Errorf("got %d, %q, %v", status, text, err)
			}
			if took := time.Since(began); took < tt.atLeast {
				t.Errorf("took %s", took)
			}
			if _, text, err := call(client, "POST", path+"?t=1", "hello"); text != tt.then || err != nil {
				t.Errorf("then got %q, %v, want %q", text, err, tt.then)
			}
			if h.Hits() != 1 {
				t.Errorf("%d hits", h.Hits())
			}
			if got := p.Calls(); !slices.Equal(got, []string{"POST /containers/{id}/start"}) || p.Count(got[0]) != 2 {
				t.Errorf("calls %q", got)
			}
		})
	}
}

// TestHangUntilGone: a call that hangs ends with its client, or by command.
func TestHangUntilGone(t *testing.T) {
	p, u, client := start(t)
	p.Add(Rule{Path: "/*", Fault: Hang()})
	ended := make(chan error, 1)
	go func() {
		_, _, err := call(client, "GET", "/info", "")
		ended <- err
	}()
	await(t, func() bool { return p.Cut("GET", "/info") == 1 })
	if err := <-ended; err == nil {
		t.Error("it was answered")
	}
	if n := u.done.Load(); n != 0 {
		t.Errorf("the engine was asked %d times", n)
	}
}

// TestStream: what comes is passed on as it comes, until it is cut.
func TestStream(t *testing.T) {
	p, u, client := start(t)
	answer, err := client.Get("http://engine/v1.41/events")
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	for _, line := range []string{"one\n", "two\n"} {
		u.more <- line
		got := make([]byte, len(line))
		if _, err := io.ReadFull(answer.Body, got); err != nil || string(got) != line {
			t.Fatalf("got %q, %v", got, err)
		}
	}
	if n := p.Cut("GET", "/events"); n != 1 {
		t.Errorf("%d streams were cut", n)
	}
	if rest, err := io.ReadAll(answer.Body); err == nil {
		t.Errorf("after the cut: %q, and a regular end", rest)
	}
	close(u.more)
}

// raw makes a call that is hijacked, and returns its connection and what is
// read from it.
func raw(t *testing.T, p *Proxy, body string) (*net.UnixConn, *bufio.Reader) {
	t.Helper()
	conn, err := net.Dial("unix", p.path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	fmt.Fprintf(conn, "POST /v1.41/exec/abc/start HTTP/1.1\r\nHost: engine\r\nConnection: Upgrade\r\nUpgrade: tcp\r\nContent-Length: %d\r\n\r\n%s", len(body), body)
	return conn.(*net.UnixConn), bufio.NewReader(conn)
}

const upgraded = "HTTP/1.1 101 UPGRADED\r\nContent-Type: application/vnd.docker.raw-stream\r\nConnection: Upgrade\r\nUpgrade: tcp\r\n\r\n"

// TestHijack: byte by byte, and each half is closed on its own.
func TestHijack(t *testing.T) {
	p, _, _ := start(t)
	conn, in := raw(t, p, `{"Tty": false}`)
	bytes := strings.Repeat("\x00\x01\r\n\xff", 100_000)
	go func() {
		io.WriteString(conn, bytes)
		conn.CloseWrite()
	}()
	got, err := io.ReadAll(in)
	if want := upgraded + "body \"{\\\"Tty\\\": false}\"\n" + bytes + "that was all"; string(got) != want || err != nil {
		t.Errorf("got %d bytes, %v, want %d, the last are %q", len(got), err, len(want), got[max(0, len(got)-40):])
	}
	await(t, func() bool {
		p.mu.Lock()
		defer p.mu.Unlock()
		return len(p.conns)+len(p.flying) == 0
	})
}

func TestHijackFaults(t *testing.T) {
	for _, tt := range []struct {
		name  string
		fault Fault
		want  string
	}{
		{"lose", LoseAnswer(), ""},
		{"cut", CutAfter(6), upgraded + "body \""},
		{"fail", Fail(500), "HTTP/1.1 500 Internal Server Error"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			p, u, _ := start(t)
			p.Add(Rule{Path: "/exec/*/start", Fault: tt.fault})
			conn, in := raw(t, p, "{}")
			if tt.name == "fail" {
				conn.CloseWrite()
			}
			got, _ := io.ReadAll(in)
			if string(got) != tt.want && (tt.name != "fail" || !strings.HasPrefix(string(got), tt.want)) {
				t.Errorf("got %q", got)
			}
			if asked := u.done.Load() == 1; asked != (tt.name != "fail") {
				t.Errorf("the engine was asked: %t", asked)
			}
		})
	}
}

// TestGoneAndBack: the socket is away with all its connections, and is another
// file when it comes back.
func TestGoneAndBack(t *testing.T) {
	p, _, client := start(t)
	conn, in := raw(t, p, "{}")
	if _, err := in.ReadString('}'); err != nil {
		t.Fatal(err)
	}
	p.Vanish()
	if rest, err := io.ReadAll(in); err != nil && !errors.Is(err, io.ErrUnexpectedEOF) || strings.Contains(string(rest), "all") {
		t.Errorf("the hijacked connection went on: %q, %v", rest, err)
	}
	conn.Close()
	if _, _, err := call(client, "GET", "/info", ""); err == nil {
		t.Error("somebody answers")
	}
	if err := p.Return(); err != nil {
		t.Fatal(err)
	}
	if _, text, err := call(client, "GET", "/info", ""); err != nil || text != "2 /info " {
		t.Errorf("after the return: %q, %v", text, err)
	}
	conn, in = raw(t, p, "{}")
	if _, err := in.ReadString('}'); err != nil {
		t.Fatal(err)
	}
	p.CutAll()
	if rest, _ := io.ReadAll(in); strings.Contains(string(rest), "all") {
		t.Errorf("the connection was not cut, but ended: %q", rest)
	}
	if _, text, err := call(client, "GET", "/info", ""); err != nil || text != "4 /info " {
		t.Errorf("after the cut: %q, %v", text, err)
	}
	conn.Close()
}

// TestRuleTakes: which of the calls that match get the fault.
func TestRuleTakes(t *testing.T) {
	for _, tt := range []struct {
		rule         Rule
		method, path string
		want         string // of four calls
	}{
		{Rule{}, "GET", "/info", "...."},
		{Rule{Path: "/*"}, "GET", "/a/b", "xxxx"},
		{Rule{Path: "/info", Count: 2}, "GET", "/info", "xx.."},
		{Rule{Path: "/info", Skip: 1, Count: 2}, "GET", "/info", ".xx."},
		{Rule{Path: "/info", Skip: 3}, "GET", "/info", "...x"},
		{Rule{Method: "POST", Path: "/info"}, "GET", "/info", "...."},
		{Rule{Path: "/containers/*/start"}, "POST", "/containers/x/start", "xxxx"},
		{Rule{Path: "/containers/*/start"}, "POST", "/containers/x/stop", "...."},
		{Rule{Path: "/containers/*"}, "DELETE", "/containers/x/start", "...."},
	} {
		h, got := &Handle{rule: tt.rule}, ""
		for range 4 {
			got += map[bool]string{true: "x", false: "."}[h.takes(tt.method, tt.path)]
		}
		if got != tt.want {
			t.Errorf("%+v takes %s of %s %s, want %s", tt.rule, got, tt.method, tt.path, tt.want)
		}
	}
}

func TestTemplate(t *testing.T) {
	for path, want := range map[string]string{
		"/_ping":                                "/_ping",
		"/v1.41/info":                           "/info",
		"/v1.41/containers/json":                "/containers/json",
		"/v1.41/containers/create":              "/containers/create",
		"/v1.52/containers/abc/json":            "/containers/{id}/json",
		"/containers/abc":                       "/containers/{id}",
		"/exec/abc/start":                       "/exec/{id}/start",
		"/v1.41/images/create":                  "/images/create",
		"/v1.41/images/127.0.0.1:5000/a/b/json": "/images/{id}/json",
		"/volumes/abc":                          "/volumes/{id}",
	} {
		if got := Template(withoutVersion(path)); got != want {
			t.Errorf("%s is %s, want %s", path, got, want)
		}
	}
}

// await waits for a condition that comes soon.
func await(t *testing.T, holds func() bool) {
	t.Helper()
	late := time.After(10 * time.Second)
	tick := time.NewTicker(time.Millisecond)
	defer tick.Stop()
	for !holds() {
		select {
		case <-late:
			t.Fatal("it did not happen")
		case <-tick.C:
		}
	}
}
