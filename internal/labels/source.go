package labels

import (
	"errors"
	"fmt"
	"io"

	"github.com/podlike/podlike/internal/pod"
)

// Source is what a definition is read from.
type Source struct {
	Identity pod.Identity
	// Labels are all labels of the pause.
	Labels map[string]string
	// Environment is the pause's: for ${NAME} in a Compose file, and for
	// variables that a component names without a value.
	Environment map[string]string
	// Open opens a file inside the pause by its absolute path; nil where
	// there is none.
	Open func(path string) (io.ReadCloser, error)
	// Policy is what the components may not have.
	Policy Policy
}

// read returns a file of the pause, at most maxText bytes of it.
func (s Source) read(path string) (string, error) {
	if s.Open == nil {
		return "", errors.New("files of the pause cannot be read from here")
	}
	f, err := s.Open(path)
	if err != nil {
		return "", err
	}
	defer f.Close()
	b, err := io.ReadAll(io.LimitReader(f, maxText+1))
	if err != nil {
		return "", err
	}
	if len(b) > maxText {
		return "", fmt.Errorf("is longer than %d bytes", maxText)
	}
	return string(b), nil
}

func (s Source) lookup(name string) (string, bool) {
	v, ok := s.Environment[name]
	return v, ok
}
