package stack

import (
	"slices"
	"strings"

	"github.com/docker/cli/cli/compose/types"
)

const (
	labelComponent  = "pod.component."
	labelOldName    = "pod.container."
	labelCopy       = "pod.copy."
	labelInit       = "pod.init.components"
	labelFile       = "pod.compose.file"
	labelStopBudget = "pod.stop_grace_period"

	mainComponent  = "app" // the name of the main component without a transformer
	supervisorName = "supervisor"
)

// madePod is a pod that was made of a service.
type madePod struct {
	pause *node
	at    place
	// places are those of the lines of each label that was made.
	places     map[string][]place
	components []*component
	broken     bool // a template failed: what is missing here is no mistake
}

// component is one container of the pod, on its way to its label.
type component struct {
	name   string
	body   *node
	init   bool
	expose []*node // the ports on which it says to listen
}

// containers are the definitions in the component that have volumes and
// environment files: its own, and those of pre_start.
func (c *component) containers() []*node {
	all := []*node{c.body}
	for _, hook := range asList(c.body.get("pre_start")).list {
		if hook.isMap() {
			all = append(all, hook)
		}
	}
	return all
}

// mounts are the volumes of the component and of its pre_start.
func (c *component) mounts(env map[string]string) []mount {
	var all []mount
	for _, body := range c.containers() {
		for _, item := range asList(body.get("volumes")).list {
			all = append(all, mountOf(item, env))
		}
	}
	return all
}

// transform makes a pod of one service.
func (r *rendering) transform(name string, service *node, c *config) *madePod {
	p := &madePod{at: c.at, places: map[string][]place{}}
	v := values{Service: r.service(name), Args: map[string]any{}, Project: r.project}
	if args, ok := c.args.plain().(map[string]any); ok {
		v.Args = args
	}
	before := len(r.found.mistakes)
	main := r.mainComponent(p, service, c, v)
	p.components = append(p.components, main)
	r.additional(p, c, v)
	r.copyToMain(main, service)
	r.inits(p, c, v)
	copies := r.copies(c, v)
	p.pause = r.pause(name, service, c, v)
	p.broken = len(r.found.mistakes) > before

	r.dependencies(p, main, service)
	r.finish(p, name)
	r.mountVolumes(p)
	r.label(p, name, copies)
	return p
}

func (r *rendering) service(name string) types.ServiceConfig {
	for _, s := range r.project.Services {
		if s.Name == name {
			return s
		}
	}
	return types.ServiceConfig{Name: name}
}

// rooted is what one template made: a definition, and the name above it, "" if
// there is none. The name may be left out where only one thing can be meant.
type rooted struct {
	name string
	body *node
}

// single reads the result of a template that makes one container.
func (r *rendering) single(section string, it item, v values) (_ rooted, ok bool) {
	n, ok := r.execute(it, v)
	switch {
	case !ok:
		return rooted{}, false
	case len(n.keys) == 0 && section != "transformer" && section != "pod":
		r.found.mistake(it.at, "the template of %s makes nothing: it must make a definition, as `image: nginx`", section)
		return rooted{}, false
	case withoutName(n):
		return rooted{body: n}, true
	case len(n.keys) > 1:
		r.found.mistake(n.kids[n.keys[1]].at, "a template of %s makes one container, not %s: put the others into templates of their own, below templates", section, oneOf(n.keys))
		return rooted{}, false
	}
	name := n.keys[0]
	body, ok := r.body(name, n.kids[name])
	return rooted{name, body}, ok
}

// withoutName: the mapping is a definition itself, and not a name with a
// definition below it. All that stands below a name is a mapping.
func withoutName(n *node) bool {
	for _, k := range n.keys {
		v := n.kids[k]
		if !v.isMap() && !v.isNull() {
			return true
		}
	}
	// Keys like labels and deploy have mappings, too.
	return !slices.ContainsFunc(n.keys, func(k string) bool {
		return !slices.Contains(serviceKeys(), k) || n.kids[k].has("image")
	})
}

func (r *rendering) body(name string, n *node) (*node, bool) {
	switch {
	case n.isNull():
		return newMap(n.at), true
	case !n.isMap():
		r.found.mistake(n.at, "%s must be a mapping of Compose keys, as `image: nginx`, not %s", name, n.kindName())
		return nil, false
	default:
		return n, true
	}
}

// mainComponent is what the transformers make of the service.
func (r *rendering) mainComponent(p *madePod, service *node, c *config, v values) *component {
	main := &component{name: mainComponent}
	named := false
	for _, it := range c.templates["transformer"] {
		one, ok := r.single("transformer", it, v)
		if !ok {
			p.broken = true
			continue
		}
		if !named && one.name != "" {
			main.name, named = one.name, true
		}
		main.body = under(main.body, one.body)
	}
	if main.body == nil {
		main.body = newMap(c.at)
	}
	return main
}

// additional are the components that `templates` make. Those of the same name
// are merged, the main component first.
func (r *rendering) additional(p *madePod, c *config, v values) {
	for _, it := range c.templates["templates"] {
		n, ok := r.execute(it, v)
		if !ok {
			continue
		}
		if len(n.keys) > 0 && withoutName(n) {
			r.found.mistake(it.at, "a component of templates needs a name: write it above the keys, as `sidecar:`, and indent them")
			continue
		}
		for _, name := range n.keys {
			body, ok := r.body(name, n.kids[name])
			if !ok {
				continue
			}
			i := slices.IndexFunc(p.components, func(c *component) bool { return c.name == name })
			if i < 0 {
				p.components = append(p.components, &component{name: name, body: body})
			} else {
				p.components[i].body = under(p.components[i].body, body)
			}
		}
	}
}

// copyToMain gives the main component the keys of the service that no template
// has set, each as a whole.
func (r *rendering) copyToMain(main *component, service *node) {
	for _, k := range service.keys {
		if !homes[k].component || main.body.has(k) {
			continue
		}
		v := service.kids[k]
		switch k {
		case "labels", "sysctls":
			v = keep(v, func(name string) bool {
				return !strings.HasPrefix(name, map[string]string{"labels": "pod.", "sysctls": "net."}[k])
			})
		case "configs", "secrets":
			v = sharedFiles(k, v)
		}
		if v != nil {
			main.body.set(k, v.clone())
		}
	}
}

// keep is the part of a mapping, or of a list of KEY=VALUE, whose names are
// wanted; nil when nothing is left.
func keep(v *node, want func(string) bool) *node {
	pairs, ok := v.pairs(true)
	if !ok {
		return v
	}
	out := newMap(v.at)
	for _, k := range pairs.keys {
		if want(k) {
			out.set(k, pairs.kids[k])
		}
	}
	if len(out.keys) == 0 {
		return nil
	}
	return out
}

// sharedFiles are the service's configs or secrets as a component names them:
// by the path that they have in the pause.
func sharedFiles(kind string, files *node) *node {
	if !files.isList() {
		return files
	}
	dir := map[string]string{"configs": "/", "secrets": "/run/secrets/"}[kind]
	out := newList(files.at)
	for _, f := range files.list {
		target := f.str("target")
		if !f.isMap() || target == "" {
			target = f.text
			if f.isMap() {
				target = f.str("source")
			}
		}
		if !strings.HasPrefix(target, "/") {
			target = dir + target
		}
		one := newMap(f.at)
		one.set("source", newText(f.at, target))
		one.set("target", newText(f.at, target))
		out.list = append(out.list, one)
	}
	return out
}
