package enginetest

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/podlike/podlike/internal/pod"
)

// Container is one container, or what is known of it once it is removed.
type Container struct {
	pod.Observed
	Script  Script
	Removed bool
	// HealthyAt is when it became healthy first; zero if never.
	HealthyAt time.Time
	// Killed: SIGKILL ended it.
	Killed bool
	// Signals lists all it got but SIGKILL, stop signals as "stop".
	Signals []string

	done chan struct{}
	// answerLost: it was started by a call whose caller does not know it.
	answerLost bool
}

// Engine implements lifecycle.Engine in memory. Set the fields before use.
type Engine struct {
	Identity pod.Identity
	Hash     func(pod.Component) string
	// Script gives the behaviour of a component's n-th container, from 1.
	// Without it, containers run until they are stopped, and end with 143.
	Script func(component string, n int) Script
	// Fault gives what happens to the n-th call of a method for a component,
	// from 1; List and Watch have no component.
	Fault func(method, component string, n int) Fault
	// Calls is told each call before it does anything; OnStart of each
	// container that starts, with the engine locked: it may use History.
	Calls   func(method, component string)
	OnStart func(c *Container)

	mu         sync.Mutex
	containers []*Container
	count      map[string]int
	changed    chan struct{}
	violations []string
}

// New returns an engine without containers.
func New(id pod.Identity, hash func(pod.Component) string) *Engine {
	return &Engine{Identity: id, Hash: hash, count: map[string]int{}, changed: make(chan struct{})}
}

// Put adds a container, as left behind by an earlier supervisor.
func (e *Engine) Put(o pod.Observed, s Script) {
	e.mu.Lock()
	defer e.mu.Unlock()
	c := &Container{Observed: o, Script: s, done: make(chan struct{})}
	c.HasCheck = c.HasCheck || s.HasCheck
	e.containers = append(e.containers, c)
	switch o.State {
	case pod.StateExited:
		close(c.done)
	case pod.StateRunning:
		e.live(c)
	}
}

// History returns every container that ever was, in the order of creation.
// It does not lock: call it from OnStart, or when nothing runs any more.
func (e *Engine) History() []*Container { return e.containers }

// Left returns the containers that are there.
func (e *Engine) Left() []pod.Observed {
	e.mu.Lock()
	defer e.mu.Unlock()
	var left []pod.Observed
	for _, c := range e.containers {
		if !c.Removed {
			left = append(left, c.Observed)
		}
	}
	return left
}

// Violations lists what no caller should ever do, and what Violate added.
func (e *Engine) Violations() []string {
	e.mu.Lock()
	defer e.mu.Unlock()
	return slices.Clone(e.violations)
}

// Violate notes a violation that a hook found; it does not lock.
func (e *Engine) Violate(format string, args ...any) {
	e.violations = append(e.violations, fmt.Sprintf(format, args...))
}

// End ends a component's running container from outside.
func (e *Engine) End(component string, code int) {
	e.mu.Lock()
	defer e.mu.Unlock()
	for _, c := range e.containers {
		if c.Component == component && c.State == pod.StateRunning {
			e.end(c, pod.Exit{Code: code})
		}
	}
}

// SetHealth changes what a component's health check says.
func (e *Engine) SetHealth(component string, h pod.Health) {
	e.mu.Lock()
	defer e.mu.Unlock()
	for _, c := range e.containers {
		if c.Component == component {
			e.setHealth(c, h)
		}
	}
}

// List implements lifecycle.Engine.
func (e *Engine) List(ctx context.Context) (list []pod.Observed, err error) {
	err = e.call(ctx, "List", "", func() error {
		for _, c := range e.containers {
			if !c.Removed {
				list = append(list, c.Observed)
			}
		}
		return nil
	})
	return list, err
}

