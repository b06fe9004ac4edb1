//go:build e2e

package e2e

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"syscall"
	"testing"
	"time"

	"github.com/docker/docker/api/types/swarm"
)

// twoNodes are two Docker hosts in one Swarm, of which the first is the
// manager, and the switch between them.
type twoNodes struct {
	t        *testing.T
	dir      string
	lock     *os.File // held as long as the directory is used
	network  *exec.Cmd
	one, two *node
	// powerless are the pauses that were on a node when it lost its power.
	powerless map[string]bool
}

// startTwoNodes boots two hosts, gives them the tests' images, and joins them
// to a Swarm. They are gone when the test is over.
func startTwoNodes(t *testing.T) *twoNodes {
	t.Helper()
	w := &twoNodes{t: t, powerless: map[string]bool{}}
	t.Cleanup(func() {
		if err := w.end(); err != nil {
			t.Error(err)
		}
	})
	if err := w.start(t.Context()); err != nil {
		t.Fatal(err)
	}
	return w
}

// needs says what is missing for hosts in namespaces.
func needs() error {
	if os.Getuid() != 0 {
		return errors.New("two Docker hosts in namespaces can be made by root only: run the tests as root")
	}
	for program, from := range map[string]string{
		"dockerd": "docker.io", "ip": "iproute2", "iptables": "iptables", "nsenter": "util-linux", "mount": "mount",
	} {
		if _, err := exec.LookPath(program); err != nil {
			return fmt.Errorf("%s is not installed, and the tests make two Docker hosts in namespaces: apt-get install %s", program, from)
		}
	}
	return nil
}

func (w *twoNodes) start(ctx context.Context) error {
	if err := needs(); err != nil {
		return err
	}
	first, err := connect()
	if err != nil {
		return err
	}
	defer first.Close()
	info, err := first.Info(ctx)
	if err != nil {
		return err
	}
	if err := w.makeDir(); err != nil {
		return err
	}
	if err := w.makeSwitch(); err != nil {
		return err
	}
	for i, n := range []**node{&w.one, &w.two} {
		*n = &node{
			name: fmt.Sprintf("node-%d", i+1), address: fmt.Sprintf("192.0.2.1%d", i+1), // a network for examples
			dir: filepath.Join(w.dir, strconv.Itoa(i+1)), driver: info.Driver,
		}
		if err := os.Mkdir((*n).dir, 0o755); err != nil {
			return err
		}
		if err := w.boot(ctx, *n); err != nil {
			return err
		}
	}
	saved, err := first.ImageSave(ctx, []string{pauseImage, supervisorImage, probeImage})
	if err != nil {
		return err
	}
	defer saved.Close()
	images, err := io.ReadAll(saved)
	if err != nil {
		return err
	}
	for _, n := range []*node{w.one, w.two} {
		answer, err := n.api.ImageLoad(ctx, bytes.NewReader(images))
		if err != nil {
			return err
		}
		err = buildError(answer.Body)
		answer.Body.Close()
		if err != nil {
			return err
		}
	}
	return w.join(ctx)
}

// join makes the Swarm. It misses a dead node after some 6 s, not 15, and
// keeps no container of a task that is over: what is there then was left.
func (w *twoNodes) join(ctx context.Context) error {
	none := int64(0)
	if _, err := w.one.api.SwarmInit(ctx, swarm.InitRequest{
		ListenAddr: "0.0.0.0:2377", AdvertiseAddr: w.one.address,
		Spec: swarm.Spec{
			Orchestration: swarm.OrchestrationConfig{TaskHistoryRetentionLimit: &none},
			Dispatcher:    swarm.DispatcherConfig{HeartbeatPeriod: 2 * time.Second},
		},
	}); err != nil {
		return fmt.Errorf("cannot make a Swarm on %s: %w", w.one.name, err)
	}
	made, err := w.one.api.SwarmInspect(ctx)
	if err != nil {
		return err
	}
	if err := w.two.api.SwarmJoin(ctx, swarm.JoinRequest{
		ListenAddr: "0.0.0.0:2377", AdvertiseAddr: w.two.address,
		JoinToken: made.JoinTokens.Worker, RemoteAddrs: []string{w.one.address + ":2377"},
	}); err != nil {
		return fmt.Errorf("%s cannot join the Swarm: %w", w.two.name, err)
	}
	return nil
}

// nodesPattern is how the directories of these tests are named. The path is
// short: sockets lie there.
const nodesPattern = "podlike-nodes*"

