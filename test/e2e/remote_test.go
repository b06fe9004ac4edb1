//go:build e2e

package e2e

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"io"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/docker/docker/api/types/container"
)

// TestDockerHostOverTLS: a pod in the host's network that has no socket, but
// DOCKER_HOST and its certificates, which the supervisor reads from the pause.
func TestDockerHostOverTLS(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	certs := newCertificates(t)
	address := tlsProxy(t, certs.server, certs.pool)

	p := podSpec{args: []string{"--logs"}, components: map[string]string{"app": probe("exit", "5")}}
	made, err := s.api.ContainerCreate(t.Context(), &container.Config{
		Image: pauseImage, Cmd: p.args, Labels: p.allLabels(),
		Env: []string{"DOCKER_HOST=tcp://" + address, "DOCKER_TLS_VERIFY=1", "DOCKER_CERT_PATH=/certs"},
	}, &container.HostConfig{NetworkMode: "host", Binds: []string{certs.dir + ":/certs:ro"}}, nil, nil, s.name)
	if err != nil {
		t.Fatal(err)
	}
	pod := s.pod(made.ID)
	pod.start()
	if code := pod.wait(startWithin); code != 5 {
		t.Errorf("the pod ended with %d, want 5", code)
	}
	eventually(t, 5*time.Second, pod.gone)
}

// tlsProxy passes what comes over TLS, from clients with a certificate, to
// the engine's socket. It returns its address.
func tlsProxy(t *testing.T, cert tls.Certificate, clients *x509.CertPool) string {
	t.Helper()
	listener, err := tls.Listen("tcp", "127.0.0.1:0", &tls.Config{
		Certificates: []tls.Certificate{cert}, ClientCAs: clients, ClientAuth: tls.RequireAndVerifyClientCert,
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { listener.Close() })
	go passAll(listener)
	return listener.Addr().String()
}

func pass(from net.Conn) {
	defer from.Close()
	to, err := net.Dial("unix", socket())
	if err != nil {
		return
	}
	defer to.Close()
	go func() {
		io.Copy(to, from)
		to.(*net.UnixConn).CloseWrite()
	}()
	io.Copy(from, to)
}

// certificates are one authority, which signed a server and a client.
type certificates struct {
	dir    string // ca.pem, cert.pem, key.pem of the client
	server tls.Certificate
	pool   *x509.CertPool
}

func newCertificates(t *testing.T) certificates {
	t.Helper()
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	must(err)
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: t.Name()},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		IsCA: true, BasicConstraintsValid: true, IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
		KeyUsage:    x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign,
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth},
	}
	// One certificate is authority, server and client: what is tested is that
	// it gets to where it is used.
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	must(err)
	keyDER, err := x509.MarshalECPrivateKey(key)
	must(err)
	certPEM := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})
	keyPEM := pem.EncodeToMemory(&pem.Block{Type: "EC PRIVATE KEY", Bytes: keyDER})

	c := certificates{dir: t.TempDir(), pool: x509.NewCertPool()}
	c.pool.AppendCertsFromPEM(certPEM)
	c.server, err = tls.X509KeyPair(certPEM, keyPEM)
	must(err)
	for name, content := range map[string][]byte{"ca.pem": certPEM, "cert.pem": certPEM, "key.pem": keyPEM} {
		must(os.WriteFile(filepath.Join(c.dir, name), content, 0o600))
	}
	return c
}
