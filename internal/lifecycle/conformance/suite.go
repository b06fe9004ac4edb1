package conformance

import (
	"context"
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/podlike/podlike/internal/lifecycle"
	"github.com/podlike/podlike/internal/pod"
)

// Work is what a container of the suite shall do.
type Work struct {
	// EndsWith: it ends by itself, at once, with Code; else it runs until it
	// gets its stop signal, and then ends with 0, or with 143 if it was too
	// early to listen.
	EndsWith bool
	Code     int
	// Deaf: only SIGKILL ends it.
	Deaf bool
	// Checked: it has a health check that says healthy soon.
	Checked bool
	// Missing: its image is nowhere.
	Missing bool
}

// Bench is an engine with an empty pod, ready for one test.
type Bench struct {
	Engine lifecycle.Engine
	// Component returns a component whose container does the work.
	Component func(name string, w Work) pod.Component
}

// patience bounds every call of the suite.
const patience = 60 * time.Second

// Run runs the suite, each test on a bench of its own.
func Run(t *testing.T, newBench func(t *testing.T) Bench) {
	for _, test := range []struct {
		name string
		run  func(s *suite)
	}{
		{"AContainersLife", (*suite).life},
		{"EveryCodeIsTold", (*suite).codes},
		{"WaitBeforeStartMissesNoEnd", (*suite).waitBeforeStart},
		{"CreateTakesOverWhatNeverStarted", (*suite).takeOver},
		{"StopIsGentle", (*suite).stop},
		{"StopEndsInSIGKILL", (*suite).stopDeaf},
		{"WhatIsDoneMayBeRepeated", (*suite).repeat},
		{"RemoveKills", (*suite).remove},
		{"AFailedCreateLeavesNothing", (*suite).missing},
		{"HealthIsTold", (*suite).health},
		{"CallsEndWithTheirContext", (*suite).cancel},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			ctx, cancel := context.WithTimeout(t.Context(), patience)
			defer cancel()
			test.run(&suite{T: t, ctx: ctx, Bench: newBench(t)})
		})
	}
}

type suite struct {
	*testing.T
	Bench
	ctx context.Context
}

func (s *suite) must(err error, doing string) {
	s.Helper()
	if err != nil {
		s.Fatalf("%s: %v", doing, err)
	}
}

func (s *suite) create(name string, w Work) pod.Observed {
	s.Helper()
	made, err := s.Engine.Create(s.ctx, s.Component(name, w))
	s.must(err, "create")
	return made
}

func (s *suite) start(name string, w Work) pod.Observed {
	s.Helper()
	made := s.create(name, w)
	s.must(s.Engine.Start(s.ctx, made.ContainerID), "start")
	return made
}

// seen is the container as the list has it; false if it is not there.
func (s *suite) seen(id string) (pod.Observed, bool) {
	s.Helper()
	list, err := s.Engine.List(s.ctx)
	s.must(err, "list")
	i := slices.IndexFunc(list, func(o pod.Observed) bool { return o.ContainerID == id })
	if i < 0 {
		return pod.Observed{}, false
	}
	return list[i], true
}

func (s *suite) wantState(id string, want pod.State) pod.Observed {
	s.Helper()
	o, ok := s.seen(id)
	if !ok || o.State != want {
		s.Errorf("the list has it %v, as %q; want it %q", ok, o.State, want)
	}
	return o
}

func (s *suite) wantExit(id string, want ...int) {
	s.Helper()
	exit, err := s.Engine.Wait(s.ctx, id)
	s.must(err, "wait")
	if !slices.Contains(want, exit.Code) || exit.OOMKilled || exit.At.IsZero() {
		s.Errorf("it ended as %+v, want code %v", exit, want)
	}
}

func (s *suite) life() {
	made := s.create("web", Work{})
	if made.Component != "web" || made.Role != pod.RoleComponent || made.State != pod.StateCreated || made.HasCheck || made.SpecHash == "" {
		s.Errorf("created as %+v", made)
	}
	if o := s.wantState(made.ContainerID, pod.StateCreated); o.Identity != made.Identity || o.SpecHash != made.SpecHash || o.Component != "web" {
		s.Errorf("listed as %+v, created as %+v", o, made)
	}
	s.must(s.Engine.Start(s.ctx, made.ContainerID), "start")
	if o := s.wantState(made.ContainerID, pod.StateRunning); o.StartedAt.IsZero() {
		s.Error("it runs since never")
	}
	s.must(s.Engine.Stop(s.ctx, made.ContainerID, s.Component("web", Work{}), patience), "stop")
	s.wantExit(made.ContainerID, 0, 143)
	if o := s.wantState(made.ContainerID, pod.StateExited); o.Exit.Code == 137 || o.Exit.At.IsZero() {
		s.Errorf("listed with the end %+v", o.Exit)
	}
	s.must(s.Engine.Remove(s.ctx, made.ContainerID), "remove")
	if _, ok := s.seen(made.ContainerID); ok {
		s.Error("it is there after its removal")
	}
}

