// Package metrics serves Prometheus what a pod's status says, and what only
// the supervisor counts: how long starts took and how much the components
// wrote. docs/metrics.md lists the metrics.
//
// Everything but these two is read from the status when Prometheus asks, so it
// goes on where an earlier supervisor left it.
package metrics
