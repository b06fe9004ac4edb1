package engine

import (
	"context"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/docker/docker/api/types/container"
	"github.com/docker/docker/api/types/events"
	"github.com/docker/docker/api/types/filters"

	"github.com/podlike/podlike/internal/namespaces"
	"github.com/podlike/podlike/internal/pod"
)

// nobody is in the place of a container's name in calls that ask nothing but
// whether they get to the engine: it answers that there is no such container.
const nobody = "podlike-may-i"

// asksWithin bounds all of these calls together.
const asksWithin = 10 * time.Second

// guarded reports whether somebody stands between us and the engine who lets
// only some calls through: a plugin, which the engine knows of, or who answers
// to a call that no engine has with anything but the engine's "page not found".
func (c *Client) guarded(ctx context.Context, plugins []string) bool {
	if len(plugins) > 0 {
		return true
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, c.base+"/"+nobody, nil)
	if err != nil {
		return false
	}
	answer, err := c.api.HTTPClient().Do(request)
	if err != nil {
		return false
	}
	defer answer.Body.Close()
	return answer.StatusCode != http.StatusNotFound
}

// permitted asks whether a proxy lets those calls through that this pod will
// make sooner or later, so that it fails before anything of it is there and
// not, say, when its components are to be removed. Other failures than a
// refusal say nothing about that. The calls that were made before, and those
// of pulls, need no asking: they name themselves when they fail.
//
// Only where there seems to be a proxy: an engine writes a line into its log
// for each container that it does not know (seen on 20.10).
func (p *Pod) permitted(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, asksWithin)
	defer cancel()
	if !p.client.guarded(ctx, p.plugins) {
		return nil
	}
	api := p.client.api
	var calls []string
	var refused *refusal
	ask := func(needed bool, call string, err func() error) {
		if !needed || ctx.Err() != nil {
			return
		}
		if r, ok := named(call, err()).(*refusal); ok {
			refused = r
			calls = append(calls, call)
		}
	}
	ask(true, "GET /events", func() error {
		_, errs := api.Events(ctx, events.ListOptions{Since: "1", Until: "1", Filters: filters.NewArgs(filters.Arg("container", nobody))})
		return <-errs
	})
	ask(true, "POST /containers/{id}/kill", func() error { return api.ContainerKill(ctx, nobody, "SIGTERM") })
	ask(true, "POST /containers/{id}/wait", func() error {
		answers, errs := api.ContainerWait(ctx, nobody, container.WaitConditionNotRunning)
		select {
		case <-answers:
			return nil
		case err := <-errs:
			return err
		}
	})
	ask(true, "DELETE /containers/{id}", func() error { return api.ContainerRemove(ctx, nobody, container.RemoveOptions{}) })

	logs := p.spec.Options.Logs
	ask(logs, "POST /containers/{id}/attach", func() error {
		_, err := api.ContainerAttach(ctx, nobody, container.AttachOptions{})
		return err
	})
	// The helper for a slice says its name.
	ask(logs || p.placing.plan.Work == namespaces.MakeSlice, "GET /containers/{id}/logs", func() error {
		_, err := api.ContainerLogs(ctx, nobody, container.LogsOptions{ShowStdout: true})
		return err
	})
	ask(p.copies(), "PUT /containers/{id}/archive", func() error {
		return api.CopyToContainer(ctx, nobody, "/", strings.NewReader(""), container.CopyToContainerOptions{})
	})
	runs := p.runsCommands()
	ask(runs, "POST /containers/{id}/exec", func() error {
		_, err := api.ContainerExecCreate(ctx, nobody, container.ExecOptions{Cmd: []string{"true"}})
		return err
	})
	ask(runs, "POST /exec/{id}/start", func() error {
		_, err := api.ContainerExecAttach(ctx, nobody, container.ExecAttachOptions{})
		return err
	})
	ask(runs, "GET /exec/{id}/json", func() error {
		_, err := api.ContainerExecInspect(ctx, nobody)
		return err
	})
	if refused == nil {
		return nil
	}
	return &refusal{strings.Join(calls, ", "), refused.error}
}

// copies reports whether files are put into any container.
func (p *Pod) copies() bool {
	return p.holdsFiles() || p.any(func(c pod.Component) bool { return len(c.Copies) > 0 })
}

// runsCommands reports whether any component has hooks, or probes that are
// commands.
func (p *Pod) runsCommands() bool {
	return p.any(func(c pod.Component) bool {
		for _, kind := range pod.ProbeKinds {
			if probe := c.Probes.Of(kind); probe != nil && len(probe.Exec) > 0 {
				return true
			}
		}
		return len(c.Service.PostStart)+len(c.Service.PreStop) > 0
	})
}

func (p *Pod) any(has func(pod.Component) bool) bool {
	return slices.ContainsFunc(p.spec.Init, has) || slices.ContainsFunc(p.spec.Components, has)
}
