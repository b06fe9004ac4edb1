package reaper

import (
	"fmt"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

// The test binary is its own PID 1, children and grandchildren: the words of
// this variable say which.
const part = "REAPER_TEST_PART"

func TestMain(m *testing.M) {
	words := strings.Fields(os.Getenv(part))
	if len(words) == 0 {
		os.Exit(m.Run())
	}
	number := func() int { n, _ := strconv.Atoi(words[1]); return n }
	switch words[0] {
	case "codes":
		asInit(collectCodes)
	case "orphans":
		asInit(func() error { return collectOrphans(number()) })
	case "exit":
		os.Exit(number())
	case "signal":
		syscall.Kill(os.Getpid(), syscall.Signal(number()))
		select {} // SIGKILL comes in its own time
	case "parent": // leaves an orphan behind, in a session of its own
		if _, err := fork("exit 0", true); err != nil {
			os.Exit(1)
		}
		os.Exit(0)
	}
}

func asInit(test func() error) {
	if err := test(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	os.Exit(0)
}

func fork(words string, session bool) (int, error) {
	return syscall.ForkExec("/proc/self/exe", []string{"reaper.test"}, &syscall.ProcAttr{
		Env:   []string{part + "=" + words},
		Files: []uintptr{0, 1, 2},
		Sys:   &syscall.SysProcAttr{Setsid: session},
	})
}

// collectCodes ends a child in every way there is, and compares.
func collectCodes() error {
	exits := make(chan Exit, 512)
	Start(func(e Exit) { exits <- e })
	done := make(chan struct{})
	defer close(done)
	go Kick(10*time.Millisecond, done)

	want := map[string]int{}
	for code := range 256 {
		want[fmt.Sprintf("exit %d", code)] = code
	}
	for _, s := range []syscall.Signal{syscall.SIGKILL, syscall.SIGTERM} {
		want[fmt.Sprintf("signal %d", s)] = 128 + int(s)
	}
	for words, code := range want {
		pid, err := fork(words, false)
		if err != nil {
			return err
		}
		select {
		case e := <-exits:
			if want := (Exit{PID: pid, Code: code}); e != want {
				return fmt.Errorf("%q gave %+v, want %+v", words, e, want)
			}
		case <-time.After(10 * time.Second):
			return fmt.Errorf("the end of %q was not seen", words)
		}
	}
	return nil
}

// collectOrphans leaves n orphans to PID 1 and waits until none is a zombie.
func collectOrphans(n int) error {
	exits := make(chan Exit, 2*n)
	Start(func(e Exit) { exits <- e })
	done := make(chan struct{})
	defer close(done)
	go Kick(10*time.Millisecond, done)
	for range n {
		if _, err := fork("parent", false); err != nil {
			return err
		}
	}
	late := time.After(30 * time.Second)
	for seen := range 2 * n {
		select {
		case <-exits:
		case <-late:
			return fmt.Errorf("%d of %d ends were seen", seen, 2*n)
		}
	}
	return nil
}

// runAsInit runs this binary as PID 1 of a PID namespace of its own.
func runAsInit(t *testing.T, words string) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "/proc/self/exe")
	cmd.Env = []string{part + "=" + words}
	cmd.SysProcAttr = &syscall.SysProcAttr{
		Cloneflags:  syscall.CLONE_NEWUSER | syscall.CLONE_NEWPID,
		UidMappings: []syscall.SysProcIDMap{{ContainerID: 0, HostID: os.Getuid(), Size: 1}},
		GidMappings: []syscall.SysProcIDMap{{ContainerID: 0, HostID: os.Getgid(), Size: 1}},
	}
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Errorf("%v\n%s", err, out)
	} else if len(out) > 0 {
		t.Errorf("the reaper wrote into the pod's log:\n%s", out)
	}
}

func TestEveryEndIsSeenAsWhatItWas(t *testing.T) { runAsInit(t, "codes") }

func TestOrphansOfOtherSessionsAreReaped(t *testing.T) { runAsInit(t, "orphans 100") }
