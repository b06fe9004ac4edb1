package logs

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
)

// gate blocks each write until it is opened.
type gate struct {
	bytes.Buffer
	open chan struct{}
}

func (g *gate) Write(p []byte) (int, error) {
	<-g.open
	return g.Buffer.Write(p)
}

func TestMessagesDoNotWait(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		both := &gate{open: make(chan struct{})}
		sink := NewSink(both, both)
		copied := make(chan error, 1)
		go func() { copied <- sink.Copy("web", strings.NewReader(out("hello\n")), false) }()
		synctest.Wait() // a component holds the output

		var want strings.Builder
		want.WriteString("[out] web: hello\n")
		for i := range 100 {
			sink.Message("message %d", i)
			sink.Error("error %d\n", i)
			fmt.Fprintf(&want, "message %d\nerror %d\n", i, i)
		}
		late, cancel := context.WithCancel(t.Context())
		cancel()
		if err := sink.Flush(late); !errors.Is(err, context.Canceled) {
			t.Errorf("Flush of a blocked output: %v", err)
		}

		close(both.open)
		if err := sink.Flush(t.Context()); err != nil {
			t.Error(err)
		}
		if err := <-copied; err != nil {
			t.Error(err)
		}
		same(t, "output", both.String(), want.String())
	})
}

func TestMessagesAreBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		both := &gate{open: make(chan struct{})}
		sink := NewSink(both, both)
		sink.Message("first")
		synctest.Wait() // it is being written now, and no longer queued
		for range maxQueued + 3 {
			sink.Message("more")
		}
		close(both.open)
		if err := sink.Flush(t.Context()); err != nil {
			t.Error(err)
		}
		same(t, "output", both.String(), "first\n"+strings.Repeat("more\n", maxQueued)+"3 messages were lost here: nobody read the output\n")
	})
}

func TestMessagesGoWhereTheyBelong(t *testing.T) {
	var stdout, stderr bytes.Buffer
	sink := NewSink(&stdout, &stderr)
	if err := sink.Flush(t.Context()); err != nil {
		t.Error(err)
	}
	sink.Message("started %q", "web")
	sink.Error("cannot start %q", "db")
	if err := sink.Flush(t.Context()); err != nil {
		t.Error(err)
	}
	same(t, "stdout", stdout.String(), "started \"web\"\n")
	same(t, "stderr", stderr.String(), "cannot start \"db\"\n")
}

func TestFlushReportsALostMessage(t *testing.T) {
	sink := NewSink(&failing{times: 1}, nil)
	sink.Message("lost")
	sink.Message("written")
	if err := sink.Flush(t.Context()); err == nil || err.Error() != "cannot write a message: no room, 0 to go" {
		t.Errorf("error %v", err)
	}
}
