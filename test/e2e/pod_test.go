//go:build e2e

package e2e

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"

	cerrdefs "github.com/containerd/errdefs"
	"github.com/docker/docker/api/types/container"
	"github.com/docker/docker/api/types/events"
	"github.com/docker/docker/api/types/filters"
	"github.com/docker/docker/pkg/stdcopy"
	"github.com/docker/go-connections/nat"
)

// runningPod is a pod that was started, by a Swarm or without one.
type runningPod struct {
	*site
	id   string // of the pause's container
	name string // of the pause's container
}

// pod is the pod of a pause container.
func (s *site) pod(id string) *runningPod {
	s.t.Helper()
	pause, err := s.api.ContainerInspect(s.t.Context(), id)
	if err != nil {
		s.t.Fatal(err)
	}
	s.pauses[pause.ID] = true
	return &runningPod{s, pause.ID, strings.TrimPrefix(pause.Name, "/")}
}

// create makes a pod without a Swarm, and does not start it.
func (s *site) create(p podSpec) *runningPod {
	s.t.Helper()
	config := &container.Config{Image: cmp.Or(p.image, pauseImage), Cmd: p.args, Env: p.env, Labels: p.allLabels()}
	host := &container.HostConfig{}
	if !p.noSocket {
		host.Binds = []string{socket() + ":/var/run/docker.sock:ro"}
	}
	if p.port > 0 {
		config.ExposedPorts = nat.PortSet{"80/tcp": {}}
		host.PortBindings = nat.PortMap{"80/tcp": {{HostPort: strconv.Itoa(p.port)}}}
	}
	if p.logging != nil {
		host.LogConfig.Type = p.logging["driver"].(string)
	}
	if p.host != nil {
		p.host(host)
	}
	made, err := s.api.ContainerCreate(s.t.Context(), config, host, nil, nil, s.name)
	if err != nil {
		s.t.Fatal(err)
	}
	return s.pod(made.ID)
}

func (p *runningPod) start() {
	p.t.Helper()
	if err := p.api.ContainerStart(p.t.Context(), p.id, container.StartOptions{}); err != nil {
		p.t.Fatal(err)
	}
}

// attach copies what the pause prints from now on, until it ends. done is
// closed when all of it was written.
func (p *runningPod) attach(stdout, stderr io.Writer) (done <-chan struct{}) {
	p.t.Helper()
	stream, err := p.api.ContainerAttach(p.t.Context(), p.id, container.AttachOptions{Stream: true, Stdout: true, Stderr: true})
	if err != nil {
		p.t.Fatal(err)
	}
	over := make(chan struct{})
	go func() {
		defer close(over)
		defer stream.Close()
		if _, err := stdcopy.StdCopy(stdout, stderr, stream.Reader); err != nil && p.t.Context().Err() == nil {
			p.t.Errorf("the pod's output broke off: %v", err)
		}
	}()
	return over
}

// wait waits until the pause has ended, and returns its exit code.
func (p *runningPod) wait(within time.Duration) int {
	p.t.Helper()
	code := 0
	eventually(p.t, within, func() error {
		c, err := p.api.ContainerInspect(p.t.Context(), p.id)
		if err != nil {
			return hopeless{err}
		}
		if c.State.Running || c.State.Status == container.StateCreated {
			return fmt.Errorf("the pod is still %s", c.State.Status)
		}
		code = c.State.ExitCode
		return nil
	})
	return code
}

// component waits until a component runs and returns its container. The name
// "supervisor" is the supervisor's.
func (p *runningPod) component(name string) container.InspectResponse {
	p.t.Helper()
	full := p.name + ".podlike." + name
	if name == "supervisor" {
		full = p.name + ".podlike-supervisor"
	}
	var c container.InspectResponse
	eventually(p.t, startWithin, func() error {
		var err error
		if c, err = p.api.ContainerInspect(p.t.Context(), full); err != nil {
			return err
		}
		if !c.State.Running {
			return fmt.Errorf("%s is %s", full, c.State.Status)
		}
		return nil
	})
	if got := c.Config.Labels["podlike.pod"]; got != p.id {
		p.t.Errorf("label podlike.pod of %s is %q, want %q", full, got, p.id)
	}
	return c
}

// signal sends a signal to a container.
func (s *site) signal(id, signal string) {
	s.t.Helper()
	if err := s.api.ContainerKill(s.t.Context(), id, signal); err != nil {
		s.t.Fatal(err)
	}
}

