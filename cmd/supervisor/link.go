package main

import (
	"errors"
	"sync"
	"time"

	"github.com/podlike/podlike/internal/handoff"
	"github.com/podlike/podlike/internal/lifecycle"
	"github.com/podlike/podlike/internal/pod"
)

// pauseLink is the hand-off's connection, made again should it ever break
// while the pause lives.
type pauseLink struct {
	socket, token string

	mu   sync.Mutex
	link *handoff.Link
	said pod.Health
}

func newPauseLink(socket, token string) (*pauseLink, error) {
	link, err := handoff.Attach(socket, token)
	if err != nil {
		return nil, err
	}
	return &pauseLink{socket: socket, token: token, link: link}, nil
}

func (p *pauseLink) current() *handoff.Link {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.link
}

func (p *pauseLink) files() handoff.Files { return p.current().Files }

// health tells the pause the pod's health.
func (p *pauseLink) health(h pod.Health) {
	p.mu.Lock()
	p.said = h
	p.mu.Unlock()
	p.current().Health(string(h))
}

// verdict ends the pod. If the pause does not get it, it is dead already.
func (p *pauseLink) verdict(code int) { p.current().Verdict(code) }

// commands turns what the pause says into the lifecycle's commands. The last
// one says that the pause died.
func (p *pauseLink) commands() <-chan lifecycle.Command {
	commands := make(chan lifecycle.Command, 8)
	go func() {
		for {
			p.current().Signals(func(name string) {
				commands <- lifecycle.Signal(name)
			})
			if p.reattach() != nil {
				commands <- lifecycle.PauseDied()
				return
			}
		}
	}()
	return commands
}

// reattach returns an error when the pause is dead. A pause that lives and
// refuses still has the old connection open, for a moment.
func (p *pauseLink) reattach() error {
	for {
		link, err := handoff.Attach(p.socket, p.token)
		if errors.Is(err, handoff.ErrPodDead) {
			return err
		}
		if err == nil {
			p.mu.Lock()
			p.link.Close()
			p.link = link
			said := p.said
			p.mu.Unlock()
			return link.Health(string(said))
		}
		time.Sleep(100 * time.Millisecond)
	}
}
