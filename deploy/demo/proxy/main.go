// Command demo-proxy is the caching reverse proxy of the quick start. `demo-proxy
// healthcheck` asks a running one for a page: an image made from scratch has
// no curl for that.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"log"
	"net"
	"net/http"
	"net/http/httputil"
	"net/url"
	"os"
	"os/signal"
	"syscall"
	"time"
)

func main() {
	log.SetFlags(0) // the engine keeps the time of each line
	listen := flag.String("listen", env("LISTEN", ":8080"), "address to listen on; $LISTEN")
	upstream := flag.String("upstream", env("UPSTREAM", "http://127.0.0.1:12000"), "whom to ask; $UPSTREAM")
	ttl := flag.Duration("ttl", 5*time.Second, "how long an answer is kept")
	flag.Parse()
	var err error
	switch flag.Arg(0) {
	case "":
		err = serve(*listen, *upstream, *ttl)
	case "healthcheck":
		err = healthcheck(*listen)
	default:
		err = fmt.Errorf("unknown command %q: the only one is healthcheck", flag.Arg(0))
	}
	if err != nil {
		log.Fatal(err)
	}
}

// serve runs until SIGTERM or SIGINT, then lets open requests finish.
func serve(listen, upstream string, ttl time.Duration) error {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM, syscall.SIGINT)
	defer stop()
	target, err := url.Parse(upstream)
	if err != nil {
		return fmt.Errorf("cannot use the upstream: %w", err)
	}
	ln, err := net.Listen("tcp", listen)
	if err != nil {
		return fmt.Errorf("cannot listen: %w", err)
	}
	log.Printf("listening on %s for %s", ln.Addr(), target)

	server := &http.Server{Handler: newProxy(target, ttl, time.Now), ReadHeaderTimeout: 5 * time.Second}
	done := make(chan error, 1)
	go func() { done <- server.Serve(ln) }()
	select {
	case err := <-done:
		return err
	case <-ctx.Done():
	}
	log.Print("stopping")
	grace, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	if err := server.Shutdown(grace); err != nil {
		return err
	}
	if err := <-done; !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	return nil
}

// newProxy passes requests on to target and keeps the answers for ttl. It
// writes a line for each request, except for /healthz, which it answers
// itself: 204 if target accepts connections.
func newProxy(target *url.URL, ttl time.Duration, now func() time.Time) http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("/healthz", func(w http.ResponseWriter, r *http.Request) {
		conn, err := (&net.Dialer{Timeout: time.Second}).DialContext(r.Context(), "tcp", target.Host)
		if err != nil {
			http.Error(w, err.Error(), http.StatusBadGateway)
			return
		}
		conn.Close()
		w.WriteHeader(http.StatusNoContent)
	})
	mux.Handle("/", &httputil.ReverseProxy{
		Rewrite:   func(r *httputil.ProxyRequest) { r.SetURL(target); r.SetXForwarded() },
		Transport: newCache(&http.Transport{MaxIdleConnsPerHost: 16}, ttl, now),
		ModifyResponse: func(r *http.Response) error {
			log.Printf("%s %s %d %s", r.Request.Method, r.Request.URL.Path, r.StatusCode, r.Header.Get("X-Cache"))
			return nil
		},
	})
	return mux
}

// healthcheck asks the proxy that listens on the port of listen; an error
// means that it, or the application behind it, does not answer.
func healthcheck(listen string) error {
	_, port, err := net.SplitHostPort(listen)
	if err != nil {
		return err
	}
	client := http.Client{Timeout: 2 * time.Second}
	resp, err := client.Get("http://127.0.0.1:" + port + "/healthz")
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusNoContent {
		return fmt.Errorf("the proxy answered %s", resp.Status)
	}
	return nil
}

func env(name, otherwise string) string {
	if v := os.Getenv(name); v != "" {
		return v
	}
	return otherwise
}
