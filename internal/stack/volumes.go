package stack

import (
	"path"
	"slices"
	"strings"
)

// socketPaths are where an engine's socket usually is.
var socketPaths = []string{"/var/run/docker.sock", "/run/docker.sock"}

// mount is what matters of one item of `volumes`.
type mount struct {
	kind   string // "bind", "volume", "tmpfs", ...
	source string // "" for an anonymous volume
	target string
}

// mountOf reads an item of `volumes`, in the short or the long form. A short
// source is a path when it begins like one after its variables are replaced,
// as docker/cli reads it.
func mountOf(n *node, env map[string]string) mount {
	if n.isMap() {
		return mount{kind: n.str("type"), source: n.str("source"), target: n.str("target")}
	}
	parts := splitShort(n.text)
	m := mount{kind: "volume", target: parts[0]}
	if len(parts) > 1 {
		m.source, m.target = parts[0], parts[1]
	}
	if text, _ := substitute(m.source, env); text != "" && strings.ContainsAny(text[:1], "./~") {
		m.kind = "bind"
	}
	return m
}

// splitShort splits at colons, but not at those within ${...}.
func splitShort(text string) []string {
	var parts []string
	start, depth := 0, 0
	for i := 0; i < len(text); i++ {
		switch {
		case strings.HasPrefix(text[i:], "${"):
			depth++
		case text[i] == '}' && depth > 0:
			depth--
		case text[i] == ':' && depth == 0:
			parts = append(parts, text[start:i])
			start = i + 1
		}
	}
	return append(parts, text[start:])
}

func volumeTarget(n *node) string { return mountOf(n, nil).target }

// withSource is the item with another source.
func withSource(n *node, source string) *node {
	out := n.clone()
	if n.isMap() {
		v := out.kids["source"]
		out.set("source", newText(v.at, source))
		return out
	}
	parts := splitShort(n.text)
	out.text = strings.Join(append([]string{source}, parts[1:]...), ":")
	return out
}

// mountsSocket: something is mounted where the engine's socket is expected.
func mountsSocket(volumes *node) bool {
	return volumes.isList() && slices.ContainsFunc(volumes.list, func(n *node) bool {
		return slices.Contains(socketPaths, path.Clean(mountOf(n, nil).target))
	})
}

// resolve makes a path of the stack file absolute, if in.Dir is: the output is
// read from standard input, where relative paths mean others.
func (in Input) resolve(file string) string {
	text, _ := substitute(file, in.Environment)
	if in.Dir == "" || file == "" || strings.HasPrefix(text, "/") || windowsPath(text) {
		return file
	}
	return path.Join(in.Dir, file)
}

func windowsPath(text string) bool {
	return strings.HasPrefix(text, `\\`) || len(text) > 2 && text[1] == ':' && (text[2] == '\\' || text[2] == '/')
}

// resolveBinds resolves the sources of relative binds in a list of volumes.
// home: "~" is replaced, too, since nobody else would.
func (in Input) resolveBinds(volumes *node, home bool) *node {
	if !volumes.isList() {
		return volumes
	}
	out := volumes.clone()
	for i, item := range out.list {
		m := mountOf(item, in.Environment)
		if m.kind != "bind" || m.source == "" {
			continue
		}
		source := m.source
		if rest, ok := strings.CutPrefix(source, "~"); ok {
			if dir := in.Environment["HOME"]; home && dir != "" {
				source = escape(dir) + rest
			}
		} else {
			source = in.resolve(source)
		}
		if source != m.source {
			out.list[i] = withSource(item, source)
		}
	}
	return out
}

// resolvePaths does for a merged stack what docker/cli does for a file: paths
// are relative to the directory of the first one.
func (in Input) resolvePaths(stack *node) {
	for _, section := range []string{"configs", "secrets"} {
		objects := stack.get(section)
		if !objects.isMap() {
			continue
		}
		for _, name := range objects.keys {
			if file := objects.get(name, "file"); file.isText() {
				file.text = in.resolve(file.text)
			}
		}
	}
	services := stack.get("services")
	if !services.isMap() {
		return
	}
	for _, name := range services.keys {
		s := services.kids[name]
		if v := s.get("volumes"); v != nil {
			s.set("volumes", in.resolveBinds(v, false))
		}
		switch files := s.get("env_file"); {
		case files.isText():
			files.text = in.resolve(files.text)
		case files.isList():
			for _, f := range files.list {
				if f.isMap() && f.get("path").isText() {
					f = f.get("path")
				}
				if f.isText() {
					f.text = in.resolve(f.text)
				}
			}
		}
	}
}
