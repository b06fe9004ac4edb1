package probe

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/podlike/podlike/internal/lifecycle"
	"github.com/podlike/podlike/internal/pod"
)

var _ lifecycle.Engine = (*Engine)(nil)

func TestStartupGatesAndLivenessFollows(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t, pod.Probes{Startup: every(pod.Startup, 3), Liveness: every(pod.Liveness, 5)})
		b.Engine.probes["web"].Startup.InitialDelay = 2 * time.Second
		b.Engine.probes["web"].Startup.FailureThreshold = 9
		b.fail(pod.Startup, true)
		if o := b.start(); !o.HasCheck {
			t.Error("a component with a startup probe has no check")
		}
		b.until(6)
		b.fail(pod.Startup, false)
		b.until(19)
		b.want("checks", &b.checks, "startup 2", "startup 5", "startup 8", "liveness 8", "liveness 13", "liveness 18")
		b.want("told", &b.told, "c1 starting 0", "c1 healthy 8")
		b.fail(pod.Liveness, true)
		b.until(29)
		b.fail(pod.Liveness, false)
		b.until(33)
		b.want("told", &b.told, "c1 unhealthy 28", "c1 healthy 33")
		b.want("said", &b.said, `component "web": the startup probe passed`,
			`component "web": the liveness probe failed 2 times in a row: tcp :1: connection refused`, `component "web": the liveness probe passes again`)
	})
}

func TestStartupThatFailsTooOften(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t, pod.Probes{Startup: every(pod.Startup, 1), Liveness: every(pod.Liveness, 1)})
		b.fail(pod.Startup, true)
		b.start()
		b.until(2)
		b.want("told", &b.told, "c1 starting 0", "c1 unhealthy 1")
		b.want("checks", &b.checks, "startup 0", "startup 1", "startup 2")
		b.fail(pod.Startup, false)
		b.until(3)
		b.want("told", &b.told, "c1 healthy 3")
	})
}

// Liveness alone: the component is starting until it has passed once.
func TestLivenessAlone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t, pod.Probes{Liveness: every(pod.Liveness, 2)})
		b.fail(pod.Liveness, true)
		b.start()
		b.until(1)
		b.fail(pod.Liveness, false)
		b.until(2)
		b.want("told", &b.told, "c1 starting 0", "c1 healthy 2")
	})
}

// Readiness is shown, and nothing follows from it.
func TestReadiness(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t, pod.Probes{Startup: every(pod.Startup, 2), Readiness: every(pod.Readiness, 1)})
		b.fail(pod.Startup, true)
		b.fail(pod.Readiness, true)
		b.start()
		b.until(1)
		b.fail(pod.Startup, false)
		b.until(4)
		b.fail(pod.Readiness, false)
		show := func() []pod.ProbeStatus {
			return b.Status(pod.Status{Components: []pod.ComponentStatus{{ContainerID: "c2"}, {ContainerID: "c1"}}}).Components[1].Probes
		}
		want := []pod.ProbeStatus{{Kind: pod.Startup, Health: pod.Healthy}, {Kind: pod.Readiness, Health: pod.Unhealthy, Reason: "connection refused"}}
		if diff := cmp.Diff(want, show()); diff != "" {
			t.Error(diff)
		}
		b.until(5)
		want[1] = pod.ProbeStatus{Kind: pod.Readiness, Health: pod.Healthy}
		if diff := cmp.Diff(want, show()); diff != "" {
			t.Error(diff)
		}
		b.want("checks", &b.checks, "startup 0", "startup 2", "readiness 2", "readiness 3", "readiness 4", "readiness 5")
		b.want("told", &b.told, "c1 starting 0", "c1 healthy 2")
		b.want("said", &b.said, `component "web": the startup probe passed`, `component "web": is not ready: tcp :2: connection refused`, `component "web": is ready`)
		b.want("changed", &b.changed, "2", "3", "5")
	})
}

func TestReadinessAloneIsNoCheck(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t, pod.Probes{Readiness: every(pod.Readiness, 1)})
		if o := b.start(); o.HasCheck {
			t.Error("readiness counts as a health check")
		}
		b.until(2)
		b.want("told", &b.told)
		b.want("checks", &b.checks, "readiness 0", "readiness 1", "readiness 2")
	})
}

