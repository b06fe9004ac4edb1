//go:build e2e

package e2e

import "sync"

// outcomes is what was seen, by the fault's word and the state's name.
type outcomes struct {
	mu  sync.Mutex
	all map[string]map[string]map[bool]string
}

func newOutcomes() *outcomes { return &outcomes{all: map[string]map[string]map[bool]string{}} }

func (o *outcomes) add(f *fault, at podMoment, pids bool, outcome string) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.all[f.word] == nil {
		o.all[f.word] = map[string]map[bool]string{}
	}
	if o.all[f.word][at.name] == nil {
		o.all[f.word][at.name] = map[bool]string{}
	}
	o.all[f.word][at.name][pids] = outcome
}