// exec runs the probe in a component, and returns what it printed.
func (p *runningPod) exec(component string, args ...string) (string, error) {
	ctx := p.t.Context()
	made, err := p.api.ContainerExecCreate(ctx, p.name+".podlike."+component, container.ExecOptions{
		Cmd: append([]string{"/probe"}, args...), AttachStdout: true, AttachStderr: true,
	})
	if err != nil {
		return "", err
	}
	stream, err := p.api.ContainerExecAttach(ctx, made.ID, container.ExecAttachOptions{})
	if err != nil {
		return "", err
	}
	defer stream.Close()
	stdout, stderr := p.split(stream.Reader)
	got, err := p.api.ContainerExecInspect(ctx, made.ID)
	if err == nil && got.ExitCode != 0 {
		err = fmt.Errorf("probe %s in %s: code %d: %s", strings.Join(args, " "), component, got.ExitCode, stderr)
	}
	return stdout, err
}

// execDetached runs the probe in a component and does not wait for it: the
// engine may never say that it ended where the container ends with it.
func (p *runningPod) execDetached(component string, args ...string) {
	p.t.Helper()
	made, err := p.api.ContainerExecCreate(p.t.Context(), p.name+".podlike."+component, container.ExecOptions{Cmd: append([]string{"/probe"}, args...)})
	if err == nil {
		err = p.api.ContainerExecStart(p.t.Context(), made.ID, container.ExecStartOptions{Detach: true})
	}
	if err != nil {
		p.t.Fatal(err)
	}
}

// mustExec is exec for what must not fail.
func (p *runningPod) mustExec(component string, args ...string) string {
	p.t.Helper()
	out, err := p.exec(component, args...)
	if err != nil {
		p.t.Fatal(err)
	}
	return out
}

// process is what the probe's ps prints of each.
type process struct {
	PID   int
	State string
	Args  []string
}

// processes is what a component sees.
func (p *runningPod) processes(component string) []process {
	p.t.Helper()
	var all []process
	if err := json.Unmarshal([]byte(p.mustExec(component, "ps")), &all); err != nil {
		p.t.Fatal(err)
	}
	return all
}

// ending is how a pause came to its end.
type ending struct {
	signals []string // that the engine sent to it, as numbers
	code    string
	// took is the time from the first signal to the end.
	took time.Duration
}

// watchEnd begins to watch the pause; the function that it returns waits for
// the end.
func (p *runningPod) watchEnd() func(within time.Duration) ending {
	p.t.Helper()
	ctx, cancel := context.WithCancel(p.t.Context())
	seen, errs := p.api.Events(ctx, events.ListOptions{Filters: filters.NewArgs(
		filters.Arg("container", p.id), filters.Arg("event", "kill"), filters.Arg("event", "die"))})
	return func(within time.Duration) ending {
		p.t.Helper()
		defer cancel()
		late := time.NewTimer(patience(within))
		defer late.Stop()
		var e ending
		var asked int64
		for {
			select {
			case m := <-seen:
				if m.Action == events.ActionKill {
					if asked == 0 {
						asked = m.TimeNano
					}
					e.signals = append(e.signals, m.Actor.Attributes["signal"])
					continue
				}
				e.code, e.took = m.Actor.Attributes["exitCode"], time.Duration(m.TimeNano-asked)
				return e
			case err := <-errs:
				p.t.Fatalf("the engine's events broke off: %v", err)
			case <-late.C:
				p.t.Fatalf("the pod has not ended after %s", patience(within))
			}
		}
	}
}

// owned lists the containers that carry the pod's label.
func (p *runningPod) owned(ctx context.Context) ([]string, error) {
	return p.labelled(ctx, p.id)
}

// labelled lists the containers of the pod whose pause has this ID.
func (s *site) labelled(ctx context.Context, pause string) ([]string, error) {
	list, err := s.api.ContainerList(ctx, container.ListOptions{All: true, Filters: filters.NewArgs(filters.Arg("label", "podlike.pod="+pause))})
	if err != nil {
		return nil, err
	}
	var names []string
	for _, c := range list {
		names = append(names, fmt.Sprintf("%s (%s)", strings.Join(c.Names, " "), c.State))
	}
	return names, nil
}

// gone checks that nothing of the pod is left, the pause aside.
func (p *runningPod) gone() error {
	left, err := p.owned(p.t.Context())
	if err == nil && len(left) > 0 {
		err = fmt.Errorf("left behind: %s", strings.Join(left, ", "))
	}
	return err
}

// isGone tells whether the pause's container was removed.
func (p *runningPod) isGone() error {
	_, err := p.api.ContainerInspect(p.t.Context(), p.id)
	if cerrdefs.IsNotFound(err) {
		return nil
	}
	if err == nil {
		err = fmt.Errorf("container %s is still there", p.name)
	}
	return err
}
