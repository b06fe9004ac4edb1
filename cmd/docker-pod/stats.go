package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"sync"

	"github.com/docker/cli/cli"
	"github.com/docker/cli/cli/command"
	"github.com/docker/cli/cli/command/formatter"
	"github.com/docker/docker/api/types/container"
	"github.com/docker/docker/client"
	"github.com/spf13/cobra"
)

func newStatsCommand(dockerCli command.Cli) *cobra.Command {
	var once bool
	var format string
	cmd := &cobra.Command{
		Use:   "stats [OPTIONS] POD",
		Short: "Show what a pod and each of its components use",
		Args:  cli.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return runStats(cmd.Context(), dockerCli, args[0], format, once)
		},
		ValidArgsFunction: completePod(dockerCli),
	}
	cmd.Flags().BoolVar(&once, "no-stream", false, "Show the figures once, and end")
	cmd.Flags().StringVar(&format, "format", "", `"table", "json", "table TEMPLATE" or a Go template; the fields are .Name .ID .CPUPerc .MemUsage .MemPerc .NetIO .BlockIO .PIDs`)
	return cmd
}

func runStats(ctx context.Context, dockerCli command.Cli, ref, format string, once bool) error {
	api := dockerCli.Client()
	p, err := findPod(ctx, api, ref)
	if err != nil {
		return err
	}
	for {
		// Each round takes the engine the one or two seconds in which it
		// measures.
		rows, err := measure(ctx, api, p)
		if err != nil {
			return err
		}
		if ctx.Err() != nil {
			return nil
		}
		if !once && dockerCli.Out().IsTerminal() && format == "" {
			fmt.Fprint(dockerCli.Out(), "\033[H\033[2J")
		}
		if err := writeStats(dockerCli.Out(), format, rows); err != nil || once {
			return err
		}
	}
}

// measure returns the figures of all that runs of a pod, and their sum.
func measure(ctx context.Context, api client.APIClient, p onePod) ([]usage, error) {
	parts, err := partsOf(ctx, api, p)
	if err != nil {
		return nil, err
	}
	if len(parts) == 0 {
		return nil, fmt.Errorf("no container of pod %q runs", p.Name)
	}
	rows := make([]usage, len(parts))
	errs := make([]error, len(parts))
	var wg sync.WaitGroup
	for i, c := range parts {
		wg.Go(func() { rows[i], errs[i] = measureOne(ctx, api, c, p.ID) })
	}
	wg.Wait()
	var measured []usage
	for i, r := range rows {
		if errs[i] == nil { // else it ended meanwhile
			measured = append(measured, r)
		}
	}
	if len(measured) == 0 {
		return nil, fmt.Errorf("cannot measure pod %q: %w", p.Name, errs[0])
	}
	return sumUp(measured), nil
}

func measureOne(ctx context.Context, api client.APIClient, c part, pauseID string) (usage, error) {
	inspected, err := api.ContainerInspect(ctx, c.id)
	if err != nil {
		return usage{}, err
	}
	answer, err := api.ContainerStats(ctx, c.id, false)
	if err != nil {
		return usage{}, err
	}
	defer answer.Body.Close()
	var s container.StatsResponse
	if err := json.NewDecoder(answer.Body).Decode(&s); err != nil {
		return usage{}, err
	}
	u := newUsage(c, s)
	u.nested = c.id != pauseID && isBelow(inspected.HostConfig.CgroupParent, pauseID)
	return u, nil
}

// writeStats prints the rows.
func writeStats(out io.Writer, format string, rows []usage) error {
	if format == "" || format == formatter.TableFormatKey {
		format = "table {{.Name}}\t{{.CPUPerc}}\t{{.MemUsage}}\t{{.MemPerc}}\t{{.NetIO}}\t{{.BlockIO}}\t{{.PIDs}}"
	}
	header := usageRow{}
	header.Header = formatter.SubHeaderContext{
		"Name": "COMPONENT", "ID": "CONTAINER ID", "CPUPerc": "CPU %", "MemUsage": "MEM USAGE / LIMIT", "MemPerc": "MEM %",
		"NetIO": "NET I/O", "BlockIO": "BLOCK I/O", "PIDs": "PIDS",
	}
	ctx := formatter.Context{Output: out, Format: formatter.Format(format)}
	return ctx.Write(&header, func(write func(formatter.SubContext) error) error {
		for _, u := range rows {
			if err := write(&usageRow{u: u}); err != nil {
				return err
			}
		}
		return nil
	})
}
