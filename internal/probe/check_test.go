package probe

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/podlike/podlike/internal/pod"
)

// port is the port of a server's URL or address.
func port(t *testing.T, address string) int {
	t.Helper()
	if u, err := url.Parse(address); err == nil && u.Host != "" {
		address = u.Host
	}
	_, text, err := net.SplitHostPort(address)
	if err != nil {
		t.Fatal(err)
	}
	n, err := strconv.Atoi(text)
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// wantFailure compares an error with what its text begins with, "" for none.
func wantFailure(t *testing.T, err error, want string) {
	t.Helper()
	if (err == nil) != (want == "") || (err != nil && !strings.HasPrefix(err.Error(), want)) {
		t.Errorf("got %v, want %q", err, want)
	}
}

func TestHTTP(t *testing.T) {
	handler := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/elsewhere":
			http.Redirect(w, r, "http://192.0.2.1/", http.StatusFound)
		case "/headers":
			fmt.Fprint(w, "") // 200
			if r.UserAgent() != userAgent || r.Host != "shop.example" || r.Header.Get("X-A") != "b" || r.URL.RawQuery != "q=1" {
				t.Errorf("agent %q, host %q, X-A %q, query %q", r.UserAgent(), r.Host, r.Header.Get("X-A"), r.URL.RawQuery)
			}
		case "/own-agent":
			if r.UserAgent() != "mine" {
				w.WriteHeader(http.StatusBadRequest)
			}
		case "/slow":
			<-r.Context().Done()
		default:
			code, _ := strconv.Atoi(r.URL.Path[1:])
			w.WriteHeader(code)
		}
	})
	open, sealed := httptest.NewServer(handler), httptest.NewTLSServer(handler)
	defer open.Close()
	defer sealed.Close()
	usual := []pod.CodeRange{{Low: 200, High: 399}}
	some := []pod.CodeRange{{Low: 204, High: 204}, {Low: 400, High: 404}}
	tests := []struct {
		name, path string
		tls        bool
		headers    map[string]string
		expect     []pod.CodeRange
		want       string
	}{
		{"ok", "/200", false, nil, usual, ""},
		{"last that is ok", "/399", false, nil, usual, ""},
		{"client's fault", "/404", false, nil, usual, "the answer was 404 Not Found"},
		{"server's fault", "/503", false, nil, usual, "the answer was 503 Service Unavailable"},
		{"redirect is not followed", "/elsewhere", false, nil, usual, ""},
		{"expected", "/204", false, nil, some, ""},
		{"expected range", "/404", false, nil, some, ""},
		{"not expected", "/200", false, nil, some, "the answer was 200 OK"},
		{"TLS", "/200", true, nil, usual, ""},
		{"headers", "/headers?q=1", false, map[string]string{"host": "shop.example", "X-A": "b"}, usual, ""},
		{"own agent", "/own-agent", false, map[string]string{"user-agent": "mine"}, usual, ""},
		{"slow", "/slow", false, nil, usual, "no answer in time"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			p := pod.HTTPProbe{Scheme: "http", Host: "127.0.0.1", Port: port(t, open.URL), Path: tt.path, Headers: tt.headers, Expect: tt.expect}
			if tt.tls {
				p.Scheme, p.Port = "https", port(t, sealed.URL)
			}
			within := 10 * time.Second
			if tt.name == "slow" {
				within = 20 * time.Millisecond
			}
			ctx, cancel := context.WithTimeout(t.Context(), within)
			defer cancel()
			wantFailure(t, NewChecker(nil).Check(ctx, "", pod.Liveness, pod.Probe{HTTP: &p}), tt.want)
		})
	}
}

func TestTCP(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	p := pod.Probe{TCP: &pod.TCPProbe{Host: "127.0.0.1", Port: port(t, l.Addr().String())}}
	wantFailure(t, NewChecker(nil).Check(t.Context(), "", pod.Liveness, p), "")
	l.Close()
	wantFailure(t, NewChecker(nil).Check(t.Context(), "", pod.Liveness, p), "connection refused")
}

func TestGRPC(t *testing.T) {
	answer := func(code, message, body string) http.HandlerFunc {
		return func(w http.ResponseWriter, r *http.Request) {
			got, _ := io.ReadAll(r.Body)
			if r.ProtoMajor != 2 || r.URL.Path != "/grpc.health.v1.Health/Check" || r.Header.Get("Content-Type") != "application/grpc" ||
				r.Header.Get("Te") != "trailers" || string(got) != "\x00\x00\x00\x00\x05\x0a\x03a.B" {
				t.Errorf("%s %s with %v and %q", r.Proto, r.URL.Path, r.Header, got)
			}
			w.Header().Set("Content-Type", "application/grpc")
			w.Header().Set("Trailer", "Grpc-Status, Grpc-Message")
			io.WriteString(w, body)
			if code != "" {
				w.Header().Set("Grpc-Status", code)
				w.Header().Set("Grpc-Message", message)
			}
		}
	}
	tests := []struct {
		name    string
		handler http.HandlerFunc
		want    string
	}{
		{"serving", answer("0", "", "\x00\x00\x00\x00\x02\x08\x01"), ""},
		{"not serving", answer("0", "", "\x00\x00\x00\x00\x02\x08\x02"), "the status is NOT_SERVING"},
		{"unknown", answer("0", "", "\x00\x00\x00\x00\x00"), "the status is UNKNOWN"},
		{"another status", answer("0", "", "\x00\x00\x00\x00\x02\x08\x09"), "the status is 9"},
		{"unknown service", answer("5", "", ""), `the service "a.B" is not known`},
		{"no such method", answer("12", "", ""), "the server does not implement grpc.health.v1"},
		{"another code", answer("14", "down%20now", ""), "gRPC code 14: down now"},
		{"no status", answer("", "", ""), "the answer is not gRPC"},
		{"status as a header", func(w http.ResponseWriter, _ *http.Request) { w.Header().Set("Grpc-Status", "12") }, "the server does not implement"},
		{"no frame", answer("0", "", "\x00\x00"), "the answer is not a HealthCheckResponse"},
		{"compressed", answer("0", "", "\x01\x00\x00\x00\x02\x08\x01"), "the answer is not a HealthCheckResponse"},
		{"another message", answer("0", "", "\x00\x00\x00\x00\x02\x0a\x01"), "the answer is not a HealthCheckResponse"},
		{"plain HTTP", func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusNotFound) }, "the answer was 404 Not Found"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			server := httptest.NewUnstartedServer(tt.handler)
			server.Config.Protocols = &http.Protocols{}
			server.Config.Protocols.SetUnencryptedHTTP2(true)
			server.Start()
			defer server.Close()
			p := pod.Probe{GRPC: &pod.GRPCProbe{Host: "127.0.0.1", Port: port(t, server.URL), Service: "a.B"}}
			wantFailure(t, NewChecker(nil).Check(t.Context(), "", pod.Liveness, p), tt.want)
		})
	}
}

