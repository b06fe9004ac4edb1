package main

import "github.com/podlike/podlike/internal/labels"

func usage() string {
	return `Podlike runs the containers described by a service's labels as one pod.

Give these flags as the service's command:
` + labels.ArgumentUsages() + `
The components are container labels, pod.component.<name>, each the YAML of a
Compose service. The service needs /var/run/docker.sock.

Inside the service's container, ` + "`/supervisor status`" + ` prints how the pod is;
--format takes json, or a Go template for each component.
`
}
