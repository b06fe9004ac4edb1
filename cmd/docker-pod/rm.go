package main

import (
	"context"
	"errors"
	"fmt"
	"math"
	"time"

	cerrdefs "github.com/containerd/errdefs"
	"github.com/docker/cli/cli"
	"github.com/docker/cli/cli/command"
	"github.com/docker/docker/api/types/container"
	"github.com/docker/docker/client"
	"github.com/spf13/cobra"
)

func newRmCommand(dockerCli command.Cli) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "rm POD [POD...]",
		Short: "Stop and remove pods that are not Swarm's",
		Long: `Stop and remove pods that were started with docker run. A pod of a service is
Swarm's: remove or scale the service.`,
		Args: cli.RequiresMinArgs(1),
		RunE: func(cmd *cobra.Command, refs []string) error {
			var errs []error
			for _, ref := range refs {
				p, err := removePod(cmd.Context(), dockerCli.Client(), ref)
				if err != nil {
					errs = append(errs, err)
					continue
				}
				fmt.Fprintln(dockerCli.Out(), p.Name)
			}
			return errors.Join(errs...)
		},
		ValidArgsFunction: completePod(dockerCli),
	}
	return cmd
}

// removePod stops a plain pod, in order and in its own time, and removes it.
func removePod(ctx context.Context, api client.APIClient, ref string) (onePod, error) {
	p, err := findPod(ctx, api, ref)
	if err != nil {
		return p, err
	}
	if p.Service != "" {
		return p, fmt.Errorf("pod %q is a task of the service %q, and Swarm would start another: use docker service rm %s, or docker service scale %s=0",
			p.Name, p.Service, p.Service, p.Service)
	}
	c, err := api.ContainerInspect(ctx, p.ID)
	if err != nil {
		return p, err
	}
	var stop container.StopOptions
	if budget, err := time.ParseDuration(c.Config.Labels["pod.stop_grace_period"]); err == nil {
		seconds := int(math.Ceil(budget.Seconds()))
		stop.Timeout = &seconds
	}
	if err := api.ContainerStop(ctx, p.ID, stop); err != nil && !cerrdefs.IsNotFound(err) {
		return p, fmt.Errorf("cannot stop pod %q: %w", p.Name, err)
	}
	err = api.ContainerRemove(ctx, p.ID, container.RemoveOptions{RemoveVolumes: true})
	// One of docker run --rm is gone, or going, already.
	if err != nil && !cerrdefs.IsNotFound(err) && !cerrdefs.IsConflict(err) {
		return p, fmt.Errorf("cannot remove pod %q: %w", p.Name, err)
	}
	return p, nil
}
