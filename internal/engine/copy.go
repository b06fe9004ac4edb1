package engine

import (
	"archive/tar"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"strings"

	"github.com/docker/docker/api/types/container"
	"github.com/docker/docker/api/types/mount"

	"github.com/podlike/podlike/internal/pod"
)

// Files are the files of the pause; internal/rootfs opens them.
type Files interface {
	Open(name string) (*os.File, error)
	// Stat needs no permission to read the file.
	Stat(name string) (fs.FileInfo, error)
	Readlink(name string) (string, error)
}

// copyFiles makes the component's copies: files and directories of the pause,
// with their mode, owner and times, streamed into the created container.
func (p *Pod) copyFiles(ctx context.Context, c pod.Component, made container.InspectResponse) error {
	for _, wanted := range c.Copies {
		dir, err := extractionDir(made, wanted.Target)
		if err == nil {
			err = p.copyOne(ctx, made.ID, dir, wanted)
		}
		if err != nil {
			return fmt.Errorf("cannot copy %s to %s: %w", wanted.Source, wanted.Target, err)
		}
		p.say(fmt.Sprintf("copied %s to %q at %s", wanted.Source, c.Name, wanted.Target))
	}
	return nil
}

func (p *Pod) copyOne(ctx context.Context, id, dir string, wanted pod.Copy) error {
	if p.files == nil {
		return errors.New("the pause's files are out of reach")
	}
	read, write := io.Pipe()
	ctx, hangUp := context.WithCancelCause(ctx)
	defer hangUp(nil)
	moving := newStall(answersWithin, hangUp)
	defer moving.Stop()
	archived := make(chan error, 1)
	go func() {
		err := archive(write, p.files, dir, wanted)
		write.CloseWithError(err)
		archived <- err
	}()
	err := p.client.api.CopyToContainer(ctx, id, dir, moving.watch(read), container.CopyToContainerOptions{})
	read.Close() // ends the writer, should the engine have stopped reading
	if stalled := context.Cause(ctx); err != nil && errors.Is(stalled, ErrUnreachable) {
		err = stalled
	}
	if archiveErr := <-archived; archiveErr != nil && !errors.Is(archiveErr, io.ErrClosedPipe) {
		return archiveErr // the cause: the engine only saw the stream break
	}
	return judge(ctx, ctx, err)
}

// extractionDir is the directory of the container where the archive for
// target is unpacked: the mount that holds it, because the engine refuses
// anything else in a read-only container.
func extractionDir(made container.InspectResponse, target string) (string, error) {
	dir := "/"
	within := func(mountPoint string) bool {
		clean := path.Clean(mountPoint)
		inside := clean == "/" || path.Clean(target) == clean || strings.HasPrefix(target, clean+"/")
		return inside && len(clean) >= len(dir)
	}
	tmpfs := false
	for _, m := range made.Mounts {
		if within(m.Destination) && m.Type != mount.TypeTmpfs {
			if dir, tmpfs = path.Clean(m.Destination), false; !m.RW {
				return "", fmt.Errorf("%s is mounted read-only in the component", dir)
			}
		}
	}
	if made.HostConfig != nil {
		for point := range made.HostConfig.Tmpfs {
			if within(point) {
				dir, tmpfs = path.Clean(point), true
			}
		}
		for _, m := range made.HostConfig.Mounts {
			if m.Type == mount.TypeTmpfs && within(m.Target) {
				dir, tmpfs = path.Clean(m.Target), true
			}
		}
		if made.HostConfig.ReadonlyRootfs && dir == "/" {
			return "", errors.New("the component is read_only: copy to a volume of the component, or drop read_only")
		}
	}
	if tmpfs {
		return "", fmt.Errorf("%s is a tmpfs, which does not exist before the component starts: copy to another place, or use a volume", dir)
	}
	return dir, nil
}

// archive writes what is copied as a tar stream whose names are relative to
// dir. The engine makes missing directories.
func archive(w io.Writer, files Files, dir string, wanted pod.Copy) error {
	info, err := files.Stat(wanted.Source)
	if err != nil {
		return err
	}
	target := wanted.Target
	if strings.HasSuffix(target, "/") && !info.IsDir() {
		target = path.Join(target, path.Base(wanted.Source))
	}
	name := strings.TrimPrefix(strings.TrimPrefix(path.Clean(target), path.Clean(dir)), "/")
	t := tar.NewWriter(w)
	if err := add(t, files, wanted.Source, name, wanted); err != nil {
		return err
	}
	return t.Close()
}

// add writes one file, or a directory and all that is in it. The source
// itself is followed if it is a symbolic link; links below it stay links.
func add(t *tar.Writer, files Files, source, name string, wanted pod.Copy) error {
	f, err := files.Open(source)
	if err != nil {
		return err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return err
	}
	if !info.IsDir() && !info.Mode().IsRegular() {
		return fmt.Errorf("%s is neither a file nor a directory", source)
	}
	if name != "" { // the mount point itself stays as it is
		if err := writeHeader(t, info, "", name, wanted); err != nil {
			return err
		}
	}
	if !info.IsDir() {
		_, err := io.Copy(t, f)
		return err
	}
	entries, err := f.ReadDir(-1)
	if err != nil {
		return err
	}
	for _, e := range entries {
		below, belowName := path.Join(source, e.Name()), path.Join(name, e.Name())
		if e.Type()&fs.ModeSymlink == 0 {
			if err := add(t, files, below, belowName, wanted); err != nil {
				return err
			}
			continue
		}
		link, err := files.Readlink(below)
		if err != nil {
			return err
		}
		info, err := e.Info()
		if err != nil {
			info = nil // a link's own mode and times do not matter
		}
		if err := writeHeader(t, info, link, belowName, wanted); err != nil {
			return err
		}
	}
	return nil
}

func writeHeader(t *tar.Writer, info fs.FileInfo, link, name string, wanted pod.Copy) error {
	h := &tar.Header{Typeflag: tar.TypeSymlink, Linkname: link, Mode: 0o777}
	if link == "" {
		var err error
		if h, err = tar.FileInfoHeader(info, ""); err != nil {
			return err
		}
		// Sub-second times need a format that has them.
		h.Format, h.Uname, h.Gname = tar.FormatPAX, "", ""
		if wanted.Mode != nil && !info.IsDir() {
			h.Mode = int64(*wanted.Mode)
		}
	}
	h.Name = name
	if wanted.UID != nil {
		h.Uid = *wanted.UID
	}
	if wanted.GID != nil {
		h.Gid = *wanted.GID
	}
	return t.WriteHeader(h)
}
