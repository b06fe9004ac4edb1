package main

import (
	"encoding/json"
	"sync"

	"github.com/podlike/podlike/internal/pod"
)

// teller lets the pause remember how the pod is, and show it to whoever asks.
type teller struct {
	to interface{ Status(text string) error }
	// probes adds how the probes stand.
	probes func(pod.Status) pod.Status

	mu     sync.Mutex
	status pod.Status // the last one, without the probes
	any    bool       // there was one
	sent   string
}

// tell is called after everything that happened.
func (t *teller) tell(status pod.Status) {
	status.Version = version
	t.mu.Lock()
	defer t.mu.Unlock()
	t.status, t.any = status, true
	t.send()
}

// again is called when only a probe has changed.
func (t *teller) again() {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.any {
		t.send()
	}
}

// now is the pod as it is, false if nobody has told it yet.
func (t *teller) now() (pod.Status, bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.probes(t.status), t.any
}

// send sends what is new. The caller holds mu.
func (t *teller) send() {
	text, err := json.Marshal(t.probes(t.status))
	if err == nil && string(text) != t.sent && t.to.Status(string(text)) == nil {
		t.sent = string(text)
	}
}
