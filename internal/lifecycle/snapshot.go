package lifecycle

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/podlike/podlike/internal/plan"
	"github.com/podlike/podlike/internal/pod"
)

// defaultGrace is a component's stop_grace_period where the user gives none:
// Compose's default.
const defaultGrace = 10 * time.Second

// Snapshot is all that is known of the pod at one moment. [Next] makes the
// next one; nobody changes one.
type Snapshot struct {
	Spec       pod.Spec
	Plan       *plan.Plan
	UnderSwarm bool

	Phase Phase
	// PhaseSince is when it began.
	PhaseSince time.Time
	// Parts lists the init components in their order, then the components by
	// name.
	Parts []Part
	// Health is the pod's health as last told; empty before anything was.
	Health pod.Health

	// Resume is the exit code with which an earlier supervisor began to end
	// the pod, nil if none did.
	Resume *int
	// Remembered is what an earlier supervisor said last, nil if there was
	// none.
	Remembered *pod.Status
	// Verdict says why the pod ends, once it does.
	Verdict Verdict
	// Deadline is when everything that still runs is killed.
	Deadline time.Time
	// OrderGaveWay: components no longer wait for their dependents to stop.
	OrderGaveWay bool

	// Listing: a list call runs.
	Listing bool
	// Strays are containers of no component that are being removed, sorted.
	Strays []string
	// Cleanings counts how often strays were found.
	Cleanings int
	// Early is the health of containers that was told before the list.
	Early map[string]pod.Health
}

// Part is one component's part in the pod.
type Part struct {
	pod.Component
	// Hash is the definition's, to recognise its containers.
	Hash string

	State State
	Since time.Time
	// Container is the ID of its container, empty when there is none.
	Container string
	HasCheck  bool
	Health    pod.Health
	StartedAt time.Time

	// Starts counts the containers that ran, Restarts the decisions to start
	// it again, Attempts those of them that count for its backoff.
	Starts, Restarts, Attempts int
	// Delay is how long to back off once it has stopped, RestartAt when that
	// is over.
	Delay     time.Duration
	RestartAt time.Time
	// TimedWait: the alarm for its wait is set.
	TimedWait bool

	// Exit is how it last ended, valid if HasExit.
	Exit    pod.Exit
	HasExit bool
	// Failure is why it could not be started, empty if it could.
	Failure string
}

// newSnapshot is the pod before its first event.
func newSnapshot(cfg Config) Snapshot {
	s := Snapshot{Spec: cfg.Spec, Plan: cfg.Plan, UnderSwarm: cfg.UnderSwarm, Phase: Adopting, Resume: cfg.Resume, Remembered: cfg.Remembered}
	components := slices.SortedFunc(slices.Values(cfg.Spec.Components), func(a, b pod.Component) int {
		return strings.Compare(a.Name, b.Name)
	})
	for _, c := range slices.Concat(cfg.Spec.Init, components) {
		p := Part{Component: c, State: Waiting}
		if cfg.Hash != nil {
			p.Hash = cfg.Hash(c)
		}
		s.recall(&p)
		s.Parts = append(s.Parts, p)
	}
	return s
}

func (s Snapshot) clone() Snapshot {
	s.Parts = slices.Clone(s.Parts)
	s.Strays = slices.Clone(s.Strays)
	return s
}

// part returns the part of that name, or nil.
func (s *Snapshot) part(name string) *Part {
	for i := range s.Parts {
		if s.Parts[i].Name == name {
			return &s.Parts[i]
		}
	}
	return nil
}

// holder returns the part whose container it is, or nil.
func (s *Snapshot) holder(container string) *Part {
	for i := range s.Parts {
		if container != "" && s.Parts[i].Container == container {
			return &s.Parts[i]
		}
	}
	return nil
}

func (s *Snapshot) ending() bool { return s.Verdict.Cause != "" }

func (p *Part) isInit() bool { return p.Role == pod.RoleInit }

// decides reports whether the pod ends when this component fails.
func (p *Part) decides() bool { return p.Essential || p.isInit() }

// succeeded reports whether it ran and ended well.
func (p *Part) succeeded() bool {
	return p.HasExit && p.Failure == "" && p.good(p.Exit)
}

// good reports whether an end with 0, or with a code that the user ignores.
func (p *Part) good(e pod.Exit) bool {
	return !e.OOMKilled && (e.Code == 0 || slices.Contains(p.IgnoreExitCodes, e.Code))
}

func (p *Part) grace() time.Duration {
	if p.Service.StopGracePeriod != nil {
		return time.Duration(*p.Service.StopGracePeriod)
	}
	return defaultGrace
}

// String names the component as messages do.
func (p *Part) String() string {
	if p.isInit() {
		return fmt.Sprintf("init component %q", p.Name)
	}
	return fmt.Sprintf("component %q", p.Name)
}
