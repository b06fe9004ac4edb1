package main

import (
	"fmt"
	"os"
	"os/signal"
	"strconv"
	"syscall"
	"time"
)

func sleep(args []string) int {
	var over <-chan time.Time
	if len(args) > 0 {
		d, err := time.ParseDuration(args[0])
		if err != nil {
			return fail(err)
		}
		over = time.After(d)
	}
	select {
	case <-over:
	case <-signals(syscall.SIGTERM, syscall.SIGINT):
	}
	return 0
}

// spin needs all of a processor that it can get.
func spin([]string) int {
	stop := signals(syscall.SIGTERM)
	for {
		for range 1_000_000 {
		}
		select {
		case <-stop:
			return 0
		default:
		}
	}
}

func exit(args []string) int {
	code, err := strconv.Atoi(args[0])
	if err != nil {
		return fail(err)
	}
	if len(args) > 1 {
		sleep(args[1:])
	}
	return code
}

func exitOn(args []string) int {
	on, ok := map[string]os.Signal{"USR1": syscall.SIGUSR1, "USR2": syscall.SIGUSR2, "HUP": syscall.SIGHUP}[args[0]]
	code, err := strconv.Atoi(args[1])
	if !ok || err != nil {
		return fail(fmt.Errorf("want a signal and a code, not %q", args))
	}
	got := <-signals(on, syscall.SIGTERM)
	fmt.Println("got", got)
	if got == syscall.SIGTERM {
		return 0
	}
	return code
}

func drain(args []string) int {
	d, err := time.ParseDuration(args[0])
	if err != nil {
		return fail(err)
	}
	stop := signals(syscall.SIGTERM)
	fmt.Println("working")
	<-stop
	fmt.Println("draining")
	<-time.After(d)
	fmt.Println("drained")
	return 0
}

func ignoreTerm([]string) int {
	got := signals(syscall.SIGTERM, syscall.SIGINT)
	fmt.Println("ignoring")
	for s := range got {
		fmt.Println("ignored", s)
	}
	return 0
}

// talk numbers its lines, so that one that is missing or comes twice shows.
// At SIGTERM it goes on for a while and exits with 0; at SIGUSR1 it exits with
// CODE. Its last line says how many there were.
func talk(args []string) int {
	every, err := time.ParseDuration(args[0])
	if err != nil {
		return fail(err)
	}
	drain, err := time.ParseDuration(args[1])
	if err != nil {
		return fail(err)
	}
	code := 5
	if len(args) > 2 {
		if code, err = strconv.Atoi(args[2]); err != nil {
			return fail(err)
		}
	}
	got := signals(syscall.SIGTERM, syscall.SIGUSR1)
	tick := time.NewTicker(every)
	var drained <-chan time.Time
	for n := 0; ; {
		select {
		case <-tick.C:
			n++
			fmt.Println("line", n)
		case s := <-got:
			if s == syscall.SIGUSR1 {
				fmt.Println("end after", n)
				return code
			}
			if drained == nil {
				fmt.Println("draining")
				drained = time.After(drain)
			}
		case <-drained:
			fmt.Println("end after", n)
			return 0
		}
	}
}

func signals(s ...os.Signal) <-chan os.Signal {
	c := make(chan os.Signal, 8)
	signal.Notify(c, s...)
	return c
}
