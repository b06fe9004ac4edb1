package main

import (
	"github.com/docker/cli/cli/command"
	"github.com/spf13/cobra"
)

// scriptName is what earlier versions called their wrapper script.
const scriptName = "podtemplate"

// newScriptCommand is that script's command line.
func newScriptCommand(dockerCli command.Cli) *cobra.Command {
	cmd := newTemplateCommand(dockerCli)
	cmd.AddCommand(newTemplateCommand(dockerCli))
	return cmd
}
