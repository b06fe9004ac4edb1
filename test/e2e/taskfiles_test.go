//go:build e2e

package e2e

import (
	"archive/tar"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/docker/docker/api/types/container"
	"github.com/docker/docker/api/types/filters"
	"github.com/docker/docker/api/types/swarm"
	"github.com/docker/docker/api/types/volume"
)

// newSwarmSite is newSite for a stack with configs and secrets, which can only
// be removed after the service.
func newSwarmSite(t *testing.T) *site {
	t.Helper()
	t.Cleanup(func() { removeSwarmFiles(t, siteName(t.Name())) })
	removeSwarmFiles(t, siteName(t.Name())) // what an interrupted run left
	return newSite(t)
}

func removeSwarmFiles(t *testing.T, stack string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	api, err := connect()
	if err != nil {
		t.Fatal(err)
	}
	defer api.Close()
	byStack := filters.NewArgs(filters.Arg("label", stackLabel+"="+stack))
	secrets, err := api.SecretList(ctx, swarm.SecretListOptions{Filters: byStack})
	if err != nil {
		t.Error(err)
	}
	for _, s := range secrets {
		if err := api.SecretRemove(ctx, s.ID); err != nil {
			t.Error(err)
		}
	}
	configs, err := api.ConfigList(ctx, swarm.ConfigListOptions{Filters: byStack})
	if err != nil {
		t.Error(err)
	}
	for _, c := range configs {
		if err := api.ConfigRemove(ctx, c.ID); err != nil {
			t.Error(err)
		}
	}
}

// swarmFile is a config or a secret: its content, and the service's entries.
type swarmFile struct {
	content string
	entry   any // what stands in the service's list: a name, or the long form
}

// give makes the service of a stack have configs and secrets.
func give(t *testing.T, kind string, files map[string]swarmFile) func(service, file map[string]any) {
	t.Helper()
	dir := t.TempDir()
	return func(service, file map[string]any) {
		var entries []any
		all := map[string]any{}
		for name, f := range files {
			p := filepath.Join(dir, name)
			if err := os.WriteFile(p, []byte(f.content), 0o600); err != nil {
				t.Fatal(err)
			}
			all[name] = map[string]any{"file": p}
			entries = append(entries, f.entry)
		}
		file[kind], service[kind] = all, entries
	}
}

// both is two changes of the service.
func both(a, b func(service, file map[string]any)) func(service, file map[string]any) {
	return func(service, file map[string]any) {
		a(service, file)
		b(service, file)
	}
}

// fileFacts is what the probe's stat prints.
type fileFacts struct {
	Name     string
	Mode     fs.FileMode
	UID, GID int
	Size     int64
	ModTime  time.Time
	InMemory bool
	Total    int64
	ReadOnly bool
}

func (p *runningPod) stat(component, name string) fileFacts {
	p.t.Helper()
	var f fileFacts
	if err := json.Unmarshal([]byte(p.mustExec(component, "stat", name)), &f); err != nil {
		p.t.Fatal(err)
	}
	return f
}

// owned is how a test writes mode and owner.
func (f fileFacts) owned() string { return fmt.Sprintf("%04o %d:%d", f.Mode.Perm(), f.UID, f.GID) }

const (
	tokenContent  = "a-token-that-nobody-may-keep-7c1d"
	keyContent    = "a-key-that-nobody-may-keep-e90b"
	configContent = "a-setting-that-nobody-needs-to-keep-55aa"
)

// swarmFiles are in the service: two secrets and two configs, the short and
// the long form of each.
func swarmFiles(t *testing.T) func(service, file map[string]any) {
	return both(
		give(t, "secrets", map[string]swarmFile{
			"token": {tokenContent, "token"},
			"key":   {keyContent, map[string]any{"source": "key", "target": "tls.key", "uid": "1000", "gid": "1001", "mode": 0o400}},
		}),
		give(t, "configs", map[string]swarmFile{
			"motd":     {configContent, "motd"},
			"settings": {configContent, map[string]any{"source": "settings", "target": "/etc/app/settings.conf", "uid": "1000", "mode": 0o440}},
		}))
}

