package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/signal"
	"slices"
	"syscall"
	"time"

	"github.com/sirupsen/logrus"
	"golang.org/x/sys/unix"

	"github.com/podlike/podlike/internal/engine"
	"github.com/podlike/podlike/internal/handoff"
	"github.com/podlike/podlike/internal/labels"
	"github.com/podlike/podlike/internal/lifecycle"
	"github.com/podlike/podlike/internal/logs"
	"github.com/podlike/podlike/internal/namespaces"
	"github.com/podlike/podlike/internal/plan"
	"github.com/podlike/podlike/internal/pod"
	"github.com/podlike/podlike/internal/probe"
	"github.com/podlike/podlike/internal/rootfs"
	"github.com/podlike/podlike/internal/self"
)

const (
	// engineWithin is how long the engine may be out of reach before the pod
	// is given up.
	engineWithin = 60 * time.Second
	// flushWithin is how long the last lines may take to be written.
	flushWithin = 2 * time.Second
)

// run is the supervisor's life: attach to the pause, run the pod, tell the
// pause how it ended.
func run(args []string) int {
	// Its end is the pod's end. An engine that shuts down signals every
	// container at once, this one too, and the pause will say "stop".
	signal.Ignore(syscall.SIGTERM, syscall.SIGINT, syscall.SIGPIPE)

	// compose-go logs through it, in a form of its own; what matters of that
	// is among the parser's warnings.
	logrus.SetLevel(logrus.ErrorLevel)

	link, err := newPauseLink(os.Getenv(envSocket), os.Getenv(envToken))
	if errors.Is(err, handoff.ErrPodDead) {
		return bury(func(string) (io.ReadCloser, error) { return nil, fs.ErrNotExist }) // they were the pause's
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "podlike: "+err.Error())
		return exitOurFailure
	}
	files := link.files()
	// A panic's trace belongs into the pod's log too.
	unix.Dup2(int(files.Stderr.Fd()), 2)

	s := &supervisor{
		link: link,
		root: rootfs.New(files.Root),
		sink: logs.NewSink(files.Stdout, files.Stderr),
	}
	if mountinfo, err := io.ReadAll(files.Mountinfo); err == nil {
		s.mountinfo = string(mountinfo)
	}
	code := s.supervise(args)
	ctx, cancel := context.WithTimeout(context.Background(), flushWithin)
	defer cancel()
	s.sink.Flush(ctx)
	link.verdict(code)
	if !s.clean || s.troubled {
		bury(s.open) // nobody waits for it any more
	}
	s.sweep()
	return 0
}

// supervisor is what the pod's parts are wired to.
type supervisor struct {
	link *pauseLink
	root rootfs.Root
	sink *logs.Sink
	// certificates for the way to the engine are the pause's files, and needed
	// when that is dead.
	certificates map[string][]byte
	// mountinfo is the pause's.
	mountinfo string
	// clean: nothing of the pod's components is left. troubled: something
	// failed, and there may be more than that.
	clean, troubled bool
	// after is what can wait until the pod has ended.
	after []func(context.Context) error
}

