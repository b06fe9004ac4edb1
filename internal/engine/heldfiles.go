package engine

import (
	"context"
	"errors"
	"fmt"
	"path"

	"github.com/docker/docker/api/types/mount"

	"github.com/podlike/podlike/internal/labels"
	"github.com/podlike/podlike/internal/pod"
)

// heldDir is where the donor has the tmpfs for files that a component wants
// with another owner or mode than the service has them.
//
// It is a volume, because a volume has a path on the host, from where a file
// can be bound into components; and the donor's, because the engine unmounts
// the volumes of a container that does not run, and then a tmpfs is empty
// again. The donor lives as long as the pod, and the volume goes with it. Seen
// to work from 20.10 on.
const heldDir = "/held"

// heldVolume is that mount. Its directory is root's: the files in it reach
// only the components that they are bound into.
func heldVolume(owner labels.Owner) mount.Mount {
	return mount.Mount{Type: mount.TypeVolume, Target: heldDir, VolumeOptions: &mount.VolumeOptions{
		NoCopy: true,
		Labels: owner.Add(nil),
		DriverConfig: &mount.Driver{Name: "local", Options: map[string]string{
			"type": "tmpfs", "device": "tmpfs", "o": "mode=0700,nosuid,nodev,noexec",
		}},
	}}
}

// fileMounts are the configs and secrets that a component names.
func (p *Pod) fileMounts(ctx context.Context, c pod.Component) ([]mount.Mount, error) {
	wanted, err := p.taskFiles.wanted(c.Service)
	if err != nil {
		return nil, err
	}
	var all []mount.Mount
	for i, w := range wanted {
		source := w.host
		differs, err := w.differs(p.files)
		if err == nil && differs {
			source, err = p.hold(ctx, fmt.Sprintf("%d-%s", i, c.Name), w)
		}
		if err != nil {
			return nil, fmt.Errorf("cannot give it the %s %q: %w", w.kind, w.ref.Source, err)
		}
		all = append(all, mount.Mount{Type: mount.TypeBind, Source: source, Target: w.target, ReadOnly: true})
	}
	return all, nil
}

// hold copies a file to the donor's tmpfs and returns its path on the host.
func (p *Pod) hold(ctx context.Context, name string, w taskFile) (string, error) {
	wanted, err := w.copyTo(path.Join(heldDir, name))
	if err != nil {
		return "", err
	}
	id, err := p.runningDonor(ctx)
	if err != nil {
		return "", err
	}
	donor, err := p.client.api.ContainerInspect(ctx, id)
	if err != nil {
		return "", err
	}
	for _, m := range donor.Mounts {
		if m.Destination == heldDir {
			return path.Join(m.Source, name), p.copyOne(ctx, id, heldDir, wanted)
		}
	}
	return "", errors.New("the pod's donor has no place for it")
}

// holdsFiles reports whether any component needs the donor's tmpfs.
func (p *Pod) holdsFiles() bool {
	for _, list := range [][]pod.Component{p.spec.Init, p.spec.Components} {
		for _, c := range list {
			wanted, _ := p.taskFiles.wanted(c.Service) // errors come with the component
			for _, w := range wanted {
				if differs, err := w.differs(p.files); err == nil && differs {
					return true
				}
			}
		}
	}
	return false
}
