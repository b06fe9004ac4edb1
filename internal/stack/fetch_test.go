package stack

import (
	"context"
	"crypto/x509"
	"encoding/pem"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"
)

// server serves templates over TLS, and counts the requests.
func server(t *testing.T) (*httptest.Server, *atomic.Int32) {
	t.Helper()
	var requests atomic.Int32
	mux := http.NewServeMux()
	answer := func(path string, f http.HandlerFunc) {
		mux.HandleFunc(path, func(w http.ResponseWriter, r *http.Request) {
			requests.Add(1)
			f(w, r)
		})
	}
	answer("/ok.yml", func(w http.ResponseWriter, _ *http.Request) {
		_, _ = w.Write([]byte("log:\n  image: '{{ .Args.image }}'\n"))
	})
	answer("/moved.yml", func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, "/ok.yml", http.StatusFound) })
	answer("/loop.yml", func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, "/loop.yml", http.StatusFound) })
	answer("/plain.yml", func(w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, "http://"+r.Host+"/ok.yml", http.StatusFound)
	})
	answer("/created.yml", func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusCreated) })
	answer("/broken.yml", func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte("log:\n  image: {{ end }}\n")) })
	answer("/hang.yml", func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() })
	answer("/stalls.yml", func(w http.ResponseWriter, r *http.Request) {
		_, _ = w.Write([]byte("log:\n"))
		_ = http.NewResponseController(w).Flush()
		<-r.Context().Done()
	})
	answer("/cut.yml", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Length", "100")
		_, _ = w.Write([]byte("log:\n"))
	})
	answer("/endless.yml", func(w http.ResponseWriter, r *http.Request) {
		for r.Context().Err() == nil {
			if _, err := w.Write([]byte("# and so on, and so on\n")); err != nil {
				return
			}
		}
	})
	s := httptest.NewUnstartedServer(mux)
	s.Config.ErrorLog = log.New(io.Discard, "", 0) // refused handshakes are the point
	s.StartTLS()
	t.Cleanup(s.Close)
	return s, &requests
}

func pool(s *httptest.Server) *x509.CertPool {
	p := x509.NewCertPool()
	p.AddCert(s.Certificate())
	return p
}

