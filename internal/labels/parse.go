package labels

import (
	"encoding/json"
	"path"
	"slices"
	"strings"
	"time"

	"github.com/podlike/podlike/internal/pod"
	"gopkg.in/yaml.v3"
)

// defaultStopBudget is Swarm's own default for stop_grace_period.
const defaultStopBudget = 10 * time.Second

const example = `no component is defined; give the service a label like this one (not below deploy):
  labels:
    pod.component.web: |
      image: nginx:1.27`

// Parse makes the pod's definition of the labels. The warnings are for the
// pod's log. The error is a [*MistakesError] that lists every mistake of all
// labels.
func Parse(src Source, opts pod.Options) (pod.Spec, []string, error) {
	found := &findings{}
	r := &reader{found: found, budget: maxValues}
	spec := pod.Spec{
		Identity:        src.Identity,
		Options:         opts,
		StopBudget:      stopBudget(src, found),
		CredentialsFile: credentialsFile(src, found),
	}
	for _, label := range sortedKeys(src.Labels) {
		checkLabelName(label, found)
	}

	components, profiles := componentDefinitions(src, r)
	inits := initDefinitions(src.Labels, r)
	defs := append(inits, components...)
	for _, d := range defs {
		d.check()
	}
	defs = append(defs, preStartDefinitions(defs)...)
	checkTwins(defs)
	copies := readCopies(src.Labels, r)

	if len(defs) > 0 {
		spec.Init, spec.Components = assemble(defs, src, profiles)
		giveCopies(copies, defs, &spec, r)
	}
	if len(components) == 0 && len(found.mistakes) == 0 {
		found.mistake("", 0, "%s", example)
	}
	if err := found.err(); err != nil {
		return pod.Spec{}, found.sortedWarnings(), err
	}
	return spec, found.sortedWarnings(), nil
}

// Supervisor reads the label pod.component.supervisor, nil if there is none.
// Its image is optional. The error is a [*MistakesError], also for what the
// policy denies.
func Supervisor(labels map[string]string, policy Policy) (*pod.Component, error) {
	text, ok := labels[labelSupervisor]
	if !ok {
		return nil, nil
	}
	found := &findings{}
	doc := (&reader{found: found, budget: maxValues}).document(labelSupervisor, "")
	root, ok := doc.parse(text)
	if !ok {
		return nil, found.err()
	}
	d := doc.define(root, 1, supervisorName, pod.RoleSupervisor, "")
	d.image = false
	for _, k := range []string{"depends_on", "restart", "healthcheck", "env_file", "label_file", "pre_start", "post_start", "pre_stop", "x-podlike"} {
		if _, ok := d.value[k]; ok {
			d.wrong([]string{k}, "has no meaning for the supervisor, which the pause starts and watches over")
			delete(d.value, k)
		}
	}
	d.check()
	services := loadServices([]*definition{d}, nil)
	if err := found.err(); err != nil {
		return nil, err
	}
	c := d.component(services[d.name], Source{Policy: policy}, nil, nil)
	if err := found.err(); err != nil {
		return nil, err
	}
	return &c, nil
}

// check runs the steps that look at one definition alone.
func (d *definition) check() {
	if d.broken {
		return
	}
	d.checkKeys()
	d.checkShapes()
	d.checkWords()
}

func stopBudget(src Source, found *findings) time.Duration {
	text, ok := src.Labels[labelStopBudget]
	if !ok {
		return defaultStopBudget
	}
	budget, err := parseDuration(strings.TrimSpace(text))
	if err != nil {
		found.mistake(labelStopBudget, 0, "%v", err)
	}
	return budget
}

// credentialsFile is where the logins for registries are, "" for the default.
func credentialsFile(src Source, found *findings) string {
	file := CredentialsFile(src.Labels)
	if _, ok := src.Labels[labelLogins]; ok && !path.IsAbs(file) {
		found.mistake(labelLogins, 0, "must be the absolute path of a config.json in the service's container, as /run/secrets/logins, not %q", file)
	}
	return file
}

// componentDefinitions reads the components' labels, or the Compose file.
func componentDefinitions(src Source, r *reader) (defs []*definition, profiles []string) {
	_, hasFile := src.Labels[labelFile]
	for _, label := range sortedKeys(src.Labels) {
		name, ok := strings.CutPrefix(label, prefixComponent)
		if !ok || name == "" || name == supervisorName {
			continue
		}
		if hasFile {
			r.found.mistake(labelFile, 0, "cannot be used together with %s: use one or the other", label)
			hasFile = false // once is enough
		}
		doc := r.document(label, "")
		if !doc.checkName(name, 0) {
			continue
		}
		root, ok := doc.parse(src.Labels[label])
		d := doc.define(root, 1, name, pod.RoleComponent, "")
		d.broken = d.broken || !ok
		defs = append(defs, d)
	}
	if hasFile {
		return composeFile(src, r)
	}
	return defs, nil
}

// initDefinitions reads pod.init.components: a list, whose items are called
// init-1, init-2, ..., or a mapping of names.
func initDefinitions(labels map[string]string, r *reader) (defs []*definition) {
	doc := r.document(labelInit, "")
	root, ok := doc.parse(labels[labelInit])
	if !ok || root == nil {
		r.namesUnknown = r.namesUnknown || !ok
		return nil
	}
	add := func(n *yaml.Node, line int, name string) {
		if !doc.checkName(name, line) {
			return
		}
		defs = append(defs, doc.define(n, line, name, pod.RoleInit, name))
	}
	switch root = unalias(root); root.Kind {
	case yaml.SequenceNode:
		for i, n := range root.Content {
			add(n, n.Line, "init-"+itoa(i+1))
		}
	case yaml.MappingNode:
		for i := 0; i+1 < len(root.Content); i += 2 {
			k, v := root.Content[i], root.Content[i+1]
			if _, isKey := keyIndex.keys[k.Value]; isKey && unalias(v).Kind != yaml.MappingNode {
				doc.mistake(k.Line, "%q is a key of a component, not the name of one: write a list, each component starting with `- `", k.Value)
				return defs
			}
			add(v, k.Line, k.Value)
		}
	default:
		if root.ShortTag() != "!!null" {
			doc.mistake(root.Line, "must be a list of components, each starting with `- `, or a mapping of names")
		}
	}
	return defs
}

// checkTwins reports names that are used twice.
func checkTwins(defs []*definition) {
	first := map[string]*definition{}
	for _, d := range defs {
		if o, ok := first[d.name]; ok {
			d.mistake(d.at.line, "the name %q is also in %s: names are unique in a pod", d.name, o.label)
		}
		first[d.name] = d
	}
}

// assemble loads all definitions in one go and makes components of them.
func assemble(defs []*definition, src Source, profiles []string) (inits, components []pod.Component) {
	services := loadServices(defs, profiles)
	var names []string
	isInit := map[string]bool{}
	for _, d := range defs {
		if _, active := services[d.name]; !active && !d.broken {
			continue // its profile is off
		}
		if d.role == pod.RoleInit {
			isInit[d.name] = true
		} else {
			names = append(names, d.name)
		}
	}
	for _, d := range defs {
		s, active := services[d.name]
		if !active {
			continue
		}
		c := d.component(s, src, names, isInit)
		if _, err := json.Marshal(c); err != nil {
			d.wrong(nil, "has a number that cannot be used: %v", err)
		}
		if d.role == pod.RoleInit {
			inits = append(inits, c)
		} else {
			components = append(components, c)
		}
	}
	slices.SortFunc(components, func(a, b pod.Component) int { return strings.Compare(a.Name, b.Name) })
	return inits, components
}
