package labels

import (
	"github.com/compose-spec/compose-go/v2/types"

	"github.com/podlike/podlike/internal/pod"
)

const notInAnInit = "has no place in an init component: make its command do that, or another init component"

// maxPreStarts bounds what a chain of extends can multiply.
const maxPreStarts = 1000

// preStartDefinitions makes an init component of each pre_start of the
// definitions, called <component>-pre-1, -2, ...: a pod has no other place for
// containers that run to their end. Each extends its service, which is how
// Compose has it: what a hook does not say, it has from there. Unlike in
// Compose that includes the volumes, because volumes_from wants a container
// that exists.
func preStartDefinitions(defs []*definition) []*definition {
	byName := map[string]*definition{}
	for _, d := range defs {
		byName[d.name] = d
	}
	var hooks []*definition
	for _, d := range defs {
		if _, ok := d.value["pre_start"]; ok && d.role == pod.RoleInit {
			d.wrong([]string{"pre_start"}, notInAnInit)
			continue
		}
		for i, source := range d.preStarts(byName, len(byName)) {
			name := d.name + "-pre-" + itoa(i+1)
			line := source.from.at.find(source.path).line
			if !d.checkName(name, line) {
				continue
			}
			if len(hooks) == maxPreStarts {
				source.from.mistake(line, "the pod has more than %d pre_start hooks", maxPreStarts)
				return nil
			}
			value := clone(source.value).(map[string]any)
			_, named := value["image"]
			value["extends"] = map[string]any{"service": d.name}
			hooks = append(hooks, &definition{
				document: source.from.document, name: name, role: pod.RoleInit, prefix: source.from.show(source.path),
				lenient: d.lenient, image: named, at: source.from.at.find(source.path), value: value,
				dropped: map[string]bool{}, hookOf: d.name,
			})
		}
	}
	for _, d := range defs {
		delete(d.value, "pre_start")
	}
	return hooks
}

// preStart is one item of a pre_start, and where it stands.
type preStart struct {
	value map[string]any
	from  *definition
	path  []string
}

// preStarts are those that a service extends, then its own.
func (d *definition) preStarts(byName map[string]*definition, steps int) []preStart {
	var all []preStart
	if base := byName[d.extends()]; base != nil && base != d && steps > 0 {
		all = base.preStarts(byName, steps-1)
	}
	list, _ := d.value["pre_start"].([]any)
	for i, item := range list {
		if m, ok := item.(map[string]any); ok {
			all = append(all, preStart{m, d, []string{"pre_start", itoa(i)}})
		}
	}
	return all
}

// alone takes out what a pre_start hook does not have of its service: all that
// is about order, health, restarts and terminals, and namespaces of components
// that do not run yet.
func alone(s types.ServiceConfig, own map[string]any) types.ServiceConfig {
	s.DependsOn, s.HealthCheck, s.PostStart, s.PreStop = nil, nil, nil, nil
	s.Restart, s.StdinOpen, s.Tty = "", false, false
	if s.Deploy != nil {
		deploy := *s.Deploy
		deploy.RestartPolicy = nil
		s.Deploy = &deploy
	}
	if _, ok := own["pid"]; !ok && joinsComponent(s.Pid) {
		s.Pid = ""
	}
	if _, ok := own["ipc"]; !ok && joinsComponent(s.Ipc) {
		s.Ipc = ""
	}
	return s
}

// checkHooks looks at what the schema leaves open in post_start and pre_stop.
func (d *definition) checkHooks(s *types.ServiceConfig, src Source) {
	for _, list := range []struct {
		key   string
		hooks []types.ServiceHook
	}{{"post_start", s.PostStart}, {"pre_stop", s.PreStop}} {
		if len(list.hooks) > 0 && d.role == pod.RoleInit {
			d.wrong([]string{list.key}, notInAnInit)
			continue
		}
		for i := range list.hooks {
			if len(list.hooks[i].Command) == 0 {
				d.wrong([]string{list.key, itoa(i), "command"}, "must not be empty")
			}
			list.hooks[i].Environment = list.hooks[i].Environment.Resolve(src.lookup)
		}
	}
}
