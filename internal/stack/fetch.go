package stack

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"net/url"
	"path/filepath"
	"strings"
	"time"

	// Roots to verify servers with, for images that have none.
	_ "golang.org/x/crypto/x509roots/fallback"
)

const (
	defaultTimeout  = 30 * time.Second
	defaultMaxBytes = 1 << 20
	maxRedirects    = 10
)

// fetched is what a server answered.
type fetched struct {
	body string
	err  error
}

// text is the text of a template, and what it is called in messages. When it
// cannot be had, the fallbacks are tried in turn, and the error tells of all.
func (r *rendering) text(it item) (text string, where func(line int) place, err error) {
	switch it.kind {
	case inlineItem:
		return it.text, func(line int) place {
			if line < 1 || line > len(it.lines) {
				return it.at
			}
			return it.lines[line-1]
		}, nil
	case fileItem:
		text, err = r.file(it.text)
	default:
		text, err = r.fetch(it)
	}
	if err == nil {
		return text, func(line int) place { return place{file: it.text, line: line} }, nil
	}
	failed := []error{err}
	for _, f := range it.fallback {
		text, where, err := r.text(f)
		if err == nil {
			for _, e := range failed {
				r.found.warn(it.at, "%v; its fallback is used", e)
			}
			return text, where, nil
		}
		failed = append(failed, err)
	}
	return "", nil, errors.Join(failed...)
}

func (r *rendering) file(name string) (string, error) {
	path := name
	if !filepath.IsAbs(path) {
		path = filepath.Join(r.Dir, path)
	}
	b, err := r.readFile(path)
	if err != nil {
		var why *fs.PathError
		if errors.As(err, &why) {
			err = why.Err
		}
		remedy := ""
		if errors.Is(err, fs.ErrNotExist) && !filepath.IsAbs(name) {
			remedy = "; paths are relative to the first stack file"
		}
		return "", fmt.Errorf("cannot read the template %s: %w%s", path, err, remedy)
	}
	if int64(len(b)) > r.maxBytes() {
		return "", fmt.Errorf("cannot read the template %s: it is longer than %d bytes", path, r.maxBytes())
	}
	return string(b), nil
}

// fetch gets a template from a server, once in a rendering.
func (r *rendering) fetch(it item) (string, error) {
	key := fmt.Sprint(it.insecure, it.timeout, it.text)
	f, ok := r.fetched[key]
	if !ok {
		f.body, f.err = r.get(it)
		r.fetched[key] = f
	}
	if f.err != nil {
		return "", fmt.Errorf("cannot fetch the template %s: %w", redacted(it.text), f.err)
	}
	return f.body, nil
}

func (r *rendering) get(it item) (string, error) {
	timeout := r.HTTP.Timeout
	if timeout <= 0 {
		timeout = defaultTimeout
	}
	if it.timeout > 0 {
		timeout = it.timeout
	}
	ctx, cancel := context.WithTimeout(r.ctx, timeout)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, it.text, nil)
	if err != nil {
		return "", errors.New("it is not a valid address")
	}
	transport := &http.Transport{
		Proxy:           http.ProxyFromEnvironment,
		DialContext:     r.HTTP.dial,
		TLSClientConfig: &tls.Config{RootCAs: r.HTTP.RootCAs, InsecureSkipVerify: it.insecure}, //nolint:gosec // asked for by the author
	}
	defer transport.CloseIdleConnections()
	client := &http.Client{Transport: transport, CheckRedirect: func(req *http.Request, via []*http.Request) error {
		switch {
		case len(via) >= maxRedirects:
			return fmt.Errorf("it redirects more than %d times", maxRedirects)
		case via[len(via)-1].URL.Scheme == "https" && req.URL.Scheme != "https" && !it.insecure:
			return errors.New("it redirects from https to http")
		default:
			return nil
		}
	}}
	resp, err := client.Do(req)
	if err != nil {
		return "", plainError(ctx, err, timeout)
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		return "", fmt.Errorf("the server answers %s", resp.Status)
	}
	b, err := io.ReadAll(io.LimitReader(resp.Body, r.maxBytes()+1))
	if err == nil {
		// A server that ends a body when its client goes away can be quick
		// enough to make half a body look like a whole one.
		err = ctx.Err()
	}
	switch {
	case err != nil:
		return "", plainError(ctx, err, timeout)
	case int64(len(b)) > r.maxBytes():
		return "", fmt.Errorf("it is longer than %d bytes", r.maxBytes())
	default:
		return string(b), nil
	}
}

func (r *rendering) maxBytes() int64 {
	if r.HTTP.MaxBytes > 0 {
		return r.HTTP.MaxBytes
	}
	return defaultMaxBytes
}

// plainError leaves out the method and the address, which are told anyway, and
// says what to do about a certificate.
func plainError(ctx context.Context, err error, timeout time.Duration) error {
	var of *url.Error
	if errors.As(err, &of) {
		err = of.Err
	}
	var cert *tls.CertificateVerificationError
	switch {
	case errors.Is(ctx.Err(), context.DeadlineExceeded):
		return fmt.Errorf("there is no complete answer within %v", timeout)
	case errors.As(err, &cert):
		return fmt.Errorf("%w; name the file of a private authority in SSL_CERT_FILE, or write `insecure: true` to verify nothing", cert.Err)
	default:
		return err
	}
}

// redacted is an address without its password.
func redacted(text string) string {
	u, err := url.Parse(text)
	if err != nil || u.User == nil {
		return strings.TrimSpace(text)
	}
	return u.Redacted()
}
