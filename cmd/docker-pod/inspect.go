package main

import (
	"context"
	"strings"

	"github.com/docker/cli/cli"
	"github.com/docker/cli/cli/command"
	"github.com/docker/cli/cli/command/inspect"
	"github.com/docker/docker/client"
	"github.com/spf13/cobra"

	"github.com/podlike/podlike/internal/pod"
)

func newInspectCommand(dockerCli command.Cli) *cobra.Command {
	var format string
	cmd := &cobra.Command{
		Use:   "inspect [OPTIONS] POD [POD...]",
		Short: "Show all that is known of pods, as JSON",
		Args:  cli.RequiresMinArgs(1),
		RunE: func(cmd *cobra.Command, refs []string) error {
			return inspect.Inspect(dockerCli.Out(), refs, format, func(ref string) (any, []byte, error) {
				found, err := inspectPod(cmd.Context(), dockerCli.Client(), ref)
				return found, nil, err
			})
		},
		ValidArgsFunction: completePod(dockerCli),
	}
	cmd.Flags().StringVarP(&format, "format", "f", "", `"json", or a Go template, as {{.Status.Health}}`)
	return cmd
}

// inspected is a pod as `docker pod inspect` shows it.
type inspected struct {
	ID, Name string
	Service  string `json:",omitempty"`
	Task     string `json:",omitempty"` // the Swarm task's ID
	State    string // of the pause's container
	ExitCode int    // of the pause's container, if it has ended
	// Status is what the pod says, or StatusError why it says nothing.
	Status      *pod.Status `json:",omitempty"`
	StatusError string      `json:",omitempty"`
	Image       string
	// Arguments and Labels define the pod.
	Arguments  []string
	Labels     map[string]string
	Containers []inspectedMember
}

// inspectedMember is a container of the pod.
type inspectedMember struct {
	Name, ID, Image string
	Role            pod.Role
	Component       string `json:",omitempty"`
	State           string // the engine's word
}

func inspectPod(ctx context.Context, api client.APIClient, ref string) (*inspected, error) {
	p, err := findPod(ctx, api, ref)
	if err != nil {
		return nil, err
	}
	c, err := api.ContainerInspect(ctx, p.ID)
	if err != nil {
		return nil, err
	}
	members, err := membersOf(ctx, api, p.ID)
	if err != nil {
		return nil, err
	}
	found := &inspected{
		ID: p.ID, Name: p.Name, Service: p.Service, Task: c.Config.Labels["com.docker.swarm.task.id"],
		State: c.State.Status, ExitCode: c.State.ExitCode,
		Image: c.Config.Image, Arguments: c.Config.Cmd, Labels: map[string]string{}, Containers: []inspectedMember{},
	}
	for k, v := range c.Config.Labels {
		if strings.HasPrefix(k, "pod.") {
			found.Labels[k] = v
		}
	}
	for _, m := range members {
		found.Containers = append(found.Containers, inspectedMember{
			Name: m.ContainerName, ID: m.ID, Image: m.Image, Role: m.Role, Component: m.Component, State: m.State,
		})
	}
	if status, err := askPod(ctx, api, p); err != nil {
		found.StatusError = err.Error()
	} else {
		found.Status = &status
	}
	return found, nil
}
