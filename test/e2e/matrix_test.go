//go:build e2e

package e2e

import (
	"flag"
	"fmt"
	"sync"
	"testing"
	"time"
)

var update = flag.Bool("update", false, "write the table of docs/reliability.md anew")

// cellsAtOnce is how many pods of the matrix are struck at a time.
const cellsAtOnce = 4

// matrixTable is what is to come of each fault in each state.
func matrixTable() map[string]map[string]string {
	everywhere := func(outcome string) map[string]string {
		row := map[string]string{}
		for _, at := range podMoments() {
			row[at.name] = outcome
		}
		return row
	}
	// A pod that was asked to stop does so: what it was about to do otherwise
	// is not done, and its components get their grace whoever watches.
	alive := everywhere("runs on")
	alive["stopping"] = "ends 0"
	return map[string]map[string]string{
		// The pause starts another, which finds the containers by their labels.
		"supervisor": alive,
		// Swarm sees how its container ended: 128 + SIGKILL. The supervisor
		// removes the rest.
		"pause": everywhere("fails 137"),
		// The same, but only the next supervisor on this node cleans up.
		"both": everywhere("fails 137"),
		// Calls are repeated, for a minute at most.
		"connection": alive,
		// A component that ends ends the pod, with its code. In the stopping pod
		// it is 137 as well: something did not end by itself, whoever killed it.
		"component": everywhere("fails 137"),
		// The containers do not notice.
		"engine": alive,
		// The engine ends all containers when it comes back.
		"engine-cold": everywhere("fails 137"),
	}
}

// TestFaultMatrix lets each fault strike a pod in each state, with and without
// shared process IDs. With -update it writes what it saw into the document.
func TestFaultMatrix(t *testing.T) {
	began := time.Now()
	api, err := connect()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { api.Close() })
	images := newHeldImages(t, api)
	want := matrixTable()
	seen := newOutcomes()

	run := func(f *fault, at podMoment, pids bool, place func(*testing.T) (*site, *engineWay)) {
		t.Run(cellName(f, at, pids), func(t *testing.T) {
			s, way := place(t)
			x := &cell{site: s, at: at, fault: f, pids: pids, images: images, way: way}
			t.Cleanup(func() { images.remove(s.api, s.name) })
			outcome := x.play()
			seen.add(f, at, pids, outcome)
			if outcome != want[f.word][at.name] {
				t.Errorf("%s, want %s; the pod said:\n%s", outcome, want[f.word][at.name], x.pod.told())
			}
		})
	}
	turns := make(chan struct{}, cellsAtOnce)
	for _, f := range faults() {
		eachPod(func(at podMoment, pids bool) {
			turns <- struct{}{}
			defer func() { <-turns }()
			run(f, at, pids, func(t *testing.T) (*site, *engineWay) {
				s := newSite(t)
				if f.word == "connection" {
					return s, cuttable(t)
				}
				return s, directly()
			})
		})
	}
	columns := faults()
	for _, b := range blows(t, 2*len(podMoments())) {
		columns = append(columns, &b.fault)
		eachPod(func(at podMoment, pids bool) {
			f, leave := b.of()
			defer leave()
			run(f, at, pids, b.site)
		})
	}
	seen.compare(t, columns)
	t.Logf("the cells took %s", time.Since(began).Round(time.Second))
}

// allFaults are the rows of the table in the document.
func allFaults(t *testing.T) []*fault {
	all := faults()
	for _, b := range blows(t, 0) {
		all = append(all, &b.fault)
	}
	return all
}

// eachPod calls do for all pods of a column at once, and waits.
func eachPod(do func(at podMoment, pids bool)) {
	var all sync.WaitGroup
	for _, at := range podMoments() {
		for _, pids := range []bool{true, false} {
			all.Go(func() { do(at, pids) })
		}
	}
	all.Wait()
}

func cellName(f *fault, at podMoment, pids bool) string {
	word := "pids"
	if !pids {
		word = "nopids"
	}
	return fmt.Sprintf("%s/%s/%s", f.word, at.name, word)
}
