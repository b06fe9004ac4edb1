package main

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"time"
)

// spy looks at every process that it sees, as fast as it can, for as long as
// the argument says, and then prints what it could get of those of the pause: a
// line "reached ..." for each, and how many it saw of which kind.
func spy(args []string) int {
	during, err := time.ParseDuration(args[0])
	if err != nil {
		return fail(err)
	}
	seen := map[string]map[string]bool{} // command → PIDs
	reached := map[string]bool{}
	for began := time.Now(); time.Since(began) < during; {
		dirs, err := filepath.Glob("/proc/[0-9]*")
		if err != nil {
			return fail(err)
		}
		for _, dir := range dirs {
			text, err := os.ReadFile(dir + "/cmdline")
			words := bytes.Split(bytes.TrimRight(text, "\x00"), []byte{0})
			if err != nil || len(words) < 2 {
				continue
			}
			command := string(words[0]) + " " + string(words[1])
			if !slices.Contains([]string{"/pause healthcheck", "/pause hold", "/pause --logs", "/supervisor launch"}, command) {
				continue
			}
			if seen[command] == nil {
				seen[command] = map[string]bool{}
			}
			seen[command][dir] = true
			for what, get := range map[string]func() error{
				"root":    func() error { _, err := os.Stat(dir + "/root/var/run/docker.sock"); return err },
				"environ": func() error { _, err := os.ReadFile(dir + "/environ"); return err },
				"fd":      func() error { _, err := os.Readlink(dir + "/fd/3"); return err },
				"mem":     func() error { _, err := os.OpenFile(dir+"/mem", os.O_RDWR, 0); return err },
			} {
				if get() == nil {
					reached["reached "+what+" of "+command] = true
				}
			}
		}
	}
	for line := range reached {
		fmt.Println(line)
	}
	for command, pids := range seen {
		fmt.Printf("saw %d of %s\n", len(pids), command)
	}
	fmt.Println("spied")
	return 0
}
