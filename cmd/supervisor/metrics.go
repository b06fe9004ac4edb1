package main

import (
	"fmt"

	"github.com/podlike/podlike/internal/metrics"
	"github.com/podlike/podlike/internal/pod"
)

// metrics makes the pod's metrics, if there is an address to serve them at.
// observe is to be called with each status, stop at the pod's end.
//
// The port is one of the pod's, which a component may want. So it is taken
// only when all components are up, and had their choice: Prometheus would not
// find the task any earlier, because Swarm does not call it running. If the
// port is taken, that is the user's to hear, and nothing else.
func (s *supervisor) metrics(address string, now func() (pod.Status, bool)) (observe func(pod.Status), stop func()) {
	if address == "" {
		return func(pod.Status) {}, func() {}
	}
	m := metrics.New(now)
	s.sink.Count(m.Wrote)
	tried, stop := false, func() {}
	observe = func(status pod.Status) {
		m.Observe(status)
		if tried || status.Health == pod.Starting || status.Health == "" {
			return
		}
		tried = true
		end, err := m.Serve(address)
		if err != nil {
			s.say(fmt.Sprintf("warning: no metrics at --metrics-addr=%s: %v; does a component listen on that port?", address, err))
			return
		}
		stop = end
	}
	return observe, func() { stop() }
}
