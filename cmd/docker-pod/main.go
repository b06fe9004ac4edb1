// Docker-pod is the user's command line: a plugin of the docker CLI, which runs
// it for `docker pod ...`, and a plain command.
//
//	docker pod COMMAND          installed as docker-pod in ~/.docker/cli-plugins
//	docker-pod COMMAND          on its own; global flags like --context come before COMMAND
//	podtemplate ...             under that name, the wrapper script of earlier versions
//
// Each command has a file of its own, with a function that makes it; only
// root.go knows them all.
package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"github.com/docker/cli/cli"
	"github.com/docker/cli/cli-plugins/metadata"
	"github.com/docker/cli/cli-plugins/plugin"
	"github.com/docker/cli/cli/command"
	"github.com/docker/cli/cli/debug"
	"github.com/spf13/cobra"
	"go.opentelemetry.io/otel"
)

// version is set by the build.
var version = "dev"

func main() {
	otel.SetErrorHandler(debug.OTELErrorHandler) // an exporter that fails is nobody's concern here
	dockerCli, err := command.NewDockerCli()
	if err != nil {
		os.Exit(exitCode(os.Stderr, err))
	}
	switch {
	case filepath.Base(os.Args[0]) == scriptName:
		err = runPlain(dockerCli, newScriptCommand(dockerCli))
	case plugin.RunningStandalone():
		root := newPodCommand(dockerCli)
		root.Use = "docker-pod"
		err = runPlain(dockerCli, root)
	default:
		err = plugin.RunPlugin(dockerCli, newPodCommand(dockerCli), metadata.Metadata{
			SchemaVersion: "0.1.0",
			Vendor:        "Podlike",
			Version:       version,
			URL:           "https://github.com/podlike/podlike",
		})
	}
	os.Exit(exitCode(dockerCli.Err(), err))
}

// runPlain runs a command without the docker CLI around it, with the same
// global flags.
func runPlain(dockerCli *command.DockerCli, root *cobra.Command) error {
	root.TraverseChildren = true // global flags come before the command: -c is theirs there
	root.SilenceUsage, root.SilenceErrors = true, true
	opts, flags := cli.SetupPluginRootCommand(root)
	for _, cmd := range append(root.Commands(), root) {
		cmd.DisableFlagsInUseLine = true // they say [OPTIONS] already, as docker's own do
	}
	delete(root.Annotations, "additionalHelp") // where to find help on Docker
	root.SetIn(dockerCli.In())
	root.SetOut(dockerCli.Out())
	root.SetErr(dockerCli.Err())
	root.PersistentPreRunE = func(*cobra.Command, []string) error {
		opts.SetDefaultOptions(flags)
		return dockerCli.Initialize(opts)
	}
	return root.Execute()
}

// exitCode prints a command's error, unless it has been said already, and
// returns what the process ends with.
func exitCode(stderr io.Writer, err error) int {
	if err == nil {
		return 0
	}
	if text := err.Error(); text != "" {
		fmt.Fprintln(stderr, text)
	}
	if status := (cli.StatusError{}); errors.As(err, &status) && status.StatusCode != 0 {
		return status.StatusCode
	}
	return 1
}
