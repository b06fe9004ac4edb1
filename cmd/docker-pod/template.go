package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/docker/cli/cli/command"
	"github.com/podlike/podlike/internal/stack"
	"github.com/spf13/cobra"
)

func newTemplateCommand(dockerCli command.Cli) *cobra.Command {
	return &cobra.Command{
		Use:   "template FILE [FILE...]",
		Short: "Print stack files as one, with services made into pods",
		Long: `Print stack files as one, in which each service with an x-podlike
configuration is a pod. Later files win, as with docker stack deploy; - is
standard input.`,
		Args: cobra.MinimumNArgs(1),
		RunE: func(cmd *cobra.Command, files []string) error {
			text, err := render(cmd.Context(), files, dockerCli.In(), dockerCli.Err())
			if err != nil {
				return err
			}
			_, err = dockerCli.Out().Write(text)
			return err
		},
	}
}

// render renders stack files for a deploy from here: with the variables of
// this process. Warnings go to stderr. The error may be a
// [*stack.MistakesError].
func render(ctx context.Context, files []string, stdin io.Reader, stderr io.Writer) ([]byte, error) {
	in, err := openStack(files, stdin)
	if err != nil {
		return nil, err
	}
	text, warnings, err := stack.Render(ctx, in)
	for _, w := range warnings {
		fmt.Fprintln(stderr, "warning: "+w)
	}
	return text, err
}

func openStack(files []string, stdin io.Reader) (stack.Input, error) {
	in, err := stack.Open(files, stdin)
	if err != nil {
		return in, err
	}
	in.Environment = environment()
	return in, nil
}

// environment is the variables of this process.
func environment() map[string]string {
	all := map[string]string{}
	for _, pair := range os.Environ() {
		k, v, _ := strings.Cut(pair, "=")
		all[k] = v
	}
	return all
}
