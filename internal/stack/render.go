package stack

import (
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"time"
)

// Input is all that goes into a rendering.
type Input struct {
	// Files are merged in their order, the later ones winning.
	Files []Source

	// Dir is what relative paths in the files are relative to: the directory
	// of the first file. It should be absolute, since the output is usually
	// read from standard input by a `docker stack deploy` that is started
	// anywhere; "" leaves relative paths as they are.
	Dir string

	// Environment is the variables that the deploy will have, as far as they
	// are known: they are used for checks and for what templates see as
	// numbers and durations, never written to the output. COMPOSE_PROFILES
	// switches profiles on, HOME is for "~".
	Environment map[string]string

	// Version is the tag of the default image; "" stands for latest.
	Version string
	// PauseImage is the image of pods whose template names none; "" for
	// podlike/pause with Version as its tag.
	PauseImage string
	// SupervisorImage is the image of pod.component.supervisor; "" for no
	// such label: the pause's own image has the supervisor, too.
	SupervisorImage string

	HTTP HTTP

	// ReadFile reads templates and environment files, os.ReadFile if nil.
	ReadFile func(path string) ([]byte, error)
}

// Source is one stack file.
type Source struct {
	Name string // for messages: the path, or "stdin"
	Text []byte
}

// HTTP says how templates are fetched from servers.
type HTTP struct {
	// Timeout bounds one request, redirects and body included; 0 for 30 s. A
	// template may ask for less.
	Timeout time.Duration
	// MaxBytes bounds a body; 0 for 1 MiB.
	MaxBytes int64
	// RootCAs verify servers; nil for the system's, or those that
	// SSL_CERT_FILE and SSL_CERT_DIR name, or the bundled ones of Mozilla
	// where the system has none.
	RootCAs *x509.CertPool

	// dial replaces the network in tests.
	dial func(ctx context.Context, network, address string) (net.Conn, error)
}

// Open reads stack files by name; "-" is stdin. It fills Files and Dir: the
// directory of the first file, or the current one for stdin.
func Open(names []string, stdin io.Reader) (Input, error) {
	var in Input
	if len(names) == 0 {
		return in, errors.New("no stack file is named")
	}
	dir := "."
	if names[0] != "-" {
		dir = filepath.Dir(names[0])
	}
	var err error
	if in.Dir, err = filepath.Abs(dir); err != nil {
		return in, err
	}
	for _, name := range names {
		s := Source{Name: name}
		if name == "-" {
			s.Name = "stdin"
			s.Text, err = io.ReadAll(io.LimitReader(stdin, maxText+1))
		} else {
			s.Text, err = os.ReadFile(name)
		}
		if err != nil {
			return in, cannotOpen(s.Name, err)
		}
		in.Files = append(in.Files, s)
	}
	return in, nil
}

// Render makes one stack file in which every service with an x-podlike
// configuration is a pod. The same input gives the same bytes. The warnings
// are sorted by file and line, each beginning with both. The error is a
// [*MistakesError] that lists every mistake, or ctx's.
func Render(ctx context.Context, in Input) (yaml []byte, warnings []string, err error) {
	r := newRendering(ctx, in)
	stack := r.stack()
	if err := ctx.Err(); err != nil {
		return nil, nil, err
	}
	if err := r.found.err(); err != nil {
		return nil, r.found.sortedWarnings(), err
	}
	text, err := write(stack)
	if err != nil {
		return nil, nil, err
	}
	return []byte(text), r.found.sortedWarnings(), nil
}

// Report is what [Lint] has to say about a stack.
type Report struct {
	Mistakes []Mistake // sorted by file and line
	Warnings []Mistake // the same way, each once
	Services int       // in the result
	Pods     int       // of these
}

// Lint is Render without its output: the checks are the same. Of services
// that are pods by their labels, without x-podlike, it checks the labels, too,
// as Render does. The error is ctx's.
func Lint(ctx context.Context, in Input) (Report, error) {
	r := newRendering(ctx, in)
	stack := r.stack()
	if err := ctx.Err(); err != nil {
		return Report{}, err
	}
	report := Report{Mistakes: sorted(r.found.mistakes), Warnings: sorted(r.found.warnings)}
	services := stack.get("services")
	for _, name := range keysOf(services) {
		report.Services++
		if isPod(labelTexts(services.kids[name])) {
			report.Pods++
		}
	}
	return report, nil
}

// cannotOpen says why a stack file cannot be read, and what to do.
func cannotOpen(name string, err error) error {
	var why *fs.PathError
	if errors.As(err, &why) {
		err = why.Err
	}
	remedy := ""
	if errors.Is(err, fs.ErrNotExist) {
		remedy = "; paths are relative to the current directory, and - is standard input"
	}
	return fmt.Errorf("cannot read the stack file %s: %w%s", name, err, remedy)
}

func (in Input) readFile(path string) ([]byte, error) {
	if in.ReadFile != nil {
		return in.ReadFile(path)
	}
	return os.ReadFile(path)
}

// pauseRepository is the pause's image without its tag.
const pauseRepository = "podlike/pause"

func (in Input) pauseImage() string {
	if in.PauseImage != "" {
		return in.PauseImage
	}
	version := in.Version
	if version == "" {
		version = "latest"
	}
	return pauseRepository + ":" + version
}
