// Package probe makes the checks of x-podlike.probes: over HTTP, TCP and gRPC
// from inside the pod's network, which the supervisor shares, so that an image
// needs no curl; and by commands inside the component.
//
// The state machine of the pod's life knows nothing of them. [Engine] stands
// between it and the container engine, and lets a component with probes look
// like one with a health check: its health is the worst of the engine's word
// and of the probes'.
//
//   - startup: the component is starting until it has passed, unhealthy when
//     it has failed too often. The other probes begin after it.
//   - liveness: the component is starting until the first word, then healthy or
//     unhealthy. After a startup probe it is healthy to begin with.
//   - readiness: is shown. Swarm cannot take a task out of its VIP, so nothing
//     else could follow from it.
//
// How one result leads to the next word is a pure function, [tally.after].
package probe