// makeDir makes a directory that is locked while its test runs, and removes
// those that killed tests left.
func (w *twoNodes) makeDir() error {
	old, _ := filepath.Glob(filepath.Join(os.TempDir(), nodesPattern))
	for _, dir := range old {
		lock, err := lockDir(dir)
		if errors.Is(err, syscall.EWOULDBLOCK) || errors.Is(err, os.ErrNotExist) {
			continue // it is in use, or gone
		}
		if err == nil {
			err = removeDisks(dir, lock)
		}
		if err != nil {
			return fmt.Errorf("cannot remove what a killed test left in %s: %w", dir, err)
		}
	}
	var err error
	if w.dir, err = os.MkdirTemp("", nodesPattern); err != nil {
		return err
	}
	w.lock, err = lockDir(w.dir)
	return err
}

func lockDir(dir string) (*os.File, error) {
	f, err := os.Open(dir)
	if err != nil {
		return nil, err
	}
	if err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		f.Close()
		return nil, err
	}
	return f, nil
}

// removeDisks removes the disks of nodes without power, and their cgroups.
func removeDisks(dir string, lock *os.File) error {
	defer lock.Close()
	var failed []error
	disks, _ := filepath.Glob(filepath.Join(dir, "[0-9]"))
	for _, disk := range disks {
		failed = append(failed, dropCgroups(onDisk(disk)))
	}
	return errors.Join(append(failed, os.RemoveAll(dir))...)
}

// makeSwitch makes the network between the nodes, in a namespace of its own:
// neither its bridge nor a cable's end is this machine's, and no rule of this
// machine's firewall is asked.
func (w *twoNodes) makeSwitch() error {
	w.network = exec.Command("sh", "-c", "ip link add switch type bridge && ip link set switch up && echo up && exec cat")
	w.network.SysProcAttr = &syscall.SysProcAttr{Cloneflags: syscall.CLONE_NEWNET, Pdeathsig: syscall.SIGKILL}
	if _, err := w.network.StdinPipe(); err != nil { // cat waits for it
		return err
	}
	var complaint bytes.Buffer
	w.network.Stderr = &complaint
	said, err := w.network.StdoutPipe()
	if err != nil {
		return err
	}
	if err := w.network.Start(); err != nil {
		w.network = nil
		return fmt.Errorf("cannot make a network namespace: %w", err)
	}
	if _, err := io.ReadFull(said, make([]byte, len("up\n"))); err != nil {
		w.network.Wait()
		w.network = nil
		return fmt.Errorf("cannot make a bridge between the nodes: %w: %s", err, &complaint)
	}
	return nil
}

// ip runs ip where the switch is.
func (w *twoNodes) ip(ctx context.Context, args ...string) error {
	args = append([]string{"-t", strconv.Itoa(w.network.Process.Pid), "-n", "ip"}, args...)
	_, err := run(exec.CommandContext(ctx, "nsenter", args...), "")
	return err
}

func (w *twoNodes) boot(ctx context.Context, n *node) error {
	return n.boot(ctx, func(pid int) error {
		if err := w.ip(ctx, "link", "add", n.name, "type", "veth", "peer", "name", "eth0", "netns", strconv.Itoa(pid)); err != nil {
			return err
		}
		return w.ip(ctx, "link", "set", n.name, "master", "switch", "up")
	})
}

// losePower takes a node's power. The kernel removes a namespace's cables later
// than its last process: this end is removed here, so that its name is free.
func (w *twoNodes) losePower(n *node) error {
	return errors.Join(w.ip(w.t.Context(), "link", "del", n.name), n.losePower())
}

// cut pulls a node's cable, and heal puts it in again.
func (w *twoNodes) cut(n *node) error  { return w.ip(w.t.Context(), "link", "set", n.name, "down") }
func (w *twoNodes) heal(n *node) error { return w.ip(w.t.Context(), "link", "set", n.name, "up") }

// end removes the nodes, and all that they made.
func (w *twoNodes) end() error {
	var failed []error
	for _, n := range []*node{w.one, w.two} {
		if n == nil {
			continue
		}
		if w.t.Failed() {
			w.t.Logf("the end of the log of %s:\n%s", n.name, n.printed())
		}
		failed = append(failed, n.losePower())
		if n.api != nil {
			n.api.Close()
		}
	}
	if w.network != nil {
		w.network.Process.Kill()
		w.network.Wait()
	}
	if w.lock != nil {
		failed = append(failed, removeDisks(w.dir, w.lock))
	}
	return errors.Join(failed...)
}
