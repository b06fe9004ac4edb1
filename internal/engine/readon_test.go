package engine

import (
	"context"
	"encoding/binary"
	"io"
	"testing"
	"testing/synctest"
	"time"

	"github.com/podlike/podlike/internal/pod"
)

// framed is a frame of the engine's logs.
func framed(stream byte, at time.Time, text string) string {
	if stream != 3 {
		text = at.Format(time.RFC3339Nano) + " " + text
	}
	header := [8]byte{0: stream}
	binary.BigEndian.PutUint32(header[4:], uint32(len(text)))
	return string(header[:]) + text
}

// TestEndOfOneWhoseLogIsBroken: how a component ended is told although its log
// cannot be read.
func TestEndOfOneWhoseLogIsBroken(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		began := time.Now()
		trouble := framed(3, began, "Error grabbing logs: invalid character '\\x00' looking for beginning of value\n")
		s := &site{
			roles: map[string]pod.Role{"web": pod.RoleComponent}, states: map[string]string{"web": "exited", "pause": "running"}, started: began,
			logs: map[string]string{
				"pause": framed(1, began.Add(time.Second), "podlike: taking the pod over\n"),
				"web":   framed(1, began, "one\n") + trouble,
			},
		}
		p := s.pod(t, io.Discard)
		ctx, cancel := context.WithTimeout(t.Context(), time.Hour)
		defer cancel()
		exit, err := p.Wait(ctx, "web")
		if err != nil || exit.Code != 3 {
			t.Errorf("code %d after %s, error %v", exit.Code, time.Since(began), err)
		}
		if took := time.Since(began); took > time.Minute {
			t.Errorf("it took %s to be told", took)
		}
		if s := p.stream("web"); s != nil {
			s.closer()
			<-s.drained
		}
	})
}
