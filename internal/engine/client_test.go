package engine

import (
	"errors"
	"net"
	"path/filepath"
	"strings"
	"testing"
)

func TestConnectSaysWhatIsWrong(t *testing.T) {
	dir := t.TempDir()
	// A socket that nobody listens on any more.
	stale := filepath.Join(dir, "stale.sock")
	l, err := net.Listen("unix", stale)
	if err != nil {
		t.Fatal(err)
	}
	l.(*net.UnixListener).SetUnlinkOnClose(false)
	l.Close()

	tests := []struct {
		name, host, want string
		temporary        bool
	}{
		{"no socket", "unix://" + filepath.Join(dir, "none.sock"), "cannot find the Docker socket", true},
		{"nobody listens", "unix://" + stale, "connection refused", true},
		{"TCP", "tcp://127.0.0.1:1", "does not answer at tcp://127.0.0.1:1", true},
		{"nonsense", "docker.sock", "cannot use DOCKER_HOST", false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, err := Connect(t.Context(), func(k string) string {
				return map[string]string{"DOCKER_HOST": tt.host}[k]
			}, nil)
			if err == nil || !strings.Contains(err.Error(), tt.want) || errors.Is(err, ErrUnreachable) != tt.temporary {
				t.Errorf("%v (temporary %v), want %q (temporary %v)", err, errors.Is(err, ErrUnreachable), tt.want, tt.temporary)
			}
		})
	}
}
