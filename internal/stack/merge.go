package stack

import (
	"regexp"
	"slices"
)

// pairKeys are keys whose values are pairs, written as a mapping or as a list
// of KEY=VALUE: merging them as mappings makes the first value win in both.
var pairKeys = []string{"environment", "labels", "sysctls", "annotations"}

// under merges b under a, which wins: this is how templates of the same thing,
// and arguments of different levels, come together. Neither is changed.
//
// Mappings are merged key by key, lists are appended. A list under a mapping,
// or the other way round, is read as KEY=VALUE. A string under a list becomes
// its last item. In all other cases a stays, null included.
func under(a, b *node) *node { return underKey(a, b, "") }

func underKey(a, b *node, key string) *node {
	switch {
	case a == nil:
		return b.clone()
	case b == nil:
		return a.clone()
	}
	if slices.Contains(pairKeys, key) && a.isList() && b.isList() {
		pa, okA := a.pairs(true)
		pb, okB := b.pairs(true)
		if okA && okB {
			a, b = pa, pb
		}
	}
	out := a.clone()
	switch {
	case a.isMap() && b.isMap():
		for _, k := range b.keys {
			out.set(k, underKey(a.kids[k], b.kids[k], k))
		}
	case a.isMap() && b.isList():
		if pb, ok := b.pairs(true); ok {
			return underKey(a, pb, key)
		}
	case a.isList() && b.isMap():
		if pa, ok := a.pairs(true); ok {
			return underKey(pa, b, key)
		}
	case a.isList() && b.isList():
		for _, item := range b.list {
			out.list = append(out.list, item.clone())
		}
	case a.isList() && b.isText():
		out.list = append(out.list, b.clone())
	}
	return out
}

// over lays a later file over an earlier one, as Compose merges files: the
// later one wins, mappings are merged, lists are appended. What has its own
// rule is in [overService]. Neither is changed.
func over(base, later *node) *node {
	switch {
	case base.isNull() && !later.isNull(), base == nil:
		return later.clone()
	case later.isNull():
		return base.clone()
	case base.isMap() && later.isMap():
		return overMap(base, later, func(_ string, b, l *node) *node { return over(b, l) })
	case base.isList() && later.isList():
		return appendLists(base, later, nil)
	default:
		return later.clone()
	}
}

func overMap(base, later *node, merge func(key string, b, l *node) *node) *node {
	out := base.clone()
	for _, k := range later.keys {
		out.set(k, merge(k, base.kids[k], later.kids[k]))
	}
	return out
}

// overFile lays one whole stack file over another.
func overFile(base, later *node) *node {
	return overMap(base, later, func(section string, b, l *node) *node {
		switch {
		case section == extension && b.isMap() && l.isMap():
			return overMap(b, l, func(name string, b, l *node) *node {
				if name == "args" {
					return over(b, l)
				}
				return overConfig(b, l)
			})
		case section == "services" && b.isMap() && l.isMap():
			return overMap(b, l, func(_ string, b, l *node) *node {
				if b.isMap() && l.isMap() {
					return overMap(b, l, overService)
				}
				return over(b, l)
			})
		default:
			return over(b, l)
		}
	})
}

