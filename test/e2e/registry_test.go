//go:build e2e

package e2e

import (
	"archive/tar"
	"bytes"
	"context"
	"crypto/rand"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io/fs"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/docker/docker/api/types/container"
	"github.com/docker/docker/api/types/image"
	"github.com/docker/docker/api/types/registry"
	"github.com/docker/docker/api/types/swarm"
	"github.com/docker/docker/client"
	"github.com/docker/docker/pkg/jsonmessage"
)

const (
	registryUser     = "alice"
	registryPassword = "open sesame"
	// htpasswdLine is that login as `htpasswd -nbB` writes it.
	htpasswdLine = "alice:$2a$05$abcdefghijklmnopqrstuupx2xBUC4954936wVIjyyPHmUBFu0wCW\n"
)

// testRegistry is a registry on this machine that wants a login.
type testRegistry struct {
	t       *testing.T
	api     *client.Client
	address string // host:port
	dir     string // of its files
}

// startRegistry starts Debian's docker-registry on the loopback interface,
// which engines accept without TLS; it ends with the test.
func startRegistry(t *testing.T) *testRegistry {
	t.Helper()
	if host := os.Getenv("DOCKER_HOST"); host != "" && !strings.HasPrefix(host, "unix://") {
		t.Skipf("the engine at %s cannot reach a registry on this machine's loopback interface", host)
	}
	program, err := registryProgram()
	if err != nil {
		t.Fatal(err)
	}
	api, err := connect()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { api.Close() })
	r := &testRegistry{t: t, api: api, address: fmt.Sprintf("127.0.0.1:%d", freePort(t)), dir: t.TempDir()}
	config, err := json.Marshal(map[string]any{ // JSON is YAML
		"version": "0.1",
		"log":     map[string]any{"level": "error", "accesslog": map[string]any{"disabled": true}},
		"storage": map[string]any{"filesystem": map[string]any{"rootdirectory": r.dir}},
		"http":    map[string]any{"addr": r.address, "secret": "x"},
		"auth":    map[string]any{"htpasswd": map[string]any{"realm": "e2e", "path": r.file("htpasswd", htpasswdLine)}},
	})
	if err != nil {
		t.Fatal(err)
	}
	var output syncBuffer
	cmd := exec.Command(program, "serve", r.file("config.yml", string(config)))
	cmd.Stdout, cmd.Stderr = &output, &output
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL} // should the tests be killed
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		cmd.Process.Kill()
		cmd.Wait()
		if t.Failed() {
			t.Logf("the registry printed:\n%s", &output)
		}
	})
	eventually(t, 10*time.Second, func() error {
		answer, err := http.Get("http://" + r.address + "/v2/")
		if err != nil {
			return fmt.Errorf("the registry does not answer: %w: %s", err, &output)
		}
		answer.Body.Close()
		if answer.StatusCode != http.StatusUnauthorized {
			return hopeless{fmt.Errorf("the registry answers %s to a stranger", answer.Status)}
		}
		return nil
	})
	return r
}

// file makes a file beside the registry's.
func (r *testRegistry) file(name, content string) string {
	r.t.Helper()
	p := filepath.Join(r.dir, name)
	if err := os.WriteFile(p, []byte(content), 0o644); err != nil {
		r.t.Fatal(err)
	}
	return p
}

// push puts an image of this node into the registry and, but for keep, takes
// the new name off the node again. It returns that name.
func (r *testRegistry) push(source, name string, keep bool) string {
	r.t.Helper()
	ctx := r.t.Context()
	ref := r.address + "/" + name
	if err := r.api.ImageTag(ctx, source, ref); err != nil {
		r.t.Fatal(err)
	}
	r.t.Cleanup(func() { r.forget(ref) })
	login, err := registry.EncodeAuthConfig(registry.AuthConfig{Username: registryUser, Password: registryPassword})
	if err != nil {
		r.t.Fatal(err)
	}
	stream, err := r.api.ImagePush(ctx, ref, image.PushOptions{RegistryAuth: login})
	if err != nil {
		r.t.Fatal(err)
	}
	defer stream.Close()
	if err := jsonmessage.DisplayJSONMessagesStream(stream, new(bytes.Buffer), 0, false, nil); err != nil {
		r.t.Fatalf("cannot push %s: %v", ref, err)
	}
	if !keep {
		r.forget(ref)
	}
	return ref
}

