package main

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/docker/docker/api/types/swarm"
)

// giveUpAfter is how often the task of one slot may end before its service
// counts as failed, although Swarm would go on: services of a stack start in
// no order, and the first tries may be too early for what they need.
const giveUpAfter = 3

// standing is how a service does at a moment.
type standing struct {
	text   string // for the user: "1/2 running, 1 starting"
	runs   bool   // all that should be there is there
	sure   bool   // Swarm itself has watched it for long enough
	failed string // why it will not get better, or ""
}

// tracker follows one service. It remembers how tasks ended, since Swarm
// forgets them.
type tracker struct {
	before map[string]bool            // tasks whose end is none of our business, by ID
	ended  map[string]map[string]bool // slot → IDs of the others that ended
	last   *swarm.Task                // the last of these
	why    string                     // Swarm's reason for rolling back
}

// look folds what Swarm says now. Tasks are those of the service's newest
// specification; fresh are those of them whose end was not seen before.
func (t *tracker) look(service swarm.Service, tasks []swarm.Task) (now standing, fresh []swarm.Task) {
	tasks = slices.Clone(tasks)
	slices.SortFunc(tasks, func(a, b swarm.Task) int { return cmp.Compare(a.CreatedAt.UnixNano(), b.CreatedAt.UnixNano()) })
	running, complete := 0, 0
	states := map[swarm.TaskState]int{}
	pending := ""
	for _, task := range tasks {
		state := task.Status.State
		switch {
		case isJob(service) && !ofThisRun(service, task):
		case isJob(service) && state == swarm.TaskStateComplete:
			complete++
		case isEnd(service, task):
			if !t.before[task.ID] && t.remember(task) {
				fresh = append(fresh, task)
			}
		case state == swarm.TaskStateComplete:
			running++ // its restart policy leaves it at that
		case task.DesiredState != swarm.TaskStateRunning && task.DesiredState != swarm.TaskStateComplete && task.DesiredState != swarm.TaskStateReady:
		case state == swarm.TaskStateRunning:
			running++
			states[state]++
		default:
			states[state]++
			if task.Status.Err != "" {
				pending = task.Status.Err
			}
		}
	}
	want := wanted(service)
	if isJob(service) {
		now.text = fmt.Sprintf("%d/%d complete", complete, want)
		now.runs = complete >= want
		now.sure = true
	} else {
		delete(states, swarm.TaskStateRunning)
		now.text = fmt.Sprintf("%d/%d running", running, want)
		now.runs = running >= want
	}
	for _, state := range slices.Sorted(maps.Keys(states)) {
		now.text += fmt.Sprintf(", %d %s", states[state], state)
	}
	if pending != "" {
		now.text += ": " + pending
	}
	t.update(service, &now)
	if now.failed == "" && !now.runs {
		now.failed = t.hopeless(service)
	}
	return now, fresh
}

// isEnd: the task has ended as it should not have.
func isEnd(service swarm.Service, task swarm.Task) bool {
	switch task.Status.State {
	case swarm.TaskStateFailed, swarm.TaskStateRejected:
		return true
	case swarm.TaskStateComplete:
		return condition(service) == swarm.RestartPolicyConditionAny // to be started again, and again
	default:
		return false
	}
}

// hasEnded: the task is over by itself, in whatever way.
func hasEnded(task swarm.Task) bool {
	switch task.Status.State {
	case swarm.TaskStateFailed, swarm.TaskStateRejected, swarm.TaskStateComplete:
		return true
	default:
		return false
	}
}

// remember notes the end of a task, and whether that is news.
func (t *tracker) remember(task swarm.Task) bool {
	if t.ended == nil {
		t.ended = map[string]map[string]bool{}
	}
	slot := fmt.Sprint(task.Slot, task.NodeID)
	if task.Slot != 0 {
		slot = fmt.Sprint(task.Slot)
	}
	if t.ended[slot] == nil {
		t.ended[slot] = map[string]bool{}
	}
	if t.ended[slot][task.ID] {
		return false
	}
	t.ended[slot][task.ID] = true
	t.last = &task
	return true
}

