package main

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"time"
)

const (
	startTimeout  = 2 * time.Minute
	answerTimeout = 15 * time.Second
)

// up deploys the stack, waits until its pod runs, which means that it was
// healthy once, and shows its page.
func up(ctx context.Context, port int) error {
	before, err := tasks(ctx)
	if err != nil {
		return err
	}
	if err := checkPort(ctx, port); err != nil {
		return err
	}
	node, err := docker(ctx, nil, "info", "--format", "{{.Name}}")
	if err != nil {
		return err
	}
	want := wanted{port: port}
	if want.images, err = imagesHash(ctx); err != nil {
		return err
	}
	env := []string{"QUICKSTART_NODE=" + node, "QUICKSTART_IMAGES=" + want.images, fmt.Sprintf("QUICKSTART_PORT=%d", port)}
	say("deploying the stack %q of %s", stack, file)
	if _, err := docker(ctx, env, "stack", "deploy", "--resolve-image", "never", "--compose-file", file, stack); err != nil {
		return err
	}
	running, err := wait(ctx, newWatcher(want, before))
	if errors.Is(err, errPortTaken) {
		err = takenError(port)
	}
	if err != nil {
		showLogs(ctx)
		return fmt.Errorf("%w\n  to look at it: docker service ps --no-trunc %s; to remove it: make quickstart-down", err, service)
	}
	address := fmt.Sprintf("http://%s/", net.JoinHostPort(engineHost(os.Getenv("DOCKER_HOST")), strconv.Itoa(port)))
	if err := show(ctx, address); err != nil {
		showLogs(ctx)
		return err
	}
	fmt.Printf(`
The pod runs. Ask it again: it counts, and the proxy keeps each answer for 5 seconds.
  %s

Look further:
  docker service ps %[2]s
  docker service logs --follow %[2]s
  docker ps --filter name=%[2]s
  docker exec %[3]s /pause healthcheck
  make quickstart-down
`, address, service, running.containerName())
	return nil
}

// imagesHash changes when one of the images does.
func imagesHash(ctx context.Context) (string, error) {
	ids, err := docker(ctx, nil, append([]string{"image", "inspect", "--format", "{{.Id}}"}, images...)...)
	if err != nil {
		return "", fmt.Errorf("%w; make images builds them", err)
	}
	return fmt.Sprintf("%.6x", sha256.Sum256([]byte(ids))), nil
}

// checkPort fails if something else listens on the port, unless it is the
// pod of an earlier run. A remote engine's port cannot be tried from here.
func checkPort(ctx context.Context, port int) error {
	if engineHost(os.Getenv("DOCKER_HOST")) != "127.0.0.1" {
		return nil
	}
	exists, err := deployed(ctx)
	if err != nil {
		return err
	}
	if exists {
		ports, err := list(ctx, "service", "inspect", "--format", "{{range .Spec.EndpointSpec.Ports}}{{.PublishedPort}} {{end}}", service)
		if err != nil {
			return err
		}
		for _, p := range ports {
			if p == strconv.Itoa(port) {
				return nil
			}
		}
	}
	ln, err := net.Listen("tcp", fmt.Sprintf(":%d", port))
	if err != nil {
		return takenError(port)
	}
	return ln.Close()
}

func takenError(port int) error {
	return fmt.Errorf("port %d is taken by something else: choose another, as in make quickstart QUICKSTART_PORT=%d", port, port+1)
}

// wait follows the tasks until the wanted one runs, and says what it sees.
func wait(ctx context.Context, w *watcher) (task, error) {
	ctx, cancel := context.WithTimeout(ctx, startTimeout)
	defer cancel()
	start, told := time.Now(), time.Now()
	tick := time.NewTicker(500 * time.Millisecond)
	defer tick.Stop()
	for {
		now, err := tasks(ctx)
		if err != nil {
			return task{}, timedOut(err)
		}
		lines, running, err := w.look(time.Now(), now)
		for _, line := range lines {
			say("%3.0f s  %s", time.Since(start).Seconds(), line)
			told = time.Now()
		}
		if err != nil {
			return task{}, err
		}
		if running != nil {
			return *running, nil
		}
		if time.Since(told) > 5*time.Second {
			say("%3.0f s  still waiting: Swarm calls a pod running when it is healthy", time.Since(start).Seconds())
			told = time.Now()
		}
		select {
		case <-ctx.Done():
			return task{}, timedOut(ctx.Err())
		case <-tick.C:
		}
	}
}

func timedOut(err error) error {
	if errors.Is(err, context.DeadlineExceeded) {
		return fmt.Errorf("the pod does not run after %s", startTimeout)
	}
	return err
}

// show prints what the pod answers, as soon as it does.
func show(ctx context.Context, address string) error {
	ctx, cancel := context.WithTimeout(ctx, answerTimeout)
	defer cancel()
	for {
		req, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
		if err != nil {
			return err
		}
		resp, err := http.DefaultClient.Do(req)
		if err == nil {
			defer resp.Body.Close()
			body, err := io.ReadAll(io.LimitReader(resp.Body, 1<<16))
			if err != nil {
				return err
			}
			if resp.StatusCode != http.StatusOK {
				return fmt.Errorf("%s answered %s: %s", address, resp.Status, body)
			}
			fmt.Printf("\nGET %s\n%s %s\nX-Cache: %s\n\n%s", address, resp.Proto, resp.Status, resp.Header.Get("X-Cache"), body)
			return nil
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("the pod runs, but nothing answers at %s: %w", address, err)
		case <-time.After(200 * time.Millisecond):
		}
	}
}

// showLogs prints the end of what the pod wrote, for the error that follows.
func showLogs(ctx context.Context) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 10*time.Second)
	defer cancel()
	fmt.Fprintf(os.Stderr, "--- the last lines of docker service logs %s\n", service)
	cmd := exec.CommandContext(ctx, "docker", "service", "logs", "--raw", "--tail", "40", service)
	cmd.Stdout, cmd.Stderr = os.Stderr, os.Stderr // the pod's two streams, in order
	if err := cmd.Run(); err != nil {
		fmt.Fprintf(os.Stderr, "no logs: %v\n", err)
	}
	fmt.Fprintln(os.Stderr, "---")
}

// engineHost is where the engine publishes ports: the host of DOCKER_HOST, or
// this machine.
func engineHost(dockerHost string) string {
	u, err := url.Parse(dockerHost)
	if err != nil || u.Hostname() == "" || strings.HasPrefix(dockerHost, "unix:") {
		return "127.0.0.1"
	}
	return u.Hostname()
}
