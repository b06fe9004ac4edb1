package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"
	"time"

	"golang.org/x/sys/unix"

	"github.com/podlike/podlike/internal/engine"
	"github.com/podlike/podlike/internal/labels"
	"github.com/podlike/podlike/internal/pod"
	"github.com/podlike/podlike/internal/self"
)

// The environment by which the pause tells the launcher, and the launcher the
// supervisor, which pod this is.
const (
	envPod     = "PODLIKE_POD"     // the pause's container ID
	envRun     = "PODLIKE_RUN"     // this start of the pause
	envSocket  = "PODLIKE_SOCKET"  // the hand-off
	envToken   = "PODLIKE_TOKEN"   // what opens it; the launcher gets it through descriptor 3
	envReplace = "PODLIKE_REPLACE" // set: the launcher replaces a supervisor that runs
	envServed  = "PODLIKE_SERVED"  // set: the pod had a supervisor, and may have components
)

// launchWithin bounds one launch, the pull of the supervisor's image included.
const launchWithin = 10 * time.Minute

// launchServedWithin bounds it for a pod that has components and, for the
// moment, nobody who looks after them.
const launchServedWithin = 15 * time.Second

// launch runs in the pause's container, as a child of PID 1, and starts the
// supervisor's. Its messages come out of the task; its exit code tells PID 1
// whether to try again.
func launch(args []string) int {
	// The set-group-ID bit of this binary kept other processes of the PID
	// namespace out while it started; from here on this does (ADR 5), and the
	// group may be the service's own again, which may be the socket's.
	unix.Prctl(unix.PR_SET_DUMPABLE, 0, 0, 0, 0)
	syscall.Setregid(os.Getgid(), os.Getgid())
	unix.Prctl(unix.PR_SET_DUMPABLE, 0, 0, 0, 0)
	token, err := io.ReadAll(os.NewFile(3, "token"))
	if err != nil || len(token) == 0 {
		return failLaunch(errors.New("cannot read the hand-off's token: the launcher is started by the pause, not by hand"))
	}
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM)
	defer stop()
	ctx, cancel := context.WithTimeout(ctx, launchWithin)
	defer cancel()

	if os.Getenv(envPod) == "" {
		return failLaunch(self.ErrUnknown)
	}
	client, err := engine.Connect(ctx, os.Getenv, func(path string) (io.ReadCloser, error) { return os.Open(path) })
	if err != nil {
		return failLaunch(err)
	}
	defer client.Close()
	facts, err := client.Facts(ctx, os.Getenv(envPod))
	if err != nil {
		return failLaunch(err)
	}
	definition, err := defineSupervisor(facts, args)
	if err != nil {
		return failLaunch(invalid{err})
	}
	if definition != nil && definition.Service.Image != "" {
		credentials, err := engine.ReadCredentials(labels.CredentialsFile(facts.Labels), os.Open)
		if err != nil {
			return failLaunch(invalid{err})
		}
		client.Use(credentials)
	}

	environment := map[string]string{envPod: os.Getenv(envPod), envRun: os.Getenv(envRun), envSocket: os.Getenv(envSocket), envToken: string(token)}
	for _, k := range []string{"DOCKER_HOST", "DOCKER_TLS_VERIFY", "DOCKER_CERT_PATH"} {
		if v := os.Getenv(k); v != "" {
			environment[k] = v
		}
	}
	config := engine.SupervisorConfig{
		Identity:    pod.Identity{ID: facts.Pause.ID, Run: os.Getenv(envRun), Name: facts.Name},
		Facts:       facts,
		Definition:  definition,
		Args:        args,
		Environment: environment,
		Replace:     os.Getenv(envReplace) != "",
		Say:         func(line string) { fmt.Println("podlike: " + line) },
	}
	if os.Getenv(envServed) != "" {
		err = startAnother(ctx, client, config)
	} else {
		_, err = client.StartSupervisor(ctx, config)
	}
	if err != nil {
		return failLaunch(fmt.Errorf("cannot start the pod's supervisor: %w", err))
	}
	return 0
}

// startAnother starts a supervisor for a pod that lost one. If the user's own
// image cannot be had any more, or does not attach, the pause's does as well:
// it has the same program.
func startAnother(ctx context.Context, client *engine.Client, config engine.SupervisorConfig) error {
	own := config.Definition == nil || config.Definition.Service.Image == ""
	if own || !config.Replace {
		within, cancel := context.WithTimeout(ctx, launchServedWithin)
		defer cancel()
		_, err := client.StartSupervisor(within, config)
		if err == nil || own || ctx.Err() != nil || errors.Is(err, engine.ErrUnreachable) {
			return err
		}
		config.Say(fmt.Sprintf("warning: cannot start the supervisor of the stack: %v", err))
	}
	config.Say("warning: the pause's own image takes the supervisor's place")
	ordinary := *config.Definition
	ordinary.Service.Image, ordinary.Service.PullPolicy = "", ""
	ordinary.Service.Entrypoint, ordinary.Service.Command = nil, nil
	config.Definition = &ordinary
	_, err := client.StartSupervisor(ctx, config)
	return err
}

// defineSupervisor reads what the user says of the supervisor, nil for nothing,
// and refuses what is denied. Mistakes in the arguments count here only where
// there is something to refuse; else the supervisor says them, together with
// those of the components.
func defineSupervisor(facts engine.Facts, args []string) (*pod.Component, error) {
	if _, ok := facts.Labels[labels.SupervisorLabel]; !ok {
		return nil, nil
	}
	options, flagErr := labels.ParseArguments(args)
	policy, policyErr := facts.Policy(options.Deny)
	if err := errors.Join(flagErr, policyErr); err != nil {
		return nil, err
	}
	return labels.Supervisor(facts.Labels, policy)
}

// invalid is a mistake of the user's.
type invalid struct{ error }

// failLaunch says what is wrong and returns the exit code for it.
func failLaunch(err error) int {
	if errors.Is(err, context.Canceled) {
		return 128 + int(syscall.SIGTERM)
	}
	fmt.Fprintln(os.Stderr, "podlike: "+err.Error())
	switch {
	case errors.As(err, &invalid{}):
		return exitInvalid
	case errors.Is(err, engine.ErrUnreachable), engine.MayPass(err):
		return exitTemporary
	default:
		return exitOurFailure
	}
}
