package stack

import (
	"path"
	"slices"
	"strings"
)

// pause is the service itself: what the `pod` templates make, and below that
// the keys of the service that are the pause's.
func (r *rendering) pause(name string, service *node, c *config, v values) *node {
	var pause *node
	for _, it := range c.templates["pod"] {
		if one, ok := r.single("pod", it, v); ok {
			pause = under(pause, one.body)
		}
	}
	if pause == nil {
		pause = newMap(c.at)
		pause.set("command", newText(c.at, "--logs"))
	}
	for _, k := range service.keys {
		v := service.kids[k]
		switch {
		case !homes[k].pause || pause.has(k):
		case k == "sysctls":
			if v = keep(v, func(name string) bool { return strings.HasPrefix(name, "net.") }); v != nil {
				pause.set(k, v)
			}
		case k != "volumes":
			pause.set(k, v.clone())
		}
	}
	r.pauseVolumes(pause, service)
	for _, k := range slices.Clone(pause.keys) {
		if pause.kids[k].isNull() {
			pause.remove(k) // only there to keep the service's away
		}
	}
	if !pause.has("image") {
		pause.set("image", newText(c.at, r.pauseImage()))
	}
	front(pause, "image", "command")
	return pause
}

// front moves keys to the beginning of a mapping.
func front(n *node, keys ...string) {
	slices.SortStableFunc(n.keys, func(a, b string) int {
		rank := func(k string) int {
			if i := slices.Index(keys, k); i >= 0 {
				return i
			}
			return len(keys)
		}
		return rank(a) - rank(b)
	})
}

// pauseVolumes adds the service's volumes, so that Swarm makes them and names
// them, and the engine's socket, which is always there.
func (r *rendering) pauseVolumes(pause, service *node) {
	volumes := pause.get("volumes")
	if volumes.isNull() {
		volumes = newList(pause.at)
	}
	if !volumes.isList() {
		return // a mistake, which the schema reports
	}
	volumes = volumes.clone()
	var taken []string
	for _, item := range volumes.list {
		taken = append(taken, path.Clean(mountOf(item, r.Environment).target))
	}
	for _, item := range asList(service.get("volumes")).list {
		m := mountOf(item, r.Environment)
		ofTask := m.source != "" && m.kind != "tmpfs"
		if ofTask && !slices.Contains(taken, path.Clean(m.target)) {
			volumes.list = append(volumes.list, item.clone())
		}
	}
	if !mountsSocket(volumes) {
		volumes.list = append(volumes.list, newText(pause.at, socketPaths[0]+":"+socketPaths[0]+":ro"))
	}
	pause.set("volumes", volumes)
}

// mountVolumes gives the pause the stack's volumes that only components name:
// a volume that Swarm does not give to the task would be another one, without
// the stack's name.
func (r *rendering) mountVolumes(p *madePod) {
	declared, volumes := r.merged.get("volumes"), p.pause.get("volumes")
	if !declared.isMap() || !volumes.isList() {
		return
	}
	var has []string
	for _, item := range volumes.list {
		has = append(has, mountOf(item, r.Environment).source)
	}
	for _, c := range p.components {
		for _, m := range c.mounts(r.Environment) {
			if m.kind == "volume" && declared.has(m.source) && !slices.Contains(has, m.source) {
				has = append(has, m.source)
				volumes.list = append(volumes.list, newText(c.body.at, m.source+":/var/lib/podlike/volumes/"+m.source))
			}
		}
	}
}

// nameVolumes lets components find volumes whose real name is not the one of
// the stack file: by the label that the pod reads, or by the real name where a
// volume cannot have labels.
func (r *rendering) nameVolumes(stack *node, pods map[string]*madePod) {
	declared := stack.get("volumes")
	if !declared.isMap() || len(pods) == 0 {
		return
	}
	const ref = "com.github.rycus86.podlike.volume-ref"
	for _, name := range declared.keys {
		v := declared.kids[name]
		if !v.isMap() || !r.usedByPod(name, pods) || v.get("name") == nil || isExternal(v) {
			continue
		}
		labels := v.get("labels")
		if labels.isNull() {
			labels = newMap(v.at)
		}
		pairs, ok := labels.pairs(false)
		if !ok || pairs.has(ref) {
			continue
		}
		pairs = pairs.clone()
		pairs.set(ref, newText(v.at, name))
		v.set("labels", pairs)
	}
}

func isExternal(volume *node) bool {
	e := volume.get("external")
	return e.isMap() || e != nil && e.text == "true"
}

func (r *rendering) usedByPod(volume string, pods map[string]*madePod) bool {
	for _, p := range pods {
		for _, c := range p.components {
			if slices.ContainsFunc(c.mounts(r.Environment), func(m mount) bool { return m.source == volume }) {
				return true
			}
		}
	}
	return false
}

// realNames replaces the names of external volumes in a component by their
// real ones: external volumes have no label of ours.
func (r *rendering) realNames(volumes *node) *node {
	declared := r.merged.get("volumes")
	if !volumes.isList() || !declared.isMap() {
		return volumes
	}
	out := volumes.clone()
	for i, item := range out.list {
		v := declared.get(mountOf(item, r.Environment).source)
		if !v.isMap() || !isExternal(v) {
			continue
		}
		real := v.str("name")
		if real == "" {
			real = v.str("external", "name")
		}
		if real != "" {
			out.list[i] = withSource(item, real)
		}
	}
	return out
}
