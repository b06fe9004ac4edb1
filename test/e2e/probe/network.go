package main

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"time"
)

// serve answers with a text; after a while, if the request asks for that with
// ?after=3s.
func serve(args []string) int {
	return listen(args[0], func(w http.ResponseWriter, r *http.Request) {
		if after := r.URL.Query().Get("after"); after != "" {
			d, err := time.ParseDuration(after)
			if err != nil {
				http.Error(w, err.Error(), http.StatusBadRequest)
				return
			}
			time.Sleep(d)
		}
		fmt.Fprintln(w, args[1])
	})
}

func hostname(args []string) int {
	name, err := os.Hostname()
	if err != nil {
		return fail(err)
	}
	return serve([]string{args[0], name})
}

func proxy(args []string) int {
	return listen(args[0], func(w http.ResponseWriter, r *http.Request) {
		answer, err := http.Get(args[1] + "?" + r.URL.RawQuery)
		if err != nil {
			http.Error(w, err.Error(), http.StatusBadGateway)
			return
		}
		defer answer.Body.Close()
		fmt.Fprint(w, "through the proxy: ")
		io.Copy(w, answer.Body)
	})
}

// listen answers until it is told to end, and then finishes what it has begun.
func listen(address string, answer http.HandlerFunc) int {
	listener, err := net.Listen("tcp", address)
	if err != nil {
		return fail(err)
	}
	fmt.Println("listening on", listener.Addr())
	server := &http.Server{Handler: answer}
	go server.Serve(listener)
	sleep(nil)
	ctx, cancel := context.WithTimeout(context.Background(), 8*time.Second)
	defer cancel()
	if err := server.Shutdown(ctx); err != nil {
		return fail(err)
	}
	return 0
}

func get(args []string) int {
	answer, err := (&http.Client{Timeout: 5 * time.Second}).Get(args[0])
	if err != nil {
		return fail(err)
	}
	defer answer.Body.Close()
	if _, err := io.Copy(os.Stdout, answer.Body); err != nil {
		return fail(err)
	}
	if answer.StatusCode != http.StatusOK {
		return fail(fmt.Errorf("%s answered %s", args[0], answer.Status))
	}
	return 0
}

func reach(args []string) int {
	for _, address := range args {
		conn, err := net.DialTimeout("tcp", address, 3*time.Second)
		if err != nil {
			fmt.Println(address, "closed:", err)
			continue
		}
		conn.Close()
		fmt.Println(address, "open")
	}
	return 0
}
