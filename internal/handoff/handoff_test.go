package handoff

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"os"
	"runtime"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

const token = "0123456789abcdef0123456789abcdef"

// serve starts a pause's end named after the test, and returns the files that
// it hands over, for comparison.
func serve(t *testing.T) (*Server, string, *os.File) {
	t.Helper()
	name := fmt.Sprintf("podlike-test-%s-%d", t.Name(), os.Getpid())
	read, write, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	root, err := os.Open(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	mountinfo, err := os.Open("/proc/self/mountinfo")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { read.Close(); write.Close(); root.Close(); mountinfo.Close() })
	s, err := Listen(name, token, Files{Stdout: write, Stderr: write, Root: root, Mountinfo: mountinfo}, nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Close)
	return s, name, read
}

func attach(t *testing.T, name string) *Link {
	t.Helper()
	l, err := Attach(name, token)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	return l
}

func expect(t *testing.T, s *Server, want Event) {
	t.Helper()
	select {
	case got := <-s.Events():
		if got != want {
			t.Fatalf("event %+v, want %+v", got, want)
		}
	case <-time.After(5 * time.Second):
		t.Fatalf("no event, want %+v", want)
	}
}

func TestTheSupervisorGetsThePausesFiles(t *testing.T) {
	s, name, output := serve(t)
	l := attach(t, name)
	expect(t, s, Event{Kind: Attached})

	fmt.Fprintln(l.Files.Stdout, "to stdout")
	fmt.Fprintln(l.Files.Stderr, "to stderr")
	lines := bufio.NewReader(output)
	for _, want := range []string{"to stdout\n", "to stderr\n"} {
		if got, err := lines.ReadString('\n'); got != want {
			t.Errorf("got %q, %v; want %q", got, err, want)
		}
	}
	if info, err := l.Files.Root.Stat(); err != nil || !info.IsDir() {
		t.Errorf("the root is no directory: %v", err)
	}
	if mounts, err := io.ReadAll(l.Files.Mountinfo); err != nil || !strings.Contains(string(mounts), " /proc ") {
		t.Errorf("the mountinfo does not name /proc: %v", err)
	}
}

func TestWithoutTheTokenNothingIsHandedOver(t *testing.T) {
	s, name, _ := serve(t)
	for _, packet := range []string{
		"attach 1 " + strings.Repeat("0", len(token)),
		"attach 1 " + token[:len(token)-1],
		"attach 1 " + token + "0",
		"attach 1 ",
		"attach 1",
		"attach 2 " + token, // another protocol
		"welcome", "verdict 0", "health healthy", "signal SIGTERM", "",
		strings.Repeat("x", 2*maxPacket),
	} {
		c, err := dial(name)
		if err != nil {
			t.Fatal(err)
		}
		c.file.SetDeadline(time.Now().Add(5 * time.Second))
		if err := c.send(packet); err != nil {
			t.Fatal(err)
		}
		answer, files, err := c.receiveFiles()
		if answer != "" || len(files) > 0 {
			t.Errorf("%.40q was answered with %q and %d files, %v", packet, answer, len(files), err)
		}
		c.file.Close()
	}
	if word, err := AskHealth(name, time.Second); word != "starting" {
		t.Errorf("a stranger changed the health to %q (%v)", word, err)
	}
	select {
	case e := <-s.Events():
		t.Errorf("a stranger caused %+v", e)
	default:
	}
	if _, err := Attach(name, "wrong"); err == nil {
		t.Error("Attach with a wrong token gave no error")
	}
}

func TestSilentStrangersDoNotKeepOthersOut(t *testing.T) {
	_, name, _ := serve(t)
	for range 2 * strangers {
		c, err := dial(name)
		if err != nil {
			break // the queue is full: that is the point
		}
		defer c.file.Close()
	}
	attach(t, name)
}

// TestACrowdOfStrangersDoesNotKeepOthersOut: they come back as often as they
// are shown out, without a word.
func TestACrowdOfStrangersDoesNotKeepOthersOut(t *testing.T) {
	_, name, _ := serve(t)
	var crowd sync.WaitGroup
	over := make(chan struct{})
	defer func() { close(over); crowd.Wait() }()
	for range 3 * strangers {
		crowd.Go(func() {
			for {
				select {
				case <-over:
					return
				default:
				}
				fd, err := newSocket()
				if err != nil {
					continue
				}
				err = syscall.Connect(fd, address(name))
				c := newConn(fd)
				if err == nil {
					c.receive() // until it is shown out
				} else {
					<-time.After(time.Millisecond)
				}
				c.file.Close()
			}
		})
	}
	for range 10 {
		if _, err := AskHealth(name, 2*time.Second); err != nil {
			t.Errorf("the health check got no answer: %v", err)
		}
	}
	attach(t, name)
}

