package probe

import (
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/podlike/podlike/internal/pod"
)

// Containers is the engine below; see lifecycle.Engine for what its methods
// promise.
type Containers interface {
	List(ctx context.Context) ([]pod.Observed, error)
	Create(ctx context.Context, c pod.Component) (pod.Observed, error)
	Start(ctx context.Context, containerID string) error
	Wait(ctx context.Context, containerID string) (pod.Exit, error)
	Stop(ctx context.Context, containerID string, c pod.Component, grace time.Duration) error
	Kill(ctx context.Context, containerID, signal string) error
	Remove(ctx context.Context, containerID string) error
	Watch(ctx context.Context, health func(containerID string, h pod.Health)) error
}

// Config is what an [Engine] needs.
type Config struct {
	Containers Containers
	// Components are those of the pod; containers that an earlier supervisor
	// made are told by name only.
	Components []pod.Component
	// Check makes one check and returns why it failed, or nil. It ends when
	// ctx is done.
	Check func(ctx context.Context, containerID string, kind pod.ProbeKind, p pod.Probe) error
	// Say is called with lines for the pod's log. It must not block.
	Say func(string)
	// Changed is called when what [Engine.Status] adds has changed; nil if
	// nobody wants to know.
	Changed func()
}

// Engine is an engine whose containers are probed. It implements
// lifecycle.Engine. A container is probed as long as a [Engine.Wait] for it
// runs, from its start to its stop or end.
type Engine struct {
	Containers // Kill goes through as it is
	probes     map[string]pod.Probes
	check      func(ctx context.Context, containerID string, kind pod.ProbeKind, p pod.Probe) error
	say        func(string)
	changed    func()

	// telling is held while health is told, so that the last word told is the
	// last one that was true. It is taken before mu.
	telling sync.Mutex
	tell    func(containerID string, h pod.Health) // nil while nobody watches

	mu     sync.Mutex
	probed map[string]*container // by container ID
}

// container is what is known of a probed container.
type container struct {
	component string
	probes    pod.Probes
	// engineWord is what the engine says of its own check, "" if there is
	// none.
	engineWord pod.Health
	tallies    tallies

	started, stopped event
}

// event is something that happens once.
type event struct {
	once sync.Once
	c    chan struct{}
}

func (e *event) happen() { e.once.Do(func() { close(e.c) }) }

// NewEngine returns the engine with probes.
func NewEngine(config Config) *Engine {
	e := &Engine{
		Containers: config.Containers,
		probes:     map[string]pod.Probes{},
		check:      config.Check,
		say:        config.Say,
		changed:    config.Changed,
		probed:     map[string]*container{},
	}
	for _, c := range config.Components {
		if c.Probes != (pod.Probes{}) {
			e.probes[c.Name] = c.Probes
		}
	}
	return e
}

// List implements lifecycle.Engine. A container that runs and that we did not
// start is one of an earlier supervisor.
func (e *Engine) List(ctx context.Context) ([]pod.Observed, error) {
	list, err := e.Containers.List(ctx)
	for i := range list {
		e.know(&list[i])
	}
	return list, err
}

// Create implements lifecycle.Engine.
func (e *Engine) Create(ctx context.Context, c pod.Component) (pod.Observed, error) {
	o, err := e.Containers.Create(ctx, c)
	if err == nil {
		e.know(&o)
	}
	return o, err
}

