package handoff

import (
	"bytes"
	"errors"
	"os"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"
)

// The kinds of [Event].
const (
	Attached = "attached" // a supervisor is here
	Detached = "detached" // it went without a verdict
	Verdict  = "verdict"  // the pod is over, Code says how
)

// Event is what PID 1 hears from its supervisor.
type Event struct {
	Kind string
	Code int
}

// healthHolds is for how long the last word stands after the supervisor that
// said it is gone; another one is on its way.
const healthHolds = 15 * time.Second

// Server is the pause's end.
type Server struct {
	token    string
	idle     func()
	files    [descriptors]*os.File
	events   chan Event
	listener *os.File
	serving  sync.WaitGroup

	mu         sync.Mutex
	supervisor *conn
	// pending are the signals that no supervisor has been told of yet; stop is
	// the first that asked for the pod's end, and every supervisor is told.
	pending []string
	stop    string
	stopAt  time.Time
	// ending is the exit code of a pod whose end has begun; every later
	// supervisor is told. Empty while the pod is to live.
	ending string
	health string
	// status is what a supervisor said last, for those who ask and for the
	// next supervisor. Its memory is used again and again.
	status   []byte
	leftAt   time.Time // when the last supervisor went; zero while one is here
	resolved bool      // a verdict was given
}

// Files are what the supervisor gets.
type Files struct {
	Stdout, Stderr *os.File
	Root           *os.File // the pause's "/", to read its files from
	Mountinfo      *os.File // what is mounted where below it
}

// Listen opens the socket name (without a leading "@") and serves it until
// Close. idle, if not nil, is called whenever a conversation is over.
//
// It fails where the name is taken, which happens only in the host's network
// namespace, and there by malice: names are made of container IDs.
func Listen(name, token string, files Files, idle func()) (*Server, error) {
	fd, err := newSocket()
	if err != nil {
		return nil, os.NewSyscallError("socket", err)
	}
	if err := syscall.Bind(fd, address(name)); err != nil {
		syscall.Close(fd)
		return nil, os.NewSyscallError("bind", err)
	}
	if err := syscall.Listen(fd, strangers); err != nil {
		syscall.Close(fd)
		return nil, os.NewSyscallError("listen", err)
	}
	s := &Server{
		token:  token,
		idle:   idle,
		files:  [descriptors]*os.File{files.Stdout, files.Stderr, files.Root, files.Mountinfo},
		events: make(chan Event, 4),
		health: "starting",
		leftAt: time.Now(),
	}
	s.listener = os.NewFile(uintptr(fd), "handoff listener")
	s.serving.Go(s.accept)
	return s, nil
}

// Close stops listening and waits until the last peer is gone.
func (s *Server) Close() {
	s.listener.Close()
	s.serving.Wait()
}

// Events is what the supervisors say that PID 1 must act on.
func (s *Server) Events() <-chan Event { return s.events }

// Signal tells the supervisor of a signal, by its name ("SIGTERM"), now or as
// soon as there is one. A signal that is already waiting is not added again.
//
// SIGTERM and SIGINT are told to each later supervisor too: one that was told
// may have died before it could read it.
func (s *Server) Signal(name string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	isStop := name == "SIGTERM" || name == "SIGINT"
	if isStop && s.stop == "" {
		s.stop, s.stopAt = name, time.Now()
	}
	if s.supervisor != nil && s.supervisor.send("signal "+name+" 0") == nil || isStop {
		return
	}
	for _, p := range s.pending {
		if p == name {
			return
		}
	}
	s.pending = append(s.pending, name)
}

func (s *Server) accept() {
	raw, err := s.listener.SyscallConn()
	if err != nil {
		return // closed already
	}
	lobby := newLobby()
	for {
		var fd int
		var acceptErr error
		err := raw.Read(func(l uintptr) bool {
			fd, _, acceptErr = syscall.Accept4(int(l), syscall.SOCK_CLOEXEC|syscall.SOCK_NONBLOCK)
			return acceptErr != syscall.EAGAIN
		})
		if err != nil {
			return
		}
		if acceptErr != nil {
			// A peer that gave up, or no descriptors left: the next one may
			// have more luck, but do not spin.
			time.Sleep(10 * time.Millisecond)
			continue
		}
		c := newConn(fd)
		lobby.enter(c)
		s.serving.Go(func() {
			s.serve(c, func() { lobby.leave(c) })
			if s.idle != nil {
				s.idle()
			}
		})
	}
}

