package stack

import (
	"slices"
	"strconv"
)

// dependencies takes the other services of the stack out of the main
// component's depends_on, if that came from the service: in a stack file they
// are the usual thing to name, and mean nothing to Swarm.
func (r *rendering) dependencies(p *madePod, main *component, service *node) {
	deps := main.body.get("depends_on")
	if deps == nil || !deps.same(service.get("depends_on")) {
		return
	}
	services := r.merged.get("services")
	drop := func(name string, at place) bool {
		isComponent := slices.ContainsFunc(p.components, func(c *component) bool { return c.name == name })
		if isComponent || !services.has(name) {
			return false
		}
		r.found.warn(at, "depends_on leaves out %q: Swarm does not order services, only components of one pod wait for each other", name)
		return true
	}
	out := deps.clone()
	switch {
	case deps.isList():
		out.list = slices.DeleteFunc(out.list, func(n *node) bool { return drop(n.text, n.at) })
	case deps.isMap():
		for _, name := range deps.keys {
			if drop(name, deps.kids[name].at) {
				out.remove(name)
			}
		}
	}
	if len(out.list)+len(out.keys) == 0 {
		main.body.remove("depends_on")
	} else {
		main.body.set("depends_on", out)
	}
}

// finish brings the components to what a label can say: what is decided or
// read while the stack is made is taken out.
func (r *rendering) finish(p *madePod, service string) {
	p.components = slices.DeleteFunc(p.components, func(c *component) bool {
		profiles := c.body.get("profiles")
		if profiles == nil || r.active(profiles) {
			c.body.remove("profiles")
			return false
		}
		r.found.warn(profiles.at, "services.%s: the component %q is left out: none of its profiles is in COMPOSE_PROFILES", service, c.name)
		return true
	})
	for _, c := range p.components {
		body := c.body
		for _, k := range slices.Clone(body.keys) {
			if body.kids[k].isNull() {
				body.remove(k) // only there to keep the service's away
			}
		}
		for _, one := range c.containers() {
			if v := one.get("volumes"); v != nil {
				one.set("volumes", r.realNames(r.resolveBinds(v, true)))
			}
			r.relativeEnvFiles(service+"."+c.name, one)
		}
		c.expose = asList(body.get("expose")).list
		body.remove("expose")
		front(body, "image")
	}
}

// relativeEnvFiles reads the environment files of a component that are named
// by a relative path: they are beside the stack. Absolute ones are files of
// the pause, and stay.
func (r *rendering) relativeEnvFiles(who string, body *node) {
	files := body.get("env_file")
	if files == nil {
		return
	}
	stay, here := newList(files.at), newList(files.at)
	for _, f := range asList(files).list {
		path := f.text
		if f.isMap() {
			path = f.str("path")
		}
		if path == "" || path[0] == '/' {
			stay.list = append(stay.list, f)
			continue
		}
		f = f.clone()
		if f.isMap() {
			f.set("path", newText(f.at, r.resolve(path)))
		} else {
			f.text = r.resolve(path)
		}
		here.list = append(here.list, f)
	}
	if len(here.list) == 0 {
		return
	}
	if body.remove("env_file"); len(stay.list) > 0 {
		body.set("env_file", stay)
	}
	if env := r.envFiles(who, here); len(env.keys) > 0 {
		body.set("environment", under(body.get("environment"), env))
	}
}

// label writes the components into the labels of the pause.
func (r *rendering) label(p *madePod, service string, copies *node) {
	labels := p.pause.get("labels")
	if labels.isNull() {
		labels = newMap(p.pause.at)
	}
	pairs, ok := labels.pairs(false)
	if !ok {
		return // a mistake, which the schema reports
	}
	labels = pairs.clone()
	add := func(name string, v *node) {
		if old := labels.get(name); old != nil {
			r.found.mistake(old.at, "services.%s: the label %s is written by hand, and made by a template: keep one of them", service, name)
			return
		}
		text, places, err := writeLines(v)
		if err != nil {
			r.found.mistake(v.at, "services.%s: %v", service, err)
			return
		}
		labels.set(name, newText(v.at, text))
		p.places[name] = places
	}
	inits := newList(p.at)
	hasSupervisor := false
	for _, c := range p.components {
		if c.init {
			inits.list = append(inits.list, c.body)
			c.name = "init-" + strconv.Itoa(len(inits.list))
			continue
		}
		hasSupervisor = hasSupervisor || c.name == supervisorName
		add(labelComponent+c.name, c.body)
	}
	if len(inits.list) > 0 {
		add(labelInit, inits)
	}
	if r.SupervisorImage != "" && !hasSupervisor && !labels.has(labelComponent+supervisorName) {
		supervisor := newMap(p.at)
		supervisor.set("image", newText(p.at, r.SupervisorImage))
		add(labelComponent+supervisorName, supervisor)
	}
	for _, name := range copies.keys {
		add(labelCopy+name, copies.kids[name])
	}
	if grace := p.pause.get("stop_grace_period"); grace.isScalar() && !labels.has(labelStopBudget) {
		labels.set(labelStopBudget, newText(grace.at, grace.text))
		p.places[labelStopBudget] = []place{grace.at}
	}
	p.pause.set("labels", labels)
}