// forget takes a name off the node.
func (r *testRegistry) forget(ref string) {
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	r.api.ImageRemove(ctx, ref, image.RemoveOptions{}) // it may be gone
}

// logins is a config.json with a login for the registry.
func (r *testRegistry) logins(entry map[string]string) string {
	r.t.Helper()
	text, err := json.Marshal(map[string]any{"auths": map[string]any{
		"registry.example": map[string]string{"auth": "bm9ib2R5Om5vdGhpbmc="},
		r.address:          entry,
	}})
	if err != nil {
		r.t.Fatal(err)
	}
	return string(text)
}

func authEntry(password string) map[string]string {
	return map[string]string{"auth": base64.StdEncoding.EncodeToString([]byte(registryUser + ":" + password))}
}

func passwordEntry(password string) map[string]string {
	return map[string]string{"username": registryUser, "password": password}
}

// imageOf is a component that runs the probe from another image.
func imageOf(ref, more string) string {
	return "image: " + ref + "\ncommand: [sleep]\n" + more
}

// wantOneError checks that the pod's errors name something exactly once, in a
// line with all the words, and that no password got into its output.
func wantOneError(t *testing.T, stdout, stderr, once string, words ...string) {
	t.Helper()
	wantLines(t, stderr, [][]string{words})
	if n := strings.Count(stderr, once); n != 1 {
		t.Errorf("the errors have %q %d times, want once:\n%s", once, n, stderr)
	}
	for _, secret := range []string{registryPassword, "wrong password", "d3JvbmcgcGFzc3dvcmQ"} {
		if strings.Contains(stdout+stderr, secret) {
			t.Errorf("a password is in the output:\n%s%s", stdout, stderr)
		}
	}
}

// TestRegistryLogin: images come from a registry that wants a login, given as
// a secret or a config of the service.
func TestRegistryLogin(t *testing.T) {
	t.Parallel()
	r := startRegistry(t)
	const secretPath = "/run/secrets/podlike/dockerregistryauth.json"
	for _, tt := range []struct {
		name   string
		login  map[string]string
		kind   string // what carries the file into the service
		target string
		label  string
		wrong  []string
	}{
		{"auth-entry", authEntry(registryPassword), "secrets", "podlike/dockerregistryauth.json", "", nil},
		{"password-entry", passwordEntry(registryPassword), "secrets", "logins.json", "/run/secrets/logins.json", nil},
		{"config", authEntry(registryPassword), "configs", "/etc/logins.json", "/etc/logins.json", nil},
		{"wrong-password", passwordEntry("wrong password"), "secrets", "podlike/dockerregistryauth.json", "",
			[]string{`component "app"`, r.address, `user "alice"`, secretPath}},
		{"no-login", map[string]string{}, "secrets", "podlike/dockerregistryauth.json", "", []string{`component "app"`, r.address, "no login", secretPath}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			r := &testRegistry{t: t, api: r.api, address: r.address, dir: r.dir}
			ref := r.push(probeImage, "team/"+tt.name+":1", false)
			s := newSwarmSite(t)
			labels := map[string]string{}
			if tt.label != "" {
				labels["pod.registry.credentials"] = tt.label
			}
			v := s.deploy(podSpec{args: []string{"--logs"}, labels: labels,
				components: map[string]string{"app": imageOf(ref, "")},
				more: give(t, tt.kind, map[string]swarmFile{
					"logins": {r.logins(tt.login), map[string]any{"source": "logins", "target": tt.target, "mode": 0o400}},
				})})
			if tt.wrong == nil {
				p := v.running()
				equal(t, "image", p.component("app").Config.Image, ref)
				stdout, _ := v.logs(t.Context()) // it was healthy long after these
				wantLines(t, stdout, [][]string{{"pulling image", ref}, {"pulled image", ref}})
				return
			}
			v.wantEnd(v.ended(startWithin), swarm.TaskStateFailed, 125)
			stdout, stderr := v.logs(t.Context())
			wantOneError(t, stdout, stderr, ref, tt.wrong...)
			if strings.Contains(stdout, "again") {
				t.Errorf("what the registry refused was tried again:\n%s", stdout)
			}
		})
	}
	t.Run("supervisor", func(t *testing.T) {
		t.Parallel()
		r := &testRegistry{t: t, api: r.api, address: r.address, dir: r.dir}
		ref := r.push(supervisorImage, "team/supervisor:1", false)
		s := newSite(t)
		p := s.create(podSpec{
			labels:     map[string]string{"pod.component.supervisor": "image: " + ref, "pod.registry.credentials": "/logins"},
			components: map[string]string{"app": probe("sleep")},
			host: func(h *container.HostConfig) {
				h.Binds = append(h.Binds, r.file("supervisors.json", r.logins(authEntry(registryPassword)))+":/logins:ro")
			},
		})
		p.start()
		p.component("app")
		equal(t, "the supervisor's image", p.component("supervisor").Config.Image, ref)
	})
}

