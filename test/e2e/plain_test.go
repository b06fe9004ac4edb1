//go:build e2e

package e2e

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"
	"time"
)

// ctrlC is what a terminal sends for Ctrl-C.
const ctrlC = "\x03"

// runArgs is the `docker run` of the web pod.
func runArgs(name string, port int, more ...string) []string {
	pod := webPod(port)
	args := append([]string{"run", "--name", name}, more...)
	for _, component := range []string{"app", "proxy"} {
		args = append(args, "--label", "pod.component."+component+"="+pod.components[component])
	}
	return append(args,
		"-v", socket()+":/var/run/docker.sock:ro",
		"-p", fmt.Sprintf("%d:80", port),
		pauseImage, "-logs")
}

// TestDockerRun: a pod by hand; an interrupt to `docker run` ends it cleanly.
func TestDockerRun(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	port := freePort(t)
	var output syncBuffer
	cmd := exec.CommandContext(t.Context(), "docker", runArgs(s.name, port)...)
	cmd.Stdout, cmd.Stderr = &output, &output
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	wantAnswer(t, port)
	p := s.pod(s.name)
	if err := cmd.Process.Signal(syscall.SIGINT); err != nil {
		t.Fatal(err)
	}
	if code := exitCode(t, cmd); code != 0 {
		t.Errorf("docker run ended with %d", code)
	}
	wantLines(t, output.String(), [][]string{{"[out] app: listening on 127.0.0.1:12000"}, {"[out] proxy: listening on [::]:80"}})
	eventually(t, 2*time.Second, p.gone)
	if t.Failed() {
		t.Logf("docker run printed:\n%s", &output)
	}
}

// TestDockerRunTerminal: the same with `-it --rm`, and Ctrl-C on a keyboard.
func TestDockerRunTerminal(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	port := freePort(t)
	keyboard, screen := newTerminal(t)
	cmd := exec.CommandContext(t.Context(), "docker", runArgs(s.name, port, "-it", "--rm")...)
	cmd.Stdin, cmd.Stdout, cmd.Stderr = screen, screen, screen
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true, Setctty: true}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	screen.Close()
	var output syncBuffer
	shown := show(keyboard, &output)
	wantAnswer(t, port)
	p := s.pod(s.name)
	if _, err := keyboard.WriteString(ctrlC); err != nil {
		t.Fatal(err)
	}
	if code := exitCode(t, cmd); code != 0 {
		t.Errorf("docker run ended with %d", code)
	}
	<-shown
	wantLines(t, output.String(), [][]string{{"[out] app: listening on 127.0.0.1:12000"}})
	eventually(t, 5*time.Second, p.isGone)
	eventually(t, 2*time.Second, p.gone)
	if t.Failed() {
		t.Logf("docker run printed:\n%s", &output)
	}
}

// TestInterrupted: `docker kill -s INT` and `docker stop` end a pod like
// Ctrl-C does.
func TestInterrupted(t *testing.T) {
	t.Parallel()
	for _, signal := range []string{"INT", "TERM"} {
		t.Run(signal, func(t *testing.T) {
			s := newSite(t)
			p := s.create(webPod(0))
			p.start()
			p.component("app")
			p.component("proxy")
			s.signal(p.id, signal)
			if code := p.wait(endWithin); code != 0 {
				t.Errorf("the pod ended with %d", code)
			}
			eventually(t, 2*time.Second, p.gone)
		})
	}
}

// TestDockerCompose: the pod as the service of a Compose file, with Debian's
// docker-compose.
func TestDockerCompose(t *testing.T) {
	t.Parallel()
	if _, err := exec.LookPath("docker-compose"); err != nil {
		t.Fatal("docker-compose is not installed: apt-get install docker-compose")
	}
	s := newSite(t)
	port := freePort(t)
	file := webPod(port).compose(t)
	// Versions name containers differently.
	file["services"].(map[string]any)["pod"].(map[string]any)["container_name"] = s.name
	compose := func(ctx context.Context, args ...string) error {
		_, err := run(exec.CommandContext(ctx, "docker-compose", append([]string{"-p", s.name, "-f", "-"}, args...)...), toYAML(t, file))
		return err
	}
	t.Cleanup(func() { // before the site's own
		ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
		defer cancel()
		if err := compose(ctx, "down"); err != nil {
			t.Error(err)
		}
	})
	if err := compose(t.Context(), "up", "-d"); err != nil {
		t.Fatal(err)
	}
	wantAnswer(t, port)
	p := s.pod(s.name)
	watch := p.watchEnd()
	if err := compose(t.Context(), "down"); err != nil {
		t.Fatal(err)
	}
	if end := watch(endWithin); end.code != "0" {
		t.Errorf("the pod ended with %s after the signals %s", end.code, end.signals)
	}
	eventually(t, 2*time.Second, p.isGone)
	eventually(t, 2*time.Second, p.gone)
}

// wantAnswer waits until the web pod answers at a published port.
func wantAnswer(t *testing.T, port int) {
	t.Helper()
	eventually(t, startWithin, func() error {
		got, err := ask(t.Context(), port)
		if err == nil && got != webAnswer {
			err = fmt.Errorf("the pod answers %q, want %q", got, webAnswer)
		}
		return err
	})
}

// ask gets the page at a published port of the engine's host.
func ask(ctx context.Context, port int) (string, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, fmt.Sprintf("http://%s/", address(port)), nil)
	if err != nil {
		return "", err
	}
	answer, err := (&http.Client{Timeout: 5 * time.Second}).Do(req)
	if err != nil {
		return "", err
	}
	defer answer.Body.Close()
	body, err := io.ReadAll(answer.Body)
	if err == nil && answer.StatusCode != http.StatusOK {
		err = fmt.Errorf("%s: %s", answer.Status, strings.TrimSpace(string(body)))
	}
	return string(body), err
}

// address is a port of the host that runs the engine.
func address(port int) string {
	host := "127.0.0.1"
	if u, err := url.Parse(os.Getenv("DOCKER_HOST")); err == nil && u.Hostname() != "" {
		host = u.Hostname()
	}
	return net.JoinHostPort(host, fmt.Sprint(port))
}

// exitCode waits for a command that was started, with patience.
func exitCode(t *testing.T, cmd *exec.Cmd) int {
	t.Helper()
	late := time.AfterFunc(endWithin, func() {
		t.Errorf("%s %s did not end within %s", cmd.Args[0], cmd.Args[1], endWithin)
		cmd.Process.Kill()
	})
	defer late.Stop()
	err := cmd.Wait()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		t.Fatal(err)
	}
	return cmd.ProcessState.ExitCode()
}
