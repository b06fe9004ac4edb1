// Command demo-app is the web application of the quick start: one page that
// says who made it, when, and how many requests it has answered. It listens
// on the loopback interface only, so that it is reached through a component
// beside it or not at all.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"html/template"
	"log"
	"net"
	"net/http"
	"os"
	"os/signal"
	"sync/atomic"
	"syscall"
	"time"
)

var page = template.Must(template.New("page").Parse(`<!doctype html>
<title>Podlike</title>
<h1>Hello from a pod!</h1>
<p>Made by {{.Host}} at {{.Time}}.</p>
<p>The application has answered {{.Count}} request{{if ne .Count 1}}s{{end}}.</p>
`))

func main() {
	log.SetFlags(0) // the engine keeps the time of each line
	listen := flag.String("listen", env("LISTEN", "127.0.0.1:12000"), "address to listen on; $LISTEN")
	flag.Parse()
	if err := run(*listen); err != nil {
		log.Fatal(err)
	}
}

// run serves until SIGTERM or SIGINT, then lets open requests finish.
func run(listen string) error {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM, syscall.SIGINT)
	defer stop()
	ln, err := net.Listen("tcp", listen)
	if err != nil {
		return fmt.Errorf("cannot listen: %w", err)
	}
	log.Printf("listening on %s", ln.Addr())

	server := &http.Server{Handler: newApp(time.Now), ReadHeaderTimeout: 5 * time.Second}
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

// newApp answers "/" with the page, and writes a line for each request.
func newApp(now func() time.Time) http.Handler {
	var count atomic.Int64
	mux := http.NewServeMux()
	mux.HandleFunc("GET /{$}", func(w http.ResponseWriter, r *http.Request) {
		host, err := os.Hostname()
		if err != nil {
			host = "somebody"
		}
		n := count.Add(1)
		log.Printf("%s %s, request %d", r.Method, r.URL.Path, n)
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		err = page.Execute(w, map[string]any{"Host": host, "Time": now().UTC().Format(time.DateTime + " MST"), "Count": n})
		if err != nil {
			log.Printf("cannot answer: %v", err)
		}
	})
	return mux
}

func env(name, otherwise string) string {
	if v := os.Getenv(name); v != "" {
		return v
	}
	return otherwise
}