// supervise runs the pod and returns its exit code.
func (s *supervisor) supervise(args []string) int {
	ctx := context.Background()
	commands := s.link.commands()
	options, flagErr := labels.ParseArguments(args)
	client, facts, err := s.connect(ctx)
	if err != nil {
		s.sink.Error("podlike: %v", err)
		return exitOurFailure
	}
	defer client.Close()

	identity := pod.Identity{ID: facts.Pause.ID, Run: os.Getenv(envRun), Name: facts.Name}
	policy, policyErr := facts.Policy(options.Deny)
	spec, warnings, err := labels.Parse(labels.Source{
		Identity:    identity,
		Labels:      facts.Labels,
		Environment: facts.Environment,
		Open:        s.root.OpenReader,
		Policy:      policy,
	}, options)
	var order *plan.Plan
	if err == nil {
		order, err = plan.New(spec)
	}
	if err = errors.Join(flagErr, policyErr, err); err != nil {
		s.sink.Error("podlike: %v", err)
		return exitInvalid
	}
	for _, w := range append(warnings, order.Warnings...) {
		s.say("warning: " + w)
	}

	credentials, err := engine.ReadCredentials(spec.CredentialsFile, s.root.Open)
	if err != nil {
		s.sink.Error("podlike: %v", err)
		return exitInvalid
	}
	client.Use(credentials)
	if cgroup, err := os.ReadFile("/proc/self/cgroup"); err == nil {
		// Ours is a container without a cgroup parent; in another's network
		// only the cgroup names it.
		own, _ := self.ContainerID("", string(cgroup))
		facts.Host.DefaultParent = namespaces.DefaultParent(string(cgroup), own)
	}
	containers := client.Pod(engine.PodConfig{
		Spec: spec, Facts: facts, Logs: s.sink, Files: s.root, Mountinfo: s.mountinfo, Say: s.say,
		PreviousDir: engine.PreviousDir,
	})
	if w := containers.Warning(); w != "" {
		s.say("warning: " + w)
	}
	switch err := containers.Check(ctx); {
	case err == nil, engine.Refused(err) && s.takesOver():
	case engine.Refused(err):
		s.sink.Error("podlike: %v", err)
		return exitOurFailure
	default:
		s.sink.Error("podlike: %v", err)
		return exitInvalid
	}
	s.after = append(s.after, func(ctx context.Context) error { return containers.Sweep(ctx, s.link.pauseDied.Load()) })
	defer s.collect(ctx, client, facts)()
	told := &teller{to: s.link.link}
	probed := probe.NewEngine(probe.Config{
		Containers: containers,
		Components: spec.Components,
		Check:      probe.NewChecker(containers.Exec).Check,
		Say:        s.say,
		Changed:    told.again,
	})
	told.probes = probed.Status
	serveMetrics, stopMetrics := s.metrics(options.MetricsAddr, told.now)
	defer stopMetrics()
	return lifecycle.Run(ctx, lifecycle.Config{
		Spec:       spec,
		Plan:       order,
		Engine:     probed,
		UnderSwarm: facts.UnderSwarm,
		Hash:       labels.SpecHash,
		Commands:   commands,
		Resume:     s.link.ending(),
		Remembered: s.link.remembered(),
		Ending:     s.link.end,
		Health:     s.link.health,
		Message:    s.say,
		Error: func(line string) {
			s.troubled = true
			s.sink.Error("podlike: %s", line)
		},
		Status: func(status pod.Status) {
			told.tell(status)
			serveMetrics(status)
			if lifecycle.Phase(status.Phase) == lifecycle.Ending {
				containers.Ending()
			}
			s.clean = gone(status)
		},
	})
}

// gone reports whether a pod has ended as it should, without leaving anything.
func gone(status pod.Status) bool {
	return lifecycle.Phase(status.Phase) == lifecycle.Over && !slices.ContainsFunc(status.Components, func(c pod.ComponentStatus) bool {
		return c.ContainerID != ""
	})
}

func (s *supervisor) say(line string) { s.sink.Message("podlike: %s", line) }

// connect reaches the engine, however often that takes within engineWithin,
// and asks it about the pod.
func (s *supervisor) connect(ctx context.Context) (*engine.Client, engine.Facts, error) {
	ctx, cancel := context.WithTimeout(ctx, engineWithin)
	defer cancel()
	for {
		client, facts, err := ask(ctx, s.open)
		if err == nil {
			return client, facts, nil
		}
		if engine.Refused(err) && !s.takesOver() {
			return nil, engine.Facts{}, err
		}
		select {
		case <-ctx.Done():
			return nil, engine.Facts{}, err
		case <-s.link.stop:
			return nil, engine.Facts{}, fmt.Errorf("cannot stop the pod in order: %w", err)
		case <-time.After(time.Second):
		}
	}
}

// takesOver reports whether there was a supervisor before: a proxy that let
// that one through may do so again, and a pod that runs does not end meanwhile.
func (s *supervisor) takesOver() bool { return s.link.remembered() != nil }

func ask(ctx context.Context, open func(string) (io.ReadCloser, error)) (*engine.Client, engine.Facts, error) {
	client, err := engine.Connect(ctx, os.Getenv, open)
	if err != nil {
		return nil, engine.Facts{}, err
	}
	facts, err := client.Facts(ctx, os.Getenv(envPod))
	if err != nil {
		client.Close()
		return nil, engine.Facts{}, err
	}
	return client, facts, nil
}

// open reads a file of the pause's, and keeps it.
func (s *supervisor) open(name string) (io.ReadCloser, error) {
	if s.certificates == nil {
		s.certificates = map[string][]byte{}
	}
	text, kept := s.certificates[name]
	if !kept {
		f, err := s.root.OpenReader(name)
		if err != nil {
			return nil, err
		}
		defer f.Close()
		if text, err = io.ReadAll(f); err != nil {
			return nil, err
		}
		s.certificates[name] = text
	}
	return io.NopCloser(bytes.NewReader(text)), nil
}