func TestSignalsWaitForASupervisor(t *testing.T) {
	s, name, _ := serve(t)
	s.Signal("SIGTERM")
	s.Signal("SIGTERM")
	s.Signal("SIGHUP")
	l := attach(t, name)
	expect(t, s, Event{Kind: Attached})
	s.Signal("SIGUSR1")

	var got []string
	l.Signals(func(name string, _ time.Duration) {
		got = append(got, name)
		if name == "SIGUSR1" {
			l.Close()
		}
	})
	expect(t, s, Event{Kind: Detached})
	if want := []string{"SIGTERM", "SIGHUP", "SIGUSR1"}; !slices.Equal(got, want) {
		t.Errorf("signals %v, want %v", got, want)
	}
}

func TestEverySupervisorIsToldOfTheStop(t *testing.T) {
	s, name, _ := serve(t)
	first := attach(t, name)
	expect(t, s, Event{Kind: Attached})
	// The first dies with the words unread in its socket.
	s.Signal("SIGTERM")
	began := time.Now()
	s.Signal("SIGHUP")
	first.Close()
	expect(t, s, Event{Kind: Detached})

	<-time.After(20 * time.Millisecond) // real time: the stop gets older
	second := attach(t, name)
	expect(t, s, Event{Kind: Attached})
	var got []string
	second.Signals(func(name string, ago time.Duration) {
		if ago < 20*time.Millisecond || ago > time.Since(began) {
			t.Errorf("%s came %s ago", name, ago)
		}
		got = append(got, name)
		second.Close()
	})
	if want := []string{"SIGTERM"}; !slices.Equal(got, want) {
		t.Errorf("the second supervisor was told %v, want %v", got, want)
	}
}

func TestEverySupervisorGetsWhatTheFirstGot(t *testing.T) {
	s, name, _ := serve(t)
	for n := range 3 {
		l := attach(t, name)
		expect(t, s, Event{Kind: Attached})
		if mounts, err := io.ReadAll(l.Files.Mountinfo); err != nil || !strings.Contains(string(mounts), " /proc ") {
			t.Errorf("supervisor %d reads %d bytes of mountinfo, %v", n, len(mounts), err)
		}
		switch {
		case n == 0 && l.Ending != nil:
			t.Errorf("the first supervisor is told of the end with %d", *l.Ending)
		case n > 0 && (l.Ending == nil || *l.Ending != 3):
			t.Errorf("supervisor %d is not told that the pod ends with 3: %v", n, l.Ending)
		}
		if n == 0 {
			if err := l.End(3); err != nil {
				t.Fatal(err)
			}
		}
		l.Close()
		expect(t, s, Event{Kind: Detached})
	}
}

func TestTheStatusOutlivesASupervisor(t *testing.T) {
	s, name, _ := serve(t)
	if got, err := AskStatus(name, 5*time.Second); got != "" || err != nil {
		t.Errorf("before the first supervisor the status is %q, %v", got, err)
	}
	long := strings.Repeat("x", MaxStatus-1) + "\n"
	for n, said := range []string{"one\ntwo", long, ""} {
		l := attach(t, name)
		expect(t, s, Event{Kind: Attached})
		if err := l.Status(said); err != nil {
			t.Fatal(err)
		}
		if err := l.Status(long + "x"); err == nil {
			t.Error("a status that is too long was sent")
		}
		if n == 1 {
			l.End(3)
		}
		l.Close()
		expect(t, s, Event{Kind: Detached})
		if got, err := AskStatus(name, 5*time.Second); got != said || err != nil {
			t.Errorf("the status is %.20q of %d bytes, %v; want %.20q of %d", got, len(got), err, said, len(said))
		}
		next := attach(t, name)
		expect(t, s, Event{Kind: Attached})
		if next.LastStatus != said || (next.Ending != nil) != (n > 0) {
			t.Errorf("the next supervisor gets %.20q and ending %v", next.LastStatus, next.Ending)
		}
		next.Close()
		expect(t, s, Event{Kind: Detached})
	}
}

func TestVerdictEndsThePodAndDeathDoesNot(t *testing.T) {
	s, name, _ := serve(t)
	first := attach(t, name)
	expect(t, s, Event{Kind: Attached})
	if _, err := Attach(name, token); err == nil {
		t.Fatal("a second supervisor was let in beside the first")
	}
	first.Close()
	expect(t, s, Event{Kind: Detached})

	second := attach(t, name)
	expect(t, s, Event{Kind: Attached})
	if err := second.Verdict(137); err != nil {
		t.Fatal(err)
	}
	expect(t, s, Event{Kind: Verdict, Code: 137})
	second.Close()
	select {
	case e := <-s.Events():
		t.Errorf("after the verdict came %+v", e)
	case <-time.After(50 * time.Millisecond):
	}
}

