//go:build e2e

package e2e

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"strconv"
	"testing"
	"time"
)

// patience is how long a test waits for what takes so long on a usual machine.
// PODLIKE_E2E_SLOWNESS says how many times slower this one is, as emulated
// ones are. It stretches waiting only: what a pod promises, it keeps anywhere.
func patience(usual time.Duration) time.Duration {
	factor, err := strconv.Atoi(cmp.Or(os.Getenv("PODLIKE_E2E_SLOWNESS"), "1"))
	if err != nil || factor < 1 {
		panic(fmt.Sprintf("PODLIKE_E2E_SLOWNESS is %q, want a whole number from 1 on", os.Getenv("PODLIKE_E2E_SLOWNESS")))
	}
	return time.Duration(factor) * usual
}

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
	within = patience(within)
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
