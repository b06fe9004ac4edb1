package engine

import (
	"errors"
	"fmt"
	"maps"
	"path"
	"slices"
	"strconv"
	"strings"
	"syscall"

	"github.com/compose-spec/compose-go/v2/types"

	"github.com/podlike/podlike/internal/pod"
)

// taskFiles are the configs and secrets that Swarm gave the task: where they
// are in the pause, and where on the host.
//
// Docker keeps them on a tmpfs of the task, which its API cannot read, and
// binds each file from there: the root of the mount, the fourth field of
// mountinfo, is the file's name on that tmpfs. The same bind works for other
// containers; the file stays in memory, and stays read-only.
type taskFiles map[string]string

// readTaskFiles finds the files in the mountinfo of the pause.
func readTaskFiles(mountinfo, dockerRoot, pauseID string) taskFiles {
	dir := path.Join(dockerRoot, "containers", pauseID, "mounts", "secrets")
	files := taskFiles{}
	for line := range strings.Lines(mountinfo) {
		before, after, ok := strings.Cut(line, " - ")
		fields := strings.Fields(before)
		if !ok || len(fields) < 5 || !strings.HasPrefix(after, "tmpfs ") {
			continue
		}
		// Swarm's names are its object IDs, 25 letters and digits.
		if name := strings.TrimPrefix(fields[3], "/"); len(name) == 25 && !strings.Contains(name, "/") {
			files[unescape(fields[4])] = path.Join(dir, name)
		}
	}
	return files
}

// unescape undoes mountinfo's "\040" for a blank.
func unescape(s string) string {
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		if s[i] == '\\' && i+4 <= len(s) {
			if n, err := strconv.ParseUint(s[i+1:i+4], 8, 8); err == nil {
				b.WriteByte(byte(n))
				i += 3
				continue
			}
		}
		b.WriteByte(s[i])
	}
	return b.String()
}

// taskFile is a config or secret of the task, as one component wants it.
type taskFile struct {
	kind   string // "config" or "secret"
	source string // its path in the pause
	host   string // its path on the host, in memory
	target string // its path in the component
	ref    types.FileReferenceConfig
}

// wanted finds the files that a component names. A source is the name of the
// config or secret as the service has it, or the path of the file in the
// service's container.
func (f taskFiles) wanted(service types.ServiceConfig) ([]taskFile, error) {
	var all []taskFile
	var missing []error
	add := func(kind, dir string, ref types.FileReferenceConfig) {
		w := taskFile{kind: kind, source: within(dir, ref.Source), target: ref.Target, ref: ref}
		if w.target == "" {
			w.target = path.Base(w.source)
			if kind == "config" {
				w.target = w.source
			}
		}
		w.target = within(dir, w.target)
		var ok bool
		if w.host, ok = f[w.source]; !ok {
			missing = append(missing, fmt.Errorf("the service has no %s %q: %s; list it below %ss of the service too, and name it by its path there if that is another", kind, ref.Source, f, kind))
			return
		}
		all = append(all, w)
	}
	for _, s := range service.Secrets {
		add("secret", "/run/secrets", types.FileReferenceConfig(s))
	}
	for _, c := range service.Configs {
		add("config", "/", types.FileReferenceConfig(c))
	}
	return all, errors.Join(missing...)
}

func within(dir, name string) string {
	if path.IsAbs(name) {
		return path.Clean(name)
	}
	return path.Join(dir, name)
}

// differs reports whether the component wants another owner or mode than the
// file has in the service. What it does not say stays.
func (w taskFile) differs(files Files) (bool, error) {
	if w.ref.UID == "" && w.ref.GID == "" && w.ref.Mode == nil {
		return false, nil
	}
	info, err := files.Stat(w.source)
	if err != nil {
		return false, err
	}
	has, ok := info.Sys().(*syscall.Stat_t)
	if !ok {
		return false, fmt.Errorf("cannot tell the owner of %s", w.source)
	}
	same := (w.ref.UID == "" || w.ref.UID == strconv.Itoa(int(has.Uid))) &&
		(w.ref.GID == "" || w.ref.GID == strconv.Itoa(int(has.Gid))) &&
		(w.ref.Mode == nil || uint32(*w.ref.Mode)&0o7777 == has.Mode&0o7777)
	return !same, nil
}

// copyTo is the copy of the file that the component wants.
func (w taskFile) copyTo(target string) (pod.Copy, error) {
	c := pod.Copy{Source: w.source, Target: target}
	if w.ref.Mode != nil {
		mode := uint32(*w.ref.Mode) & 0o7777
		c.Mode = &mode
	}
	var uidErr, gidErr error
	c.UID, uidErr = w.id("uid", w.ref.UID)
	c.GID, gidErr = w.id("gid", w.ref.GID)
	return c, errors.Join(uidErr, gidErr)
}

func (w taskFile) id(key, text string) (*int, error) {
	if text == "" {
		return nil, nil
	}
	id, err := strconv.Atoi(text)
	if err != nil || id < 0 {
		return nil, fmt.Errorf("%s of the %s %q must be a number, not %q", key, w.kind, w.ref.Source, text)
	}
	return &id, nil
}

// String lists the files for an error.
func (f taskFiles) String() string {
	if len(f) == 0 {
		return "it has no files at all"
	}
	return "it has " + strings.Join(slices.Sorted(maps.Keys(f)), ", ")
}
