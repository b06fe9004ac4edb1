package handoff

import (
	"slices"
	"sync"
	"time"
)

const (
	// strangers bounds the connections that have not said yet what they want:
	// any process of the pod can open them.
	strangers = 64
	// patience is how long such a connection may stay silent, and courtesy is
	// how long where another one waits for its place. Ours speak at once, but
	// a pod may have so little CPU that this takes a while.
	patience = time.Second
	courtesy = 100 * time.Millisecond
)

// lobby holds the connections of strangers. Those who fill it in order to keep
// others out are shown out, the oldest first, as soon as others come.
type lobby struct {
	places chan struct{}

	mu     sync.Mutex
	inside []stranger // the oldest first
}

type stranger struct {
	*conn
	since time.Time
}

func newLobby() *lobby { return &lobby{places: make(chan struct{}, strangers)} }

// enter waits for a place for c, and gives it the time to say what it wants.
func (l *lobby) enter(c *conn) {
	select {
	case l.places <- struct{}{}:
	default:
		l.hurry()
		l.places <- struct{}{}
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	now := time.Now()
	c.file.SetReadDeadline(now.Add(patience))
	l.inside = append(l.inside, stranger{c, now})
}

// hurry cuts the time short that the oldest one has.
func (l *lobby) hurry() {
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(l.inside) > 0 {
		l.inside[0].file.SetReadDeadline(l.inside[0].since.Add(courtesy))
	}
}

// leave gives the place of c to another, and c all the time that it wants: it
// is known now, or gone.
func (l *lobby) leave(c *conn) {
	l.mu.Lock()
	l.inside = slices.DeleteFunc(l.inside, func(s stranger) bool { return s.conn == c })
	c.file.SetReadDeadline(time.Time{})
	l.mu.Unlock()
	<-l.places
}