// TestSecretsAndConfigs: the task's files are in the components that name
// them, in memory, with the owner and the mode that was asked for; nowhere
// else, and never in a container's own file system.
func TestSecretsAndConfigs(t *testing.T) {
	t.Parallel()
	s := newSwarmSite(t)
	v := s.deploy(podSpec{args: []string{"--logs"}, more: swarmFiles(t), components: map[string]string{
		"app": probe("sleep") + `
user: "1000"
secrets:
  - token
  - {source: tls.key, target: app.key, uid: "1000", gid: "1001", mode: 0400}
configs:
  - motd
  - source: /etc/app/settings.conf
    target: /settings
`,
		"other": probe("sleep"),
		// Not as the service has them.
		"chosen": probe("sleep") + `
restart: always
secrets:
  - {source: token, target: mine, uid: 7, gid: "8", mode: 0640}
  - {source: /run/secrets/tls.key, target: /deep/in/there, uid: "7"}
configs:
  - {source: motd, mode: 0400}
`,
	}})
	p := v.running()
	for _, name := range []string{"app", "other", "chosen"} {
		p.component(name)
	}
	type expected struct{ component, name, owned, content string }
	for _, tt := range []expected{
		{"app", "/run/secrets/token", "0444 0:0", tokenContent},
		{"app", "/run/secrets/app.key", "0400 1000:1001", keyContent},
		{"app", "/motd", "0444 0:0", configContent},
		{"app", "/settings", "0440 1000:0", configContent},
		{"chosen", "/run/secrets/mine", "0640 7:8", tokenContent},
		{"chosen", "/deep/in/there", "0400 7:1001", keyContent},
		{"chosen", "/motd", "0400 0:0", configContent},
	} {
		f := p.stat(tt.component, tt.name)
		if got := f.owned(); got != tt.owned {
			t.Errorf("%s has %s as %s, want %s", tt.component, tt.name, got, tt.owned)
		}
		if !f.InMemory || !f.ReadOnly {
			t.Errorf("%s in %s: in memory %v, read-only %v", tt.name, tt.component, f.InMemory, f.ReadOnly)
		}
		if got := p.mustExec(tt.component, "cat", tt.name); got != tt.content {
			t.Errorf("%s reads %q in %s", tt.component, got, tt.name)
		}
		if _, err := p.exec(tt.component, "write", tt.name, "x"); err == nil {
			t.Errorf("%s can write to %s", tt.component, tt.name)
		}
	}
	for _, name := range []string{"/run/secrets", "/motd", "/settings", "/etc/app", "/held"} {
		if _, err := p.exec("other", "exists", name); err == nil {
			t.Errorf("there is %s in the component that named nothing", name)
		}
	}
	for _, name := range []string{"app", "other", "chosen", "supervisor"} {
		s.wantNoSecrets(p.component(name).ID)
	}

	// What a restarted component gets is the same.
	before := p.component("chosen")
	s.signal(before.ID, "KILL")
	eventually(t, startWithin, func() error {
		c, err := s.api.ContainerInspect(t.Context(), p.name+".podlike.chosen")
		if err == nil && (c.ID == before.ID || !c.State.Running) {
			err = errors.New("the component was not restarted")
		}
		return err
	})
	if got := p.mustExec("chosen", "cat", "/run/secrets/mine"); got != tokenContent {
		t.Errorf("after its restart the component reads %q", got)
	}

	held := s.volumesOf(p.id)
	if len(held) != 1 {
		t.Errorf("the volumes of the pod are %q, want the one for its copies of secrets", held)
	}
	v.remove()
	eventually(t, endWithin, p.gone)
	if left := s.volumesOf(p.id); len(left) > 0 {
		t.Errorf("left behind: the volumes %q", left)
	}
	for _, name := range held {
		if mounts, err := os.ReadFile("/proc/mounts"); err == nil && strings.Contains(string(mounts), name) {
			t.Errorf("the volume %s is still mounted", name)
		}
	}
}

// volumesOf lists the volumes that carry the pod's label.
func (s *site) volumesOf(pause string) []string {
	s.t.Helper()
	list, err := s.api.VolumeList(s.t.Context(), volume.ListOptions{Filters: filters.NewArgs(filters.Arg("label", "podlike.pod="+pause))})
	if err != nil {
		s.t.Fatal(err)
	}
	var names []string
	for _, v := range list.Volumes {
		names = append(names, v.Name)
	}
	return names
}

// wantNoSecrets looks at all that the engine keeps of a container. The places
// where files are mounted may be there, as empty files.
func (s *site) wantNoSecrets(id string) {
	s.t.Helper()
	ctx := s.t.Context()
	stream, err := s.api.ContainerExport(ctx, id)
	if err != nil {
		s.t.Fatal(err)
	}
	defer stream.Close()
	exported := map[string]int64{}
	for r := tar.NewReader(stream); ; {
		h, err := r.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			s.t.Fatal(err)
		}
		exported["/"+strings.TrimSuffix(h.Name, "/")] = h.Size
		content, err := io.ReadAll(r)
		if err != nil {
			s.t.Fatal(err)
		}
		for _, secret := range []string{tokenContent, keyContent, configContent} {
			if bytes.Contains(content, []byte(secret)) {
				s.t.Errorf("%s of container %.12s is in its export", h.Name, id)
			}
		}
	}
	changes, err := s.api.ContainerDiff(ctx, id)
	if err != nil {
		s.t.Fatal(err)
	}
	for _, c := range changes {
		if size := exported[c.Path]; size > 0 && c.Kind != container.ChangeDelete {
			s.t.Errorf("%s of container %.12s was changed to %d bytes", c.Path, id, size)
		}
	}
}

// TestFilesThatAreNotThere: all that is missing is one error, before anything
// starts.
func TestFilesThatAreNotThere(t *testing.T) {
	t.Parallel()
	s := newSwarmSite(t)
	v := s.deploy(podSpec{
		args: []string{"--logs"}, more: swarmFiles(t),
		components: map[string]string{
			"app": probe("sleep") + "secrets: [token, tokn]\nconfigs: [settings]\n",
			"web": probe("sleep"),
		},
		labels: map[string]string{
			"pod.init.components": "- " + strings.ReplaceAll(strings.TrimSpace(probe("cat", "/probe")), "\n", "\n  ") + "\n",
			"pod.copy.web":        "[/motd:/motd, /etc/nothing:/x]",
			"pod.copy.init-1":     "/neither:/y",
		},
	})
	v.wantEnd(v.ended(startWithin), swarm.TaskStateFailed, 2)
	stdout, stderr := v.logs(t.Context())
	wantLines(t, stderr, [][]string{
		{"3 mistakes"},
		{"pod.copy.web", "/etc/nothing", "no such file"},
		{"pod.copy.init-1", "/neither", "no such file"},
		{`component "app"`, `no secret "tokn"`, "/run/secrets/token", "/run/secrets/tls.key"},
		{`no config "settings"`, "/etc/app/settings.conf"},
	})
	for _, word := range []string{"starting", "pulling", "copied"} {
		if strings.Contains(stdout+stderr, word) {
			t.Errorf("something was begun (%q):\n%s", word, stdout)
		}
	}
	if strings.Contains(stderr, `"/motd"`) {
		t.Errorf("a file that is there is missed:\n%s", stderr)
	}
}
