package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"time"

	"github.com/podlike/podlike/internal/engine"
)

const (
	// collectWithin bounds the cleaning up after other pods.
	collectWithin = 30 * time.Second
	// sweepWithin bounds what is done when the pod has its verdict, and nobody
	// waits any more: an engine may take long to start a helper.
	sweepWithin = 3 * time.Minute
)

// collect removes what dead pods left on this node, beside the pod's own
// life, which must not wait for it. The function that it returns ends it.
func (s *supervisor) collect(ctx context.Context, client *engine.Client, facts engine.Facts) (end func()) {
	ctx, cancel := context.WithTimeout(ctx, collectWithin)
	done := make(chan struct{})
	collector := &engine.Collector{Client: client, Own: facts.Pause.ID, Image: facts.Image(), Say: s.say}
	s.after = append(s.after, collector.Sweep)
	go func() {
		defer close(done)
		_, err := collector.Collect(ctx)
		if err != nil && ctx.Err() == nil {
			s.say("warning: " + err.Error())
		}
	}()
	return func() {
		cancel()
		<-done
	}
}

// sweep does what is left to do on the host, when the pause has its verdict.
func (s *supervisor) sweep() {
	ctx, cancel := context.WithTimeout(context.Background(), sweepWithin)
	defer cancel()
	for _, do := range s.after {
		if err := do(ctx); err != nil {
			fmt.Fprintln(os.Stderr, "podlike: "+err.Error())
		}
	}
}

// bury removes what is left of a pod that has ended, or died before this
// supervisor could attach, however often that has to be tried. open gives the
// certificates for the way to the engine.
func bury(open func(string) (io.ReadCloser, error)) int {
	ctx, cancel := context.WithTimeout(context.Background(), engineWithin)
	defer cancel()
	for {
		client, err := engine.Connect(ctx, os.Getenv, open)
		if err == nil {
			defer client.Close()
			err = client.Bury(ctx, os.Getenv(envPod), os.Getenv(envRun))
			switch {
			case err == nil:
				return 0
			case !engine.Refused(err): // it is said in the pod's log already
				fmt.Fprintln(os.Stderr, "podlike: "+err.Error())
			}
			return exitOurFailure
		}
		if engine.Refused(err) {
			return exitOurFailure
		}
		select {
		case <-ctx.Done():
			fmt.Fprintln(os.Stderr, "podlike: "+err.Error())
			return exitOurFailure
		case <-time.After(time.Second):
		}
	}
}
