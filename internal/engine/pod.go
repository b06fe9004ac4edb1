package engine

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"github.com/compose-spec/compose-go/v2/types"
	cerrdefs "github.com/containerd/errdefs"
	"github.com/docker/docker/api/types/container"

	"github.com/podlike/podlike/internal/labels"
	"github.com/podlike/podlike/internal/logs"
	"github.com/podlike/podlike/internal/namespaces"
	"github.com/podlike/podlike/internal/pod"
)

// Pod is one pod's containers. It implements lifecycle.Engine.
type Pod struct {
	client    *Client
	spec      pod.Spec
	pause     namespaces.Pause
	placing   placing
	memory    memory
	host      namespaces.Host
	image     string // the pause's, by ID
	mounts    []container.MountPoint
	sockets   []string // see Facts
	volumes   map[string]string
	plugins   []string // the engine's, that authorize calls
	level     string   // see selinux.go
	taskFiles taskFiles
	logs      *logs.Sink
	files     Files
	say       func(string)
	began     time.Time // when this supervisor began to look after the pod
	previous  string    // where previous.go writes; "" for nowhere

	donor sync.Mutex // held while the IPC donor is looked for and made

	mu      sync.Mutex
	streams map[string]*stream // by container ID
	warned  map[string]bool

	reading   sync.Mutex   // held while old log lines are compared: they may be many
	linesRead atomic.Int64 // of all logs

	hooks    *hooks
	attempts *attempts
}

// PodConfig is what a [Pod] is made of.
type PodConfig struct {
	Spec  pod.Spec
	Facts Facts
	Logs  *logs.Sink // may be nil
	Files Files
	// Mountinfo is the pause's /proc/self/mountinfo.
	Mountinfo string
	// PreviousDir is where the end of what a component said is kept when it is
	// restarted; "" for nowhere.
	PreviousDir string
	// Say is called with lines for the pod's log, such as the progress of a
	// pull. It must not block.
	Say func(string)
}

// Pod returns the containers of one pod.
func (c *Client) Pod(config PodConfig) *Pod {
	return &Pod{
		client:    c,
		spec:      config.Spec,
		pause:     config.Facts.Pause,
		placing:   placing{plan: namespaces.Place(config.Facts.Host, config.Facts.Pause)},
		host:      config.Facts.Host,
		image:     config.Facts.inspect.Image,
		mounts:    config.Facts.inspect.Mounts,
		sockets:   config.Facts.sockets,
		volumes:   config.Facts.Volumes,
		plugins:   config.Facts.plugins,
		level:     config.Facts.level,
		taskFiles: readTaskFiles(config.Mountinfo, config.Facts.dockerRoot, config.Facts.Pause.ID),
		logs:      config.Logs,
		files:     config.Files,
		say:       config.Say,
		began:     time.Now(),
		previous:  config.PreviousDir,
		streams:   map[string]*stream{},
		warned:    map[string]bool{},
		hooks:     newHooks(),
		attempts:  newAttempts(),
	}
}

// Warning says if the pod's limits cannot be kept for the sum of its
// components on this host; "" that they can, as far as is known.
func (p *Pod) Warning() string { return p.placing.plan.Warning }

// Create implements lifecycle.Engine.
func (p *Pod) Create(ctx context.Context, c pod.Component) (pod.Observed, error) {
	owner := labels.Owner{Identity: p.spec.Identity, Component: c.Name, Role: c.Role, SpecHash: labels.SpecHash(c)}
	options, err := p.options(ctx, c, owner)
	if err != nil {
		return pod.Observed{}, err
	}
	for _, w := range options.Warnings {
		p.warnOnce(fmt.Sprintf("component %q: %s", c.Name, w))
	}
	policy := c.Service.PullPolicy
	if policy == "" && p.spec.Options.Pull {
		policy = types.PullPolicyAlways
	}
	id, err := p.client.create(ctx, options, owner, policy == types.PullPolicyAlways, policy == types.PullPolicyNever, p.say)
	if err != nil {
		return pod.Observed{}, err
	}
	o, err := p.prepare(ctx, id, c)
	if err != nil {
		// The caller's time may be over; what was made must go all the same.
		p.client.discard(ctx, id)
		return pod.Observed{}, err
	}
	p.hooks.made(id, c)
	return o, nil
}

// warnOnce says a warning the first time only: restarts would repeat it.
func (p *Pod) warnOnce(text string) {
	p.mu.Lock()
	said := p.warned[text]
	p.warned[text] = true
	p.mu.Unlock()
	if !said {
		p.say("warning: " + text)
	}
}

