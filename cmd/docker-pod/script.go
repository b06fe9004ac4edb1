package main

import (
	"errors"

	"github.com/docker/cli/cli/command"
	"github.com/spf13/cobra"
)

// scriptName is what earlier versions called their wrapper script: under it,
// this program takes that script's arguments.
const scriptName = "podtemplate"

// newScriptCommand is that script's command line: files alone are rendered, as
// with the word template before them. Nothing at all is a call for help.
func newScriptCommand(dockerCli command.Cli) *cobra.Command {
	cmd := newTemplateCommand(dockerCli)
	cmd.Use = scriptName + " FILE [FILE...]"
	cmd.Long = `The script of earlier versions, by docker-pod:

  podtemplate FILE...                          docker pod template FILE...
  podtemplate template FILE...                 the same
  podtemplate deploy -c FILE [OPTIONS] STACK   docker pod deploy -c FILE ...`
	cmd.Args = cobra.ArbitraryArgs
	render := cmd.RunE
	cmd.RunE = func(cmd *cobra.Command, files []string) error {
		if len(files) == 0 {
			return cmd.Help()
		}
		return render(cmd, files)
	}
	template := newTemplateCommand(dockerCli)
	template.Args = cobra.ArbitraryArgs
	template.RunE = cmd.RunE
	deploy := newDeployCommand(dockerCli)
	deploy.Flags().String("bundle-file", "", "")
	_ = deploy.Flags().MarkHidden("bundle-file")
	run := deploy.RunE
	deploy.RunE = func(cmd *cobra.Command, args []string) error {
		if cmd.Flags().Changed("bundle-file") {
			return errors.New("bundle files are not supported: name stack files with -c")
		}
		return run(cmd, args)
	}
	cmd.AddCommand(template, deploy)
	return cmd
}