// overService merges one key of a service. The rules are those of docker/cli's
// loader, see its merge.go, except that a later false or 0 wins as well.
func overService(key string, b, l *node) *node {
	if b.isNull() || l.isNull() {
		if key == extension && b != nil {
			return b.clone() // `x-podlike:` alone only says that this is a pod
		}
		return over(b, l)
	}
	switch key {
	case "command", "entrypoint":
		return l.clone()
	case "healthcheck":
		return overMapOr(b, l, func(key string, b, l *node) *node {
			if key == "test" {
				return l.clone()
			}
			return over(b, l)
		})
	case "environment", "labels", "sysctls", "annotations":
		return overPairs(b, l)
	case "deploy":
		return overMapOr(b, l, func(key string, b, l *node) *node {
			if key == "labels" && b != nil {
				return overPairs(b, l)
			}
			return over(b, l)
		})
	case "logging":
		if db, dl := b.str("driver"), l.str("driver"); db != "" && dl != "" && db != dl {
			return l.clone()
		}
	case "networks", "depends_on":
		return over(named(b, l, key))
	case "volumes":
		return appendLists(b, l, volumeTarget)
	case "configs", "secrets":
		return appendLists(b, l, func(n *node) string {
			if n.isMap() {
				return n.str("source")
			}
			return n.text
		})
	case "ports":
		return appendLists(b, l, publishedPort)
	case extension:
		return overConfig(b, l)
	}
	return over(b, l)
}

// overMapOr merges mappings with the given rule, and lets the later win else.
func overMapOr(b, l *node, merge func(key string, b, l *node) *node) *node {
	if b.isMap() && l.isMap() {
		return overMap(b, l, merge)
	}
	return over(b, l)
}

func overPairs(b, l *node) *node {
	pb, okB := b.pairs(true)
	pl, okL := l.pairs(true)
	if okB && okL {
		return overMap(pb, pl, func(_ string, _, l *node) *node { return l.clone() })
	}
	return over(b, l)
}

// named makes mappings of networks or dependencies, if one of both is one.
func named(b, l *node, key string) (_, _ *node) {
	if b.isList() == l.isList() {
		return b, l
	}
	toMap := func(n *node) *node {
		if !n.isList() {
			return n
		}
		m := newMap(n.at)
		for _, item := range n.list {
			v := &node{at: item.at, tag: tagNull}
			if key == "depends_on" {
				v = newMap(item.at)
				v.set("condition", newText(item.at, "service_started"))
			}
			m.set(item.text, v)
		}
		return m
	}
	return toMap(b), toMap(l)
}

// overConfig merges the x-podlike of one service in two files: the sections are
// lists of templates, and lists are appended.
func overConfig(b, l *node) *node {
	if b == nil || !b.isMap() || !l.isMap() {
		if l.isNull() && b != nil {
			return b.clone()
		}
		return l.clone()
	}
	return overMap(b, l, func(section string, b, l *node) *node {
		if b == nil || section == "args" {
			return over(b, l)
		}
		return appendLists(asList(b), asList(l), nil)
	})
}

// asList is a list with the one item, or the list itself.
func asList(n *node) *node {
	switch {
	case n.isNull():
		return newList(place{})
	case n.isList():
		return n
	default:
		return newList(n.at, n)
	}
}

// appendLists appends later's items that base does not have. An item with the
// same identity replaces the base's.
func appendLists(base, later *node, identity func(*node) string) *node {
	if !base.isList() || !later.isList() {
		return later.clone()
	}
	out := base.clone()
	for _, item := range later.list {
		i := slices.IndexFunc(out.list, func(o *node) bool {
			if identity != nil && identity(item) != "" {
				return identity(o) == identity(item)
			}
			return o.same(item)
		})
		if i >= 0 {
			out.list[i] = item.clone()
		} else {
			out.list = append(out.list, item.clone())
		}
	}
	return out
}

// shortPort is [[ip:]published:]target[/protocol].
var shortPort = regexp.MustCompile(`^(?:.*:)?([^:/]+):[^:/]+(/\w+)?$`)

// publishedPort identifies a port by what it is published as.
func publishedPort(n *node) string {
	published, protocol := n.str("published"), "/tcp"
	if n.isMap() {
		if p := n.str("protocol"); p != "" {
			protocol = "/" + p
		}
	} else if variable.MatchString(n.text) {
		return ""
	} else if m := shortPort.FindStringSubmatch(n.text); m != nil {
		published = m[1]
		if m[2] != "" {
			protocol = m[2]
		}
	}
	if published == "" {
		return ""
	}
	return published + protocol
}
