//go:build e2e

package engine

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/docker/docker/api/types/container"
	"github.com/docker/docker/api/types/image"
	"github.com/docker/docker/api/types/versions"
	"github.com/google/go-cmp/cmp"

	"github.com/podlike/podlike/internal/namespaces"
)

// elsewhere are the lines of the table that an engine does not give back as
// they were sent, on some or all hosts, and why.
var elsewhere = map[string]string{
	"image":                    "this test has an image of its own",
	"cpu_percent":              "Windows only: Linux engines drop it",
	"cpu_count":                "Windows only: Linux engines drop it",
	"isolation":                "Windows only, but for the word default",
	"storage_opt":              "only some storage drivers take it",
	"blkio_config":             "dropped where the kernel has no such controller",
	"oom_kill_disable":         "dropped on cgroup v2",
	"mem_swappiness":           "dropped on cgroup v2",
	"cpu_rt_period":            "refused where the kernel has no real-time groups",
	"cpu_rt_runtime":           "refused where the kernel has no real-time groups",
	"logging.options":          "the daemon adds its own defaults",
	"pids_limit: -1":           "no limit is shown as nothing",
	"runtime":                  "only those that the daemon has",
	"userns_mode":              "checked by the daemon's own setting",
	"create_host_path: false":  "refused, as asked, where the path is missing",
	"/a:b":                     "refused where the path is missing: only newer engines make one with a colon",
	"gpus":                     "refused without a driver",
	"deploy.resources.devices": "refused without a driver",
}

// TestEngineGivesBackWhatItWasTold sends every line of the table to the real
// engine and compares what its inspect says: a field that is swapped or dropped
// on the way shows here.
func TestEngineGivesBackWhatItWasTold(t *testing.T) {
	c, err := Connect(t.Context(), os.Getenv, func(name string) (io.ReadCloser, error) { return os.Open(name) })
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	ref := fmt.Sprintf("podlike-e2e/carried:%d", os.Getpid())
	read, err := c.api.ImageImport(t.Context(), image.ImportSource{Source: bytes.NewReader(make([]byte, 1024)), SourceName: "-"}, ref, image.ImportOptions{})
	if err != nil {
		t.Fatal(err)
	}
	io.Copy(io.Discard, read)
	read.Close()
	defer c.api.ImageRemove(context.Background(), ref, image.RemoveOptions{Force: true})
	defer func() {
		for _, volume := range []string{"shop_data", "new", "other"} { // those of the table
			c.api.VolumeRemove(context.Background(), volume, true)
		}
	}()

	compared := 0
	for i, line := range carriedKeys {
		what := strings.Join(strings.Fields(line.keys[0]+" "+line.yaml), " ")
		if line.api != "" && versions.LessThan(c.APIVersion(), line.api) {
			t.Logf("not here: %s needs API %s", what, line.api)
			continue
		}
		t.Run(what, func(t *testing.T) {
			in := input(t, line.yaml)
			in.Modes = namespaces.Modes{Network: "none", IPC: "private"}
			in.APIVersion = c.APIVersion()
			in.Component.Service.Image = ref
			o := created(t, in)
			if len(o.Config.Cmd) == 0 && len(o.Config.Entrypoint) == 0 {
				o.Config.Cmd = []string{"none"} // the engine wants one
			}
			made, err := c.api.ContainerCreate(t.Context(), o.Config, o.HostConfig, nil, nil, fmt.Sprintf("podlike-carried-%d", i))
			if err == nil {
				defer c.remove(context.Background(), made.ID)
				var seen container.InspectResponse
				if seen, err = c.api.ContainerInspect(t.Context(), made.ID); err == nil {
					if diff := cmp.Diff(line.want, line.got(seen.Config, seen.HostConfig)); diff != "" {
						err = fmt.Errorf("-want +got\n%s", diff)
					}
				}
			}
			reason, excused := excuse(line)
			switch {
			case err == nil:
				compared++
			case excused:
				t.Logf("%s: %v", reason, err)
			default:
				t.Error(err)
			}
		})
	}
	if least := len(carriedKeys) * 3 / 4; compared < least {
		t.Errorf("only %d of %d lines were compared, want %d at least", compared, len(carriedKeys), least)
	}
	t.Logf("%d of %d lines are given back as they were sent", compared, len(carriedKeys))
}

// excuse finds a line among those of elsewhere, by a key or by its text.
func excuse(line carriedKey) (string, bool) {
	for key, reason := range elsewhere {
		if strings.Contains(line.yaml, key) || slices.ContainsFunc(line.keys, func(k string) bool { return k == key || strings.HasPrefix(k, key+".") }) {
			return reason, true
		}
	}
	return "", false
}
