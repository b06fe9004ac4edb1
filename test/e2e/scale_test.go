//go:build e2e

package e2e

import (
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/docker/docker/api/types/container"
)

// scaleWithin is how long a node may take for all pods, or all components, of
// these tests: it has as much to do as its processors can.
const scaleWithin = 3 * time.Minute

// TestManyPods starts many pods on one engine at once, and stops them at once.
// None of them loses patience with its supervisor, and each stop stays within
// the default budget of 10 s.
func TestManyPods(t *testing.T) {
	const n = 20
	s := newSite(t)
	pods := make([]*runningPod, n)
	for i := range pods {
		one := *s
		one.name = fmt.Sprintf("%s_%d", s.name, i)
		pods[i] = one.create(podSpec{args: []string{"--logs"}, components: map[string]string{
			"app":  probe("talk", "1s", "0s"),
			"side": probe("sleep"),
		}})
	}
	began := time.Now()
	if err := all(pods, func(p *runningPod) error {
		return p.api.ContainerStart(t.Context(), p.id, container.StartOptions{})
	}); err != nil {
		t.Fatal(err)
	}
	for _, p := range pods {
		p.saysWithin(scaleWithin, "the pod is healthy")
	}
	t.Logf("%d pods were healthy after %s", n, time.Since(began).Round(100*time.Millisecond))

	began = time.Now()
	if err := all(pods, func(p *runningPod) error { return p.api.ContainerKill(t.Context(), p.id, "SIGTERM") }); err != nil {
		t.Fatal(err)
	}
	for _, p := range pods {
		if code := p.wait(scaleWithin); code != 0 {
			t.Errorf("%s ended with %d", p.name, code)
		}
		p.wasCalm()
	}
	t.Logf("they had ended after %s", time.Since(began).Round(100*time.Millisecond))
	for _, p := range pods {
		eventually(t, nothingLeftWithin, p.gone)
	}
}

// TestManyComponents starts and stops one pod with many components.
func TestManyComponents(t *testing.T) {
	const n = 50
	s := newSite(t)
	components := map[string]string{}
	for i := range n {
		components[fmt.Sprintf("c%02d", i)] = probe("sleep")
	}
	p := s.create(podSpec{args: []string{"--logs"}, components: components})
	began := time.Now()
	p.start()
	p.saysWithin(scaleWithin, "the pod is healthy")
	t.Logf("%d components ran after %s", n, time.Since(began).Round(100*time.Millisecond))
	for name := range components {
		p.component(name)
	}
	began = time.Now()
	s.signal(p.id, "SIGTERM")
	if code := p.wait(scaleWithin); code != 0 {
		t.Errorf("the pod ended with %d; it said:\n%s", code, p.told())
	}
	t.Logf("they had ended after %s", time.Since(began).Round(100*time.Millisecond))
	p.wasCalm()
	eventually(t, nothingLeftWithin, p.gone)
}

// saysWithin waits until the pod's output has a line with this in it.
func (p *runningPod) saysWithin(within time.Duration, part string) {
	p.t.Helper()
	eventually(p.t, within, func() error {
		if told := p.told(); !strings.Contains(told, part) {
			return fmt.Errorf("%s did not say %q:\n%s", p.name, part, told)
		}
		return nil
	})
}

// wasCalm checks that a pod to which nothing happened had one supervisor, and
// no reason to complain.
func (p *runningPod) wasCalm() {
	p.t.Helper()
	told := p.told()
	for _, word := range []string{"starting another", "taking the pod over", "no supervisor", "cannot", "warning", "killing"} {
		if strings.Contains(told, word) {
			p.t.Errorf("%s has %q in what it said:\n%s", p.name, word, told)
		}
	}
}

// all does something with all pods at once, and returns the first error.
func all(pods []*runningPod, do func(*runningPod) error) (first error) {
	var each sync.WaitGroup
	errs := make(chan error, len(pods))
	for _, p := range pods {
		each.Go(func() { errs <- do(p) })
	}
	each.Wait()
	for range pods {
		if err := <-errs; err != nil && first == nil {
			first = err
		}
	}
	return first
}
