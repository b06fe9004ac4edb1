package main

import (
	"github.com/docker/cli/cli/command"
	"github.com/spf13/cobra"
)

// completePod offers the names of the pods of this node, and of their
// services, as the first argument.
func completePod(dockerCli command.Cli) cobra.CompletionFunc {
	return func(cmd *cobra.Command, args []string, _ string) ([]string, cobra.ShellCompDirective) {
		if len(args) > 0 {
			return nil, cobra.ShellCompDirectiveNoFileComp
		}
		pods, err := listPods(cmd.Context(), dockerCli.Client(), true)
		if err != nil {
			return nil, cobra.ShellCompDirectiveError
		}
		var names []string
		tasks := map[string]int{}
		for _, p := range pods {
			names = append(names, p.Name)
			if p.Service != "" && p.running() {
				tasks[p.Service]++
			}
		}
		for service, n := range tasks {
			if n == 1 {
				names = append(names, service)
			}
		}
		return names, cobra.ShellCompDirectiveNoFileComp
	}
}

// completeComponent offers pods, and then the components of that pod.
func completeComponent(dockerCli command.Cli) cobra.CompletionFunc {
	pods := completePod(dockerCli)
	return func(cmd *cobra.Command, args []string, word string) ([]string, cobra.ShellCompDirective) {
		switch len(args) {
		case 0:
			return pods(cmd, args, word)
		case 1:
			return componentNames(cmd, dockerCli, args[0])
		default:
			return nil, cobra.ShellCompDirectiveNoFileComp
		}
	}
}

func componentNames(cmd *cobra.Command, dockerCli command.Cli, ref string) ([]string, cobra.ShellCompDirective) {
	p, err := findPod(cmd.Context(), dockerCli.Client(), ref)
	if err != nil {
		return nil, cobra.ShellCompDirectiveError
	}
	members, err := membersOf(cmd.Context(), dockerCli.Client(), p.ID)
	if err != nil {
		return nil, cobra.ShellCompDirectiveError
	}
	var names []string
	for _, m := range members {
		if m.is(m.Component) {
			names = append(names, m.Component)
		}
	}
	return names, cobra.ShellCompDirectiveNoFileComp
}
