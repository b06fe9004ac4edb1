// Command quickstart runs the pod of deploy/quickstart.yml on the local Swarm
// and shows what it answers (`up`), or removes it with everything that came
// with it (`down`). It drives the docker client, like its reader would; the
// images and the Swarm are there before (see the Makefile).
//
// QUICKSTART_PORT is the published port, 8080 if not set.
package main

import (
	"context"
	"fmt"
	"os"
	"os/signal"
	"strconv"
	"syscall"
)

const (
	stack   = "podlike"
	service = stack + "_web"
	file    = "deploy/quickstart.yml"
)

// images are those of the stack file, the components' included.
var images = []string{"podlike/pause:dev", "podlike/supervisor:dev", "podlike/demo-app:dev", "podlike/demo-proxy:dev"}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "quickstart:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, args []string) error {
	if len(args) != 1 {
		return fmt.Errorf("say either up or down")
	}
	switch args[0] {
	case "up":
		port, err := publishedPort(os.Getenv("QUICKSTART_PORT"))
		if err != nil {
			return err
		}
		return up(ctx, port)
	case "down":
		return down(ctx)
	default:
		return fmt.Errorf("unknown command %q: say either up or down", args[0])
	}
}

// publishedPort reads QUICKSTART_PORT; an empty one means 8080.
func publishedPort(s string) (int, error) {
	if s == "" {
		return 8080, nil
	}
	port, err := strconv.Atoi(s)
	if err != nil || port < 1 || port > 65535 {
		return 0, fmt.Errorf("QUICKSTART_PORT is %q: want a port, 1 to 65535", s)
	}
	return port, nil
}

func say(format string, args ...any) {
	fmt.Printf("quickstart: "+format+"\n", args...)
}
