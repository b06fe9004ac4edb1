package stack

// inits are the init components. None of them are merged.
func (r *rendering) inits(p *madePod, c *config, v values) {
	for _, it := range c.templates["init"] {
		if one, ok := r.single("init", it, v); ok {
			p.components = append(p.components, &component{name: one.name, body: one.body, init: true})
		}
	}
}

// copies are the labels pod.copy.<name>, each a list of source:target.
func (r *rendering) copies(c *config, v values) *node {
	all := newMap(c.at)
	for _, it := range c.templates["copy"] {
		n, ok := r.execute(it, v)
		if !ok {
			continue
		}
		for _, name := range n.keys {
			list := all.kids[name]
			if list == nil {
				list = newList(n.kids[name].at)
			}
			if r.copyLines(list, n.kids[name], name) {
				all.set(name, list)
			}
		}
	}
	return all
}

func (r *rendering) copyLines(list *node, v *node, name string) bool {
	switch {
	case v.isNull():
		return false
	case v.isText():
		list.list = append(list.list, v.clone())
	case v.isMap():
		for _, source := range v.keys {
			target := v.kids[source]
			if !target.isText() {
				r.found.mistake(target.at, "the copies of %s must be paths, as /source: /target, not %s", name, target.kindName())
				continue
			}
			list.list = append(list.list, newText(target.at, source+":"+target.text))
		}
	case v.isList():
		for _, item := range v.list {
			r.copyLines(list, item, name)
		}
	default:
		r.found.mistake(v.at, "the copies of %s must be /source:/target, a list of these, or a mapping, not %s", name, v.kindName())
		return false
	}
	return len(list.list) > 0
}
