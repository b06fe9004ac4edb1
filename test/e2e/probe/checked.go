package main

import (
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"time"
)

// Ports on the loopback interface at which checked answers.
const (
	httpAddress = "127.0.0.1:12080"
	tcpAddress  = "127.0.0.1:12081"
	grpcAddress = "127.0.0.1:12082"
)

// checked can be probed in one way, and passes as long as a file exists.
func checked(args []string) int {
	passes := func() bool {
		_, err := os.Stat(args[1])
		return err == nil
	}
	switch args[0] {
	case "http":
		return listen(httpAddress, func(w http.ResponseWriter, r *http.Request) {
			if r.UserAgent() != "podlike-probe" || !passes() {
				w.WriteHeader(http.StatusServiceUnavailable)
			}
		})
	case "tcp":
		go acceptWhile(passes)
		return sleep(nil)
	case "grpc":
		return serveGRPC(passes)
	case "exec":
		return sleep(nil)
	default:
		return fail(fmt.Errorf("want http, tcp, grpc or exec, not %q", args[0]))
	}
}

// acceptWhile accepts connections as long as passes says yes.
func acceptWhile(passes func() bool) {
	for ; ; time.Sleep(50 * time.Millisecond) {
		if !passes() {
			continue
		}
		listener, err := net.Listen("tcp", tcpAddress)
		if err != nil {
			fail(err)
			continue
		}
		go func() {
			for {
				connection, err := listener.Accept()
				if err != nil {
					return
				}
				connection.Close()
			}
		}()
		for passes() {
			time.Sleep(50 * time.Millisecond)
		}
		listener.Close()
	}
}

// serveGRPC is grpc.health.v1 by hand, for the service "tests" only.
func serveGRPC(passes func() bool) int {
	server := &http.Server{Addr: grpcAddress, Protocols: &http.Protocols{}}
	server.Protocols.SetUnencryptedHTTP2(true)
	server.Handler = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		request, _ := io.ReadAll(r.Body)
		w.Header().Set("Content-Type", "application/grpc")
		w.Header().Set("Trailer", "Grpc-Status")
		if r.URL.Path != "/grpc.health.v1.Health/Check" || string(request) != "\x00\x00\x00\x00\x07\x0a\x05tests" {
			w.Header().Set("Grpc-Status", "12")
			return
		}
		status := byte(2)
		if passes() {
			status = 1
		}
		w.Write([]byte{0, 0, 0, 0, 2, 1 << 3, status})
		w.Header().Set("Grpc-Status", "0")
	})
	go server.ListenAndServe()
	return sleep(nil)
}

func await(args []string) int {
	for {
		if _, err := os.Stat(args[0]); err == nil {
			return 0
		}
		time.Sleep(50 * time.Millisecond)
	}
}
