package main

import (
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"time"
)

func serve(args []string) int {
	return listen(args[0], func(w http.ResponseWriter, _ *http.Request) {
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
		answer, err := http.Get(args[1])
		if err != nil {
			http.Error(w, err.Error(), http.StatusBadGateway)
			return
		}
		defer answer.Body.Close()
		fmt.Fprint(w, "through the proxy: ")
		io.Copy(w, answer.Body)
	})
}

func listen(address string, answer http.HandlerFunc) int {
	listener, err := net.Listen("tcp", address)
	if err != nil {
		return fail(err)
	}
	fmt.Println("listening on", listener.Addr())
	go http.Serve(listener, answer)
	return sleep(nil)
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
