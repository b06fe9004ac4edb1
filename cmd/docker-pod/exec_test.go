package main

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestExecArguments(t *testing.T) {
	cmd := newExecCommand(nil)
	if err := cmd.ParseFlags([]string{"-it", "-e", "A=1,2", "-e", "B=", "-u", "1:2", "shop", "web", "ls", "-l"}); err != nil {
		t.Fatal(err)
	}
	got := execArguments(cmd.Flags(), "0123", cmd.Flags().Args()[2:])
	want := []string{"exec", "--env=A=1,2", "--env=B=", "--interactive=true", "--tty=true", "--user=1:2", "0123", "ls", "-l"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}