// update reads how an update or a rollback stands.
func (t *tracker) update(service swarm.Service, now *standing) {
	status := service.UpdateStatus
	if status == nil {
		return
	}
	switch status.State {
	case swarm.UpdateStateUpdating:
		now.runs = false
		now.text += ", updating"
	case swarm.UpdateStateCompleted:
		now.sure = true
	case swarm.UpdateStatePaused:
		now.failed = "its update is paused: " + status.Message
	case swarm.UpdateStateRollbackStarted:
		t.why = status.Message
		now.runs = false
		now.text += ", rolling back"
	case swarm.UpdateStateRollbackPaused:
		now.failed = "its rollback is paused: " + status.Message
	case swarm.UpdateStateRollbackCompleted:
		now.failed = "it was rolled back: " + cmp.Or(t.why, status.Message)
	}
}

// hopeless says why a task will not come back, or has ended too often.
func (t *tracker) hopeless(service swarm.Service) string {
	most := 0
	for _, ids := range t.ended {
		most = max(most, len(ids))
	}
	if most == 0 {
		return ""
	}
	attempts := uint64(0)
	if p := service.Spec.TaskTemplate.RestartPolicy; p != nil && p.MaxAttempts != nil {
		attempts = *p.MaxAttempts
	}
	updating := service.UpdateStatus != nil && service.UpdateStatus.State == swarm.UpdateStateUpdating
	switch {
	case updating && service.Spec.UpdateConfig != nil && service.Spec.UpdateConfig.FailureAction != swarm.UpdateFailureActionContinue:
		return "" // Swarm decides
	case condition(service) == swarm.RestartPolicyConditionNone:
		return "a task ended, and its restart_policy starts it no more"
	case attempts > 0 && uint64(most) > attempts:
		return fmt.Sprintf("a task ended %s, and its restart_policy allows no more", times(most))
	case most >= giveUpAfter:
		return fmt.Sprintf("a task ended %s", times(most))
	default:
		return ""
	}
}

func times(n int) string {
	if n == 1 {
		return "once"
	}
	return fmt.Sprintf("%d times", n)
}

// condition is when Swarm starts a task again.
func condition(service swarm.Service) swarm.RestartPolicyCondition {
	if p := service.Spec.TaskTemplate.RestartPolicy; p != nil && p.Condition != "" {
		return p.Condition
	}
	return swarm.RestartPolicyConditionAny
}

func isJob(service swarm.Service) bool {
	return service.Spec.Mode.ReplicatedJob != nil || service.Spec.Mode.GlobalJob != nil
}

// ofThisRun: a job keeps the tasks of its earlier runs.
func ofThisRun(service swarm.Service, task swarm.Task) bool {
	return service.JobStatus == nil || task.JobIteration == nil || task.JobIteration.Index == service.JobStatus.JobIteration.Index
}

// wanted is how many tasks there should be. On how many nodes a global
// service can run, only the manager knows.
func wanted(service swarm.Service) int {
	mode := service.Spec.Mode
	switch {
	case mode.Replicated != nil && mode.Replicated.Replicas != nil:
		return int(*mode.Replicated.Replicas)
	case mode.ReplicatedJob != nil && mode.ReplicatedJob.TotalCompletions != nil:
		return int(*mode.ReplicatedJob.TotalCompletions)
	case mode.Replicated == nil && mode.ReplicatedJob == nil && service.ServiceStatus != nil:
		return int(service.ServiceStatus.DesiredTasks + service.ServiceStatus.CompletedTasks)
	default:
		return 1
	}
}

// monitor is for how long a service must run to be called good.
func monitor(service swarm.Service) time.Duration {
	if c := service.Spec.UpdateConfig; c != nil && c.Monitor > 0 {
		return c.Monitor
	}
	return 5 * time.Second // Swarm's default
}

// taskName is the task's as `docker service ps` writes it.
func taskName(service swarm.Service, task swarm.Task) string {
	if task.Slot != 0 {
		return fmt.Sprintf("%s.%d", service.Spec.Name, task.Slot)
	}
	return service.Spec.Name + "." + task.NodeID
}

// taskEnd is how a task ended: "failed: task: non-zero exit (3)".
func taskEnd(task swarm.Task) string {
	text := string(task.Status.State)
	why := strings.TrimPrefix(task.Status.Err, "task: ")
	if why == "" {
		if status := task.Status.ContainerStatus; status != nil {
			why = fmt.Sprintf("exit code %d", status.ExitCode)
		}
	}
	if why != "" {
		text += ": " + why
	}
	return text
}
