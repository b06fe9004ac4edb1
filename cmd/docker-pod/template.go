package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"regexp"
	"strings"

	"github.com/docker/cli/cli"
	"github.com/docker/cli/cli/command"
	"github.com/podlike/podlike/internal/stack"
	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

func newTemplateCommand(dockerCli command.Cli) *cobra.Command {
	var images imageFlags
	cmd := &cobra.Command{
		Use:   "template [OPTIONS] FILE [FILE...]",
		Short: "Print stack files as one, with services made into pods",
		Long: `Print stack files as one, in which each service with an x-podlike
configuration is a pod. Of several files the later ones win, as with docker
stack deploy; - is standard input.`,
		Args:              cli.RequiresMinArgs(1),
		ValidArgsFunction: completeStackFiles,
		RunE: func(cmd *cobra.Command, files []string) error {
			text, err := render(cmd.Context(), files, images, dockerCli.In(), dockerCli.Err())
			if err != nil {
				return err
			}
			_, err = dockerCli.Out().Write(text)
			return err
		},
	}
	images.install(cmd.Flags())
	return cmd
}

// render renders stack files for a deploy from here: with the variables of
// this process. Warnings go to stderr. The error may be a
// [*stack.MistakesError].
func render(ctx context.Context, files []string, images imageFlags, stdin io.Reader, stderr io.Writer) ([]byte, error) {
	in, err := openStack(files, images, stdin)
	if err != nil {
		return nil, err
	}
	text, warnings, err := stack.Render(ctx, in)
	for _, w := range warnings {
		fmt.Fprintln(stderr, "warning: "+w)
	}
	return text, err
}

func openStack(files []string, images imageFlags, stdin io.Reader) (stack.Input, error) {
	in, err := stack.Open(files, stdin)
	if err != nil {
		return in, err
	}
	in.Environment = environment()
	in.PauseImage = images.pause
	in.Version = imageTag(version, in.Environment["PODLIKE_VERSION"])
	return in, nil
}

// imageFlags say which images pods run that name none.
type imageFlags struct {
	pause string
}

func (f *imageFlags) install(flags *pflag.FlagSet) {
	flags.StringVar(&f.pause, "pause-image", "", "Image of pods whose template names none (default podlike/pause)")
}

// release is the version of a build that has images.
var release = regexp.MustCompile(`^v\d+\.\d+\.\d+$`)

// imageTag is the tag of the default image: what PODLIKE_VERSION asks for, or
// that of this release, or the one that `make images` gives.
func imageTag(version, asked string) string {
	switch {
	case asked != "":
		return asked
	case release.MatchString(version):
		return version
	default:
		return "dev"
	}
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

// completeStackFiles offers the shell files with YAML.
func completeStackFiles(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) {
	return []string{"yml", "yaml"}, cobra.ShellCompDirectiveFilterFileExt
}