// options are what the engine is told about a component's container.
func (p *Pod) options(ctx context.Context, c pod.Component, owner labels.Owner) (options, error) {
	donors, err := p.donors(ctx, c)
	if err != nil {
		return options{}, err
	}
	modes, err := namespaces.Join(p.spec.Options, p.pause, c, donors)
	if err != nil {
		return options{}, err
	}
	placement, err := p.placed(ctx)
	if err != nil {
		return options{}, err
	}
	o, err := createOptions(createInput{
		Component:   c,
		Modes:       modes,
		Placement:   placement,
		Pause:       p.pause,
		Owner:       owner,
		APIVersion:  p.client.APIVersion(),
		VolumeNames: p.volumes,
	})
	if err != nil {
		return options{}, err
	}
	files, err := p.fileMounts(ctx, c)
	if err != nil {
		return options{}, err
	}
	useLevel(o.HostConfig, p.level)
	o.HostConfig.Mounts = append(o.HostConfig.Mounts, files...)
	if p.spec.Options.Volumes {
		o.HostConfig.Mounts = append(o.HostConfig.Mounts, sharedMounts(p.mounts, o.HostConfig, p.client.socket, p.sockets)...)
	}
	return o, nil
}

// prepare does what must happen between create and start.
func (p *Pod) prepare(ctx context.Context, id string, c pod.Component) (pod.Observed, error) {
	made, err := p.client.api.ContainerInspect(ctx, id)
	if err != nil {
		return pod.Observed{}, err
	}
	if err := p.copyFiles(ctx, c, made); err != nil {
		return pod.Observed{}, err
	}
	return observed(made), p.follow(ctx, id)
}

// makesWithin is how long the engine may take to make a container whose create
// call was given up.
const makesWithin = 5 * time.Minute

// create makes a container and returns its ID. A missing image is pulled,
// unless never; with always it is pulled first. A container of the same name
// is taken over where it is the same and did not start yet, removed where it
// is a leftover of ours, and an error where it is a stranger's.
func (c *Client) create(ctx context.Context, o options, owner labels.Owner, always, never bool, say func(string)) (string, error) {
	ref := o.Config.Image
	if always {
		if err := c.pull(ctx, ref, o.PlatformName, say); err != nil {
			return "", fmt.Errorf("cannot pull image %q: %w", ref, err)
		}
	}
	name := labels.ContainerName(owner.Name, owner.Role, owner.Component)
	began := time.Now()
	for attempt := 0; ; attempt++ {
		made, err := c.createContainer(ctx, o, name)
		switch {
		case err == nil:
			for _, w := range made.Warnings {
				say(fmt.Sprintf("warning: component %q: the engine says: %s", owner.Component, w))
			}
			return made.ID, nil
		case attempt > 3 || ctx.Err() != nil:
			return "", err
		case cerrdefs.IsNotFound(err):
			// What is missing may be something else.
			if has, lookErr := c.hasImage(ctx, ref); lookErr != nil || has {
				return "", err
			}
			if never {
				return "", fmt.Errorf("image %q is not on this node, and pull_policy is never", ref)
			}
			if pullErr := c.pull(ctx, ref, o.PlatformName, say); pullErr != nil {
				return "", fmt.Errorf("image %q is not on this node and cannot be pulled: %w", ref, pullErr)
			}
		case cerrdefs.IsConflict(err):
			id, takeErr := c.takeOver(ctx, name, owner)
			if takeErr != nil || id != "" {
				return id, takeErr
			}
			if attempt == 0 {
				continue
			}
			// The name is taken, and nobody has it: the engine still makes the
			// container of an earlier call, whose answer did not come.
			if time.Since(began) > makesWithin || pause(ctx, 500*time.Millisecond) != nil {
				return "", err
			}
			attempt = 1
		default:
			return "", err
		}
	}
}

// takeOver deals with the container that has our name: the ID says that it is
// ours to go on with, "" that the name is free now.
func (c *Client) takeOver(ctx context.Context, name string, owner labels.Owner) (string, error) {
	found, err := c.api.ContainerInspect(ctx, name)
	if cerrdefs.IsNotFound(err) {
		return "", nil
	}
	if err != nil {
		return "", err
	}
	has, ours := labels.ReadOwner(found.Config.Labels)
	switch {
	case !ours || has.ID != owner.ID:
		return "", fmt.Errorf("the name %q is taken by container %.12s, which is not this pod's: remove it or rename it", name, found.ID)
	case has == owner && found.State.Status == container.StateCreated:
		return found.ID, nil
	case has.Role == pod.RoleHelper && found.State.Running:
		return "", nil // not yet: it ends soon, by itself
	default:
		return "", c.remove(ctx, found.ID)
	}
}