// Create implements lifecycle.Engine.
func (e *Engine) Create(ctx context.Context, component pod.Component) (made pod.Observed, err error) {
	err = e.call(ctx, "Create", component.Name, func() error {
		for _, c := range e.containers {
			if c.Component != component.Name || c.Removed {
				continue
			}
			if c.State == pod.StateCreated && c.Run == e.Identity.Run && c.SpecHash == e.Hash(component) {
				made = c.Observed
				return nil
			}
			e.Violate("create %s: container %s is still there, %s", component.Name, c.ContainerID, c.State)
			return fmt.Errorf("the name %q is taken", component.Name)
		}
		n := 1
		for _, c := range e.containers {
			if c.Component == component.Name {
				n++
			}
		}
		script := Script{StopCode: 143}
		if e.Script != nil {
			script = e.Script(component.Name, n)
		}
		if script.CreateErr != nil {
			return script.CreateErr
		}
		c := &Container{Script: script, done: make(chan struct{}), Observed: pod.Observed{
			Identity: e.Identity, ContainerID: fmt.Sprintf("%s.%d", component.Name, n), Component: component.Name, Role: component.Role,
			SpecHash: e.Hash(component), State: pod.StateCreated, HasCheck: script.HasCheck, Health: pod.Starting,
		}}
		e.containers = append(e.containers, c)
		made = c.Observed
		return nil
	})
	return made, err
}

// Start implements lifecycle.Engine.
func (e *Engine) Start(ctx context.Context, id string) error {
	var started *Container
	err := e.call(ctx, "Start", e.component(id), func() error {
		c := e.find(id)
		switch {
		case c == nil:
			return errors.New("no such container")
		case c.State == pod.StateRunning:
			return nil
		case c.State == pod.StateExited && c.answerLost:
			return nil
		case c.State == pod.StateExited:
			e.Violate("start %s: it ran before", id)
			return errors.New("it ran before")
		case c.Script.StartErr != nil:
			return c.Script.StartErr
		}
		for _, other := range e.containers {
			if other != c && other.Component == c.Component && other.State == pod.StateRunning {
				e.Violate("start %s: %s runs", id, other.ContainerID)
			}
		}
		if e.OnStart != nil {
			e.OnStart(c)
		}
		c.State, c.StartedAt = pod.StateRunning, time.Now()
		e.live(c)
		started = c
		return nil
	})
	if err != nil && started != nil {
		e.mu.Lock()
		defer e.mu.Unlock()
		started.answerLost = true
	}
	return err
}

// Wait implements lifecycle.Engine.
func (e *Engine) Wait(ctx context.Context, id string) (pod.Exit, error) {
	e.mu.Lock()
	c := e.find(id)
	e.mu.Unlock()
	if c == nil {
		return pod.Exit{Code: 137, At: time.Now()}, ctx.Err()
	}
	select {
	case <-ctx.Done():
		return pod.Exit{}, ctx.Err()
	case <-c.done:
	}
	var exit pod.Exit
	err := e.call(ctx, "Wait", c.Component, func() error {
		exit = c.Exit
		return nil
	})
	return exit, err
}

