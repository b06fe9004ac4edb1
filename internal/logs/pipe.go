package logs

import (
	"bytes"
	"io"
	"os"
	"time"

	"golang.org/x/sys/unix"
)

// A supervisor that is killed in the middle of a write must not leave half a
// line behind: nobody could tell later where the next line begins. Two things
// about pipes (pipe(7)) help: a write of at most PIPE_BUF bytes is done whole
// or not at all, and one that finds the pipe empty and is not larger than it
// does not wait, and a signal ends only a write that waits.
const (
	pipeBuf  = 4096
	pipeSize = 64 << 10
	// roomWithin is how long to wait for an empty pipe. Where nobody reads the
	// write itself will wait.
	roomWithin = time.Second
)

// writePieces writes whole lines, so that only a line longer than a pipe can be
// cut short by the end of this process.
func writePieces(to io.Writer, lines []byte) error {
	for len(lines) > 0 {
		n := bytes.LastIndexByte(lines[:min(pipeBuf, len(lines))], '\n') + 1
		if n == 0 {
			if n = bytes.IndexByte(lines, '\n') + 1; n == 0 {
				n = len(lines)
			}
			if f, ok := to.(*os.File); ok && n > pipeBuf && n <= pipeSize {
				awaitRoom(f)
			}
		}
		if _, err := to.Write(lines[:n]); err != nil {
			return err
		}
		lines = lines[n:]
	}
	return nil
}

// awaitRoom waits until what was written to a pipe has been read. Other files
// have room.
func awaitRoom(f *os.File) {
	conn, err := f.SyscallConn()
	if err != nil {
		return
	}
	late := time.Now().Add(roomWithin)
	for delay := 20 * time.Microsecond; time.Now().Before(late); delay = min(2*delay, 2*time.Millisecond) {
		unread := 0
		conn.Control(func(fd uintptr) {
			unread, err = unix.IoctlGetInt(int(fd), unix.TIOCINQ) // the same as FIONREAD
		})
		if err != nil || unread == 0 {
			return
		}
		time.Sleep(delay)
	}
}
