package main

import (
	"errors"
	"fmt"
	"net"
	"strconv"
	"strings"

	"github.com/spf13/pflag"

	"github.com/podlike/podlike/internal/labels"
	"github.com/podlike/podlike/internal/pod"
)

// parseFlags reads the arguments of the service (`command:` of the stack
// file). The single dash of the older implementation is accepted: -logs,
// -pids=false. The error lists every mistake.
func parseFlags(args []string) (pod.Options, error) {
	options, set := flags()
	var mistakes []error
	for _, arg := range args {
		if len(arg) > 2 && arg[0] == '-' && arg[1] != '-' {
			arg = "-" + arg
		}
		// One at a time, so that one mistake does not hide the next; every
		// flag takes its value with "=".
		if !strings.HasPrefix(arg, "-") {
			mistakes = append(mistakes, fmt.Errorf("unexpected argument %q: write a flag's value with an equals sign, as --pids=false", arg))
		} else if err := set.Parse([]string{arg}); err != nil {
			mistakes = append(mistakes, fmt.Errorf("%w in %q; the flags are %s", err, arg, names(set)))
		}
	}
	switch options.OnUnhealthy {
	case pod.UnhealthyAuto, pod.UnhealthyExit, pod.UnhealthyReport:
	default:
		mistakes = append(mistakes, fmt.Errorf("--on-unhealthy=%s: the words are auto, exit and report", options.OnUnhealthy))
	}
	if err := checkAddress(options.MetricsAddr); err != nil {
		mistakes = append(mistakes, err)
	}
	return *options, errors.Join(mistakes...)
}

func flags() (*pod.Options, *pflag.FlagSet) {
	options := &pod.Options{}
	set := pflag.NewFlagSet("supervisor", pflag.ContinueOnError)
	set.Usage = func() {}
	set.BoolVar(&options.Logs, "logs", false, "let the components' lines come out of the task's own output")
	set.BoolVar(&options.PIDs, "pids", true, "components share one PID namespace")
	set.BoolVar(&options.IPC, "ipc", true, "components share one IPC namespace")
	set.BoolVar(&options.Volumes, "volumes", false, "components get the task's mounts, except the Docker socket")
	set.BoolVar(&options.Pull, "pull", false, "pull every image before its container is created")
	set.StringVar((*string)(&options.OnUnhealthy), "on-unhealthy", string(pod.UnhealthyAuto),
		"what an unhealthy pod does: exit (with 1), report (to the health check only), auto (exit under Swarm, else report)")
	var words []string
	for _, w := range labels.DenyWords {
		words = append(words, w.Word)
	}
	set.StringSliceVar(&options.Deny, "deny", nil, "what no component may have, words with commas between: "+labels.DenyAll+", or some of "+strings.Join(words, ", "))
	set.StringVar(&options.MetricsAddr, "metrics-addr", "", "where in the pod's network to serve Prometheus metrics, as :9100 (default nowhere)")
	return options, set
}

// checkAddress wants an address of the pod's own to listen on, "" for none.
func checkAddress(address string) error {
	if address == "" {
		return nil
	}
	host, port, err := net.SplitHostPort(address)
	number, portErr := strconv.ParseUint(port, 10, 16)
	if err != nil || portErr != nil || number == 0 || (host != "" && net.ParseIP(host) == nil) {
		return fmt.Errorf("--metrics-addr=%s: write a port, as :9100, or an IP address and a port, as 127.0.0.1:9100", address)
	}
	return nil
}

func names(set *pflag.FlagSet) string {
	var all []string
	set.VisitAll(func(f *pflag.Flag) { all = append(all, "--"+f.Name) })
	return strings.Join(all, ", ")
}

func usage() string {
	_, set := flags()
	return `Podlike runs the containers described by a service's labels as one pod.

Give these flags as the service's command:
` + set.FlagUsages() + `
The components are container labels, pod.component.<name>, each the YAML of a
Compose service. The service needs /var/run/docker.sock.

Inside the service's container, ` + "`/supervisor status`" + ` prints how the pod is;
--format takes json, or a Go template for each component.
`
}
