//go:build e2e

package e2e

import (
	"context"
	"fmt"
	"math/rand/v2"
	"net/http"
	"net/http/httputil"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/docker/docker/api/types/container"
	"github.com/docker/docker/api/types/filters"
	"github.com/docker/docker/api/types/volume"
)

const (
	// momentsSeed sets the seed of TestStopAtAnyMoment; a failure prints it.
	momentsSeed = "E2E_SEED"
	moments     = 30
	// firstMoment is when PID 1 surely listens: before that, a container's
	// first process cannot be asked to end, whatever program it is.
	firstMoment = 100 * time.Millisecond
	// stopWithin is how long a stop in the middle of a start may take. It takes
	// about a second where the machine is not busy.
	stopWithin = 6 * time.Second
)

// TestStopAtAnyMoment: a SIGTERM in the middle of a start, which pulls, runs
// init components, copies, and waits for dependencies, ends the pod soon, with
// 0, and nothing is left.
func TestStopAtAnyMoment(t *testing.T) {
	t.Parallel()
	seed := uint64(time.Now().UnixNano())
	if text := os.Getenv(momentsSeed); text != "" {
		var err error
		if seed, err = strconv.ParseUint(text, 10, 64); err != nil {
			t.Fatalf("%s=%s: %v", momentsSeed, text, err)
		}
	}
	t.Logf("%s=%d", momentsSeed, seed)
	random := rand.New(rand.NewPCG(seed, 0))

	image := newSlowImage(t, time.Second)
	var whole time.Duration
	t.Run("whole", func(t *testing.T) {
		s, p := image.pod(t)
		began := time.Now()
		p.start()
		p.says("healthy")
		whole = time.Since(began)
		if err := s.volumes(t.Context()); err == nil {
			t.Error("the pod has no volume, so that one that is left would not be seen")
		}
		s.signal(p.id, "SIGTERM")
		equal(t, "code", p.wait(endWithin), 0)
	})
	t.Logf("a whole start takes %s", whole)
	var took []time.Duration
	reached := map[string]int{}
	for i := range moments {
		at := firstMoment + time.Duration(random.Int64N(int64(whole-firstMoment)))
		t.Run(fmt.Sprintf("%02d-%s", i, at.Round(time.Millisecond)), func(t *testing.T) {
			s, p := image.pod(t)
			watch := p.watchEnd()
			p.start()
			<-time.After(at)
			s.signal(p.id, "SIGTERM")
			end := watch(endWithin)
			if end.code != "0" || !slices.Equal(end.signals, []string{"15"}) {
				t.Errorf("the pod ended with code %s after the signals %s, want 0 after 15", end.code, end.signals)
			}
			if end.took > stopWithin {
				t.Errorf("the end took %s", end.took)
			}
			took = append(took, end.took)
			story := p.told()
			reached[lastStart(story)]++
			eventually(t, 2*time.Second, p.gone)
			if err := s.volumes(t.Context()); err != nil {
				t.Error(err)
			}
			if t.Failed() {
				t.Logf("%s=%d; the pod said:\n%s", momentsSeed, seed, story)
			}
		})
	}
	slices.Sort(took)
	t.Logf("the ends took %s to %s, half of them less than %s; how far the starts were: %v",
		took[0], took[len(took)-1], took[len(took)/2], reached)
	if len(reached) < 4 {
		t.Errorf("the moments are all alike: %v", reached)
	}
}

// lastStart is how far the pod came, by its own story: the last thing that it
// began.
func lastStart(story string) string {
	last := "nothing"
	for line := range strings.Lines(story) {
		for _, begun := range []string{"pulling", "copied", "starting init component", "starting component"} {
			if rest, ok := strings.CutPrefix(line, "podlike: "+begun); ok {
				last = begun
				if words := strings.Split(rest, `"`); begun != "pulling" && len(words) > 1 {
					last += " " + words[1]
				}
			}
		}
	}
	return last
}

