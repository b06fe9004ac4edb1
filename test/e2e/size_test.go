//go:build e2e

package e2e

import (
	"fmt"
	"strings"
	"testing"
)

const (
	// maxBinary is the size of /pause, in bytes.
	maxBinary = 2_000_000
	// maxResident is VmRSS of PID 1, 2.6 MB in KiB, as /proc counts.
	maxResident = 2_600_000 / 1024
)

// TestPauseIsSmall: what stays in memory for each pod, for as long as it
// lives, is small.
func TestPauseIsSmall(t *testing.T) {
	s := newSite(t)
	port := freePort(t)
	v := s.deploy(webPod(port))
	p := v.running()
	wantAnswer(t, port)

	stat, err := s.api.ContainerStatPath(t.Context(), p.id, "/pause")
	if err != nil {
		t.Fatal(err)
	}
	if stat.Size > maxBinary {
		t.Errorf("/pause has %d bytes, more than %d", stat.Size, maxBinary)
	}
	// Components see PID 1, so this works with any engine.
	resident := 0
	for line := range strings.Lines(p.mustExec("app", "cat", "/proc/1/status")) {
		fmt.Sscanf(line, "VmRSS: %d kB", &resident)
	}
	if resident == 0 || resident > maxResident {
		t.Errorf("PID 1 has %d KiB resident, want 1 to %d", resident, maxResident)
	}
	t.Logf("/pause has %d bytes, and %d KiB resident", stat.Size, resident)
}