func TestHealth(t *testing.T) {
	s, name, _ := serve(t)
	l := attach(t, name)
	expect(t, s, Event{Kind: Attached})
	for _, want := range []string{"starting", "healthy", "unhealthy", "starting", "healthy"} {
		if err := l.Health(want); err != nil {
			t.Fatal(err)
		}
		// The word travels on another connection than the question.
		deadline := time.Now().Add(5 * time.Second)
		got := ""
		for got != want && time.Now().Before(deadline) {
			got, _ = AskHealth(name, time.Second)
		}
		if got != want {
			t.Errorf("health is %q, want %q", got, want)
		}
	}

	// A component that is restarted, and a supervisor that is being replaced:
	// neither is a reason to kill the pod.
	if err := l.Health("starting"); err != nil {
		t.Fatal(err)
	}
	l.Close()
	expect(t, s, Event{Kind: Detached})
	if got := s.answer(); got != "healthy" {
		t.Errorf("the health of a pod that was healthy became %q", got)
	}
	s.mu.Lock()
	s.leftAt = time.Now().Add(-healthHolds - time.Second)
	s.mu.Unlock()
	if got := s.answer(); got != "unhealthy" {
		t.Errorf("long without a supervisor the health is %q", got)
	}
}

func TestADeadPauseIsKnownAsDead(t *testing.T) {
	if _, err := Attach("podlike-test-nobody", token); !errors.Is(err, ErrPodDead) {
		t.Errorf("Attach: %v, want %v", err, ErrPodDead)
	}
	fd, err := newSocket()
	if err != nil {
		t.Fatal(err)
	}
	if err := syscall.Bind(fd, address("podlike-test-dead")); err != nil {
		t.Fatal(err)
	}
	syscall.Close(fd)
	if _, err := AskHealth("podlike-test-dead", time.Second); !errors.Is(err, ErrPodDead) {
		t.Errorf("AskHealth: %v, want %v", err, ErrPodDead)
	}
}

// TestTheLastWordsOfASupervisorThatDidNotListen: one that ends with a signal
// unread resets the connection; what it said before that counts.
func TestTheLastWordsOfASupervisorThatDidNotListen(t *testing.T) {
	s, name, _ := serve(t)
	l := attach(t, name)
	expect(t, s, Event{Kind: Attached})
	s.mu.Lock() // PID 1 is busy
	if err := errors.Join(l.Status("x"), l.Verdict(3), s.supervisor.send("signal SIGHUP 0"), l.Close()); err != nil {
		t.Error(err)
	}
	s.mu.Unlock()
	expect(t, s, Event{Kind: Verdict, Code: 3})
}

// TestTheVerdictIsNotLostToAPauseThatIsBehind: statuses may be.
func TestTheVerdictIsNotLostToAPauseThatIsBehind(t *testing.T) {
	s, name, _ := serve(t)
	l := attach(t, name)
	expect(t, s, Event{Kind: Attached})
	s.mu.Lock() // PID 1 is frozen
	for room := time.Now(); time.Since(room) < 100*time.Millisecond; runtime.Gosched() {
		if l.Status("x") == nil {
			room = time.Now() // it still read one
		}
	}
	sent := make(chan error, 1)
	go func() { sent <- l.Verdict(3) }()
	select {
	case err := <-sent:
		s.mu.Unlock()
		t.Fatalf("told to a pause that has no room: %v", err)
	case <-time.After(50 * time.Millisecond):
	}
	s.mu.Unlock()
	if err := <-sent; err != nil {
		t.Error(err)
	}
	expect(t, s, Event{Kind: Verdict, Code: 3})
}

// TestAPauseThatDiesOverTheQuestion is known as dead, too.
func TestAPauseThatDiesOverTheQuestion(t *testing.T) {
	name := fmt.Sprintf("podlike-test-%s-%d", t.Name(), os.Getpid())
	fd, err := newSocket()
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(syscall.Bind(fd, address(name)), syscall.Listen(fd, 1)); err != nil {
		t.Fatal(err)
	}
	attached := make(chan error, 1)
	go func() {
		_, err := Attach(name, token)
		attached <- err
	}()
	var peer int
	for {
		if peer, _, err = syscall.Accept(fd); err != syscall.EAGAIN {
			break
		}
	}
	if err != nil {
		t.Fatal(err)
	}
	syscall.Close(fd)
	syscall.Close(peer)
	if err := <-attached; !errors.Is(err, ErrPodDead) {
		t.Errorf("error %v", err)
	}
}
