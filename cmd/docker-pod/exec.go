package main

import (
	"context"
	"fmt"

	"github.com/docker/cli/cli"
	"github.com/docker/cli/cli/command"
	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

func newExecCommand(dockerCli command.Cli) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "exec [OPTIONS] POD COMPONENT COMMAND [ARG...]",
		Short: "Run a command in a component",
		Args:  cli.RequiresMinArgs(3),
		RunE: func(cmd *cobra.Command, args []string) error {
			return runExec(cmd.Context(), dockerCli, cmd.Flags(), args[0], args[1], args[2:])
		},
		ValidArgsFunction: completeComponent(dockerCli),
	}
	flags := cmd.Flags()
	flags.SetInterspersed(false)
	flags.BoolP("interactive", "i", false, "Keep standard input open")
	flags.BoolP("tty", "t", false, "Give it a terminal")
	flags.BoolP("detach", "d", false, "Do not wait for its end")
	flags.StringP("user", "u", "", "User name or ID, with :GROUP if wanted")
	flags.StringP("workdir", "w", "", "Working directory in the component")
	flags.StringArrayP("env", "e", nil, "Set an environment variable")
	flags.Bool("privileged", false, "Give it all capabilities")
	return cmd
}

func runExec(ctx context.Context, dockerCli command.Cli, flags *pflag.FlagSet, ref, component string, words []string) error {
	p, err := findPod(ctx, dockerCli.Client(), ref)
	if err != nil {
		return err
	}
	m, err := memberOf(ctx, dockerCli.Client(), p, component)
	if err != nil {
		return err
	}
	if !m.running() {
		return fmt.Errorf("component %q does not run: its container is %s", component, m.Status)
	}
	return handOver(execArguments(flags, m.ID, words))
}

// execArguments are those of docker exec, whose flags have the same names.
func execArguments(flags *pflag.FlagSet, containerID string, words []string) []string {
	args := []string{"exec"}
	flags.Visit(func(f *pflag.Flag) {
		if list, ok := f.Value.(pflag.SliceValue); ok {
			for _, v := range list.GetSlice() {
				args = append(args, "--"+f.Name+"="+v)
			}
			return
		}
		args = append(args, "--"+f.Name+"="+f.Value.String())
	})
	return append(append(args, containerID), words...)
}
