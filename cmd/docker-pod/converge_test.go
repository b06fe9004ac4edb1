package main

import (
	"strings"
	"testing"
	"time"

	"github.com/docker/docker/api/types/swarm"
)

// aService is a replicated service of so many tasks.
func aService(replicas uint64, change ...func(*swarm.Service)) swarm.Service {
	s := swarm.Service{ID: "web-id"}
	s.Spec.Name = "shop_web"
	s.Spec.Mode.Replicated = &swarm.ReplicatedService{Replicas: &replicas}
	for _, c := range change {
		c(&s)
	}
	return s
}

func restart(condition swarm.RestartPolicyCondition, attempts uint64) func(*swarm.Service) {
	return func(s *swarm.Service) {
		s.Spec.TaskTemplate.RestartPolicy = &swarm.RestartPolicy{Condition: condition, MaxAttempts: &attempts}
	}
}

func updateState(state swarm.UpdateState, message string) func(*swarm.Service) {
	return func(s *swarm.Service) { s.UpdateStatus = &swarm.UpdateStatus{State: state, Message: message} }
}

func action(a string) func(*swarm.Service) {
	return func(s *swarm.Service) { s.Spec.UpdateConfig = &swarm.UpdateConfig{FailureAction: a} }
}

// job is a replicated job in its run of this number.
func job(completions, run uint64) func(*swarm.Service) {
	return func(s *swarm.Service) {
		s.Spec.Mode = swarm.ServiceMode{ReplicatedJob: &swarm.ReplicatedJob{TotalCompletions: &completions}}
		s.JobStatus = &swarm.JobStatus{JobIteration: swarm.Version{Index: run}}
	}
}

func global(desired uint64) func(*swarm.Service) {
	return func(s *swarm.Service) {
		s.Spec.Mode = swarm.ServiceMode{Global: &swarm.GlobalService{}}
		s.ServiceStatus = &swarm.ServiceStatus{DesiredTasks: desired}
	}
}

// aTask is a task of a slot. One that ended is not wanted to run any more.
func aTask(id string, slot int, state swarm.TaskState, change ...func(*swarm.Task)) swarm.Task {
	t := swarm.Task{ID: id, ServiceID: "web-id", Slot: slot, NodeID: "node-id", DesiredState: swarm.TaskStateRunning}
	t.Status.State = state
	if hasEnded(t) {
		t.DesiredState = swarm.TaskStateShutdown
	}
	for _, c := range change {
		c(&t)
	}
	return t
}

func because(text string) func(*swarm.Task) {
	return func(t *swarm.Task) { t.Status.Err = text }
}

func unwanted(t *swarm.Task) { t.DesiredState = swarm.TaskStateShutdown }

func ofRun(n uint64) func(*swarm.Task) {
	return func(t *swarm.Task) { t.JobIteration = &swarm.Version{Index: n} }
}

