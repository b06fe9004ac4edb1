package main

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/docker/cli/cli"
	"github.com/docker/cli/cli/command"
	"github.com/docker/cli/cli/command/formatter/tabwriter"
	"github.com/docker/docker/client"
	"github.com/spf13/cobra"
)

func newTopCommand(dockerCli command.Cli) *cobra.Command {
	return &cobra.Command{
		Use:   "top POD [COMPONENT]",
		Short: "List the processes of a pod, by component",
		Args:  cli.RequiresRangeArgs(1, 2),
		RunE: func(cmd *cobra.Command, args []string) error {
			return runTop(cmd.Context(), dockerCli, args)
		},
		ValidArgsFunction: completeComponent(dockerCli),
	}
}

func runTop(ctx context.Context, dockerCli command.Cli, args []string) error {
	api := dockerCli.Client()
	p, err := findPod(ctx, api, args[0])
	if err != nil {
		return err
	}
	containers, err := partsOf(ctx, api, p)
	if err != nil {
		return err
	}
	if len(args) == 2 {
		m, err := memberOf(ctx, api, p, args[1])
		if err != nil {
			return err
		}
		containers = []part{{name: args[1], id: m.ID}}
	}
	w := tabwriter.NewWriter(dockerCli.Out(), 0, 1, 3, ' ', 0)
	titled := false
	seen := map[string]bool{} // PIDs
	for _, c := range containers {
		top, err := api.ContainerTop(ctx, c.id, nil)
		if err != nil {
			// It ended since, or is being restarted: the others are worth showing.
			fmt.Fprintf(dockerCli.Err(), "warning: cannot list the processes of %q: %v\n", c.name, err)
			continue
		}
		if !titled {
			fmt.Fprintln(w, "COMPONENT\t"+strings.Join(top.Titles, "\t"))
			titled = true
		}
		pid := slices.Index(top.Titles, "PID")
		for _, process := range top.Processes {
			// The pause comes after the components: where their cgroups are
			// below its own, the engine counts their processes as its, too.
			if pid >= 0 && pid < len(process) {
				if seen[process[pid]] {
					continue
				}
				seen[process[pid]] = true
			}
			fmt.Fprintln(w, c.name+"\t"+strings.Join(process, "\t"))
		}
	}
	if !titled {
		return fmt.Errorf("no container of pod %q runs", p.Name)
	}
	return w.Flush()
}

// part is a running container of a pod, under the name by which people know
// it.
type part struct{ name, id string }

// pausePart is the name of the pause among the parts.
const pausePart = "(pause)"

// partsOf lists what runs of a pod: the components, then, in brackets, the
// rest, and the pause last.
func partsOf(ctx context.Context, api client.APIClient, p onePod) ([]part, error) {
	members, err := membersOf(ctx, api, p.ID)
	if err != nil {
		return nil, err
	}
	var components, rest []part
	for _, m := range members {
		switch {
		case !m.running():
		case m.is(m.Component) && m.Component != string(m.Role):
			components = append(components, part{m.Component, m.ID})
		default:
			rest = append(rest, part{"(" + string(m.Role) + ")", m.ID})
		}
	}
	if p.running() {
		rest = append(rest, part{pausePart, p.ID})
	}
	return append(components, rest...), nil
}
