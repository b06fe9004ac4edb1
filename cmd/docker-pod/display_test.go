package main

import (
	"bytes"
	"testing"
)

func TestDisplay(t *testing.T) {
	var out bytes.Buffer
	drawn := func() string {
		defer out.Reset()
		return out.String()
	}
	script := func(d *display) (frames []string) {
		d.out = &out
		d.set("db", "a")
		d.set("web", "b")
		d.draw()
		frames = append(frames, drawn())
		d.draw()
		frames = append(frames, drawn())
		d.set("web", "c")
		d.note("web", "n")
		d.draw()
		frames = append(frames, drawn())
		d.end()
		d.set("db", "too long for it")
		d.draw()
		return append(frames, drawn())
	}
	size := func(height, width uint) func() (uint, uint) { return func() (uint, uint) { return height, width } }
	for _, test := range []struct {
		name string
		d    display
		want [4]string
	}{
		{"plain", display{}, [4]string{"db: a\nweb: b\n", "", "web: n\nweb: c\n", "db: too long for it\n"}},
		{"quiet", display{quiet: true}, [4]string{}},
		{"low terminal", display{terminal: true, size: size(2, 10)}, [4]string{"db: a\nweb: b\n", "", "web: n\nweb: c\n", "db: too long for it\n"}},
		{"terminal", display{terminal: true, size: size(3, 10)}, [4]string{"db: a\nweb: b\n", "", "\x1b[2A\r\x1b[Jweb: n\ndb: a\nweb: c\n", "db: too …\nweb: c\n"}},
	} {
		if got := script(&test.d); [4]string(got) != test.want {
			t.Errorf("%s: got %q, want %q", test.name, got, test.want)
		}
	}
}
