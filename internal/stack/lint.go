package stack

import (
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/docker/go-connections/nat"
	"github.com/podlike/podlike/internal/pod"
)

// defaultBudget is Swarm's own default for stop_grace_period.
const defaultBudget = 10 * time.Second

// linter looks at one pod of the result.
type linter struct {
	*rendering
	name    string
	service *node
	labels  map[string]*node
	made    *madePod // nil for a pod that is written by hand
}

func (l *linter) checkPod() {
	l.checkSocket()
	l.checkPorts()
	l.checkService()
	l.checkArguments()
	if l.labels[labelFile] != nil {
		return // its components are in a file of the pause
	}
	spec, ok := l.parseLabels()
	if !ok {
		return
	}
	l.checkCycles(spec)
	l.checkBudget(spec)
	l.checkUpdates(spec)
	l.checkLimits(spec)
}

// checkSocket: without the engine's socket a pod cannot start anything.
func (l *linter) checkSocket() {
	if mountsSocket(l.service.get("volumes")) {
		return
	}
	if env, ok := l.service.get("environment").pairs(true); ok && env.has("DOCKER_HOST") {
		return
	}
	l.found.mistake(l.service.at, "services.%s: a pod needs the engine's socket: add `- %s:%s:ro` to its volumes", l.name, socketPaths[0], socketPaths[0])
}

// checkPorts finds components that listen on the same port: they share one
// localhost.
func (l *linter) checkPorts() {
	if l.made == nil {
		return
	}
	first := map[string]*component{}
	for _, c := range l.made.components {
		if c.init {
			continue // gone before the others start
		}
		for _, p := range c.expose {
			for _, port := range portsOf(p.text) {
				o := first[port]
				if o == nil {
					first[port] = c
				} else if o != c {
					l.found.mistake(p.at, "services.%s: the components %q and %q both listen on port %s of the pod's one localhost: give one of them another", l.name, o.name, c.name, strings.TrimSuffix(port, "/tcp"))
					break
				}
			}
		}
	}
}

// portsOf are the ports that an item of expose stands for, "80", "53/udp" or
// "8000-8005", each with its protocol.
func portsOf(text string) []string {
	numbers, protocol, _ := strings.Cut(text, "/")
	if protocol == "" {
		protocol = "tcp"
	}
	low, high, err := nat.ParsePortRangeToInt(numbers)
	if err != nil {
		return []string{numbers + "/" + protocol}
	}
	var all []string
	for n := low; n <= high; n++ {
		all = append(all, strconv.Itoa(n)+"/"+protocol)
	}
	return all
}

// checkCycles finds components that wait for each other.
func (l *linter) checkCycles(spec pod.Spec) {
	needs := map[string][]string{}
	for _, c := range spec.Components {
		for _, d := range c.DependsOn {
			needs[c.Name] = append(needs[c.Name], d.Name)
		}
	}
	state := map[string]int{} // 1: on the path, 2: done
	var way []string
	var visit func(name string)
	visit = func(name string) {
		state[name] = 1
		way = append(way, name)
		for _, d := range needs[name] {
			switch state[d] {
			case 0:
				visit(d)
			case 1:
				cycle := append(slices.Clone(way[slices.Index(way, d):]), d)
				l.found.mistake(l.at(d, "depends_on"), "services.%s: components wait for each other: %s; take out one depends_on", l.name, strings.Join(cycle, " -> "))
			}
		}
		way = way[:len(way)-1]
		state[name] = 2
	}
	for _, c := range spec.Components {
		if state[c.Name] == 0 {
			visit(c.Name)
		}
	}
}

// at is where the author wrote a key of a component.
func (l *linter) at(name, key string) place {
	if l.made != nil {
		for _, c := range l.made.components {
			if c.name == name && c.body.has(key) {
				return c.body.get(key).at
			}
		}
	}
	if n := l.labels[labelComponent+name]; n != nil {
		return n.at
	}
	return l.service.at
}

// checkBudget compares the time that components want for stopping with the
// time that Swarm gives to the pod.
func (l *linter) checkBudget(spec pod.Spec) {
	budget, said := defaultBudget, "Swarm's default, since the service has no stop_grace_period"
	grace := l.service.get("stop_grace_period")
	if grace.isScalar() && !grace.isNull() {
		text, certain := substitute(grace.text, l.Environment)
		d, err := time.ParseDuration(text)
		if !certain || err != nil {
			return
		}
		budget, said = d, "the stop_grace_period of the service"
		if l.labels[labelStopBudget] == nil {
			l.found.warn(grace.at, "services.%s: a pod does not see its stop_grace_period: repeat it in the label %s", l.name, labelStopBudget)
		}
	}
	own := map[string]time.Duration{}
	tooLong := false
	for _, c := range spec.Components {
		if c.Service.StopGracePeriod == nil {
			continue
		}
		d := time.Duration(*c.Service.StopGracePeriod)
		own[c.Name] = d
		if d > budget {
			tooLong = true
			l.found.mistake(l.at(c.Name, "stop_grace_period"), "services.%s: component %s: its stop_grace_period of %v is longer than the pod's %v (%s): give the service a longer one", l.name, c.Name, d, budget, said)
		}
	}
	// Components stop one after the other where they depend on each other.
	longest, names := chain(spec, own)
	if !tooLong && len(names) > 1 && longest > budget {
		l.found.warn(l.service.at, "services.%s: %s stop one after the other, and may take %v; the pod has %v (%s)", l.name, strings.Join(names, ", "), longest, budget, said)
	}
}

// chain is the longest time that components which depend on each other may
// take to stop, and which they are. There are no cycles.
func chain(spec pod.Spec, own map[string]time.Duration) (longest time.Duration, names []string) {
	type way struct {
		time  time.Duration
		names []string
	}
	needs := map[string][]pod.Dependency{}
	for _, c := range spec.Components {
		needs[c.Name] = c.DependsOn
	}
	known := map[string]*way{}
	var walk func(name string) way
	walk = func(name string) way {
		if w := known[name]; w != nil {
			return *w
		}
		known[name] = &way{} // a cycle was reported already
		best := way{}
		for _, d := range needs[name] {
			if w := walk(d.Name); w.time > best.time {
				best = w
			}
		}
		w := way{best.time + own[name], slices.Clone(best.names)}
		if own[name] > 0 {
			w.names = append([]string{name}, w.names...)
		}
		known[name] = &w
		return w
	}
	for _, c := range spec.Components {
		if w := walk(c.Name); w.time > longest {
			longest, names = w.time, w.names
		}
	}
	return longest, names
}
