//go:build e2e

package e2e

import (
	"context"
	"fmt"
	"net"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/docker/docker/api/types/container"
	"github.com/docker/docker/api/types/filters"
	"github.com/docker/docker/api/types/network"
	"github.com/docker/docker/api/types/swarm"
	"github.com/docker/docker/api/types/volume"
)

// quickstartStack is the stack that `make quickstart` deploys.
const quickstartStack = "podlike"

// appPort is where its application listens, on the loopback interface.
const appPort = 12000

// TestQuickstart: the two commands do what the README says. Not parallel: it
// builds the images that all pods run.
func TestQuickstart(t *testing.T) {
	s := newSite(t)
	if left := s.stackLeft(t.Context(), quickstartStack); left != nil {
		t.Fatalf("the quick start runs already, and this test would remove it: make quickstart-down first (%v)", left)
	}
	port := freePort(t)
	quickstart := func(ctx context.Context, target string) (string, error) {
		cmd := exec.CommandContext(ctx, "make", target)
		cmd.Dir = "../.."
		cmd.Env = append(os.Environ(), fmt.Sprintf("QUICKSTART_PORT=%d", port))
		return run(cmd, "")
	}
	t.Cleanup(func() { // before the site's own
		ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
		defer cancel()
		if _, err := quickstart(ctx, "quickstart-down"); err != nil {
			t.Error(err)
		}
	})

	out, err := quickstart(t.Context(), "quickstart")
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	url := fmt.Sprintf("http://127.0.0.1:%d/", port)
	wantLines(t, out, [][]string{{"GET " + url}, {"200 OK"}, {"make quickstart-down"}})
	page, err := ask(t.Context(), port)
	if err != nil || page == "" || !strings.Contains(out, strings.TrimSpace(strings.Split(page, "\n")[0])) {
		t.Errorf("the pod answers %q (%v), and make quickstart showed:\n%s", page, err, out)
	}
	first := s.quickstartPause()
	s.checkAppHidden(first)

	if out, err = quickstart(t.Context(), "quickstart"); err != nil {
		t.Fatalf("the second run: %v\n%s", err, out)
	}
	if again := s.quickstartPause(); again.id != first.id {
		t.Errorf("the second run replaced the pod %s by %s", first.name, again.name)
	}
	wantLines(t, out, [][]string{{"GET " + url}})

	if out, err = quickstart(t.Context(), "quickstart-down"); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	if left := s.stackLeft(t.Context(), quickstartStack); left != nil {
		t.Errorf("make quickstart-down left %v", left)
	}
	eventually(t, 2*time.Second, first.gone)
	if out, err = quickstart(t.Context(), "quickstart-down"); err != nil {
		t.Errorf("make quickstart-down with nothing there: %v\n%s", err, out)
	}
}

// quickstartPause is the pod of the quick start.
func (s *site) quickstartPause() *runningPod {
	s.t.Helper()
	list, err := s.api.ContainerList(s.t.Context(), container.ListOptions{Filters: filters.NewArgs(filters.Arg("label", stackLabel+"="+quickstartStack))})
	if err != nil || len(list) != 1 {
		s.t.Fatalf("the stack %s runs %d containers, want one (%v)", quickstartStack, len(list), err)
	}
	return s.pod(list[0].ID)
}

// checkAppHidden tries the application's port from this machine and from
// another container in the pod's network; the proxy's port shows that the way
// is right.
func (s *site) checkAppHidden(p *runningPod) {
	s.t.Helper()
	if conn, err := net.DialTimeout("tcp", address(appPort), 2*time.Second); err == nil {
		conn.Close()
		s.t.Errorf("port %d of the host takes connections", appPort)
	}
	pause, err := s.api.ContainerInspect(s.t.Context(), p.id)
	if err != nil {
		s.t.Fatal(err)
	}
	name := quickstartStack + "_default"
	own, ok := pause.NetworkSettings.Networks[name]
	if !ok {
		s.t.Fatalf("the pod is not in the network %s", name)
	}
	one := uint64(1)
	_, err = s.api.ServiceCreate(s.t.Context(), swarm.ServiceSpec{
		Annotations: swarm.Annotations{Name: s.name + "_neighbour", Labels: map[string]string{stackLabel: s.name}},
		TaskTemplate: swarm.TaskSpec{
			ContainerSpec: &swarm.ContainerSpec{
				Image:  probeImage,
				Args:   []string{"reach", fmt.Sprintf("%s:8080", own.IPAddress), fmt.Sprintf("%s:%d", own.IPAddress, appPort)},
				Labels: map[string]string{stackLabel: s.name},
			},
			RestartPolicy: &swarm.RestartPolicy{Condition: swarm.RestartPolicyConditionNone},
			Networks:      []swarm.NetworkAttachmentConfig{{Target: name}},
		},
		Mode:         swarm.ServiceMode{Replicated: &swarm.ReplicatedService{Replicas: &one}},
		EndpointSpec: &swarm.EndpointSpec{Mode: swarm.ResolutionModeDNSRR},
	}, swarm.ServiceCreateOptions{})
	if err != nil {
		s.t.Fatal(err)
	}
	neighbour := &service{s, s.name + "_neighbour"}
	neighbour.wantEnd(neighbour.ended(startWithin), swarm.TaskStateComplete, 0)
	stdout, stderr := neighbour.logs(s.t.Context())
	wantLines(s.t, stdout+stderr, [][]string{{":8080 open"}, {fmt.Sprintf(":%d closed", appPort), "refused"}})
	neighbour.remove()
	eventually(s.t, endWithin, func() error {
		if left := s.stackLeft(s.t.Context(), s.name); left != nil {
			return fmt.Errorf("still there: %v", left)
		}
		return nil
	})
}

// stackLeft lists what there is of a stack, and of the pods in it.
func (s *site) stackLeft(ctx context.Context, stack string) []string {
	s.t.Helper()
	var left []string
	byLabel := filters.NewArgs(filters.Arg("label", stackLabel+"="+stack))
	services, err := s.api.ServiceList(ctx, swarm.ServiceListOptions{Filters: byLabel})
	if err != nil {
		s.t.Fatal(err)
	}
	for _, v := range services {
		left = append(left, "service "+v.Spec.Name)
	}
	networks, err := s.api.NetworkList(ctx, network.ListOptions{Filters: byLabel})
	if err != nil {
		s.t.Fatal(err)
	}
	for _, n := range networks {
		left = append(left, "network "+n.Name)
	}
	volumes, err := s.api.VolumeList(ctx, volume.ListOptions{Filters: byLabel})
	if err != nil {
		s.t.Fatal(err)
	}
	for _, v := range volumes.Volumes {
		left = append(left, "volume "+v.Name)
	}
	containers, err := s.api.ContainerList(ctx, container.ListOptions{All: true})
	if err != nil {
		s.t.Fatal(err)
	}
	for _, c := range containers {
		if c.Labels[stackLabel] == stack || (len(c.Names) > 0 && strings.HasPrefix(c.Names[0], "/"+stack+"_")) {
			left = append(left, "container "+c.Names[0])
		}
	}
	return left
}