// Nothing is probed before the start, nor after the end; the wait returns
// what the engine said.
func TestProbingLastsFromStartToEnd(t *testing.T) {
	for _, how := range []string{"end", "stop", "remove"} {
		t.Run(how, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				b := newBench(t, pod.Probes{Liveness: every(pod.Liveness, 1), Readiness: every(pod.Readiness, 1)})
				if _, err := b.Create(t.Context(), pod.Component{Name: "web"}); err != nil {
					t.Fatal(err)
				}
				exited := b.run()
				b.until(3)
				b.want("checks before the start", &b.checks)
				b.Start(t.Context(), "c1")
				b.until(4)
				b.checks = nil
				b.fail(pod.Liveness, true)
				switch how {
				case "end":
					close(b.ended)
					if exit := <-exited; exit.Code != 7 {
						t.Errorf("the exit is %v", exit)
					}
				case "stop":
					b.Stop(t.Context(), "c1", pod.Component{}, time.Second)
				case "remove":
					b.Remove(t.Context(), "c1")
				}
				b.told = nil
				b.until(9)
				b.want("checks after the "+how, &b.checks)
				b.want("told after the "+how, &b.told)
				if got := len(b.known()); got != 0 && how != "stop" {
					t.Errorf("%d containers are remembered", got)
				}
			})
		})
	}
}

// A check that hangs is given up after its timeout, and the next one follows
// without a pause if its time has come.
func TestTimeout(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		probe := every(pod.Liveness, 2)
		probe.Timeout = 3 * time.Second
		b := newBench(t, pod.Probes{Liveness: probe})
		b.slow = time.Hour
		b.start()
		b.until(7)
		b.want("checks", &b.checks, "liveness 0", "liveness 3", "liveness 6")
		b.want("told", &b.told, "c1 starting 0", "c1 unhealthy 6")
		b.want("said", &b.said, `component "web": the liveness probe failed 2 times in a row: tcp :1: no answer within 3s`)
	})
}

// The worst word of the engine's own check and of the probes wins.
func TestBothChecks(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t, pod.Probes{Liveness: every(pod.Liveness, 1)})
		b.observed.HasCheck, b.observed.Health = true, pod.Starting
		b.start()
		b.until(1)
		b.want("told while the engine's check has not passed", &b.told, "c1 starting 0")
		b.health("c1", pod.Healthy)
		b.want("told after it", &b.told, "c1 healthy 1")
		b.fail(pod.Liveness, true)
		b.until(4)
		b.health("c1", pod.Healthy)
		b.want("told of the probe", &b.told, "c1 unhealthy 3")
		b.fail(pod.Liveness, false)
		b.until(5)
		b.health("c1", pod.Unhealthy)
		b.want("told of both", &b.told, "c1 healthy 5", "c1 unhealthy 5")
		b.health("c2", pod.Healthy)
		b.want("told of another", &b.told, "c2 healthy 5")
	})
}

// What an earlier supervisor had started counts as started and alive.
func TestAdopted(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t, pod.Probes{Startup: every(pod.Startup, 1), Liveness: every(pod.Liveness, 2)})
		b.observed.State = pod.StateRunning
		b.fail(pod.Liveness, true)
		list, err := b.List(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		want := []pod.Observed{b.observed, {ContainerID: "c2", Component: "plain", Role: pod.RoleComponent, State: pod.StateRunning}}
		want[0].HasCheck, want[0].Health = true, pod.Healthy
		if diff := cmp.Diff(want, list); diff != "" {
			t.Error(diff)
		}
		b.run()
		b.until(3)
		b.want("checks", &b.checks, "liveness 0", "liveness 2")
		b.want("told", &b.told, "c1 healthy 0", "c1 unhealthy 2")
	})
}

// Containers of init components and without probes are left alone.
func TestOthersGoThrough(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t, pod.Probes{Liveness: every(pod.Liveness, 1)})
		b.observed.Role = pod.RoleInit
		if o := b.start(); o.HasCheck {
			t.Error("an init component has a check")
		}
		b.until(3)
		b.want("checks", &b.checks)
	})
}

// A wait that broke off goes on where it was.
func TestWaitAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t, pod.Probes{Startup: every(pod.Startup, 1), Liveness: every(pod.Liveness, 1)})
		if _, err := b.Create(t.Context(), pod.Component{Name: "web"}); err != nil {
			t.Fatal(err)
		}
		b.Start(t.Context(), "c1")
		ctx, cancel := context.WithCancel(t.Context())
		go b.Wait(ctx, "c1")
		b.until(1)
		cancel()
		synctest.Wait()
		b.checks = nil
		b.run()
		b.until(2)
		b.want("checks", &b.checks, "liveness 1", "liveness 2")
	})
}
