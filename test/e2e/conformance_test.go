//go:build e2e

package e2e

import (
	"context"
	"io"
	"os"
	"strconv"
	"testing"
	"time"

	"github.com/compose-spec/compose-go/v2/types"
	"github.com/docker/docker/api/types/container"

	"github.com/podlike/podlike/internal/engine"
	"github.com/podlike/podlike/internal/lifecycle/conformance"
	"github.com/podlike/podlike/internal/logs"
	"github.com/podlike/podlike/internal/pod"
)

// TestEngineConformance holds the real engine to the suite that the engine in
// memory passes: what is proved about the pod's life with one, holds with the
// other.
func TestEngineConformance(t *testing.T) {
	conformance.Run(t, func(t *testing.T) conformance.Bench {
		s := newSite(t)
		// Any running container can be the donor.
		donor, err := s.api.ContainerCreate(t.Context(), &container.Config{Image: probeImage, Cmd: []string{"sleep"}}, nil, nil, nil, s.name)
		if err != nil {
			t.Fatal(err)
		}
		if err := s.api.ContainerStart(t.Context(), donor.ID, container.StartOptions{}); err != nil {
			t.Fatal(err)
		}
		client, err := engine.Connect(t.Context(), os.Getenv, func(name string) (io.ReadCloser, error) { return os.Open(name) })
		if err != nil {
			t.Fatal(err)
		}
		facts, err := client.Facts(t.Context(), donor.ID)
		if err != nil {
			t.Fatal(err)
		}
		identity := pod.Identity{ID: donor.ID, Run: "conformance", Name: facts.Name}
		t.Cleanup(func() {
			ctx, cancel := context.WithTimeout(context.Background(), cleanUpWithin)
			defer cancel()
			if err := client.Bury(ctx, identity.ID, identity.Run); err != nil {
				t.Error(err)
			}
			client.Close()
		})
		return conformance.Bench{
			Engine: client.Pod(engine.PodConfig{
				// With the donor's PIDs: the kernel drops a signal to a PID 1
				// that does not listen yet.
				Spec:  pod.Spec{Identity: identity, Options: pod.Options{Logs: true, PIDs: true}},
				Facts: facts,
				Logs:  logs.NewSink(io.Discard, io.Discard),
				Say:   func(line string) { t.Log(line) },
			}),
			Component: conformanceComponent,
		}
	})
}

func conformanceComponent(name string, w conformance.Work) pod.Component {
	var service types.ServiceConfig
	service.Image = probeImage
	service.Command = types.ShellCommand{"sleep"}
	switch {
	case w.EndsWith:
		service.Command = types.ShellCommand{"exit", strconv.Itoa(w.Code)}
	case w.Deaf:
		service.StopSignal = "SIGWINCH" // which is ignored from the first moment on
	}
	if w.Checked {
		often := types.Duration(200 * time.Millisecond)
		service.HealthCheck = &types.HealthCheckConfig{Test: []string{"CMD", "/probe", "exists", "/probe"}, Interval: &often}
	}
	if w.Missing {
		service.Image = missingImage
	}
	return pod.Component{Name: name, Role: pod.RoleComponent, Service: service}
}
