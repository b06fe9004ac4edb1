package main

import (
	"bufio"
	"flag"
	"fmt"
	"os"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/podlike/podlike/test/e2e/pattern"
)

// lines writes n lines, whose sizes take turns.
func lines(args []string) int {
	set := flag.NewFlagSet("lines", flag.ExitOnError)
	n := set.Int("n", 1, "how many lines, on each stream")
	sizes := set.String("sizes", "100", "their sizes in bytes, with commas")
	to := set.String("to", "stdout", "stdout, stderr or both")
	last := set.String("last", "", "written at the very end, without a newline")
	every := set.Duration("every", 0, "write one line each time so much has passed, and not all at once")
	hold := set.Bool("hold", false, "wait for SIGTERM before the end")
	set.Parse(args)

	var size []int
	for s := range strings.SplitSeq(*sizes, ",") {
		v, err := strconv.Atoi(s)
		if err != nil {
			return fail(err)
		}
		size = append(size, v)
	}
	files := map[string][]*os.File{"stdout": {os.Stdout}, "stderr": {os.Stderr}, "both": {os.Stdout, os.Stderr}}[*to]
	if files == nil {
		return fail(fmt.Errorf("no stream %q", *to))
	}
	stop := signals(syscall.SIGTERM)
	var streams []*bufio.Writer
	for _, f := range files {
		streams = append(streams, bufio.NewWriterSize(f, 64<<10))
	}
	var line []byte
	for i := range *n {
		line = append(pattern.Line(line[:0], i, size[i%len(size)]), '\n')
		for _, s := range streams {
			s.Write(line)
			if *every > 0 {
				s.Flush()
			}
		}
		if *every > 0 {
			time.Sleep(*every)
		}
	}
	for _, s := range streams {
		s.Flush()
	}
	if *hold {
		<-stop
	}
	for _, s := range streams {
		s.WriteString(*last)
		if err := s.Flush(); err != nil {
			return fail(err)
		}
	}
	return 0
}

func binary([]string) int {
	if _, err := os.Stdout.Write(pattern.Binary()); err != nil {
		return fail(err)
	}
	return 0
}
