package main

import (
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"syscall"
	"time"
	"unsafe"
)

// tamper tries what root may do to a process, on PID 1, and prints a line
// "reached ..." for what worked.
func tamper([]string) int {
	try := func(what string, err error) {
		if err == nil {
			fmt.Println("reached " + what)
		}
	}
	for _, file := range []string{"environ", "maps", "auxv", "stack", "syscall", "io", "personality"} {
		_, err := os.ReadFile("/proc/1/" + file)
		try(file, err)
	}
	// Which numbers are in use may be seen, what they are may not.
	fds, _ := filepath.Glob("/proc/1/fd/*")
	for _, fd := range fds {
		_, err := os.Readlink(fd)
		try(fd, err)
		_, err = os.Open(fd)
		try(fd, err)
	}
	_, err := os.ReadDir("/proc/1/root/")
	try("root", err)
	_, err = os.ReadDir("/proc/1/cwd/")
	try("cwd", err)
	_, err = os.Open("/proc/1/exe")
	try("exe", err)
	_, err = os.OpenFile("/proc/1/mem", os.O_RDWR, 0)
	try("mem", err)
	for _, name := range []string{"net", "mnt", "ipc"} {
		_, err = os.Readlink("/proc/1/ns/" + name)
		try("ns/"+name, err)
	}

	runtime.LockOSThread()
	try("ptrace attach", syscall.PtraceAttach(1))
	const ptraceSeize = 0x4206
	_, _, errno := syscall.Syscall6(syscall.SYS_PTRACE, ptraceSeize, 1, 0, 0, 0, 0)
	try("ptrace seize", asError(errno))
	buf := make([]byte, 8)
	local := syscall.Iovec{Base: &buf[0], Len: 8}
	remote := struct{ base, len uintptr }{0x400000, 8}
	const sysProcessVMReadv = 310 // amd64
	if runtime.GOARCH == "amd64" {
		_, _, errno = syscall.Syscall6(sysProcessVMReadv, 1, uintptr(unsafe.Pointer(&local)), 1, uintptr(unsafe.Pointer(&remote)), 1, 0)
		try("process_vm_readv", asError(errno))
	}

	// Nothing of this may end or stop PID 1. TERM and INT would, in order.
	for _, s := range []syscall.Signal{syscall.SIGKILL, syscall.SIGSTOP, syscall.SIGTSTP, syscall.SIGTTIN, syscall.SIGTTOU, syscall.SIGPIPE,
		syscall.SIGALRM, syscall.SIGVTALRM, syscall.SIGPROF, syscall.SIGXCPU, syscall.SIGXFSZ, syscall.SIGPWR, syscall.SIGIO, syscall.SIGCONT,
		syscall.SIGCHLD, syscall.SIGURG, syscall.SIGWINCH, syscall.SIGUSR1, syscall.SIGUSR2, syscall.SIGHUP, syscall.Signal(34), syscall.Signal(64)} {
		syscall.Kill(1, s)
	}
	fmt.Println("tampered")
	return 0
}

func asError(errno syscall.Errno) error {
	if errno != 0 {
		return errno
	}
	return nil
}

// hog takes memory, a megabyte at a time, and touches it; at once, or when it
// is told to.
func hog(args []string) int {
	var megabytes int
	if _, err := fmt.Sscan(args[0], &megabytes); err != nil {
		return fail(err)
	}
	if len(args) > 1 && args[1] == "USR1" {
		told := signals(syscall.SIGUSR1)
		fmt.Println("ready")
		<-told
	}
	var all [][]byte
	for range megabytes {
		block := make([]byte, 1<<20)
		for i := 0; i < len(block); i += 4096 {
			block[i] = 1
		}
		all = append(all, block)
		time.Sleep(2 * time.Millisecond)
	}
	fmt.Println("hogged", len(all))
	return sleep(nil)
}

// forks makes processes until the kernel refuses, and again whenever one ends.
// It is a child that does so, with raw system calls only (see abandon): a Go
// program that gets no thread dies.
func forks([]string) int {
	stop := signals(syscall.SIGTERM)
	line := []byte("forked until refused\n")
	told := false
	short, long := syscall.NsecToTimespec(5_000_000), syscall.NsecToTimespec(600_000_000_000)
	pid, _, errno := syscall.RawSyscall6(syscall.SYS_CLONE, uintptr(syscall.SIGCHLD), 0, 0, 0, 0, 0)
	if errno != 0 {
		return fail(errno)
	}
	if pid == 0 {
		for {
			child, _, errno := syscall.RawSyscall6(syscall.SYS_CLONE, uintptr(syscall.SIGCHLD), 0, 0, 0, 0, 0)
			switch {
			case errno != 0:
				if !told {
					told = true
					syscall.RawSyscall(syscall.SYS_WRITE, 1, uintptr(unsafe.Pointer(&line[0])), uintptr(len(line)))
				}
				syscall.RawSyscall(syscall.SYS_NANOSLEEP, uintptr(unsafe.Pointer(&short)), 0, 0)
			case child == 0:
				syscall.RawSyscall(syscall.SYS_NANOSLEEP, uintptr(unsafe.Pointer(&long)), 0, 0)
				syscall.RawSyscall(syscall.SYS_EXIT_GROUP, 0, 0, 0)
			}
		}
	}
	<-stop
	return 0
}

// sendSignal sends a signal to a process.
func sendSignal(args []string) int {
	var pid int
	if _, err := fmt.Sscan(args[0], &pid); err != nil {
		return fail(err)
	}
	s, ok := map[string]syscall.Signal{"TERM": syscall.SIGTERM, "ABRT": syscall.SIGABRT, "SEGV": syscall.SIGSEGV, "BUS": syscall.SIGBUS, "FPE": syscall.SIGFPE,
		"ILL": syscall.SIGILL, "TRAP": syscall.SIGTRAP, "SYS": syscall.SIGSYS, "STKFLT": syscall.SIGSTKFLT, "QUIT": syscall.SIGQUIT}[args[1]]
	if !ok {
		return fail(fmt.Errorf("no signal %q", args[1]))
	}
	if err := syscall.Kill(pid, s); err != nil {
		return fail(err)
	}
	return 0
}
