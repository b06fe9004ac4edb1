//go:build e2e

package e2e

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"time"

	"github.com/docker/docker/client"
)

// node is a Docker host of the tests' own, in namespaces: it has its own
// network, processes, mounts and engine, and a disk that outlives a loss of
// power. Nothing of its network is on this machine's.
type node struct {
	name    string // its host name, too
	address string
	dir     string // its disk, and the engine's socket
	driver  string // the engine's storage driver

	power *exec.Cmd // the first process: all others end with it
	out   syncBuffer
	api   *client.Client
}

// bootNode is what the first process of a node does, with the node's name, its
// directory, its address and the storage driver as arguments. It waits for a
// line, which says that the network's cable is there.
const bootNode = `set -eu
mount --make-rprivate /
mount -t proc proc /proc
echo "$1" >/proc/sys/kernel/hostname
# The overlay network's driver reads /sys of this network namespace. A fresh one
# comes without the cgroups.
mkdir -p "$2/cgroup"
mount --rbind /sys/fs/cgroup "$2/cgroup"
mount -t sysfs sysfs /sys
mount --rbind "$2/cgroup" /sys/fs/cgroup
# What a boot makes empty: pid files, namespaces, sockets, also that of a
# containerd which is somebody else's.
mount -t tmpfs tmpfs /run
# A name server that refuses at once: else Swarm looks for each image in a
# registry for 5 to 20 s.
resolv=$(readlink -f /etc/resolv.conf || echo /etc/resolv.conf)
mkdir -p "${resolv%/*}"
[ -e "$resolv" ] || : >"$resolv"
echo nameserver 127.0.0.1 >"$2/resolv.conf"
mount --bind "$2/resolv.conf" "$resolv"
echo '{}' >"$2/daemon.json"
read -r _
ip link set lo up
ip addr add "$3/24" dev eth0
ip link set eth0 up
ip route add default via "${3%.*}.1" # nobody is there, but Swarm wants one
dockerd --config-file "$2/daemon.json" --host "unix://$2/docker.sock" --host unix:///run/docker.sock \
	--data-root "$2/data" --storage-driver "$4" --exec-opt native.cgroupdriver=cgroupfs &
engine=$!
while kill -0 $engine 2>/dev/null; do wait $engine || :; done # and whoever else becomes its child`

// boot starts the node, for the first time or with the disk that it had, and
// waits until its engine answers. plug puts in the cable of a node whose first
// process has this ID.
func (n *node) boot(ctx context.Context, plug func(pid int) error) error {
	n.power = exec.Command("sh", "-c", bootNode, "sh", n.name, n.dir, n.address, n.driver)
	n.power.Stdout, n.power.Stderr = &n.out, &n.out
	n.power.SysProcAttr = &syscall.SysProcAttr{
		Cloneflags: syscall.CLONE_NEWNET | syscall.CLONE_NEWNS | syscall.CLONE_NEWUTS | syscall.CLONE_NEWIPC | syscall.CLONE_NEWPID,
		Pdeathsig:  syscall.SIGKILL, // nothing runs on when the tests are killed
	}
	start, err := n.power.StdinPipe()
	if err != nil {
		return err
	}
	if err := n.power.Start(); err != nil {
		n.power = nil
		return fmt.Errorf("cannot make the namespaces of %s: %w", n.name, err)
	}
	if err := plug(n.power.Process.Pid); err != nil {
		return err
	}
	if _, err := io.WriteString(start, "\n"); err != nil {
		return fmt.Errorf("%s does not boot: %w; it printed:\n%s", n.name, err, n.printed())
	}
	if n.api == nil {
		if n.api, err = client.NewClientWithOpts(client.WithHost("unix://"+n.dir+"/docker.sock"), client.WithAPIVersionNegotiation()); err != nil {
			return err
		}
	}
	if err := waitFor(ctx, time.Minute, func() error { _, err := n.api.Ping(ctx); return err }); err != nil {
		return fmt.Errorf("the engine of %s does not answer: %w; it printed:\n%s", n.name, err, n.printed())
	}
	return nil
}

// losePower ends every process of the node at once. The cgroups, which are this
// machine's, go as they would with the kernel of a real one.
func (n *node) losePower() error {
	if n.power != nil {
		n.power.Process.Kill()
		n.power.Wait()
		n.power = nil
	}
	return n.dropCgroups()
}

// docker runs the docker command on the node.
func (n *node) docker(ctx context.Context, input string, args ...string) (string, error) {
	return run(exec.CommandContext(ctx, "docker", append([]string{"--host", "unix://" + n.dir + "/docker.sock"}, args...)...), input)
}

// printed is the end of the engine's log.
func (n *node) printed() string {
	lines := strings.SplitAfter(n.out.String(), "\n")
	return strings.Join(lines[max(0, len(lines)-tail):], "")
}

// onDisk are the IDs of the containers that the node's disk has.
func onDisk(dir string) []string {
	found, _ := filepath.Glob(filepath.Join(dir, "data/containers/*"))
	for i := range found {
		found[i] = filepath.Base(found[i])
	}
	return found
}

func (n *node) dropCgroups() error { return dropCgroups(onDisk(n.dir)) }

// dropCgroups removes the cgroups of containers that run no more.
func dropCgroups(ids []string) error {
	var failed []error
	for _, id := range ids {
		for _, dir := range cgroups(id) {
			var all []string
			filepath.WalkDir(dir, func(path string, d os.DirEntry, err error) error {
				if err == nil && d.IsDir() {
					all = append(all, path)
				}
				return nil
			})
			for _, path := range slices.Backward(all) {
				if err := syscall.Rmdir(path); err != nil && !errors.Is(err, os.ErrNotExist) {
					failed = append(failed, fmt.Errorf("cannot remove the cgroup %s: %w", path, err))
				}
			}
		}
	}
	return errors.Join(failed...)
}
