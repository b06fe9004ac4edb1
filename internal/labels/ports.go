package labels

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/docker/go-connections/nat"
)

// warnOfClashes warns of ports that two services of a Compose file publish or
// expose: on networks of their own both can listen on it, in a pod only one.
func warnOfClashes(defs []*definition, found *findings) {
	users := map[string][]string{}
	for _, d := range defs {
		for _, port := range d.containerPorts() {
			users[port] = append(users[port], d.name)
		}
	}
	for _, port := range slices.Sorted(maps.Keys(users)) {
		if names := users[port]; len(names) > 1 {
			found.warn("port %s is published or exposed by the components %s: a pod has one network, so only one of them can listen on it",
				port, strings.Join(names, ", "))
		}
	}
}

// containerPorts are the ports of the container that ports and expose name, as
// "80/tcp", each once. What cannot be understood is left out: both keys are
// ignored anyway.
func (d *definition) containerPorts() []string {
	ports := map[string]bool{}
	for _, key := range []string{"ports", "expose"} {
		list, _ := d.value[key].([]any)
		for _, entry := range list {
			text := fmt.Sprint(entry)
			if long, ok := entry.(map[string]any); ok {
				text = fmt.Sprint(long["target"])
				if protocol, ok := long["protocol"].(string); ok {
					text += "/" + protocol
				}
			}
			mappings, err := nat.ParsePortSpec(text)
			if err != nil {
				continue
			}
			for _, m := range mappings {
				ports[string(m.Port)] = true
			}
		}
	}
	return slices.Sorted(maps.Keys(ports))
}
