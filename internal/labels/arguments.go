package labels

import (
	"errors"
	"fmt"
	"net"
	"strconv"
	"strings"

	"github.com/spf13/pflag"

	"github.com/podlike/podlike/internal/pod"
)

// ArgumentsError lists every mistake in the arguments of a pod's service.
type ArgumentsError struct {
	Mistakes []string
}

// Error is a heading and one line for each mistake.
func (e *ArgumentsError) Error() string {
	heading := "the service's command has a mistake:"
	if len(e.Mistakes) > 1 {
		heading = fmt.Sprintf("the service's command has %d mistakes:", len(e.Mistakes))
	}
	return heading + "\n  " + strings.Join(e.Mistakes, "\n  ")
}

// ParseArguments reads the arguments of the service (`command:` of the stack
// file). The single dash of the older implementation is accepted: -logs,
// -pids=false. The error is an [*ArgumentsError].
func ParseArguments(args []string) (pod.Options, error) {
	options, set := argumentFlags()
	var mistakes []string
	for _, arg := range args {
		given := arg
		if len(arg) > 2 && arg[0] == '-' && arg[1] != '-' {
			arg = "-" + arg
		}
		// One at a time, so that one mistake does not hide the next; every
		// flag takes its value with "=".
		if !strings.HasPrefix(arg, "-") {
			mistakes = append(mistakes, fmt.Sprintf("unexpected argument %q: write a flag's value with an equals sign, as --pids=false", given))
			continue
		}
		err := set.Parse([]string{arg})
		var unknown *pflag.NotExistError
		switch {
		case errors.As(err, &unknown):
			mistakes = append(mistakes, fmt.Sprintf("unknown flag %q%s", given, meantFlag(arg, set)))
		case err != nil:
			mistakes = append(mistakes, fmt.Sprintf("%v in %q", err, given))
		}
	}
	switch options.OnUnhealthy {
	case pod.UnhealthyAuto, pod.UnhealthyExit, pod.UnhealthyReport:
	default:
		mistakes = append(mistakes, fmt.Sprintf("--on-unhealthy=%s: the words are auto, exit and report", options.OnUnhealthy))
	}
	if text := checkAddress(options.MetricsAddr); text != "" {
		mistakes = append(mistakes, text)
	}
	if len(mistakes) > 0 {
		return *options, &ArgumentsError{Mistakes: mistakes}
	}
	return *options, nil
}

// meantFlag is the flag that was most likely meant, or else all of them.
func meantFlag(arg string, set *pflag.FlagSet) string {
	var known []string
	set.VisitAll(func(f *pflag.Flag) { known = append(known, "--"+f.Name) })
	name, _, _ := strings.Cut(arg, "=")
	if meant := didYouMean(name, known); meant != "" {
		return meant
	}
	return "; the flags are " + strings.Join(known, ", ")
}

// ArgumentUsages explains each flag in a line.
func ArgumentUsages() string {
	_, set := argumentFlags()
	return set.FlagUsages()
}

func argumentFlags() (*pod.Options, *pflag.FlagSet) {
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
	for _, w := range DenyWords {
		words = append(words, w.Word)
	}
	set.StringSliceVar(&options.Deny, "deny", nil, "what no component may have, words with commas between: "+DenyAll+", or some of "+strings.Join(words, ", "))
	set.StringVar(&options.MetricsAddr, "metrics-addr", "", "where in the pod's network to serve Prometheus metrics, as :9100 (default nowhere)")
	return options, set
}

// checkAddress wants an address of the pod's own to listen on, "" for none. It
// returns what is wrong.
func checkAddress(address string) string {
	if address == "" {
		return ""
	}
	host, port, err := net.SplitHostPort(address)
	number, portErr := strconv.ParseUint(port, 10, 16)
	if err != nil || portErr != nil || number == 0 || (host != "" && net.ParseIP(host) == nil) {
		return fmt.Sprintf("--metrics-addr=%s: write a port, as :9100, or an IP address and a port, as 127.0.0.1:9100", address)
	}
	return ""
}
