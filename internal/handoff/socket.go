package handoff

import (
	"errors"
	"os"
	"syscall"
)

// version is the protocol's; the two ends may come from different images.
const version = "1"

// maxPacket is far above the longest message of those that have no status in
// them. A longer packet is cut, and then not understood.
const maxPacket = 256

// MaxStatus is how long a status may be, in bytes: less than what the kernel
// takes in one packet (net.core.wmem_default, 208 KiB).
const MaxStatus = 128 << 10

// SocketName is the name that the pause of a container with this ID listens
// on: by the ID, because a pod in the host's network shares the name space of
// abstract sockets with all others.
func SocketName(containerID string) string { return "podlike-" + containerID }

// descriptors is how many files come with "welcome".
const descriptors = 4

// newSocket makes a packet socket that the runtime's poller can wait on.
func newSocket() (int, error) {
	return syscall.Socket(syscall.AF_UNIX, syscall.SOCK_SEQPACKET|syscall.SOCK_CLOEXEC|syscall.SOCK_NONBLOCK, 0)
}

// address is the abstract socket of that name: it lives in the network
// namespace, not in a file system, and is gone with its last descriptor.
func address(name string) *syscall.SockaddrUnix {
	return &syscall.SockaddrUnix{Name: "@" + name}
}

// conn is one connection. Its file is non-blocking and known to the poller,
// so Close ends a Read in another goroutine and deadlines work.
type conn struct {
	file *os.File
}

func newConn(fd int) *conn {
	return &conn{file: os.NewFile(uintptr(fd), "handoff")}
}

// receive returns the next packet; io.EOF when the peer is gone.
func (c *conn) receive() (string, error) {
	packet, err := c.receiveInto(make([]byte, maxPacket))
	return string(packet), err
}

// receiveInto is receive without garbage: the packet is in buf.
func (c *conn) receiveInto(buf []byte) ([]byte, error) {
	n, err := c.file.Read(buf)
	return buf[:n], err
}

// send sends one packet, with files if there are any. It never waits: a peer
// that has so much unread is not working, and PID 1 must.
func (c *conn) send(packet string, files ...*os.File) error {
	var rights []byte
	if len(files) > 0 {
		fds := make([]int, len(files))
		for i, f := range files {
			fds[i] = int(f.Fd())
		}
		rights = syscall.UnixRights(fds...)
	}
	raw, err := c.file.SyscallConn()
	if err != nil {
		return err
	}
	var sendErr error
	err = raw.Control(func(fd uintptr) {
		sendErr = syscall.Sendmsg(int(fd), []byte(packet), rights, nil, syscall.MSG_DONTWAIT|syscall.MSG_NOSIGNAL)
	})
	return errors.Join(err, sendErr)
}

// receiveFiles returns the next packet and the descriptors that came with it.
func (c *conn) receiveFiles() (string, []*os.File, error) {
	raw, err := c.file.SyscallConn()
	if err != nil {
		return "", nil, err
	}
	buf := make([]byte, maxPacket+MaxStatus)
	rights := make([]byte, syscall.CmsgSpace(4*descriptors))
	var n, oobn int
	var recvErr error
	err = raw.Read(func(fd uintptr) bool {
		n, oobn, _, _, recvErr = syscall.Recvmsg(int(fd), buf, rights, syscall.MSG_CMSG_CLOEXEC)
		return recvErr != syscall.EAGAIN
	})
	if err = errors.Join(err, recvErr); err != nil {
		return "", nil, err
	}
	messages, err := syscall.ParseSocketControlMessage(rights[:oobn])
	if err != nil {
		return "", nil, err
	}
	var files []*os.File
	for _, m := range messages {
		fds, err := syscall.ParseUnixRights(&m)
		if err != nil {
			return "", nil, err
		}
		for _, fd := range fds {
			files = append(files, os.NewFile(uintptr(fd), "handed over"))
		}
	}
	return string(buf[:n]), files, nil
}
