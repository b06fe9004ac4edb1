package pod

import (
	"fmt"
	"net"
	"net/url"
	"strconv"
	"strings"
	"time"
)

// Probes are the checks of a component that the supervisor makes itself, from
// inside the pod's network. Nil: there is no such probe. They have the meaning
// and the defaults of Kubernetes' probes of the same names, see
// https://kubernetes.io/docs/concepts/workloads/pods/probes/.
type Probes struct {
	// Startup gates: until it has passed, the component is starting, and the
	// others wait.
	Startup *Probe `json:",omitempty"`
	// Liveness makes the component unhealthy.
	Liveness *Probe `json:",omitempty"`
	// Readiness is shown, and nothing else follows from it.
	Readiness *Probe `json:",omitempty"`
}

// ProbeKind is which of the probes it is; the word in x-podlike.probes.
type ProbeKind string

const (
	Startup   ProbeKind = "startup"
	Liveness  ProbeKind = "liveness"
	Readiness ProbeKind = "readiness"
)

// ProbeKinds lists them in the order in which they matter.
var ProbeKinds = []ProbeKind{Startup, Liveness, Readiness}

// Of returns the probe of a kind, nil if there is none.
func (p Probes) Of(kind ProbeKind) *Probe {
	switch kind {
	case Startup:
		return p.Startup
	case Liveness:
		return p.Liveness
	default:
		return p.Readiness
	}
}

// Probe is one check and how often it is made. Exactly one of HTTP, TCP, GRPC
// and Exec is set.
type Probe struct {
	HTTP *HTTPProbe `json:",omitempty"`
	TCP  *TCPProbe  `json:",omitempty"`
	GRPC *GRPCProbe `json:",omitempty"`
	// Exec is a command that runs inside the component and must end with 0.
	Exec []string `json:",omitempty"`

	// InitialDelay is the time between the start and the first check.
	InitialDelay time.Duration
	// Period is the time from the start of one check to that of the next.
	Period time.Duration
	// Timeout bounds one check.
	Timeout time.Duration
	// SuccessThreshold and FailureThreshold are how many checks in a row must
	// pass or fail before that counts; at least 1.
	SuccessThreshold, FailureThreshold int
}

// HTTPProbe passes when a GET is answered with a code that is expected.
type HTTPProbe struct {
	Scheme  string // "http" or "https"; certificates are not verified
	Host    string
	Port    int
	Path    string // with the query, if there is one
	Headers map[string]string
	Expect  []CodeRange
}

// CodeRange is a range of HTTP status codes, both ends included.
type CodeRange struct{ Low, High int }

// TCPProbe passes when a connection is accepted.
type TCPProbe struct {
	Host string
	Port int
}

// GRPCProbe passes when grpc.health.v1.Health/Check, over plain text, answers
// SERVING for the service; "" is the server as a whole.
type GRPCProbe struct {
	Host    string
	Port    int
	Service string
}

// String says what is checked, for messages: "http://127.0.0.1:80/ready".
func (p Probe) String() string {
	switch {
	case p.HTTP != nil:
		return p.HTTP.URL()
	case p.TCP != nil:
		return "tcp " + address(p.TCP.Host, p.TCP.Port)
	case p.GRPC != nil && p.GRPC.Service != "":
		return fmt.Sprintf("grpc %s service %q", address(p.GRPC.Host, p.GRPC.Port), p.GRPC.Service)
	case p.GRPC != nil:
		return "grpc " + address(p.GRPC.Host, p.GRPC.Port)
	default:
		return fmt.Sprintf("command %q", p.Exec)
	}
}

// URL is what the probe gets.
func (p HTTPProbe) URL() string {
	path, query, _ := strings.Cut(p.Path, "?")
	u := url.URL{Scheme: p.Scheme, Host: address(p.Host, p.Port), Path: path, RawQuery: query}
	return u.String()
}

// Address is what the probe connects to.
func (p TCPProbe) Address() string { return address(p.Host, p.Port) }

// Address is what the probe connects to.
func (p GRPCProbe) Address() string { return address(p.Host, p.Port) }

func address(host string, port int) string { return net.JoinHostPort(host, strconv.Itoa(port)) }
