package main

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/docker/cli/cli"
	"github.com/docker/cli/cli/command"
	"github.com/docker/docker/client"
	"github.com/spf13/cobra"

	"github.com/podlike/podlike/internal/labels"
	"github.com/podlike/podlike/internal/pod"
)

type debugOptions struct {
	image, target, user string
	interactive, tty    bool
	privileged          bool
	env, capabilities   []string
}

func newDebugCommand(dockerCli command.Cli) *cobra.Command {
	var o debugOptions
	cmd := &cobra.Command{
		Use:   "debug [OPTIONS] POD --image IMAGE [COMMAND] [ARG...]",
		Short: "Run a container of any image inside a pod",
		Long: `Run a container in the network and PID namespaces of a pod, and in the IPC
namespace that its components share, if they do. It is removed at its end, and
with the pod. On a terminal it is interactive.`,
		Example: "docker pod debug shop_web --image nicolaka/netshoot\ndocker pod debug shop_web --image busybox -- ps aux",
		Args:    cli.RequiresMinArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if !cmd.Flags().Changed("interactive") && !cmd.Flags().Changed("tty") {
				o.interactive = dockerCli.In().IsTerminal() && dockerCli.Out().IsTerminal()
				o.tty = o.interactive
			}
			return runDebug(cmd.Context(), dockerCli, args[0], args[1:], o)
		},
		ValidArgsFunction: completePod(dockerCli),
	}
	flags := cmd.Flags()
	flags.StringVar(&o.image, "image", "", "Image to run (required)")
	flags.StringVar(&o.target, "target", "", "Component whose PID namespace to join, where the pod's are not shared")
	flags.StringVarP(&o.user, "user", "u", "", "User name or ID, with :GROUP if wanted")
	flags.StringArrayVarP(&o.env, "env", "e", nil, "Set an environment variable")
	flags.StringArrayVar(&o.capabilities, "cap-add", nil, "Add a capability, as SYS_PTRACE to trace processes")
	flags.BoolVar(&o.privileged, "privileged", false, "Give it all capabilities")
	flags.BoolVarP(&o.interactive, "interactive", "i", false, "Keep standard input open")
	flags.BoolVarP(&o.tty, "tty", "t", false, "Give it a terminal")
	cmd.MarkFlagRequired("image")
	cmd.RegisterFlagCompletionFunc("target", func(cmd *cobra.Command, args []string, _ string) ([]string, cobra.ShellCompDirective) {
		if len(args) == 0 {
			return nil, cobra.ShellCompDirectiveNoFileComp
		}
		return componentNames(cmd, dockerCli, args[0])
	})
	return cmd
}

func runDebug(ctx context.Context, dockerCli command.Cli, ref string, command []string, o debugOptions) error {
	p, err := findPod(ctx, dockerCli.Client(), ref)
	if err != nil {
		return err
	}
	if !p.running() {
		return fmt.Errorf("pod %q does not run: %s", p.Name, p.Status)
	}
	joined, err := joinPod(ctx, dockerCli.Client(), p, o.target)
	if err != nil {
		return err
	}
	// docker run knows terminals, signals, pulls and exit codes.
	return handOver(append([]string{"run"}, runArguments(joined, command, o)...))
}

// joint is what a container that joins a pod is told.
type joint struct {
	network, pid, ipc string // "" for one of its own
	labels            []string
}

// joinPod finds the namespaces of a pod.
func joinPod(ctx context.Context, api client.APIClient, p onePod, target string) (joint, error) {
	j := joint{network: "container:" + p.ID, pid: "container:" + p.ID}
	if target != "" {
		m, err := memberOf(ctx, api, p, target)
		if err != nil {
			return j, err
		}
		j.pid = "container:" + m.ID
	}
	members, err := membersOf(ctx, api, p.ID)
	if err != nil {
		return j, err
	}
	owner := labels.Owner{Identity: pod.Identity{ID: p.ID, Name: p.Name}, Component: string(pod.RoleDebug), Role: pod.RoleDebug}
	for _, m := range members {
		if !m.running() {
			continue
		}
		owner.Run = m.Run
		// What the components joined, whoever it is of.
		if j.ipc == "" && m.Role == pod.RoleComponent {
			c, err := api.ContainerInspect(ctx, m.ID)
			if err == nil && c.HostConfig.IpcMode.IsContainer() {
				j.ipc = string(c.HostConfig.IpcMode)
			}
		}
	}
	for k, v := range owner.Add(nil) {
		if v != "" {
			j.labels = append(j.labels, k+"="+v)
		}
	}
	slices.Sort(j.labels)
	return j, nil
}

// runArguments are those of docker run.
func runArguments(j joint, command []string, o debugOptions) []string {
	args := []string{"--rm", "--network=" + j.network, "--pid=" + j.pid}
	if j.ipc != "" {
		args = append(args, "--ipc="+j.ipc)
	}
	for _, l := range j.labels {
		args = append(args, "--label="+l)
	}
	for _, e := range o.env {
		args = append(args, "--env="+e)
	}
	for _, c := range o.capabilities {
		args = append(args, "--cap-add="+strings.ToUpper(c))
	}
	if o.user != "" {
		args = append(args, "--user="+o.user)
	}
	if o.privileged {
		args = append(args, "--privileged")
	}
	if o.interactive {
		args = append(args, "--interactive")
	}
	if o.tty {
		args = append(args, "--tty")
	}
	// An image that is a pause's has a health check, which is not about this.
	args = append(args, "--no-healthcheck", o.image)
	return append(args, command...)
}
