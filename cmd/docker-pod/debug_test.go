package main

import (
	"strings"
	"testing"

	"github.com/docker/docker/api/types/container"
	"github.com/google/go-cmp/cmp"

	"github.com/podlike/podlike/internal/labels"
	"github.com/podlike/podlike/internal/pod"
)

func TestDebugJoins(t *testing.T) {
	n := newNode()
	p := onePod{ID: id("a"), Name: "shop", State: "running"}
	n.member(p.ID, "web", pod.RoleComponent, "running")
	n.inspects[id("fweb")] = container.InspectResponse{ContainerJSONBase: &container.ContainerJSONBase{
		HostConfig: &container.HostConfig{IpcMode: "container:donor"},
	}}
	j, err := joinPod(t.Context(), n, p, "")
	if err != nil {
		t.Fatal(err)
	}
	got := runArguments(j, []string{"ps", "-ef"}, debugOptions{image: "busybox", interactive: true, tty: true, capabilities: []string{"sys_ptrace"}})
	want := []string{
		"--rm", "--network=container:" + p.ID, "--pid=container:" + p.ID, "--ipc=container:donor",
		"--label=podlike.component=debug", "--label=podlike.name=shop", "--label=podlike.pod=" + p.ID, "--label=podlike.role=debug", "--label=podlike.run=r1",
		"--cap-add=SYS_PTRACE", "--interactive", "--tty", "--no-healthcheck", "busybox", "ps", "-ef",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}

	// What the labels say is what the supervisor reads.
	all := map[string]string{}
	for _, l := range j.labels {
		k, v, _ := strings.Cut(l, "=")
		all[k] = v
	}
	if owner, ok := labels.ReadOwner(all); !ok || owner.ID != p.ID || owner.Run != "r1" || owner.Role != pod.RoleDebug {
		t.Errorf("read back: %+v", owner)
	}

	j, err = joinPod(t.Context(), n, p, "web")
	if err != nil || j.pid != "container:"+id("fweb") || j.network != "container:"+p.ID {
		t.Errorf("with a target: %+v, %v", j, err)
	}
	if _, err := joinPod(t.Context(), n, p, "db"); err == nil {
		t.Error("joined a component that does not exist")
	}
}
