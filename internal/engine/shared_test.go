package engine

import (
	"testing"

	"github.com/docker/docker/api/types/container"
	"github.com/docker/docker/api/types/mount"
	"github.com/google/go-cmp/cmp"
)

func TestSharedMountsAreTheTasksButForTheSocket(t *testing.T) {
	task := []container.MountPoint{
		{Type: mount.TypeBind, Source: "/var/run/docker.sock", Destination: "/var/run/docker.sock", RW: false},
		{Type: mount.TypeBind, Source: "/srv/elsewhere/docker.sock", Destination: "/engine.sock", RW: true},
		{Type: mount.TypeBind, Source: "/run", Destination: "/host-run", RW: true},
		{Type: mount.TypeVolume, Name: "stack_data", Source: "/var/lib/docker/volumes/stack_data/_data", Destination: "/data", RW: true},
		{Type: mount.TypeVolume, Name: "state", Destination: "/var/run", RW: true},
		{Type: mount.TypeBind, Source: "/srv/engine/api.sock", Destination: "/engine/api.sock"},
		{Type: mount.TypeBind, Source: "/srv/engine", Destination: "/srv"},
		{Type: mount.TypeBind, Source: "/etc/ssl", Destination: "/etc/ssl", RW: false, Propagation: mount.PropagationRPrivate},
		{Type: mount.TypeTmpfs, Destination: "/scratch"},
		{Type: mount.TypeVolume, Name: "runs", Destination: "/volume-of-var-run", RW: true},
		{Type: mount.TypeVolume, Name: "a", Destination: "/own/mount"},
		{Type: mount.TypeVolume, Name: "b", Destination: "/own/bind"},
		{Type: mount.TypeVolume, Name: "c", Destination: "/own/tmpfs"},
	}
	own := &container.HostConfig{
		Binds:  []string{"/x:/own/bind/:ro"},
		Tmpfs:  map[string]string{"/own/tmpfs": ""},
		Mounts: []mount.Mount{{Target: "/own/mount"}},
	}
	want := []mount.Mount{
		{Type: mount.TypeVolume, Source: "stack_data", Target: "/data", VolumeOptions: &mount.VolumeOptions{NoCopy: true}},
		{Type: mount.TypeVolume, Source: "state", Target: "/var/run", VolumeOptions: &mount.VolumeOptions{NoCopy: true}},
		{Type: mount.TypeBind, Source: "/etc/ssl", Target: "/etc/ssl", ReadOnly: true, BindOptions: &mount.BindOptions{Propagation: mount.PropagationRPrivate}},
	}
	if diff := cmp.Diff(want, sharedMounts(task, own, "/engine/api.sock", []string{"/srv/engine/api.sock", "runs"})); diff != "" {
		t.Error(diff)
	}
}
