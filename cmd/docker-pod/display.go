package main

import (
	"fmt"
	"io"
	"strings"

	"github.com/docker/cli/cli/streams"
)

// display shows how several things do: on a terminal by lines that change in
// place, elsewhere by a line for each change.
type display struct {
	out      io.Writer
	terminal bool
	size     func() (height, width uint) // of the terminal
	quiet    bool

	names   []string
	lines   map[string]string
	shown   map[string]string // when it was last drawn
	notes   []string
	drawn   int // lines on the terminal that are ours
	changed bool
}

func newDisplay(out *streams.Out, quiet bool) *display {
	return &display{
		out: out, terminal: out.IsTerminal(), quiet: quiet,
		size: out.GetTtySize,
	}
}

// set says how a thing does now.
func (d *display) set(name, line string) {
	if d.lines == nil {
		d.lines, d.shown = map[string]string{}, map[string]string{}
	}
	if _, known := d.lines[name]; !known {
		d.names = append(d.names, name)
	}
	d.changed = d.changed || d.lines[name] != line
	d.lines[name] = line
}

// note says what happened to a thing. It stays on the terminal.
func (d *display) note(name, text string) {
	d.notes = append(d.notes, name+": "+text)
	d.changed = true
}

// draw writes what changed.
func (d *display) draw() {
	if d.quiet || !d.changed {
		return
	}
	d.changed = false
	inPlace, width := false, uint(0)
	if d.terminal {
		var height uint
		height, width = d.size()
		inPlace = uint(len(d.names)) < height // else the first lines have left the screen
	}
	var b strings.Builder
	if inPlace && d.drawn > 0 {
		fmt.Fprintf(&b, "\x1b[%dA\r\x1b[J", d.drawn) // up to our first line, and clear from there
	}
	for _, note := range d.notes {
		b.WriteString(note + "\n")
	}
	d.notes, d.drawn = nil, 0
	for _, name := range d.names {
		line := name + ": " + d.lines[name]
		switch {
		case inPlace:
			b.WriteString(cut(line, int(width)) + "\n")
			d.drawn++
		case d.shown[name] != line:
			b.WriteString(line + "\n")
		}
		d.shown[name] = line
	}
	io.WriteString(d.out, b.String())
}

// end leaves what is drawn where it is.
func (d *display) end() { d.drawn = 0 }

// cut makes a line fit into a terminal, which would else break it in two.
func cut(line string, width int) string {
	runes := []rune(line)
	if width < 2 || len(runes) < width {
		return line
	}
	return string(runes[:width-2]) + "…"
}
