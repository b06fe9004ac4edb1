package handoff

import (
	"errors"
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// ErrPodDead says that nobody listens on the socket: PID 1 is gone, and with
// it the pod.
var ErrPodDead = errors.New("the pause is gone")

// insistFor is how long the most important words are tried.
const insistFor = 10 * time.Second

// connectWithin is how long a pause may have no time for one more peer.
const connectWithin = 2 * time.Second

// Link is the supervisor's end.
type Link struct {
	conn  *conn
	Files Files
	// Ending is the exit code that an earlier supervisor began to end the pod
	// with, nil if the pod is to live.
	Ending *int
	// LastStatus is what an earlier supervisor gave to [Link.Status] last,
	// empty if none did.
	LastStatus string
}

// Attach connects to the pause that listens on name and shows it the token.
// The error is [ErrPodDead] where no pause listens, and says so where the
// pause refuses: a wrong token, or another supervisor is attached.
func Attach(name, token string) (*Link, error) {
	c, err := dial(name)
	if err != nil {
		return nil, err
	}
	c.file.SetDeadline(time.Now().Add(10 * time.Second))
	var packet string
	var files []*os.File
	if err = c.send("attach " + version + " " + token); err == nil {
		packet, files, err = c.receiveFiles()
	}
	packet, status, _ := strings.Cut(packet, "\n")
	ending, welcome := parseWelcome(packet)
	if err == nil && (!welcome || len(files) != descriptors) {
		err = errors.New("it refused: the token is not its own, another supervisor is attached, or the two images are of different versions")
	}
	if err != nil {
		c.file.Close()
		if again, now := dial(name); now == nil {
			again.file.Close()
		} else if errors.Is(now, ErrPodDead) {
			return nil, ErrPodDead // it died over our question
		}
		return nil, fmt.Errorf("cannot attach to the pause: %w", err)
	}
	c.file.SetDeadline(time.Time{})
	// All supervisors share the pause's one description of this file, and with
	// it the place up to which it was read.
	if _, err := files[3].Seek(0, io.SeekStart); err != nil {
		c.file.Close()
		return nil, fmt.Errorf("cannot read the list of mounts from its start: %w", err)
	}
	return &Link{
		conn:   c,
		Files:  Files{Stdout: files[0], Stderr: files[1], Root: files[2], Mountinfo: files[3]},
		Ending: ending, LastStatus: status,
	}, nil
}

// parseWelcome reads "welcome" and "welcome ending 3".
func parseWelcome(packet string) (ending *int, ok bool) {
	words := strings.Fields(packet)
	if len(words) == 3 && words[0] == "welcome" && words[1] == "ending" {
		code, err := strconv.Atoi(words[2])
		return &code, err == nil
	}
	return nil, packet == "welcome"
}

// Signals calls signal with the name of each signal that the pause got, and
// how long ago it got it. It returns when the pause is gone or the link was
// closed: nil after an orderly end of the connection.
func (l *Link) Signals(signal func(name string, ago time.Duration)) error {
	for {
		packet, err := l.conn.receive()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		if words := strings.Fields(packet); len(words) == 3 && words[0] == "signal" {
			ms, _ := strconv.ParseInt(words[2], 10, 64)
			signal(words[1], time.Duration(ms)*time.Millisecond)
		}
	}
}

// Health tells the pause what to answer to its health check.
func (l *Link) Health(word string) error { return l.conn.send("health " + word) }

// End tells the pause that the pod's end has begun, and with which exit code.
// It waits a moment for a pause that is behind.
func (l *Link) End(code int) error { return l.insist("ending " + strconv.Itoa(code)) }

// Status gives the pause what it answers to [AskStatus], and what it tells the
// next supervisor. One that is longer than [MaxStatus] is refused.
func (l *Link) Status(text string) error {
	if len(text) > MaxStatus {
		return fmt.Errorf("a status of %d bytes is too long: %d are the most", len(text), MaxStatus)
	}
	return l.conn.send("status " + text)
}

// Verdict ends the pod with this exit code. It waits a moment for a pause that
// is behind.
func (l *Link) Verdict(code int) error { return l.insist("verdict " + strconv.Itoa(code)) }

// insist sends what must not be lost, also to a pause that is frozen or has
// little CPU, and therefore a good deal unread.
func (l *Link) insist(packet string) error {
	for deadline := time.Now().Add(insistFor); ; time.Sleep(10 * time.Millisecond) {
		err := l.conn.send(packet)
		if !errors.Is(err, syscall.EAGAIN) || time.Now().After(deadline) {
			return err
		}
	}
}

// Close ends the link, as the supervisor's death would.
func (l *Link) Close() error { return l.conn.file.Close() }

// AskHealth asks the pause that listens on name for the pod's health.
func AskHealth(name string, timeout time.Duration) (string, error) {
	return ask(name, "health?", maxPacket, timeout)
}

// AskStatus asks the pause that listens on name for what a supervisor last
// gave to [Link.Status]; empty if none did yet.
func AskStatus(name string, timeout time.Duration) (string, error) {
	answer, err := ask(name, "status?", len("status ")+MaxStatus, timeout)
	return strings.TrimPrefix(answer, "status "), err
}

func ask(name, question string, longest int, timeout time.Duration) (string, error) {
	c, err := dial(name)
	if err != nil {
		return "", err
	}
	defer c.file.Close()
	c.file.SetDeadline(time.Now().Add(timeout))
	if err := c.send(question); err != nil {
		return "", err
	}
	answer, err := c.receiveInto(make([]byte, longest))
	return string(answer), err
}

func dial(name string) (*conn, error) {
	fd, err := newSocket()
	if err != nil {
		return nil, os.NewSyscallError("socket", err)
	}
	// The kernel has a queue for those whom the pause has no time for yet. Who
	// waits in it gets in before those who ask again and again.
	deadline := time.Now().Add(connectWithin)
	wait := syscall.NsecToTimeval(connectWithin.Nanoseconds())
	err = errors.Join(syscall.SetNonblock(fd, false), syscall.SetsockoptTimeval(fd, syscall.SOL_SOCKET, syscall.SO_SNDTIMEO, &wait))
	if err == nil {
		err = syscall.Connect(fd, address(name))
		for err == syscall.EINTR && time.Now().Before(deadline) {
			err = syscall.Connect(fd, address(name))
		}
		err = errors.Join(err, syscall.SetNonblock(fd, true))
	}
	if err != nil {
		syscall.Close(fd)
		if errors.Is(err, syscall.ECONNREFUSED) {
			return nil, ErrPodDead
		}
		return nil, os.NewSyscallError("connect", err)
	}
	return newConn(fd), nil
}
