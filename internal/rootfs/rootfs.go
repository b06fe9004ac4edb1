// Package rootfs opens files below a directory that is another container's
// root, as that container would see them and never outside of it.
package rootfs

import (
	"io"
	"io/fs"
	"os"
	"path"

	"golang.org/x/sys/unix"
)

// Root is a directory that stands for "/".
type Root struct{ dir *os.File }

// New returns the root at dir, which stays the caller's to close.
func New(dir *os.File) Root { return Root{dir} }

// Open opens a file for reading. Symbolic links, absolute ones too, and ".."
// are resolved inside the root (openat2, Linux 5.6). The errors are those of
// os.Open.
func (r Root) Open(name string) (*os.File, error) {
	return r.open(name, unix.O_RDONLY|unix.O_CLOEXEC|unix.O_NONBLOCK) // a FIFO must not hold us
}

func (r Root) open(name string, flags uint64) (*os.File, error) {
	how := unix.OpenHow{Flags: flags, Resolve: unix.RESOLVE_IN_ROOT | unix.RESOLVE_NO_MAGICLINKS}
	var fd int
	err := error(unix.EINTR)
	for err == unix.EINTR || err == unix.EAGAIN {
		fd, err = unix.Openat2(int(r.dir.Fd()), name, &how)
	}
	if err != nil {
		return nil, &os.PathError{Op: "open", Path: name, Err: err}
	}
	return os.NewFile(uintptr(fd), name), nil
}

// Stat describes a file, which need not be readable for us.
func (r Root) Stat(name string) (fs.FileInfo, error) {
	f, err := r.open(name, unix.O_PATH|unix.O_CLOEXEC)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return f.Stat()
}

// OpenReader is Open for those who only read.
func (r Root) OpenReader(name string) (io.ReadCloser, error) {
	f, err := r.Open(name)
	if err != nil {
		return nil, err // not a nil *os.File in an interface
	}
	return f, nil
}

// Readlink returns where a symbolic link points; its directory is resolved
// inside the root, the link itself is not.
func (r Root) Readlink(name string) (string, error) {
	dir, err := r.Open(path.Dir(name))
	if err != nil {
		return "", err
	}
	defer dir.Close()
	buf := make([]byte, unix.PathMax)
	n, err := unix.Readlinkat(int(dir.Fd()), path.Base(name), buf)
	if err != nil {
		return "", &os.PathError{Op: "readlink", Path: name, Err: err}
	}
	return string(buf[:n]), nil
}
