package faultproxy

import (
	"regexp"
	"slices"
	"strings"
)

// versioned is the API version that begins a path.
var versioned = regexp.MustCompile(`^/v[0-9]+\.[0-9]+(/|$)`)

// withoutVersion is a path as the API's documentation has it.
func withoutVersion(path string) string {
	if loc := versioned.FindStringIndex(path); loc != nil {
		return "/" + strings.TrimPrefix(path[loc[0]:], path[loc[0]:loc[1]])
	}
	return path
}

// named are the collections whose members have a name or an ID in the path,
// and the words that stand in that place for something else.
var named = map[string][]string{
	"containers": {"json", "create", "prune"},
	"exec":       nil,
	"volumes":    {"create", "prune"},
	"networks":   {"create", "prune"},
	"images":     {"json", "create", "prune", "search", "get", "load"},
	"services":   {"create"},
	"tasks":      nil,
	"nodes":      nil,
}

// Template is a path, without version, with {id} in the place of what names
// a container, an image and so on. Names of images have slashes in them.
func Template(path string) string {
	parts := strings.Split(path, "/")
	if len(parts) < 3 {
		return path
	}
	words, ok := named[parts[1]]
	if !ok || slices.Contains(words, parts[2]) {
		return path
	}
	if parts[1] == "images" && len(parts) > 3 {
		return "/images/{id}/" + parts[len(parts)-1]
	}
	parts[2] = "{id}"
	return strings.Join(parts, "/")
}

// Calls lists the calls seen so far, each once, as "POST /containers/create",
// sorted.
func (p *Proxy) Calls() []string {
	p.mu.Lock()
	defer p.mu.Unlock()
	calls := make([]string, 0, len(p.calls))
	for c := range p.calls {
		calls = append(calls, c)
	}
	slices.Sort(calls)
	return calls
}

// Count is how often a call was seen, by its entry in Calls.
func (p *Proxy) Count(call string) int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.calls[call]
}
