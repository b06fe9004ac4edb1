package stack

import (
	"errors"
	"slices"
	"strconv"
	"strings"
	"time"

	compose "github.com/compose-spec/compose-go/v2/types"
	"github.com/docker/cli/cli/compose/types"
	"github.com/docker/go-units"
	"github.com/podlike/podlike/internal/labels"
	"github.com/podlike/podlike/internal/pod"
)

// checkService points out settings of the service that make no sense for a pod.
func (l *linter) checkService() {
	warn := func(n *node, format string, args ...any) {
		l.found.warn(n.at, "services.%s: "+format, append([]any{l.name}, args...)...)
	}
	if h := l.service.get("healthcheck"); h.isMap() {
		switch test := h.get("test"); {
		case h.str("disable") == "true":
			warn(h, "with its healthcheck disabled, Swarm calls the pod running before its components are, and never replaces it")
		case test != nil && !strings.Contains(flat(test), "healthcheck"):
			warn(test, "this replaces the pod's own health check, which answers for all components: put it on the component, and leave `test` out here")
		}
	}
	for _, k := range []string{"entrypoint", "user", "read_only", "init", "tty"} {
		if v := l.service.get(k); v != nil && v.text != "false" {
			switch k {
			case "entrypoint", "init":
				warn(v, "%s on the pod takes the place of its own PID 1: put it on the component", k)
			case "user":
				if v.text != "root" && v.text != "0" && !strings.HasPrefix(v.text, "0:") {
					warn(v, "user on the pod keeps it from the engine's socket: put it on the component")
				}
			}
		}
	}
	update := l.service.get("deploy", "update_config")
	if order := update.get("order"); order != nil && order.text == "start-first" {
		for _, p := range asList(l.service.get("ports")).list {
			if p.str("mode") == "host" {
				warn(order, "start-first cannot work with ports in host mode: the new pod waits for a port that the old one holds")
				break
			}
		}
	}
	if mode := l.service.get("deploy", "endpoint_mode"); mode != nil && mode.text == "dnsrr" {
		for _, p := range asList(l.service.get("ports")).list {
			if p.isText() || p.str("mode") != "host" {
				warn(p, "ports need `mode: host` with endpoint_mode dnsrr")
				break
			}
		}
	}
}

// checkArguments reads the pod's command as its supervisor will. Where another
// entrypoint takes it, or quotes are in it, or a variable that only the deploy
// knows, it may be anything.
func (l *linter) checkArguments() {
	command := l.service.get("command")
	if command.isNull() || l.service.get("entrypoint") != nil {
		return
	}
	for _, item := range asList(command).list {
		text, certain := substitute(item.text, l.Environment)
		if !item.isScalar() || !certain {
			continue
		}
		words := []string{text}
		if command.isScalar() {
			if strings.ContainsAny(text, `"'\\`) {
				return
			}
			words = strings.Fields(text)
		}
		_, err := labels.ParseArguments(words)
		var wrong *labels.ArgumentsError
		if errors.As(err, &wrong) {
			for _, m := range wrong.Mistakes {
				l.found.mistake(item.at, "services.%s: command: %s", l.name, m)
			}
		}
	}
}

// checkEmptyPod points out a pause that has nothing to start. Its labels may
// be those of an image of somebody's own.
func (r *rendering) checkEmptyPod(name string, service *node) {
	image := service.get("image")
	if image == nil {
		return
	}
	repository, _, _ := strings.Cut(image.text, ":")
	if repository != pauseRepository {
		return
	}
	if pairs, ok := service.get("deploy", "labels").pairs(false); ok && isPod(pairs.kids) {
		return // that is said already
	}
	r.found.warn(image.at, "services.%s: this is the image of a pod, but no label makes a component: add one that begins with %s", name, labelComponent)
}

// flat is a text, or the texts of a list.
func flat(n *node) string {
	var parts []string
	for _, item := range asList(n).list {
		parts = append(parts, item.text)
	}
	return strings.Join(parts, " ")
}

// defaultMonitor is Swarm's own default for monitor.
const defaultMonitor = 5 * time.Second

