package stack

import (
	"strings"

	"github.com/docker/cli/cli/compose/template"
)

// checkNames reports networks, volumes, configs and secrets that a service
// names and the top level does not have.
func (r *rendering) checkNames(out *node) {
	services := out.get("services")
	for _, name := range services.keys {
		s := services.kids[name]
		use := func(section, object string, at place) {
			declared := out.get(section)
			if object == "" || strings.Contains(object, "$") || declared.has(object) || section == "networks" && object == "default" {
				return
			}
			r.found.mistake(at, "services.%s: %q is not below %s at the top level%s", name, object, section, didYouMean(object, keysOf(declared)))
		}
		for _, item := range asList(s.get("volumes")).list {
			if m := mountOf(item, r.Environment); m.kind == "volume" && (item.isText() || item.isMap()) {
				use("volumes", m.source, item.at)
			}
		}
		for _, section := range []string{"configs", "secrets"} {
			for _, item := range asList(s.get(section)).list {
				source := item.text
				if item.isMap() {
					source = item.str("source")
				}
				use(section, source, item.at)
			}
		}
		networks := s.get("networks")
		for _, k := range keysOf(networks) {
			use("networks", k, networks.kids[k].at)
		}
		if networks.isList() {
			for _, item := range networks.list {
				use("networks", item.text, item.at)
			}
		}
	}
}

// checkDollars reports a "$" that the deploy can make nothing of.
func (r *rendering) checkDollars(n *node, path []string, pods map[string]*madePod) {
	switch {
	case n.isMap():
		for _, k := range n.keys {
			r.checkDollars(n.kids[k], append(path, k), pods)
		}
		return
	case n.isList():
		for _, item := range n.list {
			r.checkDollars(item, path, pods)
		}
		return
	case !n.isText() || !malformed(n.text):
		return
	}
	at, shown := n.at, n.text
	for i, line := range strings.Split(n.text, "\n") {
		if !malformed(line) {
			continue
		}
		shown = strings.TrimSpace(line)
		if len(path) == 4 && path[0] == "services" && pods[path[1]] != nil {
			if places := pods[path[1]].places[path[3]]; i < len(places) {
				at = places[i]
			}
		}
		break
	}
	r.found.mistake(at, "%s: `docker stack deploy` finds no variable behind a $ in %q: write $$ for a dollar", strings.Join(path, "."), first(shown, 60))
}

// malformed: docker/cli refuses the text's variables.
func malformed(text string) bool {
	if !strings.Contains(text, "$") {
		return false
	}
	_, err := template.Substitute(text, func(string) (string, bool) { return "x", true })
	return err != nil
}

func first(text string, n int) string {
	if r := []rune(text); len(r) > n {
		return string(r[:n]) + "..."
	}
	return text
}

func keysOf(n *node) []string {
	if !n.isMap() {
		return nil
	}
	return n.keys
}
