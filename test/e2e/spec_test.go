//go:build e2e

package e2e

import (
	"cmp"
	"encoding/json"
	"fmt"
	"maps"
	"strings"
	"testing"
	"time"

	"github.com/docker/docker/api/types/container"
	"gopkg.in/yaml.v3"
)

// podSpec is a pod as its user defines it.
type podSpec struct {
	// image is the pause's; "" is the one of this repository.
	image string
	// args are the service's command.
	args []string
	// components holds the text of each label pod.component.<name>.
	components map[string]string
	// labels are further labels.
	labels map[string]string
	// port is where the pod's port 80 is published; 0 is nowhere.
	port int
	// grace is stop_grace_period, and the label that repeats it; 0 leaves
	// both out, which makes it 10 s.
	grace time.Duration
	// restart is the condition of Swarm's restart policy; "" is none.
	restart string
	// noSocket leaves the engine's socket out.
	noSocket bool
	// logging is the pause's own; nil is the engine's default.
	logging map[string]any
	// more changes the pod's service in the Compose file, or the file.
	more func(service, file map[string]any)
	// env is the pause's environment, and host changes the rest of the pause's container where no Compose file makes it.
	env  []string
	host func(*container.HostConfig)
}

// probe is the definition of a component that runs the probe.
func probe(args ...string) string {
	command, err := json.Marshal(args)
	if err != nil {
		panic(err) // never for strings
	}
	return fmt.Sprintf("image: %s\ncommand: %s\n", probeImage, command)
}

// webPod is the pod that the README begins with: an application on the loopback
// interface, and a proxy that listens on port 80 for all.
func webPod(port int) podSpec {
	return podSpec{
		args: []string{"-logs"},
		components: map[string]string{
			"app":   probe("serve", "127.0.0.1:12000", "the application"),
			"proxy": probe("proxy", ":80", "http://127.0.0.1:12000/"),
		},
		port: port,
	}
}

// webAnswer is what that pod answers.
const webAnswer = "through the proxy: the application\n"

// allLabels are the labels of the pause's container.
func (p podSpec) allLabels() map[string]string {
	all := maps.Clone(p.labels)
	if all == nil {
		all = map[string]string{}
	}
	for name, definition := range p.components {
		all["pod.component."+name] = definition
	}
	if grace := p.stopGrace(); grace > 0 {
		all["pod.stop_grace_period"] = grace.String()
	}
	return all
}

// stopGrace is the pod's grace. Where everything is slow, Docker's default is
// no time to stop in.
func (p podSpec) stopGrace() time.Duration {
	if p.grace == 0 && patience(1) > 1 {
		return patience(swarmGrace)
	}
	return p.grace
}

// compose is a Compose file with the pod as its only service.
func (p podSpec) compose(t *testing.T) map[string]any {
	t.Helper()
	labels := map[string]string{}
	for k, v := range p.allLabels() {
		labels[k] = strings.ReplaceAll(v, "$", "$$") // the file is interpolated
	}
	service := map[string]any{"image": cmp.Or(p.image, pauseImage), "command": p.args, "labels": labels}
	if !p.noSocket {
		service["volumes"] = []string{socket() + ":/var/run/docker.sock:ro"}
	}
	if grace := p.stopGrace(); grace > 0 {
		service["stop_grace_period"] = grace.String()
	}
	if p.logging != nil {
		service["logging"] = p.logging
	}
	if p.port > 0 {
		service["ports"] = []any{fmt.Sprintf("%d:80", p.port)}
	}
	return map[string]any{"version": "3.7", "services": map[string]any{"pod": service}}
}

// stack is the Compose file with what a Swarm needs. Ports are published by
// the host and names resolve to tasks, because not every kernel has IPVS; the
// images are on this node only.
func (p podSpec) stack(t *testing.T, node string) map[string]any {
	t.Helper()
	file := p.compose(t)
	service := file["services"].(map[string]any)["pod"].(map[string]any)
	if p.port > 0 {
		service["ports"] = []any{map[string]any{"target": 80, "published": p.port, "mode": "host"}}
	}
	// The image's own check, more often: the first one gates each start. A slow
	// machine would be busy with nothing else, and be late with each.
	service["healthcheck"] = map[string]any{
		"interval": max(time.Second, patience(300*time.Millisecond)).String(), "timeout": patience(10 * time.Second).String()}
	restart := p.restart
	if restart == "" {
		restart = "none"
	}
	service["deploy"] = map[string]any{
		"endpoint_mode":  "dnsrr",
		"restart_policy": map[string]any{"condition": restart, "delay": "0s"},
		"placement":      map[string]any{"constraints": []string{"node.id == " + node}},
	}
	if p.more != nil {
		p.more(service, file)
	}
	return file
}

// toYAML is the text of a Compose file.
func toYAML(t *testing.T, file map[string]any) string {
	t.Helper()
	text, err := yaml.Marshal(file)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}
