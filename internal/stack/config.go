package stack

import (
	"regexp"
	"slices"
	"strings"
	"time"
)

// sections are the keys of x-podlike.
var sections = []string{"pod", "init", "transformer", "templates", "copy", "args"}

// config is the x-podlike of one service, of its own and of the top level.
type config struct {
	at        place
	templates map[string][]item // by section
	args      *node             // the service's over the top level's over the global ones
}

// item is one template: where its text comes from.
type item struct {
	at   place
	kind itemKind
	text string // of inline; the path; the URL
	// lines are the places of the lines of an inline text.
	lines []place

	insecure bool
	timeout  time.Duration // of http; 0 for the default
	fallback []item        // tried in turn when this cannot be had
}

type itemKind string

const (
	inlineItem itemKind = "inline"
	fileItem   itemKind = "file"
	httpItem   itemKind = "http"
)

// isURL is how a string says that it is one, and no path.
var isURL = regexp.MustCompile(`(?i)^https?://`)

// configs reads x-podlike of all services. A service is a pod as soon as it
// has one, even an empty one.
func (r *rendering) configs() map[string]*config {
	services := r.merged.get("services")
	top := r.merged.get(extension)
	if top != nil && !top.isMap() {
		if !top.isNull() {
			r.found.mistake(top.at, "%s must be a mapping of services, not %s", extension, top.kindName())
		}
		top = nil
	}
	global := top.get("args")
	r.checkArgs(global)

	all := map[string]*config{}
	if top != nil {
		for _, name := range top.keys {
			if name != "args" && !services.has(name) {
				r.found.mistake(top.kids[name].at, "%s configures %q, which is no service%s", extension, name,
					didYouMean(name, append(slices.Clone(services.keys), "args")))
			}
		}
	}
	for _, name := range services.keys {
		own, above := services.kids[name].get(extension), top.get(name)
		if name == "args" {
			above = nil // the name is taken by the global arguments
		}
		if own == nil && above == nil {
			continue
		}
		c := &config{at: services.kids[name].at, templates: map[string][]item{}}
		var args *node
		for _, n := range []*node{own, above} {
			if n != nil {
				c.at = n.at
				r.section(c, n)
				args = under(args, n.get("args"))
			}
		}
		if own != nil {
			c.at = own.at
		}
		c.args = under(args, global)
		all[name] = c
	}
	return all
}

// section adds one x-podlike to the configuration of its service: the
// templates of the service come before those of the top level.
func (r *rendering) section(c *config, n *node) {
	if n.isNull() {
		return
	}
	if !n.isMap() {
		r.found.mistake(n.at, "%s must be a mapping of %s, not %s", extension, oneOf(sections), n.kindName())
		return
	}
	for _, k := range n.keys {
		v := n.kids[k]
		switch {
		case k == "args":
			r.checkArgs(v)
		case slices.Contains(sections, k):
			for _, i := range asList(v).list {
				if t, ok := r.item(i); ok {
					c.templates[k] = append(c.templates[k], t)
				}
			}
		case strings.HasPrefix(k, "x-"):
		default:
			r.found.mistake(v.at, "%s has no section %q%s", extension, k, didYouMean(k, sections))
		}
	}
}

func (r *rendering) checkArgs(n *node) {
	if !n.isNull() && !n.isMap() {
		r.found.mistake(n.at, "args must be a mapping of names to values, not %s", n.kindName())
	}
}

