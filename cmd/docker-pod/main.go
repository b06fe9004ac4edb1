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
	"os"
	"path/filepath"

	"github.com/docker/cli/cli"
	"github.com/docker/cli/cli-plugins/metadata"
	"github.com/docker/cli/cli-plugins/plugin"
	"github.com/docker/cli/cli/command"
	"github.com/spf13/cobra"
)

// version is set by the build.
var version = "dev"

func main() {
	switch {
	case filepath.Base(os.Args[0]) == scriptName:
		os.Exit(runPlain(newScriptCommand, scriptName))
	case plugin.RunningStandalone():
		os.Exit(runPlain(newPodCommand, "docker-pod"))
	default:
		plugin.Run(newPodCommand, metadata.Metadata{
			SchemaVersion: "0.1.0",
			Vendor:        "Podlike",
			Version:       version,
			URL:           "https://github.com/podlike/podlike",
		})
	}
}

// runPlain runs a command without the docker CLI around it, with the same
// global flags, and returns its exit code.
func runPlain(newCommand func(command.Cli) *cobra.Command, name string) int {
	dockerCli, err := command.NewDockerCli()
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	root := newCommand(dockerCli)
	root.Use = name
	root.TraverseChildren = true // global flags come before the command: -c is theirs there
	root.SilenceUsage, root.SilenceErrors = true, true
	opts, flags := cli.SetupPluginRootCommand(root)
	delete(root.Annotations, "additionalHelp") // where to find help on Docker
	root.SetIn(dockerCli.In())
	root.SetOut(dockerCli.Out())
	root.SetErr(dockerCli.Err())
	root.PersistentPreRunE = func(*cobra.Command, []string) error {
		opts.SetDefaultOptions(flags)
		return dockerCli.Initialize(opts)
	}
	err = root.Execute()
	if err == nil {
		return 0
	}
	code := 1
	if status := (cli.StatusError{}); errors.As(err, &status) && status.StatusCode != 0 {
		code = status.StatusCode
	}
	if err.Error() != "" {
		fmt.Fprintln(dockerCli.Err(), err)
	}
	return code
}
