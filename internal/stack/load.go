package stack

import (
	"bytes"
	"fmt"
	"slices"
	"strings"

	"github.com/docker/cli/cli/compose/loader"
	"github.com/docker/cli/cli/compose/schema"
	"github.com/docker/cli/cli/compose/types"
	"github.com/docker/cli/pkg/kvfile"
)

// newestVersion is the newest version of docker/cli's schema, which it also
// takes for a file that has no version.
const newestVersion = "3.13"

// load reads the merged files with docker/cli's loader, for templates. What is
// only a component's, and what the schema does not take, is left out here: the
// checks of the result say what is wrong with it.
func (r *rendering) load(configs map[string]*config) *types.Config {
	services := r.merged.get("services")
	loaded := &types.Config{}
	all := map[string]any{}
	for _, name := range services.keys {
		if _, ok := configs[name]; ok {
			r.resolveEnvironment(name, services.kids[name])
		}
		all[name] = r.dockerPart(services.kids[name])
	}
	// The schema takes its time: once is enough if nothing is wrong.
	valid := validateStack(map[string]any{"services": all}, newestVersion) == nil
	for _, name := range services.keys {
		part := all[name].(map[string]any)
		if !valid {
			dropInvalid(name, part)
		}
		service := types.ServiceConfig{Name: name, Image: services.get(name).str("image")}
		if cfg, err := r.loadSections(map[string]any{"services": map[string]any{name: part}}); err == nil && len(cfg.Services) == 1 {
			service = cfg.Services[0]
		}
		loaded.Services = append(loaded.Services, service)
	}
	sections := map[string]any{}
	for _, k := range topLevel[2:] {
		if objects := r.merged.get(k); objects.isMap() {
			sections[k] = r.objects(objects)
		}
	}
	if cfg, err := r.loadSections(sections); err == nil {
		loaded.Networks, loaded.Volumes, loaded.Secrets, loaded.Configs = cfg.Networks, cfg.Volumes, cfg.Secrets, cfg.Configs
	}
	loaded.Version = r.merged.str("version")
	return loaded
}

// objects are the networks, volumes, ... of the top level for docker/cli.
func (r *rendering) objects(n *node) map[string]any {
	all := make(map[string]any, len(n.keys))
	for _, name := range n.keys {
		all[name] = typed(currentForm(n.kids[name]), r.Environment, parsedBelow)
	}
	return all
}

// currentForm writes `external: {name: x}` as the loader wants it today: it
// would print a warning of its own.
func currentForm(object *node) *node {
	name := object.get("external", "name")
	if !name.isText() || object.has("name") {
		return object
	}
	out := object.clone()
	out.set("external", &node{at: name.at, tag: tagBool, text: "true"})
	out.set("name", name)
	return out
}

// dockerPart is the part of a service that docker/cli knows.
func (r *rendering) dockerPart(s *node) map[string]any {
	service := map[string]any{}
	for _, k := range s.keys {
		if !slices.Contains(dockerKeys(), k) || k == "env_file" {
			continue
		}
		v := s.kids[k]
		if k == "depends_on" && v.isMap() {
			list := newList(v.at)
			for _, dep := range v.keys {
				list.list = append(list.list, newText(v.at, dep))
			}
			v = list
		}
		if value, ok := typedAt(v, r.Environment, parsed, []string{k}); ok {
			service[k] = value
		}
	}
	return service
}

// dropInvalid takes out the keys that docker/cli's schema does not take.
func dropInvalid(name string, service map[string]any) {
	if validate(name, service, newestVersion) == nil {
		return
	}
	for k, v := range service {
		if validate(name, map[string]any{k: v}, newestVersion) != nil {
			delete(service, k)
		}
	}
}

func validate(name string, service map[string]any, version string) error {
	return validateStack(map[string]any{"services": map[string]any{name: service}}, version)
}

// validateStack is docker/cli's schema; a panic in the library is an error,
// since the text comes from outside.
func validateStack(stack map[string]any, version string) (err error) {
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("cannot be checked: %v", r)
		}
	}()
	stack["version"] = version // older schemas insist
	return schema.Validate(stack, version)
}

func (r *rendering) loadSections(sections map[string]any) (_ *types.Config, err error) {
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("cannot be loaded: %v", r)
		}
	}()
	return loader.Load(types.ConfigDetails{
		WorkingDir:  r.Dir,
		ConfigFiles: []types.ConfigFile{{Config: sections}},
		Environment: map[string]string{"HOME": "~"}, // stays as it is, and no warning is printed
	}, func(o *loader.Options) { o.SkipInterpolation, o.SkipValidation = true, true })
}

// resolveEnvironment does for a templated service what `docker stack deploy`
// would have done: a variable without a value has the one of the machine that
// deploys, and env_file is read.
func (r *rendering) resolveEnvironment(name string, s *node) {
	env := s.get("environment")
	if env != nil {
		pairs, ok := env.pairs(true)
		if !ok {
			return // a mistake, which the checks report
		}
		env = pairs.clone()
		for k, v := range env.kids {
			if v.isNull() {
				env.kids[k] = newText(v.at, "${"+k+"}")
			}
		}
		s.set("environment", env)
	}
	files := s.get("env_file")
	if files == nil {
		return
	}
	s.remove("env_file")
	if fromFiles := r.envFiles("services."+name, files); len(fromFiles.keys) > 0 {
		s.set("environment", under(env, fromFiles))
	}
}

// envFiles reads environment files, the later ones winning. What they say is
// not replaced at the deploy, so a "$" is escaped.
func (r *rendering) envFiles(who string, files *node) *node {
	all := newMap(files.at)
	for _, f := range asList(files).list {
		path, required := f.text, true
		if f.isMap() {
			path = f.str("path")
			required = f.str("required") != "false"
		}
		if path == "" {
			r.found.mistake(f.at, "%s: env_file must be a path or a list of them", who)
			continue
		}
		b, err := r.readFile(path)
		if err != nil {
			if required {
				r.found.mistake(f.at, "%s: cannot read the env_file %s", who, path)
			}
			continue
		}
		lines, err := kvfile.ParseFromReader(bytes.NewReader(b), nil)
		if err != nil {
			r.found.mistake(f.at, "%s: env_file %s: %v", who, path, err)
			continue
		}
		for _, line := range lines {
			k, v, _ := strings.Cut(line, "=")
			all.set(k, newText(f.at, escape(v)))
		}
	}
	return all
}
