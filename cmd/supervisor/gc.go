package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"strings"
	"syscall"
	"time"

	"github.com/spf13/pflag"

	"github.com/podlike/podlike/internal/engine"
	"github.com/podlike/podlike/internal/self"
)

const (
	// exitFailed is gc's exit code when something could not be removed.
	exitFailed = 1
	// cleansWithin is how long the supervisor of a dead pod may take to clean
	// up before gc does it, and removes the supervisor too.
	cleansWithin = 60 * time.Second
	// roundWithin bounds one round of gc.
	roundWithin = 5 * time.Minute
)

// gcOptions are the flags of gc.
type gcOptions struct {
	every  time.Duration
	dryRun bool
}

func gcFlags() (*gcOptions, *pflag.FlagSet) {
	options := &gcOptions{}
	set := pflag.NewFlagSet("gc", pflag.ContinueOnError)
	set.Usage = func() {}
	set.DurationVar(&options.every, "every", 0, "go on, with a round after each such time, as 5m; without it, one round")
	set.BoolVar(&options.dryRun, "dry-run", false, "say what would be removed, and remove nothing")
	return options, set
}

// gc removes what dead pods left on this node, once or for ever.
func gc(args []string) int {
	options, set := gcFlags()
	err := set.Parse(args)
	switch {
	case errors.Is(err, pflag.ErrHelp):
		fmt.Print(gcUsage())
		return 0
	case err == nil && set.NArg() > 0:
		err = fmt.Errorf("unexpected argument %q", set.Arg(0))
	case err == nil && set.Changed("every") && options.every < time.Second:
		err = fmt.Errorf("--every=%s: must be 1s or more", options.every)
	}
	if err != nil {
		fmt.Fprintf(os.Stderr, "podlike: %v; the flags of gc are %s\n", err, names(set))
		return exitInvalid
	}
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM, syscall.SIGINT)
	defer stop()
	k := &engine.Collector{Patience: cleansWithin, Everything: true, DryRun: options.dryRun, Say: func(line string) { fmt.Println("podlike: " + line) }}
	if options.every > 0 {
		return collectEvery(ctx, k, options.every)
	}
	return collectOnce(ctx, k)
}

// collectEvery does rounds until it is told to stop. What fails is said, and
// tried again in the next round.
func collectEvery(ctx context.Context, k *engine.Collector, every time.Duration) int {
	tick := time.NewTicker(every)
	defer tick.Stop()
	for {
		if _, err := round(ctx, k); err != nil && ctx.Err() == nil {
			fmt.Fprintln(os.Stderr, "podlike: "+err.Error())
		}
		select {
		case <-ctx.Done():
			return 0
		case <-tick.C:
		}
	}
}

// collectOnce does one round, and where supervisors were cleaning up, another
// when they had their time.
func collectOnce(ctx context.Context, k *engine.Collector) int {
	total, err := round(ctx, k)
	if err == nil && total.Pending > 0 && !k.DryRun {
		fmt.Printf("podlike: %d dead pods have a supervisor that runs: looking again in %s\n", total.Pending, cleansWithin)
		select {
		case <-ctx.Done():
			return 0
		case <-time.After(cleansWithin):
		}
		var more engine.Collected
		more, err = round(ctx, k)
		total.Removed += more.Removed
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "podlike: "+err.Error())
		return exitFailed
	}
	switch {
	case total.Removed == 0 && total.Pending == 0:
		fmt.Println("podlike: dead pods left nothing on this node")
	case k.DryRun && total.Pending > 0:
		fmt.Printf("podlike: %d dead pods have a supervisor that runs: what that leaves in %s would be removed, too\n", total.Pending, cleansWithin)
	}
	return 0
}

func round(ctx context.Context, k *engine.Collector) (engine.Collected, error) {
	ctx, cancel := context.WithTimeout(ctx, roundWithin)
	defer cancel()
	client, err := engine.Connect(ctx, os.Getenv, func(path string) (io.ReadCloser, error) { return os.Open(path) })
	if err != nil {
		return engine.Collected{}, err
	}
	defer client.Close()
	k.Client = client
	mountinfo, _ := os.ReadFile("/proc/self/mountinfo")
	cgroup, _ := os.ReadFile("/proc/self/cgroup")
	if own, err := self.ContainerID(string(mountinfo), string(cgroup)); err == nil {
		k.Image = client.ImageOf(ctx, own)
	}
	return k.Collect(ctx)
}

func gcUsage() string {
	_, set := gcFlags()
	return `Removes what dead pods left on this node: containers, volumes and networks that
carry the label podlike.pod, and whose pause is gone or has ended.

  docker run --rm -v /var/run/docker.sock:/var/run/docker.sock podlike/supervisor gc

` + set.FlagUsages()
}

func names(set *pflag.FlagSet) string {
	var all []string
	set.VisitAll(func(f *pflag.Flag) { all = append(all, "--"+f.Name) })
	return strings.Join(all, ", ")
}
