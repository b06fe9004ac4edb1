package main

import (
	"context"
	"errors"
	"os"
	"os/signal"
	"slices"
	"syscall"
	"time"

	"github.com/docker/cli/cli"
	"github.com/docker/cli/cli/command"
	"github.com/spf13/cobra"
	"gopkg.in/yaml.v3"
)

// waitAtMost is the default of --timeout: as long as a pod may take to become
// healthy.
const waitAtMost = 10 * time.Minute

// handedOver are the flags of `docker stack deploy` that are given to it as
// they are.
var handedOver = []string{"prune", "with-registry-auth", "resolve-image", "detach", "quiet"}

func newDeployCommand(dockerCli command.Cli) *cobra.Command {
	var (
		files   []string
		images  imageFlags
		wait    bool
		timeout time.Duration
	)
	cmd := &cobra.Command{
		Use:   "deploy [OPTIONS] -c FILE STACK",
		Short: "Deploy stack files, with services made into pods",
		Long: `Render stack files as docker pod template does, and give the result to docker
stack deploy, with the options that it knows.

With --wait, stay until every service of the files runs, or has failed: when an
update was paused or rolled back, when Swarm gives up on a task, or when one
has ended three times. Then the exit code is 1, and the reason is printed.
Ctrl-C ends the waiting, not the deployment.`,
		Args: cli.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(files) == 0 {
				return errors.New("no stack file is named: use -c FILE, or -c - for standard input")
			}
			text, err := render(cmd.Context(), files, images, dockerCli.In(), dockerCli.Err())
			if err != nil {
				return err
			}
			docker := stackCommand{global: globalFlags(os.Args[1:]), flags: passOn(cmd.Flags())}
			if !wait {
				return docker.deploy(dockerCli, args[0], text)
			}
			docker.detach()
			ctx, stop := signal.NotifyContext(cmd.Context(), os.Interrupt, syscall.SIGTERM)
			defer stop()
			quiet, _ := cmd.Flags().GetBool("quiet")
			w := &waiting{api: dockerCli.Client(), stack: args[0], services: serviceNames(text), timeout: timeout, show: newDisplay(dockerCli.Out(), quiet)}
			if err := w.remember(ctx); err != nil {
				return err
			}
			if err := docker.deploy(dockerCli, args[0], text); err != nil {
				return err
			}
			return w.run(ctx)
		},
		ValidArgsFunction: cobra.NoFileCompletions,
	}
	flags := cmd.Flags()
	flags.StringSliceVarP(&files, "compose-file", "c", nil, `Path to a stack file, or "-" to read from stdin; later ones win`)
	flags.BoolVar(&wait, "wait", false, "Wait until all services run, and fail with the reason if one does not")
	flags.DurationVar(&timeout, "timeout", waitAtMost, "With --wait: how long; 0 for as long as it takes")
	images.install(flags)
	flags.Bool("prune", false, "Prune services that are no longer referenced")
	flags.Bool("with-registry-auth", false, "Send registry authentication details to Swarm agents")
	flags.String("resolve-image", "always", `Query the registry to resolve image digest and supported platforms ("always", "changed", "never")`)
	flags.BoolP("detach", "d", true, "Exit immediately instead of waiting for the stack services to converge, as docker does it")
	flags.BoolP("quiet", "q", false, "Suppress progress output")
	cmd.MarkFlagsMutuallyExclusive("wait", "detach")
	_ = cmd.RegisterFlagCompletionFunc("compose-file", completeStackFiles)
	_ = cmd.RegisterFlagCompletionFunc("resolve-image", cobra.FixedCompletions([]string{"always", "changed", "never"}, cobra.ShellCompDirectiveNoFileComp))
	return cmd
}

// serviceNames are the services of a stack file that was rendered.
func serviceNames(text []byte) []string {
	var file struct {
		Services map[string]any `yaml:"services"`
	}
	if err := yaml.Unmarshal(text, &file); err != nil {
		return nil // docker has read it
	}
	var names []string
	for name := range file.Services {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}

// interrupted tells the end of ctx that a user asked for from a deadline.
func interrupted(ctx context.Context) bool {
	return errors.Is(ctx.Err(), context.Canceled)
}