func TestLook(t *testing.T) {
	const (
		running  = swarm.TaskStateRunning
		starting = swarm.TaskStateStarting
		failed   = swarm.TaskStateFailed
		complete = swarm.TaskStateComplete
	)
	for _, test := range []struct {
		name    string
		service swarm.Service
		tasks   []swarm.Task
		want    standing
		fresh   int
	}{
		{name: "no task yet", service: aService(2), want: standing{text: "0/2 running"}},
		{name: "none wanted", service: aService(0), want: standing{text: "0/0 running", runs: true}},
		{name: "half", service: aService(2), tasks: []swarm.Task{aTask("a", 1, running), aTask("b", 2, starting)}, want: standing{text: "1/2 running, 1 starting"}},
		{name: "all", service: aService(2), tasks: []swarm.Task{aTask("a", 1, running), aTask("b", 2, running)}, want: standing{text: "2/2 running", runs: true}},
		{name: "running on, but not wanted", service: aService(1), tasks: []swarm.Task{aTask("a", 1, running, unwanted), aTask("b", 1, starting)}, want: standing{text: "0/1 running, 1 starting"}},
		{name: "pending", service: aService(1), tasks: []swarm.Task{aTask("a", 1, swarm.TaskStatePending, because("no suitable node"))}, want: standing{text: "0/1 running, 1 pending: no suitable node"}},
		{name: "global", service: aService(1, global(3)), tasks: []swarm.Task{aTask("a", 0, running), aTask("b", 0, running)}, want: standing{text: "2/3 running"}},

		{name: "one failure", service: aService(1), tasks: []swarm.Task{aTask("a", 1, failed), aTask("b", 1, starting)}, want: standing{text: "0/1 running, 1 starting"}, fresh: 1},
		{name: "two failures", service: aService(1), tasks: []swarm.Task{aTask("a", 1, failed), aTask("b", 1, failed)}, want: standing{text: "0/1 running"}, fresh: 2},
		{name: "three failures", service: aService(1), tasks: []swarm.Task{aTask("a", 1, failed), aTask("b", 1, swarm.TaskStateRejected), aTask("c", 1, failed)}, want: standing{text: "0/1 running", failed: "a task ended 3 times"}, fresh: 3},
		{name: "three failures of three slots", service: aService(3), tasks: []swarm.Task{aTask("a", 1, failed), aTask("b", 2, failed), aTask("c", 3, failed)}, want: standing{text: "0/3 running"}, fresh: 3},
		{name: "it ends well, but is to run for ever", service: aService(1), tasks: []swarm.Task{aTask("a", 1, complete), aTask("b", 1, complete), aTask("c", 1, complete)}, want: standing{text: "0/1 running", failed: "a task ended 3 times"}, fresh: 3},
		{name: "it runs after three failures", service: aService(1), tasks: []swarm.Task{aTask("a", 1, failed), aTask("b", 1, failed), aTask("c", 1, failed), aTask("d", 1, running)}, want: standing{text: "1/1 running", runs: true}, fresh: 3},
		{name: "an old failure", service: aService(1, restart("none", 0)), tasks: []swarm.Task{aTask("old", 1, failed)}, want: standing{text: "0/1 running"}},

		{name: "never again", service: aService(1, restart("none", 0)), tasks: []swarm.Task{aTask("a", 1, failed)}, want: standing{text: "0/1 running", failed: "a task ended, and its restart_policy starts it no more"}, fresh: 1},
		{name: "attempts left", service: aService(1, restart("any", 1)), tasks: []swarm.Task{aTask("a", 1, failed)}, want: standing{text: "0/1 running"}, fresh: 1},
		{name: "no attempts left", service: aService(1, restart("any", 1)), tasks: []swarm.Task{aTask("a", 1, failed), aTask("b", 1, failed)}, want: standing{text: "0/1 running", failed: "a task ended 2 times, and its restart_policy allows no more"}, fresh: 2},
		{name: "done for good", service: aService(1, restart("on-failure", 0)), tasks: []swarm.Task{aTask("a", 1, complete)}, want: standing{text: "1/1 running", runs: true}},

		{name: "updating", service: aService(1, updateState("updating", "")), tasks: []swarm.Task{aTask("a", 1, running)}, want: standing{text: "1/1 running, updating"}},
		{name: "updated", service: aService(1, updateState("completed", "")), tasks: []swarm.Task{aTask("a", 1, running)}, want: standing{text: "1/1 running", runs: true, sure: true}},
		{name: "paused", service: aService(2, updateState("paused", "update paused due to x")), tasks: []swarm.Task{aTask("a", 1, failed), aTask("b", 2, running)}, want: standing{text: "1/2 running", failed: "its update is paused: update paused due to x"}, fresh: 1},
		{name: "rolling back", service: aService(1, updateState("rollback_started", "")), tasks: []swarm.Task{aTask("a", 1, running)}, want: standing{text: "1/1 running, rolling back"}},
		{name: "rolled back", service: aService(1, updateState("rollback_completed", "why")), tasks: []swarm.Task{aTask("a", 1, running)}, want: standing{text: "1/1 running", runs: true, failed: "it was rolled back: why"}},
		{name: "the rollback is stuck", service: aService(1, updateState("rollback_paused", "why")), want: standing{text: "0/1 running", failed: "its rollback is paused: why"}},
		{name: "Swarm decides on failures of an update", service: aService(1, restart("none", 0), updateState("updating", ""), action("rollback")), tasks: []swarm.Task{aTask("a", 1, failed)}, want: standing{text: "0/1 running, updating"}, fresh: 1},
		{name: "an update that goes on whatever happens", service: aService(1, restart("none", 0), updateState("updating", ""), action("continue")), tasks: []swarm.Task{aTask("a", 1, failed)}, want: standing{text: "0/1 running, updating", failed: "a task ended, and its restart_policy starts it no more"}, fresh: 1},

		{name: "a job", service: aService(1, job(2, 7)), tasks: []swarm.Task{aTask("a", 1, complete, ofRun(7)), aTask("b", 2, running, ofRun(7))}, want: standing{text: "1/2 complete, 1 running", sure: true}},
		{name: "a job that is done", service: aService(1, job(2, 7)), tasks: []swarm.Task{aTask("a", 1, complete, ofRun(7)), aTask("b", 2, complete, ofRun(7))}, want: standing{text: "2/2 complete", runs: true, sure: true}},
		{name: "another run of the job", service: aService(1, job(1, 8)), tasks: []swarm.Task{aTask("a", 1, complete, ofRun(7))}, want: standing{text: "0/1 complete", sure: true}},
		{name: "a job that fails", service: aService(1, job(1, 7), restart("none", 0)), tasks: []swarm.Task{aTask("a", 1, failed, ofRun(7))}, want: standing{text: "0/1 complete", sure: true, failed: "a task ended, and its restart_policy starts it no more"}, fresh: 1},
	} {
		t.Run(test.name, func(t *testing.T) {
			track := tracker{before: map[string]bool{"old": true}}
			now, fresh := track.look(test.service, test.tasks)
			if now != test.want || len(fresh) != test.fresh {
				t.Errorf("got %+v, %d ended; want %+v, %d", now, len(fresh), test.want, test.fresh)
			}
			if _, fresh := track.look(test.service, test.tasks); len(fresh) != 0 {
				t.Errorf("%d ends are news twice", len(fresh))
			}
		})
	}
}

