package engine

import (
	"crypto/tls"
	"encoding/pem"
	"errors"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// getenv makes an environment of "NAME=value".
func getenv(pairs ...string) func(string) string {
	return func(name string) string {
		for _, p := range pairs {
			if k, v, _ := strings.Cut(p, "="); k == name {
				return v
			}
		}
		return ""
	}
}

func openFile(path string) (io.ReadCloser, error) { return os.Open(path) }

// TestConnectByTLS: each way in which two ends can fail to agree is one line
// that says what to change, and is not tried again.
func TestConnectByTLS(t *testing.T) {
	answer := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { w.Header().Set("Api-Version", "1.41") })
	quiet := func(s *httptest.Server) *httptest.Server {
		s.Config.ErrorLog = log.New(io.Discard, "", 0)
		t.Cleanup(s.Close)
		return s
	}
	plain := quiet(httptest.NewServer(answer))
	encrypted := quiet(httptest.NewTLSServer(answer))
	exclusive := quiet(httptest.NewUnstartedServer(answer))
	exclusive.TLS = &tls.Config{ClientAuth: tls.RequireAnyClientCert}
	exclusive.StartTLS()
	good, empty, half, other := t.TempDir(), t.TempDir(), t.TempDir(), t.TempDir()
	write := func(dir, name string, content []byte) {
		if err := os.WriteFile(filepath.Join(dir, name), content, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	ca := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: encrypted.Certificate().Raw})
	write(good, "ca.pem", ca)
	write(half, "ca.pem", ca)
	write(half, "cert.pem", ca)
	write(other, "ca.pem", []byte("nothing"))
	tcp := func(s *httptest.Server) string { return "DOCKER_HOST=tcp://" + s.Listener.Addr().String() }
	const verify = "DOCKER_TLS_VERIFY=1"

	for name, c := range map[string]struct {
		env  []string
		want string // "" for no error
	}{
		"plain":               {[]string{tcp(plain)}, ""},
		"verified":            {[]string{tcp(encrypted), verify, "DOCKER_CERT_PATH=" + good}, ""},
		"not verified":        {[]string{tcp(encrypted), "DOCKER_CERT_PATH=" + empty}, ""},
		"no directory":        {[]string{tcp(encrypted), verify}, "DOCKER_CERT_PATH is not: set it to the directory"},
		"no ca":               {[]string{tcp(encrypted), verify, "DOCKER_CERT_PATH=" + empty}, "ca.pem: no such file"},
		"no certificate":      {[]string{tcp(encrypted), verify, "DOCKER_CERT_PATH=" + other}, "ca.pem holds no certificate"},
		"no key":              {[]string{tcp(encrypted), verify, "DOCKER_CERT_PATH=" + half}, "key.pem: no such file"},
		"another authority":   {[]string{tcp(encrypted), verify, "DOCKER_CERT_PATH=" + otherAuthority(t)}, "its certificate is not what ca.pem"},
		"TLS is missing":      {[]string{tcp(encrypted)}, "it wants TLS: set DOCKER_TLS_VERIFY=1"},
		"TLS is too much":     {[]string{tcp(plain), "DOCKER_CERT_PATH=" + good}, "it does not speak TLS: remove"},
		"the client is wrong": {[]string{tcp(exclusive), verify, "DOCKER_CERT_PATH=" + good}, "check cert.pem and key.pem"},
		"by SSH":              {[]string{"DOCKER_HOST=ssh://root@node"}, "by unix:// or tcp://"},
	} {
		t.Run(name, func(t *testing.T) {
			client, err := Connect(t.Context(), getenv(c.env...), openFile)
			if c.want == "" {
				if err != nil {
					t.Fatal(err)
				}
				client.Close()
				return
			}
			if err == nil || !strings.Contains(err.Error(), c.want) || strings.Contains(err.Error(), "\n") || errors.Is(err, ErrUnreachable) {
				t.Errorf("%v, want one line with %q, for good", err, c.want)
			}
		})
	}
}

// otherAuthority is a directory with a ca.pem that signed nothing here.
func otherAuthority(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	content, err := os.ReadFile("testdata/other-ca.pem")
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "ca.pem"), content, 0o600); err != nil {
		t.Fatal(err)
	}
	return dir
}

func TestNotAllowed(t *testing.T) {
	const whole = "         0          0 4294967295\n"
	for name, c := range map[string]struct{ gids, context, want string }{
		"another user":     {whole, "docker-default (enforce)\n", "if the service sets `user:`"},
		"nothing readable": {"", "", "if the service sets `user:`"},
		"remapped":         {"         0     200000      65536\n", "", "the group 200000 on the node"},
		"rootless":         {"         0       1000          1\n         1     100000      65536\n", "unconfined\n", "the group 1000 on the node"},
		"SELinux":          {whole, "system_u:system_r:container_t:s0:c17,c900\x00", "SELinux keeps containers of the type container_t"},
		"SELinux, super":   {whole, "system_u:system_r:spc_t:s0\x00", "if the service sets `user:`"},
	} {
		t.Run(name, func(t *testing.T) {
			if got := notAllowed(c.gids, c.context); !strings.Contains(got, c.want) {
				t.Errorf("%q, want %q", got, c.want)
			}
		})
	}
}
