package faultproxy

import (
	"strings"
	"sync/atomic"
	"time"
)

// Rule says what happens to which calls. Of several rules for one call the
// first added counts, among those whose turn it is.
type Rule struct {
	// Method is as in HTTP; "" stands for any.
	Method string
	// Path is the path without the API's version; "*" stands for one segment
	// of it, and "/*" for any path.
	Path string
	// Skip is how many matching calls are left alone first.
	Skip int
	// Count is how many calls after those get the fault; 0 stands for all.
	Count int
	Fault Fault
}

// Fault is what happens to one call. Make one with the functions below.
type Fault struct {
	delay     time.Duration
	hang      bool
	status    int
	lose      bool
	duplicate bool
	cut       bool
	cutAfter  int64
}

// Delay lets the call wait before it goes to the engine.
func Delay(d time.Duration) Fault { return Fault{delay: d} }

// Hang never answers, and does not ask the engine.
func Hang() Fault { return Fault{hang: true} }

// Fail answers with an HTTP status, and does not ask the engine.
func Fail(status int) Fault { return Fault{status: status} }

// LoseAnswer lets the engine do the call to its end, and then closes the
// connection instead of answering.
func LoseAnswer() Fault { return Fault{lose: true} }

// Duplicate sends the call twice, and answers with the second answer.
func Duplicate() Fault { return Fault{duplicate: true} }

// CutAfter closes the connection after that many bytes of the answer's body,
// or of what the engine says on a hijacked connection.
func CutAfter(bytes int64) Fault { return Fault{cut: true, cutAfter: bytes} }

// Handle is a rule that was added.
type Handle struct {
	rule Rule
	seen atomic.Int64 // matching calls
	hit  atomic.Int64 // of those, the ones that got the fault
	off  atomic.Bool
}

// Hits is how many calls got the fault.
func (h *Handle) Hits() int { return int(h.hit.Load()) }

// Remove ends the rule; calls that it holds up are not freed.
func (h *Handle) Remove() { h.off.Store(true) }

// takes counts a call that matches, and reports whether it gets the fault.
func (h *Handle) takes(method, path string) bool {
	if h.off.Load() || !matches(h.rule.Method, h.rule.Path, method, path) {
		return false
	}
	n := int(h.seen.Add(1)) - h.rule.Skip
	if n <= 0 || (h.rule.Count > 0 && n > h.rule.Count) {
		return false
	}
	h.hit.Add(1)
	return true
}

// matches reports whether a call is one of those that a method and a path
// pattern describe.
func matches(wantMethod, pattern, method, path string) bool {
	if wantMethod != "" && wantMethod != method {
		return false
	}
	if pattern == "/*" {
		return true
	}
	want, got := strings.Split(pattern, "/"), strings.Split(path, "/")
	if len(want) != len(got) {
		return false
	}
	for i := range want {
		if want[i] != "*" && want[i] != got[i] {
			return false
		}
	}
	return true
}
