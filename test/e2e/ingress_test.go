//go:build e2e && vm

package e2e

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/docker/docker/api/types/swarm"
)

// TestIngress: a port that is published by the routing mesh reaches components,
// and a rolling update of the pods, the new one first, loses no request. The
// mesh needs IPVS, which not every kernel has; hence the build tag.
func TestIngress(t *testing.T) {
	s := newSite(t)
	v := s.deploy(meshPod())
	eventually(t, 2*startWithin, func() error { return v.allRun(2) })
	before := v.current(2)
	eventually(t, startWithin, func() error {
		_, err := ask(t.Context(), meshPort)
		return err
	})

	t.Logf("two pods answer, %s after their service was made", time.Since(s.began).Round(time.Second))
	l := startLoad(t.Context())
	got, _, err := s.api.ServiceInspectWithRaw(t.Context(), v.name, swarm.ServiceInspectOptions{})
	if err != nil {
		t.Fatal(err)
	}
	began := time.Now()
	got.Spec.TaskTemplate.ForceUpdate++
	if _, err := s.api.ServiceUpdate(t.Context(), got.ID, got.Version, got.Spec, swarm.ServiceUpdateOptions{}); err != nil {
		t.Fatal(err)
	}
	eventually(t, 6*startWithin, func() error { return v.updated(before) })
	took := time.Since(began)
	quick, slow := l.end()

	for _, kind := range []*requests{quick, slow} {
		t.Logf("%d %s requests, %d lost, in %s of rolling update", kind.sent, kind.name, len(kind.lost), took.Round(time.Second))
		if kind.sent < int(took.Seconds())/4 {
			t.Errorf("%d %s requests are no load", kind.sent, kind.name)
		}
		why := map[string]bool{}
		for _, lost := range kind.lost {
			if !why[lost.err.Error()] && len(why) < 5 {
				why[lost.err.Error()] = true
				t.Errorf("a %s request was lost, %s after the update began: %v", kind.name, lost.sent.Sub(began).Round(time.Second/10), lost.err)
			}
		}
	}
}

const meshPort = 18080

// meshPod is the web pod behind the mesh, twice. Swarm sends requests to a pod
// once it is healthy, so the proxy is probed; and the proxy depends on the
// application, so it is stopped first, and finishes what it has begun while
// the application still answers.
func meshPod() podSpec {
	p := webPod(meshPort)
	p.components["proxy"] += "depends_on: [app]\nx-podlike: {probes: {startup: {http: {port: 80}, period: 500ms, timeout: 5s, failure_threshold: 600}}}\n"
	p.more = func(service, _ map[string]any) {
		service["ports"] = []any{map[string]any{"target": 80, "published": meshPort, "mode": "ingress"}}
		deploy := service["deploy"].(map[string]any)
		deploy["endpoint_mode"], deploy["replicas"] = "vip", 2
		deploy["update_config"] = map[string]any{"order": "start-first", "parallelism": 1, "monitor": "1s", "failure_action": "pause"}
	}
	return p
}

// current are the tasks that should run, of which there must be n.
func (v *service) current(n int) []string {
	v.t.Helper()
	var ids []string
	for _, task := range v.tasks(v.t.Context()) {
		if task.Status.State == swarm.TaskStateRunning && task.DesiredState == swarm.TaskStateRunning {
			ids = append(ids, task.ID)
		}
	}
	if len(ids) != n {
		v.t.Fatalf("%d tasks run, want %d", len(ids), n)
	}
	return ids
}

func (v *service) allRun(n int) error {
	running := 0
	for _, task := range v.tasks(v.t.Context()) {
		switch {
		case task.Status.State == swarm.TaskStateRunning:
			running++
		case ended(task):
			return hopeless{fmt.Errorf("a task does not run: %s", describe(task))}
		}
	}
	if running != n {
		return fmt.Errorf("%d tasks run, of %d", running, n)
	}
	return nil
}

// updated tells whether the update is over, and the tasks of before as well.
func (v *service) updated(before []string) error {
	got, _, err := v.api.ServiceInspectWithRaw(v.t.Context(), v.name, swarm.ServiceInspectOptions{})
	switch {
	case err != nil:
		return err
	case got.UpdateStatus == nil:
		return fmt.Errorf("there was no update")
	case got.UpdateStatus.State == swarm.UpdateStatePaused:
		return hopeless{fmt.Errorf("the update failed: %s", got.UpdateStatus.Message)}
	case got.UpdateStatus.State != swarm.UpdateStateCompleted:
		return fmt.Errorf("the update is %s", got.UpdateStatus.State)
	}
	for _, task := range v.tasks(v.t.Context()) {
		if slices.Contains(before, task.ID) && !ended(task) {
			return fmt.Errorf("a task of before the update is %s", describe(task))
		}
	}
	return nil
}

// load is a constant rate of requests, each over a connection of its own:
// quick ones, and such as take long enough to be under way when a pod is told
// to stop.
type load struct {
	cancel      context.CancelFunc
	quick, slow *requests
	done        sync.WaitGroup
}

type requests struct {
	name  string
	query string
	every time.Duration
	mu    sync.Mutex
	sent  int
	lost  []lostRequest
}

type lostRequest struct {
	sent time.Time
	err  error
}

func startLoad(ctx context.Context) *load {
	ctx, cancel := context.WithCancel(ctx)
	l := &load{cancel: cancel,
		quick: &requests{name: "quick", every: max(100*time.Millisecond, patience(40*time.Millisecond))},
		slow:  &requests{name: "slow", query: "?after=2s", every: max(time.Second, patience(200*time.Millisecond))}}
	for _, kind := range []*requests{l.quick, l.slow} {
		l.done.Go(func() { kind.send(ctx) })
	}
	return l
}

// end stops the load, and waits for the answers that are under way.
func (l *load) end() (quick, slow *requests) {
	l.cancel()
	l.done.Wait()
	return l.quick, l.slow
}

func (r *requests) send(ctx context.Context) {
	client := &http.Client{Timeout: patience(10 * time.Second), Transport: &http.Transport{DisableKeepAlives: true}}
	tick := time.NewTicker(r.every)
	defer tick.Stop()
	var underWay sync.WaitGroup
	defer underWay.Wait()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		r.mu.Lock()
		r.sent++
		r.mu.Unlock()
		sent := time.Now()
		underWay.Go(func() {
			if err := askOnce(client, "http://"+address(meshPort)+"/"+r.query); err != nil {
				r.mu.Lock()
				r.lost = append(r.lost, lostRequest{sent, err})
				r.mu.Unlock()
			}
		})
	}
}

// askOnce is one request, whose answer must be the pod's.
func askOnce(client *http.Client, url string) error {
	answer, err := client.Get(url)
	if err != nil {
		return err
	}
	defer answer.Body.Close()
	body, err := io.ReadAll(answer.Body)
	if err == nil && string(body) != webAnswer {
		err = fmt.Errorf("%s: %q", answer.Status, body)
	}
	return err
}
