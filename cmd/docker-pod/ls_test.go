package main

import (
	"bytes"
	"context"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/docker/cli/cli/command/formatter"
	"github.com/docker/cli/opts"
	"github.com/docker/docker/api/types/container"
	"github.com/google/go-cmp/cmp"

	"github.com/podlike/podlike/internal/pod"
)

func TestWritePods(t *testing.T) {
	created := time.Now().Add(-3 * time.Hour)
	rows := []askedPod{
		{onePod: onePod{ID: id("a"), Name: "web.1.x", Service: "web", State: "running", Created: created}, status: pod.Status{
			Phase: "running", Health: pod.Starting, Components: []pod.ComponentStatus{
				{Name: "app", Role: pod.RoleComponent, Life: pod.LifeRunning, Health: pod.Healthy, Restarts: 4},
				{Name: "db", Role: pod.RoleComponent, Life: pod.LifeStarting, Restarts: 1},
			}}},
		{onePod: onePod{ID: id("b"), Name: "mute", State: "running", Created: created}, err: errors.New("no answer")},
		{onePod: onePod{ID: id("c"), Name: "over", State: "exited", Created: created}, err: errors.New("it has ended")},
	}
	var out bytes.Buffer
	if err := writePods(formatter.Context{Output: &out, Format: podTable, Trunc: true}, rows); err != nil {
		t.Fatal(err)
	}
	var got []string
	for line := range strings.Lines(out.String()) {
		got = append(got, strings.Join(strings.Fields(line), " "))
	}
	want := []string{
		"POD ID NAME SERVICE STATE HEALTH READY RESTARTS AGE",
		"a00000000000 web.1.x web running starting 1/2 5 3 hours",
		"b00000000000 mute - unknown - - - 3 hours",
		"c00000000000 over - exited - - - 3 hours",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestNameFilter(t *testing.T) {
	filter := opts.NewFilterOpt()
	for _, f := range []string{"name=web", "name=db"} {
		if err := filter.Set(f); err != nil {
			t.Fatal(err)
		}
	}
	words, err := nameFilter(filter)
	if err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]bool{"shop_web.1": true, "shop_db.2": true, "shop_cache.1": false} {
		if got := named(onePod{Name: name}, words); got != want {
			t.Errorf("%s: got %t", name, got)
		}
	}
	if !named(onePod{Name: "x", Service: "web"}, words) {
		t.Error("the service's name does not count")
	}
	if err := filter.Set("state=running"); err != nil {
		t.Fatal(err)
	}
	if _, err := nameFilter(filter); err == nil || !strings.Contains(err.Error(), `unknown filter "state"`) {
		t.Errorf("another key: %v", err)
	}
}

// mute is an engine on which nothing can be run.
type mute struct{ *node }

func (mute) ContainerExecCreate(context.Context, string, container.ExecOptions) (container.ExecCreateResponse, error) {
	return container.ExecCreateResponse{}, errors.New("container is not running")
}

// TestAskAllAgain: a pod that ends between the list and the question has ended,
// and is none that does not answer.
func TestAskAllAgain(t *testing.T) {
	n := mute{newNode()}
	for name, state := range map[string]string{"a": "exited", "b": "running"} {
		n.inspects[id(name)] = container.InspectResponse{ContainerJSONBase: &container.ContainerJSONBase{State: &container.State{Status: state}}}
	}
	var got []string
	for _, r := range askAll(t.Context(), n, []onePod{{ID: id("a"), State: "running"}, {ID: id("b"), State: "running"}, {ID: id("c"), State: "running"}}) {
		got = append(got, (&podRow{askedPod: r}).State())
	}
	if want := []string{"exited", "unknown", "removing"}; !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}
