//go:build e2e

package e2e

import (
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
)

// buildProgram puts a program of this repository into a file. Where
// PODLIKE_E2E_PROGRAMS names a folder, the program is there, ready: a machine
// that only runs the tests needs no Go.
func buildProgram(ctx context.Context, folder, file string) error {
	if ready := os.Getenv("PODLIKE_E2E_PROGRAMS"); ready != "" {
		return copyFile(filepath.Join(ready, filepath.Base(folder)), file)
	}
	cmd := exec.CommandContext(ctx, "go", "build", "-buildvcs=false", "-trimpath", "-ldflags", "-s -w", "-o", file, folder)
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0", "GOOS=linux")
	_, err := run(cmd, "")
	return err
}

// copyFile copies a program.
func copyFile(from, to string) error {
	in, err := os.Open(from)
	if err != nil {
		return fmt.Errorf("PODLIKE_E2E_PROGRAMS lacks a program: %w", err)
	}
	defer in.Close()
	if err := os.MkdirAll(filepath.Dir(to), 0o755); err != nil {
		return err
	}
	out, err := os.OpenFile(to, os.O_CREATE|os.O_WRONLY|os.O_TRUNC, 0o755)
	if err != nil {
		return err
	}
	if _, err := io.Copy(out, in); err != nil {
		out.Close()
		return err
	}
	return out.Close()
}
