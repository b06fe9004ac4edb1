package main

import (
	"context"
	"fmt"
	"time"

	"github.com/docker/cli/cli"
	"github.com/docker/cli/cli/command"
	"github.com/docker/docker/client"
	"github.com/spf13/cobra"

	"github.com/podlike/podlike/internal/pod"
	"github.com/podlike/podlike/internal/show"
)

func newPsCommand(dockerCli command.Cli) *cobra.Command {
	var format string
	cmd := &cobra.Command{
		Use:   "ps [OPTIONS] POD",
		Short: "List the components of a pod",
		Long: `List the components of a pod, as its supervisor sees them. POD is the ID or the
name of its pause container, or the name of its service, with the task's slot if
there are several on this node: shop_web.2.`,
		Args: cli.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return runPs(cmd.Context(), dockerCli, args[0], format)
		},
		ValidArgsFunction: completePod(dockerCli),
	}
	cmd.Flags().StringVar(&format, "format", "", `"table", "json", "table TEMPLATE" or a Go template; the fields are .Name .Role .State .Health .Restarts .LastExit .ExitCode .Reason .Since .ID`)
	return cmd
}

func runPs(ctx context.Context, dockerCli command.Cli, ref, format string) error {
	p, err := findPod(ctx, dockerCli.Client(), ref)
	if err != nil {
		return err
	}
	status, err := askPod(ctx, dockerCli.Client(), p)
	if err != nil {
		fmt.Fprintf(dockerCli.Err(), "warning: pod %q does not tell how it is: %v\nThis is what the engine knows of its containers, without the pod's own view:\n", p.Name, err)
		if status, err = seenByEngine(ctx, dockerCli.Client(), p); err != nil {
			return err
		}
	}
	return show.Components(dockerCli.Out(), format, status, time.Now())
}

// seenByEngine is what the engine knows of a pod that says nothing. Its states
// are marked as the engine's.
func seenByEngine(ctx context.Context, api client.APIClient, p onePod) (pod.Status, error) {
	members, err := membersOf(ctx, api, p.ID)
	if err != nil {
		return pod.Status{}, err
	}
	s := pod.Status{}
	for _, m := range members {
		if m.Role != pod.RoleInit && m.Role != pod.RoleComponent {
			continue
		}
		s.Components = append(s.Components, pod.ComponentStatus{
			Name: m.Component, Role: m.Role, ContainerID: m.ID,
			Life: pod.Life("container " + m.State), Restarts: show.Unknown, Reason: m.Status,
		})
	}
	return s, nil
}
