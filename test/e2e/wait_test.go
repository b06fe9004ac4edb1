//go:build e2e

package e2e

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"
)

// hopeless marks an error that more waiting cannot better.
type hopeless struct{ error }

// eventually waits until check returns nil, and fails the test with its last
// error when that takes too long, or is hopeless.
func eventually(t *testing.T, within time.Duration, check func() error) {
	t.Helper()
	if err := waitFor(t.Context(), within, check); err != nil {
		t.Fatal(err)
	}
}

// waitFor is eventually, for cleaning up.
func waitFor(ctx context.Context, within time.Duration, check func() error) error {
	ctx, cancel := context.WithTimeout(ctx, within)
	defer cancel()
	tick := time.NewTicker(100 * time.Millisecond)
	defer tick.Stop()
	for {
		err := check()
		switch {
		case err == nil:
			return nil
		case errors.As(err, &hopeless{}):
			return err
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("after %s still: %w", within, err)
		case <-tick.C:
		}
	}
}

// steadily fails the test if check does not return nil all the time.
func steadily(t *testing.T, during time.Duration, check func() error) {
	t.Helper()
	over := time.NewTimer(during)
	defer over.Stop()
	tick := time.NewTicker(200 * time.Millisecond)
	defer tick.Stop()
	for {
		if err := check(); err != nil {
			t.Fatal(err)
		}
		select {
		case <-over.C:
			return
		case <-tick.C:
		}
	}
}