func TestHTTP(t *testing.T) {
	s, _ := server(t)
	for _, test := range []struct {
		name string
		item string // URL stands for the server's address
		bare bool   // the server's certificate is not known
		want string // in the image of the component, or
		err  string // in the error
		warn string
	}{
		{name: "a string", item: "URL/ok.yml", want: "image: it"},
		{name: "a mapping", item: "{http: URL/ok.yml}", want: "image: it"},
		{name: "url", item: "{http: {url: URL/ok.yml, timeout: 10s}}", want: "image: it"},
		{name: "redirect", item: "URL/moved.yml", want: "image: it"},
		{name: "redirects for ever", item: "URL/loop.yml", err: "redirects more than 10 times"},
		{name: "redirect to http", item: "URL/plain.yml", err: "it redirects from https to http"},
		{name: "not found", item: "URL/no.yml", err: "the server answers 404 Not Found"},
		{name: "another 2xx", item: "URL/created.yml", err: "the server answers 201 Created"},
		{name: "wrong certificate", item: "URL/ok.yml", bare: true, err: "certificate signed by unknown authority; name the file of a private authority in SSL_CERT_FILE, or write `insecure: true`"},
		{name: "insecure", item: "{http: {url: URL/ok.yml, insecure: true}}", bare: true, want: "image: it"},
		{name: "timeout", item: "{http: {url: URL/hang.yml, timeout: 50ms}}", err: "there is no complete answer within 50ms"},
		{name: "timeout in the body", item: "{http: {url: URL/stalls.yml, timeout: 50ms}}", err: "there is no complete answer within 50ms"},
		{name: "half a body", item: "URL/cut.yml", err: "unexpected EOF"},
		{name: "another name in the certificate", item: "https://podlike.invalid/ok.yml", err: "cannot fetch the template https://podlike.invalid/ok.yml: x509: certificate is valid for example.com, *.example.com, not podlike.invalid; name the file"},
		{name: "endless body", item: "URL/endless.yml", err: "it is longer than 1048576 bytes"},
		{name: "nobody there", item: "http://127.0.0.1:1/x.yml", err: "connection refused"},
		{name: "broken template has no fallback", item: "{http: {url: URL/broken.yml, fallback: f.yml}}", err: "URL/broken.yml:2: the template fails: unexpected {{end}}"},
		{name: "fallback to a file", item: "{http: {url: URL/no.yml, fallback: f.yml}}", want: "image: file", warn: "404 Not Found; its fallback is used"},
		{name: "fallback to inline", item: "{http: {url: URL/no.yml, fallback: {inline: {log: {image: inl}}}}}", want: "image: inl"},
		{name: "fallbacks in turn", item: "{http: {url: URL/no.yml, fallback: [no.yml, URL/no2.yml, {file: {path: f.yml}}]}}", want: "image: file"},
		{name: "fallback of a fallback", item: "{file: {path: no.yml, fallback: {http: {url: URL/no.yml, fallback: URL/ok.yml}}}}", want: "image: it"},
		{name: "fallback on a bad certificate", item: "{http: {url: URL/ok.yml, fallback: f.yml}}", bare: true, want: "image: file"},
		{name: "no fallback left", item: "{http: {url: URL/no.yml, fallback: [no.yml]}}", err: "404 Not Found\n    cannot read the template /stack/no.yml: file does not exist"},
		{name: "password", item: "https://me:secret@127.0.0.1:1/x.yml", err: "https://me:xxxxx@127.0.0.1:1/x.yml"},
	} {
		t.Run(test.name, func(t *testing.T) {
			text := "services:\n  web:\n    image: app:1\n    x-podlike:\n      args: {image: it}\n      templates: " + strings.ReplaceAll(test.item, "URL", s.URL) + "\n"
			out, warnings, err := tryRender(t, text, func(in *Input) {
				in.ReadFile = memory{"/stack/f.yml": "log: {image: file}"}.read
				if !test.bare {
					in.HTTP.RootCAs = pool(s)
				}
				in.HTTP.dial = func(ctx context.Context, network, address string) (net.Conn, error) {
					var d net.Dialer
					return d.DialContext(ctx, network, strings.Replace(address, "podlike.invalid:443", s.Listener.Addr().String(), 1))
				}
			})
			if test.err != "" {
				if want := strings.ReplaceAll(test.err, "URL", s.URL); err == nil || !strings.Contains(err.Error(), want) {
					t.Errorf("no %q in %v", want, err)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			if got := label(t, out, "web", "pod.component.log"); !strings.Contains(got, test.want) {
				t.Errorf("no %q in %q", test.want, got)
			}
			if !strings.Contains(strings.Join(warnings, "\n"), test.warn) {
				t.Errorf("no %q in %q", test.warn, warnings)
			}
		})
	}
}

// TestFetchOnce: a template that many services use is fetched once.
func TestFetchOnce(t *testing.T) {
	s, requests := server(t)
	text := "x-t: &t {args: {image: i}, templates: " + s.URL + "/ok.yml}\nservices:\n"
	for _, name := range []string{"a", "b", "c"} {
		text += "  " + name + ":\n    image: app:1\n    x-podlike: *t\n"
	}
	in := Input{Files: []Source{{"s", []byte(text)}}, HTTP: HTTP{RootCAs: pool(s)}}
	if _, _, err := Render(t.Context(), in); err != nil {
		t.Fatal(err)
	}
	if n := requests.Load(); n != 1 {
		t.Errorf("%d requests", n)
	}
}

// TestTimeout: the default one is the caller's.
func TestTimeout(t *testing.T) {
	s, _ := server(t)
	in := Input{Files: []Source{{"s", []byte("services: {a: {image: i, x-podlike: {pod: '" + s.URL + "/hang.yml'}}}")}}, HTTP: HTTP{RootCAs: pool(s), Timeout: 20 * time.Millisecond}}
	if _, _, err := Render(t.Context(), in); err == nil || !strings.Contains(err.Error(), "within 20ms") {
		t.Error(err)
	}
}

// TestCertificateFile: SSL_CERT_FILE names private authorities. The roots are
// read once in a process, so another one asks the server.
func TestCertificateFile(t *testing.T) {
	if url := os.Getenv("STACK_TEST_URL"); url != "" {
		_, _, err := Render(t.Context(), Input{Files: []Source{{"s", []byte("services: {a: {image: i, x-podlike: {args: {image: i}, templates: '" + url + "/ok.yml'}}}")}}})
		if err != nil {
			t.Fatal(err)
		}
		return
	}
	s, _ := server(t)
	file := filepath.Join(t.TempDir(), "ca.pem")
	text := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: s.Certificate().Raw})
	if err := os.WriteFile(file, text, 0o600); err != nil {
		t.Fatal(err)
	}
	ask := func(env ...string) ([]byte, error) {
		cmd := exec.CommandContext(t.Context(), os.Args[0], "-test.run", "^TestCertificateFile$")
		cmd.Env = append(append(cmd.Environ(), "STACK_TEST_URL="+s.URL), env...)
		return cmd.CombinedOutput()
	}
	if out, err := ask("SSL_CERT_FILE=" + file); err != nil {
		t.Errorf("with the file: %v\n%s", err, out)
	}
	// No roots on the system at all: the bundled ones verify, and this
	// server's is not among them.
	if out, err := ask("SSL_CERT_FILE=/nonexistent", "SSL_CERT_DIR=/nonexistent"); err == nil || !strings.Contains(string(out), "unknown authority") {
		t.Errorf("without: %v\n%s", err, out)
	}
}
