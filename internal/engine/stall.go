package engine

import (
	"context"
	"fmt"
	"io"
	"time"
)

// stall ends a call that sends much when nothing moves any more: how long it
// takes as a whole depends on how much it is.
type stall struct {
	*time.Timer
	limit time.Duration
}

func newStall(limit time.Duration, hangUp context.CancelCauseFunc) stall {
	return stall{limit: limit, Timer: time.AfterFunc(limit, func() {
		hangUp(&passing{fmt.Errorf("%w: nothing has moved for %s", ErrUnreachable, limit), silenceLasts})
	})}
}

// watch is r, whose reads are what moves.
func (s stall) watch(r io.Reader) io.Reader { return moving{s, r} }

type moving struct {
	stall
	r io.Reader
}

func (m moving) Read(b []byte) (int, error) {
	m.Reset(m.limit)
	return m.r.Read(b)
}
