package main

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"slices"
	"strings"

	"github.com/docker/cli/cli"
	"github.com/docker/cli/cli-plugins/metadata"
	"github.com/docker/cli/cli-plugins/socket"
	"github.com/docker/cli/cli/command"
	cliflags "github.com/docker/cli/cli/flags"
	"github.com/spf13/pflag"
)

// passOn are the flags for `docker stack deploy`: only those that the user
// gave, since an older docker does not know all of them.
func passOn(flags *pflag.FlagSet) []string {
	var args []string
	flags.Visit(func(f *pflag.Flag) {
		if slices.Contains(handedOver, f.Name) {
			args = append(args, "--"+f.Name+"="+f.Value.String())
		}
	})
	return args
}

// globalFlags are the docker CLI's own flags, which come before the first word
// of a command line: --context, --host, --config, --tls...
func globalFlags(args []string) []string {
	flags := pflag.NewFlagSet("", pflag.ContinueOnError)
	flags.SetInterspersed(false)
	flags.Usage = func() {}
	cliflags.NewClientOptions().InstallFlags(flags)
	if err := flags.Parse(args); err != nil {
		return nil // then there was no command to run
	}
	return args[:len(args)-flags.NArg()]
}

// stackCommand is a run of `docker stack deploy`.
type stackCommand struct {
	global []string // the docker CLI's own flags
	flags  []string // those of the command
}

// detach asks docker not to wait, where it knows how to: it would else say
// that it will do so one day.
func (c *stackCommand) detach() {
	help, err := dockerCommand(slices.Concat(c.global, []string{"stack", "deploy", "--help"})).Output()
	if err == nil && bytes.Contains(help, []byte("--detach")) {
		c.flags = append(c.flags, "--detach=true")
	}
}

// deploy gives a stack file to docker. When docker fails it has told why
// itself, and the error has just its exit code.
func (c *stackCommand) deploy(dockerCli command.Streams, name string, text []byte) error {
	cmd := dockerCommand(slices.Concat(c.global, []string{"stack", "deploy"}, c.flags, []string{"-c", "-", "--", name}))
	cmd.Stdin = bytes.NewReader(text)
	cmd.Stdout, cmd.Stderr = dockerCli.Out(), dockerCli.Err()
	return runDocker(cmd, "docker stack deploy")
}

// handOver lets docker do the rest, with the same terminal and for the same
// engine: args are those of `docker exec` or the like, with that word. The
// error has docker's exit code.
func handOver(args []string) error {
	cmd := dockerCommand(append(globalFlags(os.Args[1:]), args...))
	cmd.Stdin, cmd.Stdout, cmd.Stderr = os.Stdin, os.Stdout, os.Stderr
	return runDocker(cmd, "docker "+args[0])
}

func runDocker(cmd *exec.Cmd, what string) error {
	err := cmd.Run()
	var exit *exec.ExitError
	switch {
	case errors.As(err, &exit):
		return cli.StatusError{StatusCode: max(exit.ExitCode(), 1)}
	case err != nil:
		return fmt.Errorf("cannot run %s: %w", what, err)
	default:
		return nil
	}
}

// dockerCommand is a run of the docker CLI that runs this plugin, or of the one in
// PATH. It has no context: a Ctrl-C reaches docker by itself, and it ends in
// order.
func dockerCommand(args []string) *exec.Cmd {
	name := os.Getenv(metadata.ReexecEnvvar)
	if name == "" {
		name = "docker"
	}
	cmd := exec.Command(name, args...)
	// What docker tells its plugins about itself is not for another docker.
	cmd.Env = slices.DeleteFunc(os.Environ(), func(pair string) bool {
		return strings.HasPrefix(pair, metadata.ReexecEnvvar+"=") || strings.HasPrefix(pair, socket.EnvKey+"=")
	})
	return cmd
}