// A server that is no gRPC server at all, and one that is not there.
func TestGRPCOnOtherServers(t *testing.T) {
	server := httptest.NewServer(http.NotFoundHandler())
	p := pod.Probe{GRPC: &pod.GRPCProbe{Host: "127.0.0.1", Port: port(t, server.URL)}}
	if err := NewChecker(nil).Check(t.Context(), "", pod.Liveness, p); err == nil {
		t.Error("a server of HTTP/1.1 passed")
	}
	server.Close()
	wantFailure(t, NewChecker(nil).Check(t.Context(), "", pod.Liveness, p), "connection refused")
}

func TestExec(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var runs atomic.Int32
		failed := errors.New("ended with code 3: no luck")
		var fails error
		last := 10 * time.Second // how long the command runs
		c := NewChecker(func(_ context.Context, id string, command []string, begun func()) error {
			begun()
			if id != "id" || !slices.Equal(command, []string{"a", "b"}) {
				t.Errorf("%q in %q", command, id)
			}
			runs.Add(1)
			<-time.After(last)
			return fails
		})
		check := func(kind pod.ProbeKind) error {
			ctx, cancel := context.WithTimeoutCause(t.Context(), time.Second, errors.New("too late"))
			defer cancel()
			return c.Check(ctx, "id", kind, pod.Probe{Exec: []string{"a", "b"}})
		}
		wantFailure(t, check(pod.Liveness), "too late")
		wantFailure(t, check(pod.Liveness), "the command of an earlier check still runs")
		wantFailure(t, check(pod.Readiness), "too late") // the same command, another probe
		<-time.After(last)
		synctest.Wait()
		last = 0
		wantFailure(t, check(pod.Liveness), "")
		fails = failed
		wantFailure(t, check(pod.Liveness), failed.Error())
		if got := runs.Load(); got != 4 {
			t.Errorf("the command ran %d times, want 4", got)
		}
	})
}

// passing is a failure of the engine's own.
type passing struct{ error }

func (passing) Patience() time.Duration { return time.Minute }

// TestExecOfAnEngineThatFails: a command that was not run says nothing about
// the component.
func TestExecOfAnEngineThatFails(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		down := passing{errors.New("no answer")}
		var fails error = down
		slow := time.Duration(0) // until the engine runs the command
		c := NewChecker(func(_ context.Context, _ string, _ []string, begun func()) error {
			<-time.After(slow)
			if fails == nil {
				begun()
			}
			return fails
		})
		check := func() error {
			ctx, cancel := context.WithTimeoutCause(t.Context(), time.Second, errors.New("too late"))
			defer cancel()
			return c.Check(ctx, "id", pod.Liveness, pod.Probe{Exec: []string{"a"}})
		}
		if err := check(); !errors.Is(err, errNotAsked) || !errors.Is(err, down) {
			t.Errorf("down: %v", err)
		}
		slow, fails = 3*time.Second, nil
		for range 2 { // the second finds the first one waiting still
			if err := check(); !errors.Is(err, errNotAsked) {
				t.Errorf("slow: %v", err)
			}
		}
		<-time.After(slow)
		synctest.Wait()
		slow, fails = 0, errors.New("cannot be run: no such command")
		if err := check(); err == nil || errors.Is(err, errNotAsked) {
			t.Errorf("a command that cannot be run: %v", err)
		}
		fails = nil
		if err := check(); err != nil {
			t.Errorf("up again: %v", err)
		}
	})
}

// TestNotAskedDoesNotCount: a liveness probe whose engine is away does not
// fail.
func TestNotAskedDoesNotCount(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t, pod.Probes{Liveness: every(pod.Liveness, 1)})
		var away atomic.Bool
		check := b.Engine.check
		b.Engine.check = func(ctx context.Context, id string, kind pod.ProbeKind, p pod.Probe) error {
			if away.Load() {
				return errNotAsked
			}
			return check(ctx, id, kind, p)
		}
		b.start()
		b.until(2)
		away.Store(true)
		b.until(20)
		b.want("told", &b.told, "c1 starting 0", "c1 healthy 0")
		away.Store(false)
		b.fail(pod.Liveness, true)
		b.until(25)
		b.want("told", &b.told, "c1 unhealthy 22")
	})
}