// TestForgotten: Swarm keeps few tasks of a slot, and the count goes on.
func TestForgotten(t *testing.T) {
	var track tracker
	for i, id := range []string{"a", "b", "c"} {
		now, _ := track.look(aService(1), []swarm.Task{aTask(id, 1, swarm.TaskStateFailed, because("task: non-zero exit (3)"))})
		if (now.failed != "") != (i == 2) {
			t.Errorf("after %d failures: %+v", i+1, now)
		}
	}
	if track.last.ID != "c" || taskEnd(*track.last) != "failed: non-zero exit (3)" {
		t.Errorf("%+v", track.last)
	}
}

// TestRollbackReason: why Swarm rolled back is said when it begins.
func TestRollbackReason(t *testing.T) {
	var track tracker
	track.look(aService(1, updateState("rollback_started", "task x failed")), nil)
	now, _ := track.look(aService(1, updateState("rollback_completed", "rollback completed")), nil)
	if now.failed != "it was rolled back: task x failed" {
		t.Errorf("%+v", now)
	}
}

func TestMonitor(t *testing.T) {
	if got := monitor(aService(1)); got != 5*time.Second {
		t.Error(got)
	}
	if got := monitor(aService(1, func(s *swarm.Service) { s.Spec.UpdateConfig = &swarm.UpdateConfig{Monitor: time.Minute} })); got != time.Minute {
		t.Error(got)
	}
}

func TestTaskEnd(t *testing.T) {
	bare := aTask("a", 1, swarm.TaskStateComplete)
	bare.Status.ContainerStatus = &swarm.ContainerStatus{ExitCode: 0}
	if got := taskEnd(bare); got != "complete: exit code 0" {
		t.Error(got)
	}
	if got := taskName(aService(1), aTask("a", 0, swarm.TaskStateFailed)); !strings.HasSuffix(got, ".node-id") {
		t.Error(got)
	}
}
