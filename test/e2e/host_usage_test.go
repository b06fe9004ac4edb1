//go:build e2e

package e2e

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/docker/docker/api/types/container"
)

// hostCPUs measures what two busy components got. On a busy machine that may
// be much less than they may have.
func hostCPUs(t *testing.T) string {
	const limit, during = 0.5, 6 * time.Second
	s := newSite(t)
	p := s.create(podSpec{components: map[string]string{"one": probe("spin"), "two": probe("spin")},
		host: func(h *container.HostConfig) { h.NanoCPUs = limit * 1e9 }})
	p.start()
	containers := []string{p.component("one").ID, p.component("two").ID}
	used := func() (ns uint64, at time.Time) {
		for _, id := range containers {
			now := s.stats(id)
			ns, at = ns+now.CPUStats.CPUUsage.TotalUsage, now.Read
		}
		return ns, at
	}
	usedBefore, from := used()
	<-time.After(during)
	usedAfter, to := used()
	share := float64(usedAfter-usedBefore) / float64(to.Sub(from))
	if share < 0.1 || share > 0.65 {
		t.Errorf("in %s the two used %.2f CPUs, under a limit of %.1f", to.Sub(from), share, limit)
	}
	return fmt.Sprintf("%.2f CPUs used", share)
}

// stats is what `docker stats` shows of a container, once.
func (s *site) stats(id string) container.StatsResponse {
	s.t.Helper()
	answer, err := s.api.ContainerStatsOneShot(s.t.Context(), id)
	if err != nil {
		s.t.Fatal(err)
	}
	defer answer.Body.Close()
	var now container.StatsResponse
	if err := json.NewDecoder(answer.Body).Decode(&now); err != nil {
		s.t.Fatal(err)
	}
	return now
}

func hostTools(t *testing.T) string {
	s := newSite(t)
	p, _, _ := s.limited(64, map[string]string{
		"app":   probe("sleep"),
		"small": probe("sleep") + "mem_limit: 32m\n",
	})
	for _, component := range []string{"app", "small"} {
		id := p.component(component).ID
		p.mustExec(component, "exists", "/probe")
		s.canBeLookedAt(id, "/probe sleep")
	}
	if _, err := s.docker(t.Context(), "", "exec", p.id, "/pause", "version"); err != nil {
		t.Error(err)
	}
	s.canBeLookedAt(p.id, "/pause")
	return "yes"
}

// canBeLookedAt tries `docker stats` and `docker top` of a container that runs
// this command.
func (s *site) canBeLookedAt(id, command string) {
	s.t.Helper()
	now := s.stats(id)
	if now.MemoryStats.Usage == 0 || now.CPUStats.CPUUsage.TotalUsage == 0 {
		s.t.Errorf("docker stats of %s shows %d bytes of memory and %d ns of CPU", command, now.MemoryStats.Usage, now.CPUStats.CPUUsage.TotalUsage)
	}
	top, err := s.docker(s.t.Context(), "", "top", id)
	if err != nil || !strings.Contains(top, command) {
		s.t.Errorf("docker top of %s shows %q: %v", command, top, err)
	}
}
