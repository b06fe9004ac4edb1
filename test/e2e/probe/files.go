package main

import (
	"encoding/json"
	"fmt"
	"os"
	"syscall"
)

// got is what the engine gave to this process.
type got struct {
	UID, GID int
	Dir      string
	Env      []string
	Args     []string
	// RootReadOnly: a file cannot be made in the root directory.
	RootReadOnly bool
}

func facts([]string) int {
	dir, err := os.Getwd()
	if err != nil {
		return fail(err)
	}
	g := got{UID: os.Getuid(), GID: os.Getgid(), Dir: dir, Env: os.Environ(), Args: os.Args}
	f, err := os.CreateTemp("/", "probe")
	if err == nil {
		f.Close()
		os.Remove(f.Name())
	}
	g.RootReadOnly = err != nil
	if err := json.NewEncoder(os.Stdout).Encode(g); err != nil {
		return fail(err)
	}
	fmt.Println("got", <-signals(syscall.SIGTERM, syscall.SIGUSR1))
	return 0
}

func exists(args []string) int {
	if _, err := os.Stat(args[0]); err != nil {
		return fail(err)
	}
	return 0
}

func touch(args []string) int {
	if err := os.WriteFile(args[0], nil, 0o644); err != nil {
		return fail(err)
	}
	return 0
}

func remove(args []string) int {
	if err := os.Remove(args[0]); err != nil {
		return fail(err)
	}
	return 0
}

func cat(args []string) int {
	b, err := os.ReadFile(args[0])
	if err != nil {
		return fail(err)
	}
	os.Stdout.Write(b)
	return 0
}
