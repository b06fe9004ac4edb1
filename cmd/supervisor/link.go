package main

import (
	"encoding/json"
	"sync"
	"sync/atomic"
	"time"

	"github.com/podlike/podlike/internal/handoff"
	"github.com/podlike/podlike/internal/lifecycle"
	"github.com/podlike/podlike/internal/pod"
)

// pauseLink is the hand-off's connection in the words of the lifecycle. A send
// that fails says that the pause is dead, and so does the end of commands.
type pauseLink struct {
	link *handoff.Link

	once sync.Once
	stop chan struct{} // closed when the pause asked for the pod's end, or died

	pauseDied atomic.Bool
}

func newPauseLink(socket, token string) (*pauseLink, error) {
	link, err := handoff.Attach(socket, token)
	if err != nil {
		return nil, err
	}
	return &pauseLink{link: link, stop: make(chan struct{})}, nil
}

func (p *pauseLink) files() handoff.Files { return p.link.Files }

func (p *pauseLink) ending() *int { return p.link.Ending }

func (p *pauseLink) end(code int) { p.link.End(code) }

// remembered is the pod as an earlier supervisor saw it last; nil if there was
// none.
func (p *pauseLink) remembered() *pod.Status {
	status := &pod.Status{}
	if json.Unmarshal([]byte(p.link.LastStatus), status) != nil {
		return nil
	}
	return status
}

func (p *pauseLink) health(h pod.Health) { p.link.Health(string(h)) }

func (p *pauseLink) verdict(code int) { p.link.Verdict(code) }

// commands turns what the pause says into the lifecycle's commands. The last
// one says that the pause died: the pause never closes the connection of a
// supervisor that it let in.
func (p *pauseLink) commands() <-chan lifecycle.Command {
	commands := make(chan lifecycle.Command, 8)
	go func() { // ends with the pause, and so with the supervisor
		p.link.Signals(func(name string, ago time.Duration) {
			if name == "SIGTERM" || name == "SIGINT" {
				p.stopping()
			}
			commands <- lifecycle.Signal(name, ago)
		})
		p.pauseDied.Store(true)
		p.stopping()
		commands <- lifecycle.PauseDied()
	}()
	return commands
}

func (p *pauseLink) stopping() { p.once.Do(func() { close(p.stop) }) }
