package main

import (
	"github.com/docker/cli/cli/command"
	"github.com/spf13/cobra"
)

// newPodCommand is `docker pod`.
func newPodCommand(dockerCli command.Cli) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "pod",
		Short: "Pods for Docker Swarm",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return cmd.Help()
		},
	}
	cmd.AddCommand(
		newDeployCommand(dockerCli),
		newLintCommand(dockerCli),
		newTemplateCommand(dockerCli),
		newVersionCommand(dockerCli),
	)
	return cmd
}
