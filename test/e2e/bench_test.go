//go:build e2e

package e2e

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"io"
	"sync"
	"testing"
	"time"

	"github.com/docker/docker/api/types/container"
	"github.com/docker/docker/client"
	"github.com/docker/docker/pkg/stdcopy"
)

// The benchmarks compare a pod with the floor: the same containers, made by
// plain calls to the same engine in the same run. Only the ratio means
// anything.

// bench holds what both sides need.
type bench struct {
	*testing.B
	api *client.Client
}

func newBench(b *testing.B) *bench {
	api, err := connect()
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { api.Close() })
	return &bench{b, api}
}

func (b *bench) must(err error) {
	b.Helper()
	if err != nil {
		b.Fatal(err)
	}
}

// make creates a container that is removed with the benchmark.
func (b *bench) make(name string, c *container.Config, h *container.HostConfig) string {
	b.Helper()
	made, err := b.api.ContainerCreate(b.Context(), c, h, nil, nil, name)
	b.must(err)
	b.Cleanup(func() {
		b.api.ContainerRemove(context.Background(), made.ID, container.RemoveOptions{Force: true, RemoveVolumes: true})
	})
	return made.ID
}

func (b *bench) start(id string) {
	b.Helper()
	b.must(b.api.ContainerStart(b.Context(), id, container.StartOptions{}))
}

// stopped stops a container and waits for its end.
func (b *bench) stopped(id string) {
	b.Helper()
	ended, failed := b.api.ContainerWait(b.Context(), id, container.WaitConditionNotRunning)
	b.must(b.api.ContainerKill(b.Context(), id, "SIGTERM"))
	select {
	case <-ended:
	case err := <-failed:
		b.must(err)
	}
}

// timed measures f, and nothing else.
func (b *bench) timed(total *time.Duration, f func()) {
	began := time.Now()
	f()
	*total += time.Since(began)
}

// pod makes a pod of n components, and returns its pause and its output.
func (b *bench) pod(name string, components map[string]string) (string, io.Reader) {
	b.Helper()
	p := podSpec{args: []string{"--logs"}, components: components}
	id := b.make(name, &container.Config{Image: pauseImage, Cmd: p.args, Labels: p.allLabels()},
		&container.HostConfig{Binds: []string{socket() + ":/var/run/docker.sock:ro"}})
	return id, b.attach(id)
}

func (b *bench) attach(id string) io.Reader {
	b.Helper()
	stream, err := b.api.ContainerAttach(b.Context(), id, container.AttachOptions{Stream: true, Stdout: true, Stderr: true})
	b.must(err)
	read, write := io.Pipe()
	go func() {
		_, err := stdcopy.StdCopy(write, write, stream.Reader)
		write.CloseWithError(err)
		stream.Close()
	}()
	return read
}

// until reads the output up to the line that has the text.
func (b *bench) until(output io.Reader, text string) {
	b.Helper()
	lines := bufio.NewScanner(output)
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		if bytes.Contains(lines.Bytes(), []byte(text)) {
			go io.Copy(io.Discard, output) // an unread stream blocks its writer
			return
		}
	}
	b.Fatalf("the output ended without %q: %v", text, lines.Err())
}

// BenchmarkPod starts and stops a pod of five components. The floor makes six
// containers, five of them joined to the first, four at a time.
func BenchmarkPod(b *testing.B) {
	x := newBench(b)
	const n = 5
	var podStart, podStop, floorStart, floorStop time.Duration
	for i := range b.N {
		components := map[string]string{}
		for c := range n {
			components[fmt.Sprintf("c%d", c)] = probe("sleep")
		}
		id, output := x.pod(fmt.Sprintf("e2e-bench-pod-%d", i), components)
		x.timed(&podStart, func() {
			x.start(id)
			x.until(output, "the pod is healthy")
		})
		x.timed(&podStop, func() { x.stopped(id) })

		var first string
		var others []string
		x.timed(&floorStart, func() {
			first = x.make(fmt.Sprintf("e2e-bench-floor-%d", i), &container.Config{Image: probeImage, Cmd: []string{"sleep"}}, nil)
			x.start(first)
			others = x.joined(first, i, n)
		})
		x.timed(&floorStop, func() {
			together(others, x.stopped)
			x.stopped(first)
		})
	}
	b.ReportMetric(float64(podStart)/float64(floorStart), "start/floor")
	b.ReportMetric(float64(podStop)/float64(floorStop), "stop/floor")
	b.ReportMetric(0, "ns/op")
}

// joined makes and starts n containers in the namespaces of another.
func (b *bench) joined(first string, i, n int) []string {
	ids := make([]string, n)
	names := make([]string, n)
	for c := range n {
		names[c] = fmt.Sprint(c)
	}
	together(names, func(name string) {
		var c int
		fmt.Sscan(name, &c)
		ids[c] = b.make(fmt.Sprintf("e2e-bench-floor-%d-%d", i, c), &container.Config{Image: probeImage, Cmd: []string{"sleep"}},
			&container.HostConfig{NetworkMode: container.NetworkMode("container:" + first), PidMode: container.PidMode("container:" + first)})
		b.start(ids[c])
	})
	return ids
}

// together calls f for all, four at a time.
func together(all []string, f func(string)) {
	slots := make(chan struct{}, 4)
	var wg sync.WaitGroup
	for _, a := range all {
		wg.Go(func() {
			slots <- struct{}{}
			defer func() { <-slots }()
			f(a)
		})
	}
	wg.Wait()
}

// BenchmarkLogs lets a component write half a million lines of 100 bytes into
// the pod's log. The floor is the same program in a plain container.
func BenchmarkLogs(b *testing.B) {
	x := newBench(b)
	write := []string{"lines", "-n", "500000", "-last", "the end"}
	var viaPod, floor time.Duration
	for i := range b.N {
		id, output := x.pod(fmt.Sprintf("e2e-bench-logs-%d", i), map[string]string{"writer": probe(write...)})
		x.timed(&viaPod, func() {
			x.start(id)
			x.until(output, "the end")
		})
		plain := x.make(fmt.Sprintf("e2e-bench-logs-floor-%d", i), &container.Config{Image: probeImage, Cmd: write}, nil)
		output = x.attach(plain)
		x.timed(&floor, func() {
			x.start(plain)
			x.until(output, "the end")
		})
	}
	b.ReportMetric(float64(viaPod)/float64(floor), "time/floor")
	b.ReportMetric(0, "ns/op")
}