func (s *suite) codes() {
	for name, code := range map[string]int{"zero": 0, "three": 3, "most": 255} {
		made := s.start(name, Work{EndsWith: true, Code: code})
		s.wantExit(made.ContainerID, code)
		s.wantExit(made.ContainerID, code) // again, long after its end
		if o := s.wantState(made.ContainerID, pod.StateExited); o.Exit.Code != code {
			s.Errorf("listed with code %d, want %d", o.Exit.Code, code)
		}
	}
}

func (s *suite) waitBeforeStart() {
	for range 5 {
		made := s.create("web", Work{EndsWith: true, Code: 7})
		ended := make(chan pod.Exit, 1)
		failed := make(chan error, 1)
		go func() {
			exit, err := s.Engine.Wait(s.ctx, made.ContainerID)
			ended <- exit
			failed <- err
		}()
		s.must(s.Engine.Start(s.ctx, made.ContainerID), "start")
		if exit := <-ended; exit.Code != 7 {
			s.Errorf("ended with %d, want 7 (%v)", exit.Code, <-failed)
		}
		s.must(s.Engine.Remove(s.ctx, made.ContainerID), "remove")
	}
}

func (s *suite) takeOver() {
	first := s.create("web", Work{})
	if second := s.create("web", Work{}); second.ContainerID != first.ContainerID {
		s.Errorf("a second create made %s beside %s", second.ContainerID, first.ContainerID)
	}
}

func (s *suite) stop() {
	made := s.start("web", Work{})
	s.must(s.Engine.Stop(s.ctx, made.ContainerID, s.Component("web", Work{}), patience), "stop")
	s.wantState(made.ContainerID, pod.StateExited)
	s.wantExit(made.ContainerID, 0, 143)
}

func (s *suite) stopDeaf() {
	made := s.start("web", Work{Deaf: true})
	s.must(s.Engine.Stop(s.ctx, made.ContainerID, s.Component("web", Work{Deaf: true}), 200*time.Millisecond), "stop")
	s.wantState(made.ContainerID, pod.StateExited)
	s.wantExit(made.ContainerID, 137)
}

func (s *suite) repeat() {
	web := s.Component("web", Work{})
	made := s.start("web", Work{})
	s.must(s.Engine.Start(s.ctx, made.ContainerID), "start what runs")
	for range 2 {
		s.must(s.Engine.Stop(s.ctx, made.ContainerID, web, patience), "stop")
		s.must(s.Engine.Kill(s.ctx, made.ContainerID, "SIGKILL"), "kill what has ended")
	}
	for range 2 {
		s.must(s.Engine.Remove(s.ctx, made.ContainerID), "remove")
	}
	s.must(s.Engine.Stop(s.ctx, made.ContainerID, web, patience), "stop what is gone")
	s.must(s.Engine.Kill(s.ctx, made.ContainerID, "SIGHUP"), "kill what is gone")
	s.wantExit(made.ContainerID, 137)
	if err := s.Engine.Start(s.ctx, made.ContainerID); err == nil {
		s.Error("what is gone was started")
	}
}

func (s *suite) remove() {
	made := s.start("web", Work{Deaf: true})
	s.must(s.Engine.Remove(s.ctx, made.ContainerID), "remove what runs")
	if _, ok := s.seen(made.ContainerID); ok {
		s.Error("it is there after its removal")
	}
	never := s.create("other", Work{})
	s.must(s.Engine.Remove(s.ctx, never.ContainerID), "remove what never ran")
	s.wantExit(never.ContainerID, 137)
}

func (s *suite) missing() {
	if made, err := s.Engine.Create(s.ctx, s.Component("web", Work{Missing: true})); err == nil {
		s.Errorf("created as %+v", made)
	}
	if list, err := s.Engine.List(s.ctx); err != nil || len(list) > 0 {
		s.Errorf("it left %+v (%v)", list, err)
	}
}

func (s *suite) health() {
	made := s.start("web", Work{Checked: true})
	if !made.HasCheck {
		s.Error("created without a health check")
	}
	s.start("unchecked", Work{})
	// Twice: whoever comes later hears what was said before.
	for range 2 {
		ctx, enough := context.WithCancel(s.ctx)
		var told []pod.Health
		s.Engine.Watch(ctx, func(id string, h pod.Health) {
			if id != made.ContainerID {
				s.Errorf("told the health of %s, which has no check", id)
			}
			if told = append(told, h); h == pod.Healthy {
				enough()
			}
		})
		if !slices.Contains(told, pod.Healthy) {
			s.Errorf("told %v", told)
		}
	}
}

func (s *suite) cancel() {
	made := s.start("web", Work{})
	ctx, cancel := context.WithCancel(s.ctx)
	cancel()
	if _, err := s.Engine.Wait(ctx, made.ContainerID); !errors.Is(err, context.Canceled) {
		s.Errorf("wait: %v", err)
	}
	if err := s.Engine.Watch(ctx, func(string, pod.Health) {}); !errors.Is(err, context.Canceled) {
		s.Errorf("watch: %v", err)
	}
	if _, err := s.Engine.List(ctx); !errors.Is(err, context.Canceled) {
		s.Errorf("list: %v", err)
	}
}
