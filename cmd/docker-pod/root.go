package main

import (
	"github.com/docker/cli/cli"
	"github.com/docker/cli/cli/command"
	"github.com/spf13/cobra"
)

// newPodCommand is `docker pod`.
func newPodCommand(dockerCli command.Cli) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "pod",
		Short: "Pods for Docker Swarm",
		Args:  cli.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return cmd.Help()
		},
	}
	cmd.AddCommand(
		newDebugCommand(dockerCli),
		newDeployCommand(dockerCli),
		newExecCommand(dockerCli),
		newInspectCommand(dockerCli),
		newLintCommand(dockerCli),
		newLogsCommand(dockerCli),
		newLsCommand(dockerCli),
		newPsCommand(dockerCli),
		newRmCommand(dockerCli),
		newStatsCommand(dockerCli),
		newTemplateCommand(dockerCli),
		newTopCommand(dockerCli),
		newVersionCommand(dockerCli),
	)
	return cmd
}
