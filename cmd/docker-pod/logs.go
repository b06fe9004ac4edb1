package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/docker/cli/cli"
	"github.com/docker/cli/cli/command"
	"github.com/docker/docker/client"
	"github.com/spf13/cobra"

	"github.com/podlike/podlike/internal/pod"
)

type logsOptions struct {
	follow, previous, timestamps bool
	tail, since                  string
}

func newLogsCommand(dockerCli command.Cli) *cobra.Command {
	var o logsOptions
	cmd := &cobra.Command{
		Use:   "logs [OPTIONS] POD [COMPONENT]",
		Short: "Show what a pod or one of its components said",
		Long: `Show what a pod said: the log of its pause, which has the components' lines if
the pod has --logs; else with the logs of the components, merged by time. With a
component, or the word supervisor, show the log of that container.

--previous shows the last lines of what a component said before its last
restart: at most 1000 lines, 256 KiB. They are kept in memory, and gone when the
supervisor is replaced.`,
		Args: cli.RequiresRangeArgs(1, 2),
		RunE: func(cmd *cobra.Command, args []string) error {
			return runLogs(cmd.Context(), dockerCli, args, o)
		},
		ValidArgsFunction: completeComponent(dockerCli),
	}
	flags := cmd.Flags()
	flags.BoolVarP(&o.follow, "follow", "f", false, "Go on with what comes, over restarts, until the pod ends")
	flags.BoolVarP(&o.previous, "previous", "p", false, "Show the run before the last restart of a component")
	flags.BoolVarP(&o.timestamps, "timestamps", "t", false, "Show when each line was said")
	flags.StringVarP(&o.tail, "tail", "n", "all", "Number of lines to show from the end of each log")
	flags.StringVar(&o.since, "since", "", `Show lines since a time (2026-01-02T13:23:37Z), or that young (42m)`)
	return cmd
}

func runLogs(ctx context.Context, dockerCli command.Cli, args []string, o logsOptions) error {
	if n, err := strconv.Atoi(o.tail); o.tail != "all" && (err != nil || n < 0) {
		return fmt.Errorf("--tail %q: give a number of lines, or all", o.tail)
	}
	api := dockerCli.Client()
	p, err := findPod(ctx, api, args[0])
	if err != nil {
		return err
	}
	if o.previous {
		return showPrevious(ctx, dockerCli, p, args[1:], o)
	}
	l := &logReader{api: api, pod: p, options: o, out: dockerCli.Out(), errOut: dockerCli.Err()}
	if len(args) == 2 {
		l.wanted = func(m member) bool { return m.is(args[1]) }
		m, err := memberOf(ctx, api, p, args[1])
		if err != nil {
			return err
		}
		l.sources = []*source{{id: m.ID}}
		return l.run(ctx)
	}
	l.sources = []*source{{id: p.ID}}
	c, err := api.ContainerInspect(ctx, p.ID)
	if err != nil {
		return err
	}
	if !forwardsLogs(c.Config.Cmd) {
		l.prefixed = true
		l.wanted = func(m member) bool { return m.Role == pod.RoleInit || m.Role == pod.RoleComponent }
		members, err := membersOf(ctx, api, p.ID)
		if err != nil {
			return err
		}
		for _, m := range members {
			if l.wanted(m) {
				l.sources = append(l.sources, &source{id: m.ID, name: m.Component})
			}
		}
	}
	return l.run(ctx)
}

// forwardsLogs reports whether the arguments of a pod have --logs, in any of
// the spellings that the supervisor takes; the last one counts.
func forwardsLogs(args []string) bool {
	forwards := false
	for _, arg := range args {
		name, value, given := strings.Cut(strings.TrimLeft(arg, "-"), "=")
		if name != "logs" || !strings.HasPrefix(arg, "-") {
			continue
		}
		on, err := strconv.ParseBool(value)
		forwards = !given || (err == nil && on)
	}
	return forwards
}

// showPrevious prints what the supervisor kept of a component's earlier run.
func showPrevious(ctx context.Context, dockerCli command.Cli, p onePod, component []string, o logsOptions) error {
	switch {
	case len(component) == 0:
		return errors.New("--previous needs a component: docker pod logs --previous POD COMPONENT")
	case o.follow || o.timestamps || o.since != "":
		return errors.New("--previous goes with --tail, and with no other option")
	}
	supervisor, err := supervisorOf(ctx, dockerCli.Client(), p)
	if err != nil {
		return err
	}
	text, err := output(ctx, dockerCli.Client(), supervisor, "/supervisor", "previous", component[0])
	if err != nil {
		return err
	}
	_, err = dockerCli.Out().Write(lastLines(text, o.tail))
	return err
}

func supervisorOf(ctx context.Context, api client.APIClient, p onePod) (id string, err error) {
	members, err := membersOf(ctx, api, p.ID)
	if err != nil {
		return "", err
	}
	i := slices.IndexFunc(members, func(m member) bool { return m.Role == pod.RoleSupervisor && m.running() })
	if i < 0 {
		return "", fmt.Errorf("the supervisor of pod %q, which keeps what earlier runs said, does not run", p.Name)
	}
	return members[i].ID, nil
}

// lastLines returns so many lines from the end; tail is a number, or all.
func lastLines(text []byte, tail string) []byte {
	n, err := strconv.Atoi(tail)
	if err != nil {
		return text
	}
	lines := slices.Collect(strings.Lines(string(text)))
	return []byte(strings.Join(lines[max(0, len(lines)-n):], ""))
}
