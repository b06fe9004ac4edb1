package engine

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/compose-spec/compose-go/v2/types"
	"github.com/docker/docker/api/types/container"
	"github.com/docker/docker/api/types/network"
	"github.com/docker/docker/api/types/versions"
	ocispec "github.com/opencontainers/image-spec/specs-go/v1"

	"github.com/podlike/podlike/internal/labels"
	"github.com/podlike/podlike/internal/namespaces"
	"github.com/podlike/podlike/internal/pod"
)

// createInput is all that a container is made of.
type createInput struct {
	Component pod.Component
	Modes     namespaces.Modes
	Placement namespaces.Placement
	Pause     namespaces.Pause // whose limits hold
	Owner     labels.Owner
	// APIVersion is what the engine and we agreed on, as "1.41".
	APIVersion string
	// VolumeNames maps what users write to the names of the task's volumes;
	// other names are used as they are.
	VolumeNames map[string]string
}

// options are the arguments of the engine's create call.
type options struct {
	Config     *container.Config
	HostConfig *container.HostConfig
	Networking *network.NetworkingConfig
	// Platform is nil for the engine's own; PlatformName is the same as the
	// user wrote it, for pulls.
	Platform     *ocispec.Platform
	PlatformName string
	// Warnings say what differs from what the user wrote.
	Warnings []string
}

// createOptions translates a component into the engine's create call. What
// the Compose specification says of a key holds; keys of the network are not
// carried, since they belong to the pause ([namespaces.NotForJoiners]), nor is
// deploy, which the parser moved to the keys of a single container.
//
// The error lists everything that this engine would refuse or, worse, leave
// out without a word.
func createOptions(in createInput) (options, error) {
	t := &translation{in: in, s: &in.Component.Service}
	o := options{
		Config:       t.config(),
		HostConfig:   t.hostConfig(),
		Platform:     t.platform(),
		PlatformName: t.s.Platform,
		Warnings:     t.warnings,
	}
	if len(t.mistakes) > 0 {
		return options{}, errors.New(strings.Join(t.mistakes, "\n"))
	}
	return o, nil
}

// translation is one createOptions at work.
type translation struct {
	in       createInput
	s        *types.ServiceConfig
	mistakes []string
	warnings []string
}

func (t *translation) mistake(format string, args ...any) {
	t.mistakes = append(t.mistakes, fmt.Sprintf(format, args...))
}

func (t *translation) warn(format string, args ...any) {
	t.warnings = append(t.warnings, fmt.Sprintf(format, args...))
}

// The API versions that brought what older engines drop without a word, and
// the releases of Docker that speak them.
// https://docs.docker.com/reference/api/engine/version-history/
const (
	apiAnnotations   = "1.43"
	apiStartInterval = "1.44"
	apiCDI           = "1.44"
	apiSubpath       = "1.45"
)

var releases = map[string]int{"1.43": 24, "1.44": 25, "1.45": 26}

// needs makes it a mistake to use a key with an engine older than api.
func (t *translation) needs(api, key string) {
	if versions.LessThan(t.in.APIVersion, api) {
		t.mistake("%s needs Docker %d or newer (API %s), this engine speaks %s", key, releases[api], api, t.in.APIVersion)
	}
}

// config is the part that does not depend on the host.
func (t *translation) config() *container.Config {
	if t.s.Image == "" {
		t.mistake("it has no image")
	}
	c := &container.Config{
		Image:       t.s.Image,
		Cmd:         []string(t.s.Command),
		Entrypoint:  []string(t.s.Entrypoint),
		Env:         environment(t.s.Environment),
		User:        t.s.User,
		WorkingDir:  t.s.WorkingDir,
		Labels:      t.in.Owner.Add(maps.Clone(t.s.Labels)),
		Healthcheck: t.healthcheck(),
		StopSignal:  t.s.StopSignal,
		Tty:         t.s.Tty,
		OpenStdin:   t.s.StdinOpen,
	}
	if p := t.s.StopGracePeriod; p != nil {
		// The engine counts whole seconds, and 0 is no grace at all.
		seconds := int((time.Duration(*p) + time.Second - 1) / time.Second)
		c.StopTimeout = &seconds
	}
	return c
}

// environment is sorted. A name without a value removes the variable, even
// where the image sets it.
func environment(m types.MappingWithEquals) []string {
	var env []string
	for _, name := range slices.Sorted(maps.Keys(m)) {
		if value := m[name]; value != nil {
			env = append(env, name+"="+*value)
		} else {
			env = append(env, name)
		}
	}
	return env
}

// healthcheck returns nil, or zero fields, for what the image says.
func (t *translation) healthcheck() *container.HealthConfig {
	h := t.s.HealthCheck
	if h == nil {
		return nil
	}
	if h.Disable {
		return &container.HealthConfig{Test: []string{"NONE"}}
	}
	c := &container.HealthConfig{
		Test:          h.Test,
		Interval:      duration(h.Interval),
		Timeout:       duration(h.Timeout),
		StartPeriod:   duration(h.StartPeriod),
		StartInterval: duration(h.StartInterval),
	}
	if h.Retries != nil {
		c.Retries = int(*h.Retries)
	}
	if c.StartInterval != 0 {
		t.needs(apiStartInterval, "healthcheck.start_interval")
	}
	return c
}

func duration(d *types.Duration) time.Duration {
	if d == nil {
		return 0
	}
	return time.Duration(*d)
}

// platform splits os/architecture/variant; the engine judges the words.
func (t *translation) platform() *ocispec.Platform {
	if t.s.Platform == "" {
		return nil
	}
	parts := strings.Split(t.s.Platform, "/")
	if len(parts) > 3 || slices.Contains(parts, "") {
		t.mistake("platform must be like linux/arm64 or linux/arm/v7, not %q", t.s.Platform)
		return nil
	}
	parts = append(parts, "", "")
	return &ocispec.Platform{OS: parts[0], Architecture: parts[1], Variant: parts[2]}
}
