package engine

import (
	"maps"
	"os"
	"slices"
	"strings"

	"github.com/compose-spec/compose-go/v2/types"
	"github.com/docker/docker/api/types/container"
	"github.com/docker/docker/api/types/mount"
)

// mounts carries volumes and tmpfs.
func (t *translation) mounts(h *container.HostConfig) {
	for _, line := range t.s.Tmpfs {
		if h.Tmpfs == nil {
			h.Tmpfs = map[string]string{}
		}
		target, opts, _ := strings.Cut(line, ":")
		h.Tmpfs[target] = opts
	}
	for _, v := range t.s.Volumes {
		switch v.Type {
		case types.VolumeTypeBind:
			t.bind(h, v)
		case types.VolumeTypeVolume:
			t.volume(h, v)
		case types.VolumeTypeTmpfs:
			m := mountOf(v, mount.TypeTmpfs)
			if v.Tmpfs != nil {
				m.TmpfsOptions = &mount.TmpfsOptions{SizeBytes: int64(v.Tmpfs.Size), Mode: os.FileMode(v.Tmpfs.Mode)}
			}
			h.Mounts = append(h.Mounts, m)
		default:
			t.mistake("volume %q has the type %q, which is not supported: use bind, volume or tmpfs", v.Target, v.Type)
		}
	}
}

func mountOf(v types.ServiceVolumeConfig, as mount.Type) mount.Mount {
	return mount.Mount{Type: as, Source: v.Source, Target: v.Target, ReadOnly: v.ReadOnly, Consistency: mount.Consistency(v.Consistency)}
}

// bind mounts a path of the host. The engine's older form is the one that
// creates a missing directory and knows SELinux labels, on every engine; the
// newer one fails if the path is missing, and takes any path.
func (t *translation) bind(h *container.HostConfig, v types.ServiceVolumeConfig) {
	b := v.Bind
	if b == nil {
		b = &types.ServiceVolumeBind{}
	}
	if b.SELinux != "" || bool(b.CreateHostPath) && !strings.Contains(v.Source+v.Target, ":") {
		h.Binds = append(h.Binds, bindString(v, v.Source, b.SELinux, b.Propagation, v.Consistency))
		return
	}
	m := mountOf(v, mount.TypeBind)
	m.BindOptions = &mount.BindOptions{
		Propagation:      mount.Propagation(b.Propagation),
		CreateMountpoint: bool(b.CreateHostPath), // from API 1.42 on; before, a missing path fails
	}
	h.Mounts = append(h.Mounts, m)
}

// bindString is source:target:options.
func bindString(v types.ServiceVolumeConfig, source string, options ...string) string {
	s := source + ":" + v.Target
	if v.ReadOnly {
		options = append(options, "ro")
	}
	options = slices.DeleteFunc(options, func(o string) bool { return o == "" })
	if len(options) > 0 {
		s += ":" + strings.Join(options, ",")
	}
	return s
}

// volume mounts a volume by its real name. Without a name the engine makes an
// anonymous one, which carries our labels and goes with the container; one with
// a name may have been there before us, and stays.
func (t *translation) volume(h *container.HostConfig, v types.ServiceVolumeConfig) {
	m := mountOf(v, mount.TypeVolume)
	if real := t.in.VolumeNames[v.Source]; real != "" {
		m.Source = real
	}
	o := mount.VolumeOptions{}
	if v.Volume != nil {
		o.NoCopy, o.Subpath = v.Volume.NoCopy, v.Volume.Subpath
		o.Labels = maps.Clone(v.Volume.Labels)
	}
	if o.Subpath != "" {
		// Docker 20.10 mounts the whole volume instead.
		t.needs(apiSubpath, "volume.subpath")
	}
	switch {
	case m.Source == "":
		o.Labels = t.in.Owner.Add(o.Labels)
	case v.Bind != nil && v.Bind.SELinux != "":
		// "name:/target:z"; only the engine's older form knows it.
		nocopy := ""
		if o.NoCopy {
			nocopy = "nocopy"
		}
		h.Binds = append(h.Binds, bindString(v, m.Source, v.Bind.SELinux, nocopy))
		return
	}
	m.VolumeOptions = &o
	h.Mounts = append(h.Mounts, m)
}
