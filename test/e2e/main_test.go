//go:build e2e

package e2e

import (
	"archive/tar"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/docker/docker/api/types/build"
	"github.com/docker/docker/api/types/image"
	"github.com/docker/docker/api/types/swarm"
	"github.com/docker/docker/client"
)

const (
	pauseImage      = "podlike/pause:dev"
	supervisorImage = "podlike/supervisor:dev"
	// missingImage names a registry at a port where nothing listens: a pull of
	// it fails at once, with or without a network.
	missingImage = "127.0.0.1:1/podlike-e2e/missing:dev"
)

// probeImage is what the components run. It is this run's own: another run on
// the same engine removes its image when it ends.
var probeImage = fmt.Sprintf("podlike-e2e/probe:%d", os.Getpid())

func TestMain(m *testing.M) {
	code, err := prepareAndRun(m)
	if err != nil {
		fmt.Fprintln(os.Stderr, "e2e: "+err.Error())
		os.Exit(1)
	}
	os.Exit(code)
}

// prepareAndRun makes what all tests need, runs them, and removes it again.
// What is missing is an error, never a reason to skip.
func prepareAndRun(m *testing.M) (int, error) {
	ctx, cancel := context.WithTimeout(context.Background(), patience(2*time.Minute))
	defer cancel()
	api, err := connect()
	if err != nil {
		return 0, err
	}
	defer api.Close()
	if _, err := api.Ping(ctx); err != nil {
		return 0, fmt.Errorf("no Docker engine answers (make engine starts one): %w", err)
	}
	for _, ref := range []string{pauseImage, supervisorImage} {
		if _, err := api.ImageInspect(ctx, ref); err != nil {
			return 0, fmt.Errorf("the image %s is not there: run make images first (%w)", ref, err)
		}
	}
	leave, err := joinSwarm(ctx, api)
	if err != nil {
		return 0, err
	}
	defer leave()
	if err := buildProbe(ctx, api); err != nil {
		return 0, fmt.Errorf("cannot build the image %s: %w", probeImage, err)
	}
	defer api.ImageRemove(context.Background(), probeImage, image.RemoveOptions{Force: true})
	return m.Run(), nil
}

// connect makes a client for the engine that the docker command uses too.
func connect() (*client.Client, error) {
	return client.NewClientWithOpts(client.FromEnv, client.WithAPIVersionNegotiation())
}

// joinSwarm makes a Swarm where there is none; leave undoes just that.
func joinSwarm(ctx context.Context, api *client.Client) (leave func(), err error) {
	info, err := api.Info(ctx)
	if err != nil {
		return nil, err
	}
	switch {
	case info.Swarm.LocalNodeState == swarm.LocalNodeStateActive && info.Swarm.ControlAvailable:
		return func() {}, nil
	case info.Swarm.LocalNodeState == swarm.LocalNodeStateInactive:
		_, err := api.SwarmInit(ctx, swarm.InitRequest{ListenAddr: "127.0.0.1:2377", AdvertiseAddr: "127.0.0.1"})
		if err != nil {
			return nil, fmt.Errorf("cannot make a Swarm: %w", err)
		}
		return func() { api.SwarmLeave(context.Background(), true) }, nil
	default:
		return nil, fmt.Errorf("this engine is no Swarm manager (its state is %q): docker swarm leave, or use another engine",
			info.Swarm.LocalNodeState)
	}
}

// buildProbe makes the image with the probe and nothing else.
func buildProbe(ctx context.Context, api *client.Client) error {
	dir, err := os.MkdirTemp("", "podlike-e2e")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	binary := filepath.Join(dir, "probe")
	if err := buildProgram(ctx, "./probe", binary); err != nil {
		return err
	}
	program, err := os.ReadFile(binary)
	if err != nil {
		return err
	}

	var buildContext bytes.Buffer
	w := tar.NewWriter(&buildContext)
	for _, f := range []struct {
		name    string
		mode    int64
		content []byte
	}{
		{"Dockerfile", 0o644, []byte("FROM scratch\nCOPY probe /probe\nENTRYPOINT [\"/probe\"]\n")},
		{"probe", 0o755, program},
	} {
		if err := w.WriteHeader(&tar.Header{Name: f.name, Mode: f.mode, Size: int64(len(f.content))}); err != nil {
			return err
		}
		if _, err := w.Write(f.content); err != nil {
			return err
		}
	}
	if err := w.Close(); err != nil {
		return err
	}
	answer, err := api.ImageBuild(ctx, &buildContext, build.ImageBuildOptions{Tags: []string{probeImage}, Remove: true, Version: build.BuilderV1})
	if err != nil {
		return err
	}
	defer answer.Body.Close()
	return buildError(answer.Body)
}

// buildError reads what a build says to its end; its error comes last.
func buildError(r io.Reader) error {
	for d := json.NewDecoder(r); ; {
		var line struct{ Error string }
		switch err := d.Decode(&line); {
		case errors.Is(err, io.EOF):
			return nil
		case err != nil:
			return err
		case line.Error != "":
			return errors.New(line.Error)
		}
	}
}