// TestStopDuringEndlessPull: a registry that says nothing holds nobody up.
func TestStopDuringEndlessPull(t *testing.T) {
	t.Parallel()
	if host := os.Getenv("DOCKER_HOST"); host != "" && !strings.HasPrefix(host, "unix://") {
		t.Skipf("the engine at %s cannot reach a registry on this machine's loopback interface", host)
	}
	asked := make(chan struct{}, 100)
	mute := serveRegistry(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/v2/" {
			return
		}
		asked <- struct{}{}
		<-r.Context().Done()
	}))
	s := newSite(t)
	p := s.create(podSpec{args: []string{"--logs"}, components: map[string]string{
		"app":  imageOf(mute+"/never/comes:1", ""),
		"side": probe("sleep"),
	}})
	watch := p.watchEnd()
	p.start()
	p.component("side")
	select {
	case <-asked:
	case <-time.After(startWithin):
		t.Fatal("nobody asked the registry")
	}
	s.signal(p.id, "SIGTERM")
	end := watch(endWithin)
	equal(t, "code", end.code, "0")
	if end.took > stopWithin {
		t.Errorf("the end took %s", end.took)
	}
	t.Logf("the end took %s", end.took)
	eventually(t, 2*time.Second, p.gone)
}

// serveRegistry serves HTTP on the loopback interface until the test's end,
// and returns its address.
func serveRegistry(t *testing.T, handler http.Handler) string {
	t.Helper()
	address := fmt.Sprintf("127.0.0.1:%d", freePort(t))
	// The requests end with it, those of an engine that hangs on too.
	server := &http.Server{Addr: address, Handler: handler}
	over := make(chan error, 1)
	go func() { over <- server.ListenAndServe() }()
	t.Cleanup(func() {
		server.Close()
		if err := <-over; err != http.ErrServerClosed {
			t.Errorf("the registry: %v", err)
		}
	})
	return address
}

// slowImage is an image with the probe that takes its time to come.
type slowImage struct {
	*testRegistry
	ref, logins, file string
}

// newSlowImage makes the image, in a registry that waits before each part.
func newSlowImage(t *testing.T, delay time.Duration) *slowImage {
	t.Helper()
	r := startRegistry(t)
	behind := httputil.NewSingleHostReverseProxy(&url.URL{Scheme: "http", Host: r.address})
	front := serveRegistry(t, http.HandlerFunc(func(w http.ResponseWriter, request *http.Request) {
		if request.Method == http.MethodGet && strings.Contains(request.URL.Path, "/blobs/") {
			select {
			case <-request.Context().Done():
				return
			case <-time.After(delay):
			}
		}
		behind.ServeHTTP(w, request)
	}))
	source := r.variant("moments")
	r.push(source, "slow/moments:1", false)
	r.forget(source) // or its layers would be here already
	slow := *r
	slow.address = front
	ref := front + "/slow/moments:1"
	t.Cleanup(func() { r.forget(ref) })
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, []byte("copied"), 0o644); err != nil {
		t.Fatal(err)
	}
	return &slowImage{&slow, ref, r.file("slow.json", slow.logins(authEntry(registryPassword))), file}
}

// pod makes a pod that pulls the image, and has all that a start can consist
// of.
func (i *slowImage) pod(t *testing.T) (*site, *runningPod) {
	t.Helper()
	s := newSite(t)
	i.forget(i.ref)
	labels := inits(
		"first", probe("exit", "0", "300ms"),
		"fetch", "image: "+i.ref+"\ncommand: [exists, /etc/copied/fetch]\n")
	labels["pod.registry.credentials"] = "/logins"
	for _, name := range []string{"fetch", "app", "proxy"} {
		labels["pod.copy."+name] = "/file:/etc/copied/" + name
	}
	kept := fmt.Sprintf("volumes: [{type: volume, target: /kept, volume: {labels: {site: %s}}}]\n", s.name)
	return s, s.create(podSpec{
		args: []string{"--logs"}, labels: labels,
		components: map[string]string{
			"migrate": probe("exit", "0", "500ms"),
			"base":    probe("sleep") + kept,
			"proxy":   probe("sleep") + checked + kept + "depends_on: [base]\n",
			"flaky":   probe("exit", "3") + "restart: always\nx-podlike: {essential: false}\n",
			"app": probe("sleep") + kept + `depends_on:
  migrate: {condition: service_completed_successfully}
  proxy: {condition: service_healthy}
`,
		},
		host: func(h *container.HostConfig) {
			h.Binds = append(h.Binds, i.logins+":/logins:ro", i.file+":/file:ro")
		},
	})
}

// volumes tells of the volumes that carry the site's name as a label.
func (s *site) volumes(ctx context.Context) error {
	list, err := s.api.VolumeList(ctx, volume.ListOptions{Filters: filters.NewArgs(filters.Arg("label", "site="+s.name))})
	if err == nil && len(list.Volumes) > 0 {
		err = fmt.Errorf("%d volumes are left", len(list.Volumes))
	}
	return err
}
