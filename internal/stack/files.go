package stack

import (
	"context"
	"slices"
	"strings"

	"github.com/docker/cli/cli/compose/types"
)

// extension is the key of our configuration, at a service and at the top.
const extension = "x-podlike"

// topLevel are the keys that docker/cli knows at the top.
var topLevel = []string{"version", "services", "networks", "volumes", "secrets", "configs"}

// rendering is one run of the engine.
type rendering struct {
	Input
	ctx     context.Context
	found   *findings
	fetched map[string]fetched // bodies by URL: a template is fetched once

	merged  *node         // all files as one, with absolute paths
	project *types.Config // the same, as docker/cli reads it
}

func newRendering(ctx context.Context, in Input) *rendering {
	return &rendering{Input: in, ctx: ctx, found: &findings{}, fetched: map[string]fetched{}}
}

// stack is the whole way from the files to the output; nil after a mistake
// that leaves nothing to work on.
func (r *rendering) stack() *node {
	r.merged = r.mergeFiles()
	if r.merged == nil {
		return nil
	}
	r.resolvePaths(r.merged)
	configs := r.configs()
	r.dropProfiles(configs)
	r.checkKeys(configs)
	r.project = r.load(configs)

	out := newMap(r.merged.at)
	for _, section := range topLevel {
		if v := r.merged.get(section); !v.isNull() {
			out.set(section, v.clone())
		}
	}
	services := out.get("services")
	pods := map[string]*madePod{}
	for _, name := range services.keys {
		service := services.kids[name]
		if c, ok := configs[name]; ok {
			p := r.transform(name, service, c)
			pods[name] = p
			service = p.pause
		}
		if service.isMap() {
			for _, k := range slices.Clone(service.keys) {
				if strings.HasPrefix(k, "x-") {
					service.remove(k)
				}
			}
		}
		services.set(name, service)
	}
	r.nameVolumes(out, pods)
	r.check(out, pods)
	return out
}

// mergeFiles reads all files and makes one of them.
func (r *rendering) mergeFiles() *node {
	if len(r.Files) == 0 {
		r.found.mistake(place{}, "there is no stack file")
		return nil
	}
	var merged, version *node
	for _, f := range r.Files {
		where := func(line int) place { return place{file: f.Name, line: line} }
		n, ok := read(string(f.Text), where, r.found)
		switch {
		case !ok:
			continue
		case !n.isMap():
			r.found.mistake(where(0), "is no stack file: it needs a mapping with the key services")
			continue
		}
		r.checkTop(n)
		switch v := n.get("version"); {
		case v == nil:
		case version != nil && version.text != v.text:
			r.found.mistake(v.at, "the version %s is not that of %s, which is %s: files that are merged need the same one, or none", v.text, version.at, version.text)
		default:
			version = v
		}
		if merged == nil {
			merged = n
		} else {
			merged = overFile(merged, n)
		}
	}
	if merged != nil && !merged.get("services").isMap() && len(r.found.mistakes) == 0 {
		r.found.mistake(merged.at, "has no services: write a mapping below the key services")
	}
	if merged == nil || !merged.get("services").isMap() {
		return nil
	}
	return merged
}

// checkTop looks at the keys of one file's top level.
func (r *rendering) checkTop(n *node) {
	for _, k := range slices.Clone(n.keys) {
		v := n.kids[k]
		switch {
		case slices.Contains(topLevel, k):
			if k != "version" && !v.isNull() && !v.isMap() {
				r.found.mistake(v.at, "%s must be a mapping, not %s", k, v.kindName())
				n.remove(k)
			}
		case k == "name":
			r.found.warn(v.at, "name is left out: `docker stack deploy` is given the name of the stack as its argument")
			n.remove(k)
		case k == extension:
		case strings.HasPrefix(k, "x-"):
			if near := didYouMean(k, []string{extension}); near != "" {
				r.found.mistake(v.at, "unknown key %q%s", k, near)
			}
		case k == "include":
			r.found.mistake(v.at, "include is not supported: name all files on the command line, they are merged")
		default:
			r.found.mistake(v.at, "unknown key %q%s", k, didYouMean(k, append(slices.Clone(topLevel), extension)))
		}
	}
	services := n.get("services")
	if !services.isMap() {
		return
	}
	for _, name := range slices.Clone(services.keys) {
		switch s := services.kids[name]; {
		case strings.HasPrefix(name, "x-"):
			services.remove(name)
		case s.isNull():
			services.set(name, newMap(s.at))
		case !s.isMap():
			r.found.mistake(s.at, "services.%s must be a mapping of keys, as `image: nginx`, not %s", name, s.kindName())
			services.remove(name)
		}
	}
}

// dropProfiles takes out the services whose profiles are off, as Compose does
// it, and the key from the others: `docker stack deploy` refuses it.
func (r *rendering) dropProfiles(configs map[string]*config) {
	services := r.merged.get("services")
	for _, name := range slices.Clone(services.keys) {
		s := services.kids[name]
		profiles := s.get("profiles")
		if profiles == nil {
			continue
		}
		if !r.active(profiles) {
			r.found.warn(profiles.at, "the service %q is left out: none of its profiles is in COMPOSE_PROFILES", name)
			services.remove(name)
			delete(configs, name)
			continue
		}
		s.remove("profiles")
	}
}

// active: one of the profiles is switched on by COMPOSE_PROFILES.
func (r *rendering) active(profiles *node) bool {
	if profiles.isNull() || profiles.isList() && len(profiles.list) == 0 {
		return true
	}
	for p := range strings.SplitSeq(r.Environment["COMPOSE_PROFILES"], ",") {
		p = strings.TrimSpace(p)
		for _, item := range asList(profiles).list {
			if p == "*" || item.isScalar() && item.text == p {
				return true
			}
		}
	}
	return false
}