// serve handles one connection. known is called once, when the peer is no
// longer a stranger or is gone.
func (s *Server) serve(c *conn, known func()) {
	defer c.file.Close()
	packet, err := c.receive()
	if err != nil {
		known()
		return
	}
	words := strings.Fields(packet)
	switch {
	case packet == "health?":
		c.send(s.answer())
		known()
	case packet == "status?":
		s.mu.Lock()
		c.send("status " + string(s.status)) // with a word before it: an empty packet reads as an end
		s.mu.Unlock()
		known()
	case len(words) == 3 && words[0] == "attach" && words[1] == version && sameToken(words[2], s.token):
		known()
		s.attend(c)
	default:
		known()
	}
}

// attend serves the supervisor until it goes.
func (s *Server) attend(c *conn) {
	s.mu.Lock()
	// The launcher makes sure that there is one supervisor; if there are two
	// all the same, the first stays.
	welcome := "welcome"
	if s.ending != "" {
		welcome += " ending " + s.ending
	}
	if len(s.status) > 0 {
		welcome += "\n" + string(s.status)
	}
	if s.supervisor != nil || c.send(welcome, s.files[:]...) != nil {
		s.mu.Unlock()
		return
	}
	if s.stop != "" {
		c.send("signal " + s.stop + " " + strconv.FormatInt(time.Since(s.stopAt).Milliseconds(), 10))
	}
	for _, name := range s.pending {
		c.send("signal " + name + " 0")
	}
	s.pending = nil
	s.supervisor, s.leftAt = c, time.Time{}
	s.mu.Unlock()
	s.events <- Event{Kind: Attached}

	buf := make([]byte, len("status ")+MaxStatus)
	for {
		packet, err := c.receiveInto(buf)
		if errors.Is(err, syscall.ECONNRESET) {
			continue // said once, of a peer that ended with a signal unread; what it said itself comes after
		}
		if err != nil {
			break
		}
		if text, ok := bytes.CutPrefix(packet, []byte("status ")); ok {
			s.mu.Lock()
			s.status = append(s.status[:0], text...)
			s.mu.Unlock()
			continue
		}
		verb, word, _ := strings.Cut(string(packet), " ")
		switch verb {
		case "health":
			s.mu.Lock()
			// While a component of a healthy pod is restarted in place the pod
			// is starting again. To the engine that is a failed check, and for
			// a few of them Swarm would kill the task.
			if s.health != "healthy" || word != "starting" {
				s.health = word
			}
			s.mu.Unlock()
		case "ending":
			s.mu.Lock()
			s.ending = word
			s.mu.Unlock()
		case "verdict":
			if code, err := strconv.Atoi(word); err == nil {
				s.mu.Lock()
				s.resolved = true
				s.mu.Unlock()
				s.events <- Event{Kind: Verdict, Code: code}
			}
		}
	}

	s.mu.Lock()
	s.supervisor, s.leftAt = nil, time.Now()
	resolved := s.resolved
	s.mu.Unlock()
	if !resolved {
		s.events <- Event{Kind: Detached}
	}
}

// answer is the pod's health as PID 1 knows it.
func (s *Server) answer() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.health == "healthy" && !s.leftAt.IsZero() && time.Since(s.leftAt) > healthHolds {
		return "unhealthy"
	}
	return s.health
}

// sameToken compares in a time that does not depend on where they differ.
func sameToken(a, b string) bool {
	if len(a) != len(b) || a == "" {
		return false
	}
	var diff byte
	for i := range len(a) {
		diff |= a[i] ^ b[i]
	}
	return diff == 0
}