// TestPullPolicy: what pull_policy and --pull say, and what is said of a pull
// that fails.
func TestPullPolicy(t *testing.T) {
	t.Parallel()
	all := startRegistry(t)
	newer := all.variant("newer")
	for _, tt := range []struct {
		name   string
		args   []string
		more   string // of the component
		local  bool   // an older image of that name is on the node
		pulled bool
		code   int // 0: the pod runs
		wrong  []string
	}{
		{name: "always", more: "pull_policy: always\n", local: true, pulled: true},
		{name: "flag", args: []string{"--pull"}, local: true, pulled: true},
		{name: "missing", more: "pull_policy: missing\n", pulled: true},
		{name: "missing-and-there", more: "pull_policy: missing\n", local: true},
		{name: "flag-and-missing", args: []string{"--pull"}, more: "pull_policy: if_not_present\n", local: true},
		{name: "never", more: "pull_policy: never\n", code: 125, wrong: []string{`component "app"`, "not on this node", "pull_policy is never"}},
		{name: "flag-and-never", args: []string{"--pull"}, more: "pull_policy: never\n", code: 125, wrong: []string{"pull_policy is never"}},
		{name: "build", more: "pull_policy: build\n", code: 2, wrong: []string{"pod.component.app, line 3", "pull_policy", "build"}},
		{name: "no-such-tag", code: 125, wrong: []string{`component "app"`, "user \"alice\""}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			r := &testRegistry{t: t, api: all.api, address: all.address, dir: all.dir}
			s := newSite(t)
			ref := r.address + "/policy/" + tt.name + ":1"
			if tt.name != "no-such-tag" {
				ref = r.push(newer, "policy/"+tt.name+":1", false)
			}
			if tt.local {
				if err := r.api.ImageTag(t.Context(), probeImage, ref); err != nil {
					t.Fatal(err)
				}
			}
			p := s.create(podSpec{
				args: append(tt.args, "--logs"), labels: map[string]string{"pod.registry.credentials": "/logins"},
				components: map[string]string{"app": imageOf(ref, tt.more)},
				host: func(h *container.HostConfig) {
					h.Binds = append(h.Binds, r.file(tt.name+".json", r.logins(authEntry(registryPassword)))+":/logins:ro")
				},
			})
			var stdout, stderr syncBuffer
			done := p.attach(&stdout, &stderr)
			p.start()
			if tt.code == 0 {
				want, err := r.api.ImageInspect(t.Context(), map[bool]string{true: newer, false: probeImage}[tt.pulled])
				if err != nil {
					t.Fatal(err)
				}
				equal(t, "image", p.component("app").Image, want.ID)
				waitLines(t, &stdout, [][]string{{`component "app" is running`}})
				equal(t, "the log speaks of a pull", strings.Contains(stdout.String(), "pulling image"), tt.pulled)
				return
			}
			began := time.Now()
			if code := p.wait(startWithin); code != tt.code {
				t.Errorf("the pod ended with %d, want %d", code, tt.code)
			}
			<-done
			wantLines(t, stderr.String(), [][]string{tt.wrong})
			if tt.name == "never" && (strings.Contains(stdout.String(), "pulling") || time.Since(began) > 5*time.Second) {
				t.Errorf("it took %s to say no:\n%s", time.Since(began), &stdout)
			}
		})
	}
}