// know makes a container with probes known, and lets it look like one with a
// health check.
func (e *Engine) know(o *pod.Observed) {
	probes, ok := e.probes[o.Component]
	if !ok || o.Role != pod.RoleComponent || o.State == pod.StateExited {
		return
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	c, ok := e.probed[o.ContainerID]
	if !ok {
		running := o.State == pod.StateRunning
		c = &container{component: o.Component, probes: probes, tallies: newTallies(running)}
		c.started.c, c.stopped.c = make(chan struct{}), make(chan struct{})
		if o.HasCheck {
			c.engineWord = pod.Starting
		}
		if running {
			c.started.happen()
		}
		e.probed[o.ContainerID] = c
	}
	if o.HasCheck && o.Health != "" {
		c.engineWord = o.Health
	}
	if gates(probes) {
		o.HasCheck, o.Health = true, c.word()
	}
}

// find returns a probed container, nil if it is not probed.
func (e *Engine) find(id string) *container {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.probed[id]
}

// Start implements lifecycle.Engine: with it, probing begins.
func (e *Engine) Start(ctx context.Context, id string) error {
	if err := e.Containers.Start(ctx, id); err != nil {
		return err
	}
	if c := e.find(id); c != nil {
		c.started.happen()
	}
	return nil
}

// Stop implements lifecycle.Engine. A component that works off what is left
// need not answer any more.
func (e *Engine) Stop(ctx context.Context, id string, component pod.Component, grace time.Duration) error {
	if c := e.find(id); c != nil {
		c.stopped.happen()
	}
	return e.Containers.Stop(ctx, id, component, grace)
}

// Wait implements lifecycle.Engine.
func (e *Engine) Wait(ctx context.Context, id string) (pod.Exit, error) {
	c := e.find(id)
	if c == nil {
		return e.Containers.Wait(ctx, id)
	}
	probing, cancel := context.WithCancel(ctx)
	var wg sync.WaitGroup
	wg.Go(func() { e.probe(probing, id, c) })
	exit, err := e.Containers.Wait(ctx, id)
	cancel()
	wg.Wait()
	if err == nil {
		e.forget(id)
	}
	return exit, err
}

// Remove implements lifecycle.Engine.
func (e *Engine) Remove(ctx context.Context, id string) error {
	if c := e.find(id); c != nil {
		c.stopped.happen()
	}
	err := e.Containers.Remove(ctx, id)
	if err == nil {
		e.forget(id)
	}
	return err
}

func (e *Engine) forget(id string) {
	e.mu.Lock()
	defer e.mu.Unlock()
	delete(e.probed, id)
}

// Watch implements lifecycle.Engine. What the engine says of a probed
// container is only a part of its health.
func (e *Engine) Watch(ctx context.Context, health func(containerID string, h pod.Health)) error {
	e.telling.Lock()
	e.tell = health
	e.telling.Unlock()
	for _, id := range e.known() {
		e.tellWord(id)
	}
	return e.Containers.Watch(ctx, func(id string, h pod.Health) {
		e.mu.Lock()
		c := e.probed[id]
		if c != nil {
			c.engineWord = h
		}
		e.mu.Unlock()
		if c == nil {
			e.telling.Lock()
			defer e.telling.Unlock()
			health(id, h)
			return
		}
		e.tellWord(id)
	})
}

func (e *Engine) known() []string {
	e.mu.Lock()
	defer e.mu.Unlock()
	ids := make([]string, 0, len(e.probed))
	for id := range e.probed {
		ids = append(ids, id)
	}
	return ids
}

// tellWord tells a container's health as it is now.
func (e *Engine) tellWord(id string) {
	e.telling.Lock()
	defer e.telling.Unlock()
	e.mu.Lock()
	c, tell := e.probed[id], e.tell
	var word pod.Health
	if c != nil {
		word = c.word()
	}
	e.mu.Unlock()
	if word != "" && tell != nil {
		tell(id, word)
	}
}

// word is a container's health, "" if nothing checks it. The caller holds mu.
func (c *container) word() pod.Health {
	switch {
	case !gates(c.probes):
		return c.engineWord
	case c.engineWord == "":
		return c.tallies.fold(c.probes)
	default:
		return worst(c.engineWord, c.tallies.fold(c.probes))
	}
}

// Status adds how the probes stand to the status of the pod.
func (e *Engine) Status(s pod.Status) pod.Status {
	e.mu.Lock()
	defer e.mu.Unlock()
	s.Components = append([]pod.ComponentStatus(nil), s.Components...)
	for i := range s.Components {
		shown := &s.Components[i]
		c := e.probed[shown.ContainerID]
		if c == nil {
			continue
		}
		shown.Probes = nil
		for _, kind := range pod.ProbeKinds {
			if c.probes.Of(kind) != nil {
				t := c.tallies[kind]
				shown.Probes = append(shown.Probes, pod.ProbeStatus{Kind: kind, Health: t.word, Reason: t.reason})
			}
		}
	}
	return s
}

// sayf says something about a component.
func (e *Engine) sayf(c *container, format string, args ...any) {
	e.say(fmt.Sprintf("component %q: ", c.component) + fmt.Sprintf(format, args...))
}