// Stop implements lifecycle.Engine.
func (e *Engine) Stop(ctx context.Context, id string, _ pod.Component, grace time.Duration) error {
	var c *Container
	err := e.call(ctx, "Stop", e.component(id), func() error {
		if c = e.find(id); c != nil {
			e.signal(c, "stop")
		}
		return nil
	})
	if err != nil || c == nil {
		return err
	}
	gentle, cancel := context.WithTimeout(ctx, grace)
	defer cancel()
	select {
	case <-c.done:
		return nil
	case <-gentle.Done():
	}
	if ctx.Err() != nil {
		return ctx.Err()
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	e.signal(c, "SIGKILL")
	return nil
}

// Kill implements lifecycle.Engine.
func (e *Engine) Kill(ctx context.Context, id, signal string) error {
	return e.call(ctx, "Kill", e.component(id), func() error {
		if c := e.find(id); c != nil {
			e.signal(c, signal)
		}
		return nil
	})
}

// Remove implements lifecycle.Engine.
func (e *Engine) Remove(ctx context.Context, id string) error {
	return e.call(ctx, "Remove", e.component(id), func() error {
		if c := e.find(id); c != nil {
			e.signal(c, "SIGKILL")
			if c.State == pod.StateCreated {
				c.Exit = pod.Exit{Code: 137, At: time.Now()}
				close(c.done)
			}
			c.Removed = true
		}
		return nil
	})
}

// Watch implements lifecycle.Engine: it lists first and at every change.
func (e *Engine) Watch(ctx context.Context, tell func(string, pod.Health)) error {
	for {
		var seen []pod.Observed
		var changed chan struct{}
		err := e.call(ctx, "Watch", "", func() error {
			for _, c := range e.containers {
				if c.State == pod.StateRunning && c.HasCheck {
					seen = append(seen, c.Observed)
				}
			}
			changed = e.changed
			return nil
		})
		if err != nil {
			return err
		}
		for _, o := range seen {
			tell(o.ContainerID, o.Health)
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-changed:
		}
	}
}

// call does what every call has in common: it takes time, and fails.
func (e *Engine) call(ctx context.Context, method, component string, do func() error) error {
	e.mu.Lock()
	if e.Calls != nil {
		e.Calls(method, component)
	}
	key := method + " " + component
	e.count[key]++
	var fault Fault
	if e.Fault != nil {
		fault = e.Fault(method, component, e.count[key])
	}
	e.mu.Unlock()

	if fault.Delay > 0 {
		timer := time.NewTimer(fault.Delay)
		defer timer.Stop()
		select {
		case <-ctx.Done():
		case <-timer.C:
		}
	}
	if ctx.Err() != nil {
		return ctx.Err()
	}
	if fault.Err != nil && !fault.Late {
		return fault.Err
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	if err := do(); err != nil {
		return err
	}
	return fault.Err
}

func (e *Engine) find(id string) *Container {
	for _, c := range e.containers {
		if c.ContainerID == id && !c.Removed {
			return c
		}
	}
	return nil
}

func (e *Engine) component(id string) string {
	e.mu.Lock()
	defer e.mu.Unlock()
	if c := e.find(id); c != nil {
		return c.Component
	}
	return ""
}

// live sets the alarms of a container that runs.
func (e *Engine) live(c *Container) {
	after := func(d time.Duration, do func()) {
		if d > 0 {
			time.AfterFunc(d, func() {
				e.mu.Lock()
				defer e.mu.Unlock()
				do()
			})
		}
	}
	after(c.Script.Runs, func() { e.end(c, pod.Exit{Code: c.Script.Code, OOMKilled: c.Script.OOM}) })
	if c.HasCheck {
		after(c.Script.HealthyAfter, func() { e.setHealth(c, pod.Healthy) })
		after(c.Script.UnhealthyAfter, func() { e.setHealth(c, pod.Unhealthy) })
	}
}

func (e *Engine) setHealth(c *Container, h pod.Health) {
	if c.State != pod.StateRunning {
		return
	}
	if h == pod.Healthy && c.HealthyAt.IsZero() {
		c.HealthyAt = time.Now()
	}
	c.Health = h
	close(e.changed)
	e.changed = make(chan struct{})
}

func (e *Engine) signal(c *Container, signal string) {
	switch {
	case c.State != pod.StateRunning:
	case signal == "SIGKILL":
		c.Killed = true
		e.end(c, pod.Exit{Code: 137})
	default:
		c.Signals = append(c.Signals, signal)
		if signal == "stop" && !c.Script.Deaf {
			time.AfterFunc(c.Script.Drain, func() {
				e.mu.Lock()
				defer e.mu.Unlock()
				e.end(c, pod.Exit{Code: c.Script.StopCode})
			})
		}
	}
}

func (e *Engine) end(c *Container, exit pod.Exit) {
	if c.State != pod.StateRunning {
		return
	}
	exit.At = time.Now()
	c.State, c.Exit = pod.StateExited, exit
	close(c.done)
}
