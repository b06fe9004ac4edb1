package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/docker/cli/cli"
	"github.com/docker/cli/cli/command"
	"github.com/podlike/podlike/internal/stack"
	"github.com/spf13/cobra"
)

func newLintCommand(dockerCli command.Cli) *cobra.Command {
	var format string
	cmd := &cobra.Command{
		Use:   "lint [OPTIONS] FILE [FILE...]",
		Short: "Say what is wrong with stack files, and with the pods in them",
		Long: `Say what is wrong with stack files, and with the pods in them: those of
x-podlike configurations, and those that are written by hand as labels. With
mistakes, the exit code is 1; warnings alone leave it 0.`,
		Args:              cli.RequiresMinArgs(1),
		ValidArgsFunction: completeStackFiles,
		RunE: func(cmd *cobra.Command, files []string) error {
			if format != "text" && format != "json" {
				return fmt.Errorf("cannot print as %q: --format is text or json", format)
			}
			in, err := openStack(files, imageFlags{}, dockerCli.In())
			if err != nil {
				return err
			}
			report, err := stack.Lint(cmd.Context(), in)
			if err != nil {
				return err
			}
			if format == "json" {
				err = lintJSON(dockerCli.Out(), report)
			} else {
				err = lintText(dockerCli.Out(), report)
			}
			if err == nil && len(report.Mistakes) > 0 {
				err = errors.New(lintSummary(report))
			}
			return err
		},
	}
	cmd.Flags().StringVar(&format, "format", "text", "Print as text or json")
	_ = cmd.RegisterFlagCompletionFunc("format", cobra.FixedCompletions([]string{"text", "json"}, cobra.ShellCompDirectiveNoFileComp))
	return cmd
}

// lintText prints a line for each finding; and the summary, unless that will
// be the command's error.
func lintText(w io.Writer, report stack.Report) error {
	var b strings.Builder
	for _, m := range report.Mistakes {
		b.WriteString(strings.ReplaceAll(m.String(), "\n", "\n    ") + "\n")
	}
	for _, m := range report.Warnings {
		b.WriteString("warning: " + strings.ReplaceAll(m.String(), "\n", "\n    ") + "\n")
	}
	if len(report.Mistakes) == 0 {
		b.WriteString(lintSummary(report) + "\n")
	}
	_, err := io.WriteString(w, b.String())
	return err
}

// lintJSON prints one object; its lists are never null.
func lintJSON(w io.Writer, report stack.Report) error {
	enc := json.NewEncoder(w)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	return enc.Encode(struct {
		Services int             `json:"services"`
		Pods     int             `json:"pods"`
		Mistakes []stack.Mistake `json:"mistakes"`
		Warnings []stack.Mistake `json:"warnings"`
	}{report.Services, report.Pods, append([]stack.Mistake{}, report.Mistakes...), append([]stack.Mistake{}, report.Warnings...)})
}

// lintSummary is "2 services, 1 pod: no mistakes, 1 warning".
func lintSummary(report stack.Report) string {
	return fmt.Sprintf("%s, %s: %s, %s", count(report.Services, "service"), count(report.Pods, "pod"), count(len(report.Mistakes), "mistake"), count(len(report.Warnings), "warning"))
}

func count(n int, what string) string {
	switch n {
	case 0:
		return "no " + what + "s"
	case 1:
		return "1 " + what
	default:
		return fmt.Sprintf("%d %ss", n, what)
	}
}