// TestRegistryTrouble: a registry that does not answer is asked again, and one
// that breaks off in the middle is reported.
func TestRegistryTrouble(t *testing.T) {
	t.Parallel()
	r := startRegistry(t)
	layer := r.push(r.variant("layer"), "broken/layer:1", false)
	r.lose("broken/layer")
	for _, tt := range []struct {
		name, ref string
		tries     int
		words     []string
	}{
		{"down", missingImage, 3, []string{"connection refused", "3 tries"}},
		{"broken", layer, 3, []string{"unknown blob"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			s := newSite(t)
			p := s.create(podSpec{
				args: []string{"--logs"}, labels: map[string]string{"pod.registry.credentials": "/logins"},
				components: map[string]string{"app": imageOf(tt.ref, "")},
				host: func(h *container.HostConfig) {
					h.Binds = append(h.Binds, r.file(tt.name+".json", r.logins(passwordEntry(registryPassword)))+":/logins:ro")
				},
			})
			var stdout, stderr syncBuffer
			done := p.attach(&stdout, &stderr)
			p.start()
			equal(t, "exit code", p.wait(startWithin), 125)
			<-done
			wantOneError(t, stdout.String(), stderr.String(), tt.ref, append(tt.words, `component "app"`, tt.ref)...)
			if n := strings.Count(stdout.String(), "trying again"); n != tt.tries-1 {
				t.Errorf("tried again %d times, want %d:\n%s", n, tt.tries-1, &stdout)
			}
			eventually(t, 2*time.Second, p.gone)
		})
	}
}

// variant makes an image that runs the probe, has a layer of its own, and is
// on the node under the name that it returns.
func (r *testRegistry) variant(name string) string {
	r.t.Helper()
	ctx := r.t.Context()
	made, err := r.api.ContainerCreate(ctx, &container.Config{Image: probeImage}, nil, nil, nil, "")
	if err != nil {
		r.t.Fatal(err)
	}
	defer r.api.ContainerRemove(ctx, made.ID, container.RemoveOptions{Force: true})
	content := make([]byte, 4096)
	rand.Read(content)
	var archive bytes.Buffer
	w := tar.NewWriter(&archive)
	if err := w.WriteHeader(&tar.Header{Name: name, Mode: 0o644, Size: int64(len(content))}); err != nil {
		r.t.Fatal(err)
	}
	w.Write(content)
	w.Close()
	if err := r.api.CopyToContainer(ctx, made.ID, "/", &archive, container.CopyToContainerOptions{}); err != nil {
		r.t.Fatal(err)
	}
	ref := "podlike-e2e/" + name + ":" + strings.TrimPrefix(r.address, "127.0.0.1:")
	if _, err := r.api.ContainerCommit(ctx, made.ID, container.CommitOptions{Reference: ref}); err != nil {
		r.t.Fatal(err)
	}
	r.t.Cleanup(func() { r.forget(ref) })
	return ref
}

// lose makes the registry lose the layers of a repository, and the node all
// that it knows of the variant.
func (r *testRegistry) lose(repository string) {
	r.t.Helper()
	r.forget("podlike-e2e/" + filepath.Base(repository) + ":" + strings.TrimPrefix(r.address, "127.0.0.1:"))
	lost := 0
	root := filepath.Join(r.dir, "docker/registry/v2/repositories", repository, "_layers")
	if err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err == nil && d.Name() == "link" {
			lost++
			err = os.Remove(path)
		}
		return err
	}); err != nil || lost == 0 {
		r.t.Fatalf("the registry lost %d layers: %v", lost, err)
	}
}

// registryProgram is Debian's docker-registry, installed where it is missing,
// once: two apt-gets at a time lock each other out.
var registryProgram = sync.OnceValues(func() (string, error) {
	if program, err := exec.LookPath("docker-registry"); err == nil {
		return program, nil
	}
	const install = "apt-get install -y docker-registry"
	cmd := exec.Command("sh", "-c", install+" || { apt-get update && "+install+"; }")
	// No service: the package's own would take port 5000.
	cmd.Env = append(os.Environ(), "DEBIAN_FRONTEND=noninteractive", "RUNLEVEL=1")
	if out, err := cmd.CombinedOutput(); err != nil {
		return "", fmt.Errorf("docker-registry is not installed, and cannot be: %s: %w\n%s", install, err, out)
	}
	return exec.LookPath("docker-registry")
})
