//go:build e2e

package e2e

import (
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/docker/docker/api/types/container"
)

// mappedRoot is what root is on the node in the containers of a remapped
// engine of the tests.
const mappedRoot = 200_000

// remapped lets an engine map root to another user. The user is known to that
// engine only: it sees copies of the files in /etc that name users.
func remapped(d *ownDaemon) error {
	if err := os.Chmod(d.dir, 0o711); err != nil { // for the mapped root, whose files are below
		return err
	}
	script := ""
	for name, more := range map[string]string{
		"passwd": "podlike-e2e:x:4242:4242::/:/bin/false\n", "group": "podlike-e2e:x:4242:\n",
		"subuid": fmt.Sprintf("podlike-e2e:%d:65536\n", mappedRoot), "subgid": fmt.Sprintf("podlike-e2e:%d:65536\n", mappedRoot),
	} {
		has, err := os.ReadFile("/etc/" + name)
		if err != nil {
			return err
		}
		if err := os.WriteFile(d.path(name), append(has, more...), 0o644); err != nil {
			return err
		}
		script += "mount --bind " + d.path(name) + " /etc/" + name + " && "
	}
	d.args = append([]string{"unshare", "--mount", "--propagation", "private", "sh", "-c", script + `exec "$@"`, "sh"}, d.args...)
	d.args = append(d.args, "--userns-remap", "podlike-e2e")
	return nil
}

// TestUserNamespace: on an engine with userns-remap a pod works where its root
// may use the socket, and else ends with the reason; and so it does in the
// host's user namespace, if that is where its pause is.
func TestUserNamespace(t *testing.T) {
	t.Parallel()
	d, err := startOwnDaemon(t.Context(), false, remapped)
	t.Cleanup(func() {
		if t.Failed() && d != nil {
			t.Logf("the end of its log:\n%s", d.printed())
		}
		if err := d.end(); err != nil {
			t.Error(err)
		}
	})
	if err != nil {
		t.Fatal(err)
	}
	s := &site{t: t, api: d.api, name: siteName(t.Name()), pauses: map[string]bool{}}
	spec := func(mode container.UsernsMode) podSpec {
		return twoComponents(nil, func(h *container.HostConfig) {
			h.Binds = []string{d.socket() + ":/var/run/docker.sock:ro"}
			h.UsernsMode = mode
		})
	}

	pod := s.create(spec(""))
	var stderr, stdout syncBuffer
	done := pod.attach(&stdout, &stderr)
	pod.start()
	if code := pod.wait(startWithin); code != 125 {
		t.Errorf("without access to the socket the pod ended with %d, want 125", code)
	}
	<-done
	if want := fmt.Sprintf("permission denied; root of this container has the group %d on the node", mappedRoot); !strings.Contains(stderr.String(), want) || strings.Count(stderr.String(), "\n") != 1 {
		t.Errorf("want one line with %q:\n%s", want, stderr.String())
	}

	live(t, s, "host", spec("host"))
	if err := os.Chown(d.socket(), -1, mappedRoot); err != nil {
		t.Fatal(err)
	}
	live(t, s, "mapped", spec(""))
}
