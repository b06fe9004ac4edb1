package main

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"time"

	"golang.org/x/sys/unix"

	"github.com/podlike/podlike/internal/cgroups"
	"github.com/podlike/podlike/internal/namespaces"
)

// helpWithin bounds what a helper does.
const helpWithin = 20 * time.Second

// help runs in a helper container and does on the host what its one argument
// says. It prints what came of it, if anything.
func help(args []string) int {
	// In a pod's PID namespace its components must not reach what this process
	// has, which is more than they have.
	unix.Prctl(unix.PR_SET_DUMPABLE, 0, 0, 0, 0)
	var errand namespaces.Errand
	if len(args) != 1 || json.Unmarshal([]byte(args[0]), &errand) != nil {
		fmt.Fprintln(os.Stderr, "the helper is started by the supervisor, not by hand")
		return exitInvalid
	}
	ctx, cancel := context.WithTimeout(context.Background(), helpWithin)
	defer cancel()
	if err := do(ctx, errand); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return exitOurFailure
	}
	return 0
}

func do(ctx context.Context, errand namespaces.Errand) error {
	switch {
	case errand.Leaf != "":
		return cgroups.Leaf(ctx, errand.Cgroups)
	case errand.Slice != nil:
		name, err := cgroups.StartSlice(ctx, *errand.Slice)
		fmt.Print(name)
		return err
	case errand.Kills != "":
		kills, err := cgroups.Kills(errand.Cgroups)
		fmt.Print(kills)
		return err
	default:
		return cgroups.Sweep(ctx, errand.Cgroups, errand.Sweep)
	}
}
