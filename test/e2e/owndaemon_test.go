//go:build e2e

package e2e

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/docker/docker/api/types/container"
	"github.com/docker/docker/client"
)

// ownDaemon is an engine of the tests' own, which may be killed and started
// again. It is in no Swarm, and its containers reach nobody but each other.
type ownDaemon struct {
	dir string
	// args is the command, which begins with dockerd or what starts it.
	args []string
	cmd  *exec.Cmd
	out  syncBuffer
	api  *client.Client
}

// startOwnDaemon starts an engine with the storage of the one that the tests
// use, and gives it the tests' images. With live, its containers outlive it.
// Each of change may change its command. The caller ends it.
func startOwnDaemon(ctx context.Context, live bool, change ...func(*ownDaemon) error) (*ownDaemon, error) {
	if os.Getuid() != 0 {
		return nil, errors.New("an engine of the tests' own can be started by root only: run the tests as root")
	}
	if _, err := exec.LookPath("dockerd"); err != nil {
		return nil, errors.New("dockerd is not installed, and the tests kill one of their own: apt-get install docker.io")
	}
	first, err := connect()
	if err != nil {
		return nil, err
	}
	defer first.Close()
	info, err := first.Info(ctx)
	if err != nil {
		return nil, err
	}
	dir, err := os.MkdirTemp("", "podlike-engine") // its path must be short: sockets lie in it
	if err != nil {
		return nil, err
	}
	d := &ownDaemon{dir: dir}
	if err := os.Mkdir(d.path("run"), 0o755); err != nil {
		return d, err
	}
	if err := os.WriteFile(d.path("daemon.json"), []byte("{}"), 0o644); err != nil {
		return d, err
	}
	d.args = []string{
		"dockerd", "--config-file", d.path("daemon.json"), "--host", "unix://" + d.socket(), "--pidfile", d.path("pid"),
		"--data-root", d.path("data"), "--exec-root", d.path("exec"), "--storage-driver", info.Driver,
		"--bridge", d.bridge(), "--iptables=false", "--ip-forward=false", fmt.Sprintf("--live-restore=%v", live),
		// Where a containerd of the system is used, it serves the other engine too.
		"--containerd-namespace", filepath.Base(dir), "--containerd-plugins-namespace", filepath.Base(dir) + "-plugins",
	}
	for _, c := range change {
		if err := c(d); err != nil {
			return d, err
		}
	}
	// With no bridge at all, an engine removes docker0, whosever it is.
	for _, args := range [][]string{
		{"link", "add", d.bridge(), "type", "bridge"},
		{"addr", "add", "169.254.213.1/24", "dev", d.bridge()},
		{"link", "set", d.bridge(), "up"},
	} {
		if _, err := run(exec.CommandContext(ctx, "ip", args...), ""); err != nil {
			return d, err
		}
	}
	if d.api, err = client.NewClientWithOpts(client.WithHost("unix://"+d.socket()), client.WithAPIVersionNegotiation()); err != nil {
		return d, err
	}
	if err := d.start(ctx); err != nil {
		return d, err
	}
	saved, err := first.ImageSave(ctx, []string{pauseImage, supervisorImage, probeImage})
	if err != nil {
		return d, err
	}
	defer saved.Close()
	answer, err := d.api.ImageLoad(ctx, saved)
	if err != nil {
		return d, err
	}
	defer answer.Body.Close()
	return d, buildError(answer.Body)
}

func (d *ownDaemon) path(name string) string { return filepath.Join(d.dir, name) }

func (d *ownDaemon) socket() string { return d.path("run/docker.sock") }

// bridge is the name of its network interface: at most 15 bytes.
func (d *ownDaemon) bridge() string {
	return "pl-" + strings.TrimPrefix(filepath.Base(d.dir), "podlike-engine")
}

// start starts it, for the first time or once more, and waits until it
// answers.
func (d *ownDaemon) start(ctx context.Context) error {
	// One that was killed left these; their numbers may be other processes' now.
	os.Remove(d.path("pid"))
	os.Remove(d.path("exec/containerd/containerd.pid"))
	d.cmd = exec.Command(d.args[0], d.args[1:]...)
	d.cmd.Stdout, d.cmd.Stderr = &d.out, &d.out
	if err := d.cmd.Start(); err != nil {
		return err
	}
	if err := waitFor(ctx, time.Minute, func() error { _, err := d.api.Ping(ctx); return err }); err != nil {
		return fmt.Errorf("the tests' own engine does not answer: %w; it printed:\n%s", err, d.printed())
	}
	return nil
}

// kill kills it, as the kernel does when memory is short.
func (d *ownDaemon) kill() {
	d.cmd.Process.Kill()
	d.cmd.Wait()
}

// printed is the end of its log.
func (d *ownDaemon) printed() string {
	lines := strings.SplitAfter(d.out.String(), "\n")
	return strings.Join(lines[max(0, len(lines)-tail):], "")
}

// end removes it, and all that it made.
func (d *ownDaemon) end() error {
	if d == nil {
		return nil
	}
	ctx, cancel := context.WithTimeout(context.Background(), cleanUpWithin)
	defer cancel()
	if d.cmd != nil && d.cmd.Process != nil {
		all, _ := d.api.ContainerList(ctx, container.ListOptions{All: true})
		for _, c := range all {
			d.api.ContainerRemove(ctx, c.ID, container.RemoveOptions{Force: true, RemoveVolumes: true})
		}
		d.cmd.Process.Signal(syscall.SIGTERM)
		late := time.AfterFunc(30*time.Second, func() { d.cmd.Process.Kill() })
		d.cmd.Wait()
		late.Stop()
	}
	if d.api != nil {
		d.api.Close()
	}
	_, err := run(exec.CommandContext(ctx, "ip", "link", "del", d.bridge()), "")
	if err := waitFor(ctx, 10*time.Second, d.killRest); err != nil {
		return err
	}
	if err := d.unmount(); err != nil {
		return err
	}
	return errors.Join(err, os.RemoveAll(d.dir))
}

// killRest kills what it started: its containerd, and the shims of containers.
// All of them have its directory among their arguments.
func (d *ownDaemon) killRest() error {
	var left []string
	dirs, _ := filepath.Glob("/proc/[0-9]*")
	for _, dir := range dirs {
		pid, _ := strconv.Atoi(filepath.Base(dir))
		args, err := os.ReadFile(filepath.Join(dir, "cmdline"))
		if err != nil || pid == os.Getpid() || !bytes.Contains(args, []byte(d.dir+"/")) {
			continue
		}
		left = append(left, strings.ReplaceAll(string(args), "\x00", " "))
		syscall.Kill(pid, syscall.SIGKILL)
	}
	if len(left) > 0 {
		return fmt.Errorf("these processes of the tests' own engine do not end: %s", strings.Join(left, "; "))
	}
	return nil
}

func (d *ownDaemon) unmount() error {
	mounts, err := os.ReadFile("/proc/self/mountinfo")
	if err != nil {
		return err
	}
	var below []string
	for line := range strings.Lines(string(mounts)) {
		if point := strings.Fields(line)[4]; strings.HasPrefix(point, d.dir+"/") {
			below = append(below, point)
		}
	}
	slices.Sort(below)
	for _, point := range slices.Backward(below) {
		if err := syscall.Unmount(point, syscall.MNT_DETACH); err != nil {
			return fmt.Errorf("cannot unmount %s: %w", point, err)
		}
	}
	return nil
}
