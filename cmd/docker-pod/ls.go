package main

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	cerrdefs "github.com/containerd/errdefs"
	"github.com/docker/cli/cli"
	"github.com/docker/cli/cli/command"
	"github.com/docker/cli/cli/command/formatter"
	"github.com/docker/cli/opts"
	"github.com/docker/docker/api/types/container"
	"github.com/docker/docker/client"
	"github.com/spf13/cobra"

	"github.com/podlike/podlike/internal/pod"
	"github.com/podlike/podlike/internal/show"
)

// askAtOnce is how many pods are asked at a time: each is a process that the
// engine starts.
const askAtOnce = 8

const podTable = "table {{.ID}}\t{{.Name}}\t{{.Service}}\t{{.State}}\t{{.Health}}\t{{.Ready}}\t{{.Restarts}}\t{{.Age}}"

type lsOptions struct {
	all, quiet, noTrunc bool
	format              string
	filter              opts.FilterOpt
}

func newLsCommand(dockerCli command.Cli) *cobra.Command {
	o := lsOptions{filter: opts.NewFilterOpt()}
	cmd := &cobra.Command{
		Use:     "ls [OPTIONS]",
		Aliases: []string{"list"},
		Short:   "List the pods of this node",
		Args:    cli.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return runLs(cmd.Context(), dockerCli, o)
		},
		ValidArgsFunction: cobra.NoFileCompletions,
	}
	flags := cmd.Flags()
	flags.BoolVarP(&o.all, "all", "a", false, "Show pods that have ended, too")
	flags.BoolVarP(&o.quiet, "quiet", "q", false, "Only print the IDs of the pause containers")
	flags.BoolVar(&o.noTrunc, "no-trunc", false, "Do not shorten IDs")
	flags.StringVar(&o.format, "format", "", `"table", "json", "table TEMPLATE" or a Go template; the fields are .ID .Name .Service .State .Health .Ready .Restarts .Age`)
	flags.VarP(&o.filter, "filter", "f", `Show only some: "name=WORD", which is in the name of the pod or its service`)
	return cmd
}

func runLs(ctx context.Context, dockerCli command.Cli, o lsOptions) error {
	words, err := nameFilter(o.filter)
	if err != nil {
		return err
	}
	all, err := listPods(ctx, dockerCli.Client(), o.all)
	if err != nil {
		return err
	}
	all = slices.DeleteFunc(all, func(p onePod) bool { return !named(p, words) })
	if o.quiet && o.format == "" {
		for _, p := range all {
			id := p.ID
			if !o.noTrunc {
				id = formatter.TruncateID(id)
			}
			fmt.Fprintln(dockerCli.Out(), id)
		}
		return nil
	}
	rows := askAll(ctx, dockerCli.Client(), all)
	for _, r := range rows {
		if r.err != nil && r.running() {
			fmt.Fprintf(dockerCli.Err(), "warning: pod %q does not tell how it is: %v\n", r.Name, r.err)
		}
	}
	format := o.format
	if format == "" || format == formatter.TableFormatKey {
		format = podTable
	}
	return writePods(formatter.Context{Output: dockerCli.Out(), Format: formatter.Format(format), Trunc: !o.noTrunc}, rows)
}

// nameFilter returns the words of the filter name.
func nameFilter(filter opts.FilterOpt) ([]string, error) {
	args := filter.Value()
	for _, key := range args.Keys() {
		if key != "name" {
			return nil, fmt.Errorf("unknown filter %q: there is only name=WORD", key)
		}
	}
	return args.Get("name"), nil
}

// named reports whether any of the words is in a name of the pod; true if
// there are none.
func named(p onePod, words []string) bool {
	return len(words) == 0 || slices.ContainsFunc(words, func(w string) bool {
		return strings.Contains(p.Name, w) || strings.Contains(p.Service, w)
	})
}

// askedPod is a pod and what it says, or why it does not.
type askedPod struct {
	onePod
	status pod.Status
	err    error
}

// askAll asks all pods, in their order.
func askAll(ctx context.Context, api client.APIClient, pods []onePod) []askedPod {
	rows := make([]askedPod, len(pods))
	turn := make(chan struct{}, askAtOnce)
	var wg sync.WaitGroup
	for i, p := range pods {
		wg.Go(func() {
			turn <- struct{}{}
			defer func() { <-turn }()
			rows[i].onePod = p
			rows[i].status, rows[i].err = askPod(ctx, api, p)
			if rows[i].err != nil && p.running() {
				rows[i].State = stateNow(ctx, api, p)
			}
		})
	}
	wg.Wait()
	return rows
}

// stateNow looks again at a pause that does not answer: between the list and
// the question it may have ended.
func stateNow(ctx context.Context, api client.APIClient, p onePod) string {
	c, err := api.ContainerInspect(ctx, p.ID)
	switch {
	case cerrdefs.IsNotFound(err):
		return container.StateRemoving
	case err != nil:
		return p.State
	default:
		return c.State.Status
	}
}

func writePods(ctx formatter.Context, rows []askedPod) error {
	header := podRow{}
	header.Header = formatter.SubHeaderContext{
		"ID": "POD ID", "Name": "NAME", "Service": "SERVICE", "State": "STATE", "Health": "HEALTH",
		"Ready": "READY", "Restarts": "RESTARTS", "Age": "AGE",
	}
	return ctx.Write(&header, func(write func(formatter.SubContext) error) error {
		for _, r := range rows {
			if err := write(&podRow{askedPod: r, trunc: ctx.Trunc, now: time.Now()}); err != nil {
				return err
			}
		}
		return nil
	})
}

// podRow is one row; a template sees the methods.
type podRow struct {
	formatter.HeaderContext
	askedPod
	trunc bool
	now   time.Time
}

// MarshalJSON makes an object of all the methods below.
func (r *podRow) MarshalJSON() ([]byte, error) { return formatter.MarshalJSON(r) }

// ID is the pause's container ID.
func (r *podRow) ID() string {
	if r.trunc {
		return formatter.TruncateID(r.onePod.ID)
	}
	return r.onePod.ID
}

// Name is the pause's container name.
func (r *podRow) Name() string { return r.onePod.Name }

// Service is the Swarm service's name, "-" for a plain pod.
func (r *podRow) Service() string { return orDash(r.onePod.Service) }

// State is the pod's phase; what the engine says of the pause if that does
// not run; "unknown" if the pod does not say.
func (r *podRow) State() string {
	switch {
	case !r.running():
		return r.onePod.State
	case r.err != nil:
		return "unknown"
	default:
		return r.status.Phase
	}
}

// Health is the pod's word, "-" if it says none.
func (r *podRow) Health() string { return orDash(string(r.status.Health)) }

// Ready is how many components are as they should be, of how many.
func (r *podRow) Ready() string {
	if r.err != nil {
		return "-"
	}
	ready, all := show.Ready(r.status)
	return fmt.Sprintf("%d/%d", ready, all)
}

// Restarts sums those of the components.
func (r *podRow) Restarts() string {
	if r.err != nil {
		return "-"
	}
	return strconv.Itoa(show.Restarts(r.status))
}

// Age is how long ago the pause was created.
func (r *podRow) Age() string { return show.Age(r.onePod.Created, r.now) }

func orDash(s string) string {
	if s == "" {
		return "-"
	}
	return s
}
