//go:build e2e

package e2e

import (
	"errors"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/docker/docker/api/types/container"
	"github.com/docker/docker/api/types/network"
	"github.com/docker/docker/api/types/swarm"
)

// twoComponents is a pod for live, with this way to its engine.
func twoComponents(env []string, host func(*container.HostConfig)) podSpec {
	return podSpec{
		args:       []string{"--logs"},
		components: map[string]string{"app": probe("exit-on", "USR1", "5"), "side": probe("sleep")},
		noSocket:   true, env: env, host: host,
	}
}

// live lets a pod of app and side start, lose its supervisor, and stop.
func live(t *testing.T, s *site, name string, spec podSpec) {
	t.Helper()
	defer func(name string) { s.name = name }(s.name)
	s.name += "." + name
	pod := s.create(spec)
	var stdout, stderr syncBuffer
	done := pod.attach(&stdout, &stderr)
	pod.start()
	said(t, &stdout, "the pod is healthy")
	side := pod.component("side")
	s.signal(pod.component("supervisor").ID, "SIGKILL")
	said(t, &stdout, "taking the pod over")
	said(t, &stdout, `component "side" is running already`)
	if again := pod.component("side"); again.ID != side.ID || again.State.StartedAt != side.State.StartedAt {
		t.Error("another supervisor disturbed a component")
	}
	s.signal(pod.id, "SIGTERM")
	if code := pod.wait(endWithin); code != 0 {
		t.Errorf("%s: the pod ended with %d, want 0", name, code)
	}
	<-done
	eventually(t, 5*time.Second, pod.gone)
	if said := stderr.String(); said != "podlike: the supervisor is gone without a verdict; starting another\n" {
		t.Errorf("%s: it complained:\n%s", name, said)
	}
}

// TestReadOnlySocket: a socket that is mounted for reading only, as a file or
// in its directory, is enough, and the supervisor has it no other way.
func TestReadOnlySocket(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	for name, way := range map[string]struct {
		bind string
		env  []string
	}{
		"file":      {socket() + ":/var/run/docker.sock:ro", nil},
		"directory": {filepath.Dir(strictProxy(t)) + ":/engine:ro", []string{"DOCKER_HOST=unix:///engine/docker.sock"}},
	} {
		_, target, _ := strings.Cut(strings.TrimSuffix(way.bind, ":ro"), ":")
		pod := s.create(twoComponents(way.env, func(h *container.HostConfig) { h.Binds = []string{way.bind} }))
		pod.start()
		found := false
		for _, m := range pod.component("supervisor").Mounts {
			if m.Destination != target {
				continue
			}
			if found = true; m.RW {
				t.Errorf("%s: the supervisor's mount of %s can be written to", name, target)
			}
		}
		if !found {
			t.Errorf("%s: the supervisor has no mount of %s", name, target)
		}
		s.signal(pod.id, "SIGTERM")
		pod.wait(endWithin)
		s.removeAll()
		live(t, s, name, twoComponents(way.env, func(h *container.HostConfig) { h.Binds = []string{way.bind} }))
	}
}

// TestPlainTCP: a pod in a network of its own reaches its engine through the
// network's gateway.
func TestPlainTCP(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	bridge, err := s.api.NetworkInspect(t.Context(), "bridge", network.InspectOptions{})
	if err != nil {
		t.Fatal(err)
	}
	ways, err := net.InterfaceByName(bridge.Options["com.docker.network.bridge.name"])
	if err != nil {
		t.Fatal(err)
	}
	addresses, err := ways.Addrs()
	if err != nil || len(addresses) == 0 {
		t.Fatalf("the bridge has the addresses %v, %v", addresses, err)
	}
	listener, err := net.Listen("tcp", addresses[0].(*net.IPNet).IP.String()+":0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { listener.Close() })
	go passAll(listener)
	live(t, s, "tcp", twoComponents([]string{"DOCKER_HOST=tcp://" + listener.Addr().String()}, nil))
}

// TestTLSFromSecrets: certificates that are Swarm secrets, which supervisors
// have only through the pause: the first, its replacement, and one whose pause
// was killed.
func TestTLSFromSecrets(t *testing.T) {
	t.Parallel()
	s := newSwarmSite(t)
	certs := newCertificates(t)
	address := tlsProxy(t, certs.server, certs.pool)
	files := map[string]swarmFile{}
	for _, name := range []string{"ca.pem", "cert.pem", "key.pem"} {
		content, err := os.ReadFile(filepath.Join(certs.dir, name))
		if err != nil {
			t.Fatal(err)
		}
		short := strings.TrimSuffix(name, ".pem")
		files[short] = swarmFile{string(content), map[string]any{"source": short, "target": name, "mode": 0o400}}
	}
	spec := twoComponents(nil, nil)
	spec.more = both(give(t, "secrets", files), func(service, file map[string]any) {
		service["environment"] = []string{"DOCKER_HOST=tcp://" + address, "DOCKER_TLS_VERIFY=1", "DOCKER_CERT_PATH=/run/secrets"}
		service["networks"] = []string{"node"}
		delete(service["deploy"].(map[string]any), "endpoint_mode")
		file["networks"] = map[string]any{"node": map[string]any{"external": true, "name": "host"}}
	})
	service := s.deploy(spec)
	pod := service.running()
	app := pod.component("app")
	s.killHard(pod.component("supervisor"))
	eventually(t, startWithin, func() error {
		if stdout, _ := service.logs(t.Context()); !strings.Contains(stdout, "taking the pod over") {
			return errors.New("no other supervisor took the pod over")
		}
		return nil
	})
	if again := pod.component("app"); again.ID != app.ID || again.State.StartedAt != app.State.StartedAt {
		t.Error("another supervisor disturbed a component")
	}
	pause, err := s.api.ContainerInspect(t.Context(), pod.id)
	if err != nil {
		t.Fatal(err)
	}
	s.killHard(pause)
	eventually(t, 20*time.Second, pod.gone)
	service.wantEnd(service.ended(endWithin), swarm.TaskStateFailed, 137)
}

// passAll passes connections on to the engine until the listener is closed.
func passAll(listener net.Listener) {
	for {
		from, err := listener.Accept()
		if err != nil {
			return
		}
		go pass(from)
	}
}
