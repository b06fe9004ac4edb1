package main

import (
	"bytes"
	"fmt"
	"maps"
	"os"
	"regexp"
	"slices"
	"strings"
	"sync"
	"syscall"
	"time"
)

// raid attacks the hand-off's socket in every way at once, for as long as the
// first argument says, and prints a line "reached ..." for what should not be, and
// how often it did what.
func raid(args []string) int {
	during, err := time.ParseDuration(args[0])
	if err != nil {
		return fail(err)
	}
	name := handoffName()
	if name == "" {
		return fail(fmt.Errorf("no hand-off socket in /proc/net/unix"))
	}
	r := &raider{name: name, over: time.Now().Add(during), counts: map[string]int{}}
	var all sync.WaitGroup
	attacks := map[string]func(fd int) error{
		"silent":      func(fd int) error { time.Sleep(300 * time.Millisecond); return nil },
		"half-open":   func(fd int) error { syscall.Shutdown(fd, syscall.SHUT_WR); return nil },
		"gone":        func(fd int) error { return nil },
		"no token":    func(fd int) error { return r.claim(fd, "attach 1") },
		"empty token": func(fd int) error { return r.claim(fd, "attach 1 ") },
		"wrong token": func(fd int) error { return r.claim(fd, "attach 1 "+strings.Repeat("0", 32)) },
		"long token":  func(fd int) error { return r.claim(fd, "attach 1 "+strings.Repeat("f", 4000)) },
		"garbage":     func(fd int) error { return r.claim(fd, string([]byte{0, 1, 2, 0xff, '\n', 0})) },
		"verdict":     func(fd int) error { return r.claim(fd, "verdict 0") },
		"word":        func(fd int) error { return r.claim(fd, "health unhealthy") },
		"huge":        func(fd int) error { return syscall.Sendto(fd, make([]byte, 100_000), syscall.MSG_NOSIGNAL, nil) },
		"empty":       func(fd int) error { return syscall.Sendto(fd, nil, syscall.MSG_NOSIGNAL, nil) },
		"descriptors": func(fd int) error {
			return syscall.Sendmsg(fd, []byte("attach 1 x"), syscall.UnixRights(0, 1, 2), nil, syscall.MSG_NOSIGNAL)
		},
		"health": r.health,
	}
	each := 4
	if len(args) > 1 { // only those who say nothing, until they are shown out
		attacks, each = map[string]func(fd int) error{"mute": func(fd int) error {
			_, _, err := syscall.Recvfrom(fd, make([]byte, 1), 0)
			return err
		}}, 100
	}
	for what, attack := range attacks {
		for range each {
			all.Go(func() { r.repeat(what, attack) })
		}
	}
	all.Go(r.squat)
	all.Wait()
	for _, what := range slices.Sorted(maps.Keys(r.counts)) {
		fmt.Printf("did %s %d times\n", what, r.counts[what])
	}
	fmt.Println("raided")
	return 0
}

// handoffName finds the socket among those of the pod's network.
func handoffName() string {
	text, _ := os.ReadFile("/proc/net/unix")
	return string(regexp.MustCompile(`@podlike-[0-9a-f]{64}\b`).Find(text))
}

type raider struct {
	name string
	over time.Time

	mu     sync.Mutex
	counts map[string]int
}

func (r *raider) did(what string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.counts[what]++
	if strings.HasPrefix(what, "reached") && r.counts[what] == 1 {
		fmt.Println(what)
	}
}

// repeat connects and attacks again and again.
func (r *raider) repeat(what string, attack func(fd int) error) {
	for time.Now().Before(r.over) {
		fd, err := syscall.Socket(syscall.AF_UNIX, syscall.SOCK_SEQPACKET|syscall.SOCK_CLOEXEC|syscall.SOCK_NONBLOCK, 0)
		if err != nil {
			r.did("socket: " + err.Error())
			continue
		}
		if err := syscall.Connect(fd, &syscall.SockaddrUnix{Name: r.name}); err != nil {
			r.did("connect: " + err.Error())
			time.Sleep(time.Millisecond)
		} else {
			syscall.SetNonblock(fd, false)
			syscall.SetsockoptTimeval(fd, syscall.SOL_SOCKET, syscall.SO_RCVTIMEO, &syscall.Timeval{Sec: 3})
			attack(fd)
			r.did(what)
		}
		syscall.Close(fd)
	}
}

// claim sends a packet and looks whether anything useful comes back.
func (r *raider) claim(fd int, packet string) error {
	if err := syscall.Sendto(fd, []byte(packet), syscall.MSG_NOSIGNAL, nil); err != nil {
		return err
	}
	buf, rights := make([]byte, 256), make([]byte, 256)
	n, oobn, _, _, err := syscall.Recvmsg(fd, buf, rights, 0)
	if err == nil && (oobn > 0 || bytes.Contains(buf[:n], []byte("welcome"))) {
		r.did(fmt.Sprintf("reached the hand-off with %.20q: %q", packet, buf[:n]))
	}
	return err
}

// health asks for the pod's health, as anybody may.
func (r *raider) health(fd int) error {
	if err := syscall.Sendto(fd, []byte("health?"), syscall.MSG_NOSIGNAL, nil); err != nil {
		return err
	}
	buf := make([]byte, 256)
	n, _, err := syscall.Recvfrom(fd, buf, 0)
	if err == nil {
		r.did("health is " + string(buf[:n]))
	}
	return err
}

// squat tries to take the socket's name.
func (r *raider) squat() {
	for time.Now().Before(r.over) {
		fd, err := syscall.Socket(syscall.AF_UNIX, syscall.SOCK_SEQPACKET|syscall.SOCK_CLOEXEC, 0)
		if err != nil {
			continue
		}
		if syscall.Bind(fd, &syscall.SockaddrUnix{Name: r.name}) == nil {
			r.did("reached the socket's name")
		}
		syscall.Close(fd)
		r.did("bind")
		time.Sleep(5 * time.Millisecond)
	}
}
