//go:build e2e

package e2e

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/docker/docker/api/types/container"
)

const (
	// recoverWithin bounds what a pod needs to go on after a fault, or to end.
	recoverWithin = 60 * time.Second
	// nothingLeftWithin is how soon after its end nothing of a pod is left.
	nothingLeftWithin = 10 * time.Second
)

// cell is one case of the matrix: a pod in a state, and what happens to it.
type cell struct {
	*site
	at     podMoment
	fault  *fault
	pids   bool // whether components share process IDs
	images *heldImages
	way    *engineWay
	pod    *runningPod

	// running are the component's containers that ran just before the fault,
	// flaky the one that waits for its restart, supervisor the supervisor's.
	running    []container.InspectResponse
	flaky      string
	supervisor container.InspectResponse
	supervised int // how many supervisors it had
}

// play lets the fault happen, and says in a few words what came of it.
func (x *cell) play() string {
	x.create()
	x.pod.start()
	x.at.ready(x)
	x.fault.meet(x)
	if x.at.enter != nil {
		x.at.enter(x)
	}
	x.look()
	x.fault.strike(x)
	if x.at.release != nil {
		x.at.release(x)
	}
	outcome := x.outcome()
	switch {
	case x.fault.together != nil:
		x.fault.together.Do(func() { collectNext(x) })
	case x.fault.orphans:
		collectNext(x)
	}
	if err := waitFor(x.t.Context(), nothingLeftWithin, x.pod.gone); err != nil {
		outcome += ", " + err.Error()
	}
	if x.fault.orphans {
		removeCgroups(x.t, x.pod.id)
	}
	return outcome
}

// look notes what is there.
func (x *cell) look() {
	x.supervisor, x.supervised = x.pod.component("supervisor"), x.pod.supervised()
	for _, c := range x.containers(x.t.Context(), ".podlike.") {
		got, err := x.api.ContainerInspect(x.t.Context(), c.ID)
		switch {
		case err != nil:
			x.t.Fatal(err)
		case got.State.Running:
			x.running = append(x.running, got)
		default:
			x.flaky = got.ID
		}
	}
}

// outcome waits until the pod has ended or gone on.
func (x *cell) outcome() string {
	code := 0
	err := waitFor(x.t.Context(), recoverWithin, func() error {
		pause, err := x.api.ContainerInspect(x.t.Context(), x.pod.id)
		switch {
		case err != nil:
			return err // the engine may be away
		case !pause.State.Running:
			code = pause.State.ExitCode
			return nil
		}
		code = -1
		return errors.Join(x.fault.over(x), x.reached())
	})
	switch {
	case err != nil:
		x.t.Errorf("the pod neither went on nor ended: %v", err)
		return "hangs"
	case code == 0:
		return x.judge("ends 0")
	case code > 0:
		return fmt.Sprintf("fails %d", code)
	}
	if harm := x.harm(); harm != "" {
		x.signal(x.pod.id, "SIGTERM")
		x.pod.wait(recoverWithin)
		return harm
	}
	// It runs; somebody must still be there to judge its end. "app" may just
	// have been started: a signal that comes before its first line is lost.
	eventually(x.t, startWithin, func() error {
		if own := x.log(x.t.Context(), x.pod.name+".podlike.app"); !strings.Contains(own, "line ") {
			return fmt.Errorf("app is silent: %s", own)
		}
		return nil
	})
	x.tell("app", "SIGUSR1")
	if code := x.pod.wait(endWithin); code != 5 {
		return fmt.Sprintf("runs on, but then ends with %d instead of 5", code)
	}
	return x.judge("runs on")
}

// reached tells whether the pod has gone on as it would have without a fault.
func (x *cell) reached() error {
	if len(x.at.goal) == 0 {
		return errors.New("the pod has not ended")
	}
	for _, name := range x.at.goal {
		c, err := x.api.ContainerInspect(x.t.Context(), x.pod.name+".podlike."+name)
		switch {
		case err != nil:
			return err
		case !c.State.Running || c.ID == x.flaky:
			return fmt.Errorf("component %q is %s", name, c.State.Status)
		}
	}
	return nil
}

// harm says which components were disturbed.
func (x *cell) harm() string {
	var harmed []string
	for _, before := range x.running {
		name := before.Config.Labels["podlike.component"]
		now, err := x.api.ContainerInspect(x.t.Context(), before.ID)
		switch {
		case err != nil:
			harmed = append(harmed, name+" is gone")
		case now.State.StartedAt != before.State.StartedAt:
			harmed = append(harmed, name+" was restarted")
		case !now.State.Running && slices.Contains(x.at.goal, name):
			harmed = append(harmed, name+" has ended")
		}
	}
	return strings.Join(harmed, ", ")
}

// judge adds to a good outcome what is wrong with the lines that came out of
// the task.
func (x *cell) judge(outcome string) string {
	if x.fault.mayLoseLines {
		return outcome
	}
	if err := whole(x.pod.told(), "[out] app: "); err != nil {
		x.t.Errorf("the log is not whole: %v", err)
		return outcome + ", but lines are lost"
	}
	return outcome
}

// whole checks that all lines of the probe's talk are in the text, in order
// and once.
func whole(text, prefix string) error {
	want := 1
	ended := ""
	for line := range strings.Lines(text) {
		line, ok := strings.CutPrefix(strings.TrimSuffix(line, "\n"), prefix)
		if !ok || line == "draining" {
			continue
		}
		if ended != "" {
			return fmt.Errorf("%q comes after the end", line)
		}
		if n, ok := strings.CutPrefix(line, "end after "); ok {
			ended = n
			continue
		}
		if line != fmt.Sprintf("line %d", want) {
			return fmt.Errorf("%q where line %d was to come", line, want)
		}
		want++
	}
	if ended != fmt.Sprint(want-1) {
		return fmt.Errorf("there are %d lines, the end says %q", want-1, ended)
	}
	return nil
}

// TestWholeShows: a log that is not whole is seen.
func TestWholeShows(t *testing.T) {
	t.Parallel()
	const begin, end = "podlike: a\n[out] app: line 1\n[out] app: line 2\n", "[out] app: draining\n[out] app: end after 3\n"
	if err := whole(begin+"[err] app: line 7\n[out] app: line 3\n"+end, "[out] app: "); err != nil {
		t.Error(err)
	}
	for _, broken := range []string{
		begin + end,
		begin + "[out] app: line 2\n[out] app: line 3\n" + end,
		begin + "[out] app: line 3\n",
		begin + "[out] app: line 3\n" + end + "[out] app: line 4\n",
		begin + "[out] app: line 3[out] app: line 4\n" + end,
	} {
		if whole(broken, "[out] app: ") == nil {
			t.Errorf("this passes as whole:\n%s", broken)
		}
	}
}
