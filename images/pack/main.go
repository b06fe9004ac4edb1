// Pack writes binaries as a tar archive for a Dockerfile's ADD, which keeps
// what COPY does not: their group and set-group-ID bit (why: ADR 5). The
// archive depends on nothing but the files, so equal binaries make equal layers.
//
//	pack FILE... > layer.tar
package main

import (
	"archive/tar"
	"fmt"
	"io"
	"os"
	"path/filepath"
)

// group is one that no image has; what counts is that it is not the group of
// any process that looks.
const group = 65533

func main() {
	if err := pack(os.Stdout, os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "pack: "+err.Error())
		os.Exit(1)
	}
}

func pack(w io.Writer, files []string) error {
	archive := tar.NewWriter(w)
	for _, file := range files {
		content, err := os.ReadFile(file)
		if err != nil {
			return err
		}
		h := &tar.Header{Name: filepath.Base(file), Mode: 0o2755, Gid: group, Size: int64(len(content))}
		if err := archive.WriteHeader(h); err != nil {
			return err
		}
		if _, err := archive.Write(content); err != nil {
			return err
		}
	}
	return archive.Close()
}
