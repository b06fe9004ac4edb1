package engine

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path"
)

// tlsConfig is what DOCKER_TLS_VERIFY and DOCKER_CERT_PATH say, nil for no TLS.
// Unlike Docker's command line, nothing knows of a home directory that has
// certificates.
func tlsConfig(getenv func(string) string, open func(string) (io.ReadCloser, error)) (*tls.Config, error) {
	dir, verify := getenv("DOCKER_CERT_PATH"), getenv("DOCKER_TLS_VERIFY") != ""
	if dir == "" && verify {
		return nil, errors.New("DOCKER_TLS_VERIFY is set, and DOCKER_CERT_PATH is not: set it to the directory with ca.pem, cert.pem and key.pem, such as /run/secrets")
	}
	if dir == "" {
		return nil, nil
	}
	config, err := readTLS(dir, verify, open)
	if err != nil {
		return nil, fmt.Errorf("cannot use the certificates of DOCKER_CERT_PATH %q: %w", dir, err)
	}
	return config, nil
}

// readTLS reads ca.pem, cert.pem and key.pem, the names that every Docker
// client uses. Without verify the first may be missing; the others are there
// together, or not at all.
func readTLS(dir string, verify bool, open func(string) (io.ReadCloser, error)) (*tls.Config, error) {
	config := &tls.Config{MinVersion: tls.VersionTLS12, InsecureSkipVerify: !verify}
	ca, err := readAll(open, path.Join(dir, "ca.pem"))
	switch {
	case err == nil:
		config.RootCAs = x509.NewCertPool()
		if !config.RootCAs.AppendCertsFromPEM(ca) {
			return nil, errors.New("ca.pem holds no certificate")
		}
	case verify || !errors.Is(err, fs.ErrNotExist):
		return nil, err
	}
	cert, certErr := readAll(open, path.Join(dir, "cert.pem"))
	key, keyErr := readAll(open, path.Join(dir, "key.pem"))
	if errors.Is(certErr, fs.ErrNotExist) && errors.Is(keyErr, fs.ErrNotExist) {
		return config, nil
	}
	if certErr != nil {
		return nil, certErr
	}
	if keyErr != nil {
		return nil, keyErr
	}
	pair, err := tls.X509KeyPair(cert, key)
	if err != nil {
		return nil, err
	}
	config.Certificates = []tls.Certificate{pair}
	return config, nil
}

func readAll(open func(string) (io.ReadCloser, error), name string) ([]byte, error) {
	f, err := open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return io.ReadAll(f)
}
