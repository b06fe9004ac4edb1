package main

import (
	"encoding/json"
	"errors"
	"testing"

	"github.com/podlike/podlike/internal/pod"
)

// memory is a pause that keeps what it is told, unless it fails.
type memory struct {
	told []string
	err  error
}

func (m *memory) Status(text string) error {
	if m.err != nil {
		return m.err
	}
	m.told = append(m.told, text)
	return nil
}

func TestTeller(t *testing.T) {
	pause := &memory{}
	ready := pod.Starting
	teller := &teller{to: pause, probes: func(s pod.Status) pod.Status {
		s.Components = []pod.ComponentStatus{{Name: "web", Probes: []pod.ProbeStatus{{Kind: pod.Readiness, Health: ready}}}}
		return s
	}}
	told := func(step string, want int) {
		t.Helper()
		if len(pause.told) != want {
			t.Fatalf("%s: the pause was told %d times, want %d: %s", step, len(pause.told), want, pause.told)
		}
	}
	if teller.again(); len(pause.told) > 0 {
		t.Fatal("told of a pod that nobody has seen yet")
	}
	if _, known := teller.now(); known {
		t.Error("it is known before it was told")
	}
	serving := pod.Status{Phase: "running", Health: pod.Starting}
	teller.tell(serving)
	told("the first", 1)
	teller.tell(serving)
	told("nothing new", 1)
	ready = pod.Healthy
	teller.again()
	told("a probe", 2)
	var last pod.Status
	if err := json.Unmarshal([]byte(pause.told[1]), &last); err != nil || last.Version != version ||
		last.Phase != "running" || last.Components[0].Probes[0].Health != pod.Healthy {
		t.Errorf("it was told %s, %v", pause.told[1], err)
	}
	serving.Health = pod.Healthy
	pause.err = errors.New("its queue is full")
	teller.tell(serving)
	pause.err = nil
	teller.tell(serving)
	told("what it had not got", 3)
	if now, known := teller.now(); !known || now.Health != pod.Healthy || now.Components[0].Probes[0].Health != pod.Healthy {
		t.Errorf("now it is %+v", now)
	}
}
