package plan

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/podlike/podlike/internal/pod"
)

// Plan is the dependency graph of a pod's components. Init components are not
// part of it: their order is their list.
type Plan struct {
	// Warnings are what the user should know though nothing is wrong, one
	// sentence each, sorted.
	Warnings []string

	dependencies map[string][]pod.Dependency
	dependents   map[string][]string
	order        []string
}

// New makes the plan of a pod. The error lists every mistake, one per line:
// names used twice, dependencies that do not exist, and each cycle spelled out
// as "web -> db -> web". An optional dependency (`required: false`) that does
// not exist is dropped, with a warning.
func New(spec pod.Spec) (*Plan, error) {
	p := &Plan{
		dependencies: make(map[string][]pod.Dependency, len(spec.Components)),
		dependents:   make(map[string][]string, len(spec.Components)),
	}
	mistakes := duplicates(spec)
	known := make(map[string]bool, len(spec.Components))
	for _, c := range spec.Components {
		known[c.Name] = true
	}
	for _, c := range spec.Init {
		if len(c.DependsOn) > 0 {
			p.warnf("init component %q: its depends_on is ignored: init components run in the order of their list", c.Name)
		}
	}
	for _, c := range spec.Components {
		for _, d := range c.DependsOn {
			switch {
			case known[d.Name]:
				p.dependencies[c.Name] = append(p.dependencies[c.Name], d)
				p.dependents[d.Name] = append(p.dependents[d.Name], c.Name)
			case d.Required:
				mistakes = append(mistakes, fmt.Errorf("component %q depends on %q, which does not exist", c.Name, d.Name))
			default:
				p.warnf("component %q depends on %q, which does not exist: goes on without it, because it is not required", c.Name, d.Name)
			}
		}
	}
	for name, deps := range p.dependencies {
		slices.SortFunc(deps, func(a, b pod.Dependency) int { return strings.Compare(a.Name, b.Name) })
		p.dependencies[name] = deps
	}
	for name, names := range p.dependents {
		slices.Sort(names)
		p.dependents[name] = slices.Compact(names)
	}
	order, cycles := sortGraph(spec.Components, p.dependencies)
	for _, cycle := range cycles {
		mistakes = append(mistakes, fmt.Errorf("components wait for each other: %s", strings.Join(cycle, " -> ")))
	}
	if len(mistakes) > 0 {
		return nil, errors.Join(mistakes...)
	}
	p.order = order
	slices.Sort(p.Warnings)
	return p, nil
}

// Dependencies returns whom a component waits for, sorted by name. The caller
// must not change it.
func (p *Plan) Dependencies(name string) []pod.Dependency { return p.dependencies[name] }

// Dependents returns who waits for a component, sorted. The caller must not
// change it.
func (p *Plan) Dependents(name string) []string { return p.dependents[name] }

// StartOrder returns every component once, each after all that it depends on;
// otherwise sorted by name.
func (p *Plan) StartOrder() []string { return slices.Clone(p.order) }

// StopOrder is the reverse of [Plan.StartOrder].
func (p *Plan) StopOrder() []string {
	order := p.StartOrder()
	slices.Reverse(order)
	return order
}

// AwaitedEnd reports whether somebody waits for the component to complete
// (service_completed_successfully), so that its end is no surprise.
func (p *Plan) AwaitedEnd(name string) bool {
	for _, dependent := range p.dependents[name] {
		for _, d := range p.dependencies[dependent] {
			if d.Name == name && d.Condition == pod.Completed {
				return true
			}
		}
	}
	return false
}

func (p *Plan) warnf(format string, args ...any) {
	p.Warnings = append(p.Warnings, fmt.Sprintf(format, args...))
}

// duplicates finds names that are used twice; containers are named after
// their component, whatever its role.
func duplicates(spec pod.Spec) []error {
	var mistakes []error
	seen := map[string]int{}
	for _, c := range slices.Concat(spec.Init, spec.Components) {
		if seen[c.Name]++; seen[c.Name] == 2 {
			mistakes = append(mistakes, fmt.Errorf("the component name %q is used twice", c.Name))
		}
	}
	return mistakes
}
