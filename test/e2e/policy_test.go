//go:build e2e

package e2e

import (
	"context"
	"slices"
	"testing"
	"time"

	"github.com/docker/docker/api/types/image"
)

// denying builds an image of the pause that denies, as an administrator would.
func (s *site) denying(words string) string {
	s.t.Helper()
	ref := "podlike-e2e/" + s.name + ":dev"
	if _, err := s.docker(s.t.Context(), "FROM "+pauseImage+"\nLABEL podlike.deny=\""+words+"\"\n", "build", "-q", "-t", ref, "-"); err != nil {
		s.t.Fatal(err)
	}
	s.t.Cleanup(func() { s.api.ImageRemove(context.Background(), ref, image.RemoveOptions{Force: true}) })
	return ref
}

// TestDenied: what is denied ends the pod with 2 and one error, before there is
// any container; the image's word stands whatever the service says.
func TestDenied(t *testing.T) {
	for _, tt := range []struct {
		name, image string
		pod         podSpec
		log         [][]string
	}{
		{"argument", "", podSpec{args: []string{"--deny=privileged,host-pid", "--deny=host-binds"}, components: map[string]string{
			"app":  probe("sleep") + "privileged: true\npid: host\nipc: host\n",
			"side": probe("sleep") + "volumes:\n- /data\n- /etc:/host-etc\n",
		}}, [][]string{{"3 mistakes"},
			{"pod.component.app, line 3", "privileged", "denied (privileged)"}, {"pod.component.app, line 4", "pid", "denied (host-pid)"},
			{"pod.component.side, line 5", "volumes[1]", "/etc", "denied (host-binds)"}}},
		{"unknown-word", "", podSpec{args: []string{"--deny=priviliged"}, components: map[string]string{"app": probe("sleep")}},
			[][]string{{"--deny", `"priviliged"`, `did you mean "privileged"?`}}},
		{"image", "all", podSpec{
			args:       []string{"--deny=privileged"},
			labels:     map[string]string{"podlike.deny": ""},
			components: map[string]string{"app": probe("sleep") + "cap_add: [SYS_ADMIN]\n"},
		}, [][]string{{"pod.component.app, line 3", "SYS_ADMIN", "denied (capabilities)"}}},
		{"image-misspelt", "al", podSpec{components: map[string]string{"app": probe("sleep")}},
			[][]string{{"label podlike.deny", `"al"`, `did you mean "all"?`}}},
		{"supervisor", "host-ipc", podSpec{
			labels:     map[string]string{"pod.component.supervisor": "image: " + probeImage + "\ncommand: [sleep]\n"},
			components: map[string]string{"app": probe("sleep")},
		}, [][]string{{"pod.component.supervisor, line 1", "image", "denied (supervisor)"}, {"pod.component.supervisor, line 2", "command"}}},
		{"supervisor-and-bad-argument", "", podSpec{
			args:       []string{"--deny=docker-sockets"},
			labels:     map[string]string{"pod.component.supervisor": "image: " + probeImage},
			components: map[string]string{"app": probe("sleep")},
		}, [][]string{{"--deny", `did you mean "docker-socket"?`}}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			s := newSite(t)
			if tt.image != "" {
				tt.pod.image = s.denying(tt.image)
			}
			made := s.watchCreated()
			p := s.create(tt.pod)
			var output syncBuffer
			done := p.attach(&output, &output)
			p.start()
			equal(t, "exit code", p.wait(startWithin), 2)
			<-done
			wantLines(t, output.String(), tt.log)
			names := made()
			if tt.name == "argument" && !slices.Contains(names, p.name+".podlike-supervisor") {
				t.Errorf("only %q are seen to be made, which proves nothing", names)
			}
			for _, name := range names {
				if name != p.name && name != p.name+".podlike-supervisor" {
					t.Errorf("%s was made", name)
				}
				if name == p.name+".podlike-supervisor" && tt.pod.labels["pod.component.supervisor"] != "" {
					t.Error("the supervisor was made")
				}
			}
		})
	}
}

// TestAllDenied: an ordinary pod does not notice that everything is denied.
func TestAllDenied(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	p := s.create(podSpec{image: s.denying("all"), args: []string{"--volumes"}, components: map[string]string{
		"app":  probe("sleep") + "volumes: [/data]\ncap_drop: [ALL]\n",
		"side": probe("exit", "7", "2s"),
	}, labels: map[string]string{"pod.component.supervisor": "mem_limit: 64m"}})
	p.start()
	p.component("app")
	equal(t, "exit code", p.wait(startWithin), 7)
	eventually(t, 2*time.Second, p.gone)
}