// checkUpdates: an update is called good after `monitor`, so what a component's
// health check finds later does not stop it. It matters to who sets monitor, or
// wants a rollback.
func (l *linter) checkUpdates(spec pod.Spec) {
	config := l.service.get("deploy", "update_config")
	monitor, limit := config.get("monitor"), defaultMonitor
	switch {
	case monitor.isScalar():
		text, _ := substitute(monitor.text, l.Environment)
		d, err := time.ParseDuration(text)
		if err != nil {
			return
		}
		if d > 0 {
			limit = d
		}
	case config.str("failure_action") == "rollback":
		monitor = config.get("failure_action")
	default:
		return
	}
	for _, c := range spec.Components {
		h := c.Service.HealthCheck
		if h == nil || h.Disable || h.Interval == nil || len(h.Test) == 0 {
			continue
		}
		if needs := failsAfter(h); c.Essential && needs > limit {
			l.found.warn(monitor.at, "services.%s: the update is called good after %v, but the health check of component %s needs %v to fail: make monitor longer", l.name, limit, c.Name, needs)
		}
	}
}

// checkLimits: what a component may use is never more than what the pod may.
func (l *linter) checkLimits(spec pod.Spec) {
	limits := l.service.get("deploy", "resources", "limits")
	memory, _ := substitute(limits.str("memory"), l.Environment)
	cpus, _ := substitute(limits.str("cpus"), l.Environment)
	memoryLimit, _ := units.RAMInBytes(memory)
	cpuLimit, _ := strconv.ParseFloat(cpus, 64)
	for _, c := range spec.Components {
		if own := int64(c.Service.MemLimit); memoryLimit > 0 && own > memoryLimit {
			l.found.warn(l.at(c.Name, "mem_limit"), "services.%s: component %s: its mem_limit of %s is more than the %s that the whole pod has", l.name, c.Name, units.BytesSize(float64(own)), units.BytesSize(float64(memoryLimit)))
		}
		if own := float64(c.Service.CPUS); cpuLimit > 0 && own > cpuLimit {
			l.found.warn(l.at(c.Name, "cpus"), "services.%s: component %s: its cpus of %v is more than the %v that the whole pod has", l.name, c.Name, own, cpuLimit)
		}
	}
}

// checkServiceLabels finds the labels of a pod where its node cannot see them.
func (r *rendering) checkServiceLabels(name string, service *node) {
	pairs, ok := service.get("deploy", "labels").pairs(false)
	if !ok {
		return
	}
	for _, k := range pairs.keys {
		if isPod(map[string]*node{k: nil}) {
			r.found.mistake(pairs.kids[k].at, "services.%s: %s is below deploy, where the pod does not see it: move it to the labels of the service itself", name, k)
		}
	}
}

// checkIgnored points out what `docker stack deploy` reads and does not use.
func (r *rendering) checkIgnored(name string, service *node) {
	for _, k := range service.keys {
		switch {
		case k == "container_name":
			r.found.warn(service.kids[k].at, "services.%s: `docker stack deploy` ignores %s: Swarm names containers after their tasks", name, k)
		case k == "expose":
			r.found.warn(service.kids[k].at, "services.%s: `docker stack deploy` ignores %s: services of one network reach each other on every port", name, k)
		case !slices.Contains(types.UnsupportedProperties, k):
		case homes[k].component:
			r.found.warn(service.kids[k].at, "services.%s: `docker stack deploy` ignores %s; components of a pod can have it", name, k)
		default:
			r.found.warn(service.kids[k].at, "services.%s: `docker stack deploy` ignores %s: %s", name, k, homes[k].why)
		}
	}
}

// failsAfter is how long a component can be broken before it is unhealthy.
func failsAfter(h *compose.HealthCheckConfig) time.Duration {
	retries := uint64(3) // the engine's default
	if h.Retries != nil && *h.Retries > 0 {
		retries = min(*h.Retries, 1000)
	}
	return time.Duration(*h.Interval) * time.Duration(retries)
}