// item reads one template: a string, or a mapping of inline, file or http.
func (r *rendering) item(n *node) (item, bool) {
	switch {
	case n.isText():
		return pathItem(n), n.text != ""
	case !n.isMap():
		r.found.mistake(n.at, "a template must be a path, a URL, or a mapping of inline, file or http, not %s", n.kindName())
		return item{}, false
	}
	kinds := []string{string(fileItem), string(inlineItem), string(httpItem)}
	var named []string
	for _, k := range n.keys {
		switch {
		case slices.Contains(kinds, k):
			named = append(named, k)
		case strings.HasPrefix(k, "x-"):
		case len(n.keys) > 1 && (k == "fallback" || k == "insecure" || k == "timeout"):
			r.found.mistake(n.kids[k].at, "%s belongs one level deeper, beside `path` of file or `url` of http", k)
			return item{}, false
		case slices.Contains(componentKeys(), k):
			r.found.mistake(n.kids[k].at, "a template starts with inline, file or http, not with %q: write it below `inline:`", k)
			return item{}, false
		default:
			r.found.mistake(n.kids[k].at, "a template has no key %q%s: it is one of inline, file or http", k, didYouMean(k, kinds))
			return item{}, false
		}
	}
	if len(named) != 1 {
		r.found.mistake(n.at, "a template must be exactly one of inline, file or http%s", having(named))
		return item{}, false
	}
	kind, v := itemKind(named[0]), n.kids[named[0]]
	if kind == inlineItem {
		return r.inline(v)
	}
	return r.reference(kind, v)
}

func having(named []string) string {
	if len(named) == 0 {
		return ""
	}
	return ", not " + strings.Join(named, " and ")
}

func pathItem(n *node) item {
	kind := fileItem
	if isURL.MatchString(n.text) {
		kind = httpItem
	}
	return item{at: n.at, kind: kind, text: n.text}
}

// inline is a text, or a mapping that is written as YAML first.
func (r *rendering) inline(n *node) (item, bool) {
	switch {
	case n.isText():
		// The text of a block starts on the line below its key.
		lines := make([]place, strings.Count(n.text, "\n")+1)
		for i := range lines {
			lines[i] = n.at
			if len(lines) > 1 {
				lines[i].line += i + 1
			}
		}
		return item{at: n.at, kind: inlineItem, text: n.text, lines: lines}, true
	case n.isMap():
		text, lines, err := writeLines(n)
		if err != nil {
			r.found.mistake(n.at, "inline: %v", err)
			return item{}, false
		}
		return item{at: n.at, kind: inlineItem, text: text, lines: lines}, true
	default:
		r.found.mistake(n.at, "inline must be a text or a mapping, not %s", n.kindName())
		return item{}, false
	}
}

// reference is a file or a server's, with what to do when it cannot be had.
func (r *rendering) reference(kind itemKind, n *node) (item, bool) {
	main := map[itemKind]string{fileItem: "path", httpItem: "url"}[kind]
	keys := map[itemKind][]string{fileItem: {"path", "fallback"}, httpItem: {"url", "insecure", "timeout", "fallback"}}[kind]
	it := item{at: n.at, kind: kind}
	switch {
	case n.isText():
		it.text = n.text
	case n.isMap():
		if !n.get(main).isText() {
			r.found.mistake(n.at, "%s needs the key %s", kind, main)
			return it, false
		}
		it.text = n.str(main)
		ok := true
		for _, k := range n.keys {
			v := n.kids[k]
			switch {
			case strings.HasPrefix(k, "x-"):
			case !slices.Contains(keys, k):
				r.found.mistake(v.at, "%s has no key %q%s", kind, k, didYouMean(k, keys))
				ok = false
			case k == "insecure":
				b, isBool := v.plain().(bool)
				if !isBool {
					r.found.mistake(v.at, "insecure must be true or false, not %s", v.kindName())
				}
				it.insecure = b
			case k == "timeout":
				d, err := time.ParseDuration(v.text)
				if err != nil || d <= 0 {
					r.found.mistake(v.at, "timeout must be a duration like 10s, not %q", v.text)
				}
				it.timeout = d
			case k == "fallback":
				for _, f := range asList(v).list {
					if f, ok := r.item(f); ok {
						it.fallback = append(it.fallback, f)
					}
				}
			}
		}
		if !ok {
			return it, false
		}
	default:
		r.found.mistake(n.at, "%s must be a string, or a mapping of %s, not %s", kind, oneOf(keys), n.kindName())
		return it, false
	}
	if kind == httpItem && !isURL.MatchString(it.text) {
		r.found.mistake(it.at, "http needs an address that begins with http:// or https://, not %q", it.text)
		return it, false
	}
	return it, true
}
