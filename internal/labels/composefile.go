package labels

import (
	"path"
	"slices"
	"strings"

	"github.com/compose-spec/compose-go/v2/template"
	"github.com/podlike/podlike/internal/pod"
	"gopkg.in/yaml.v3"
)

// silentTopLevel are the keys of a Compose file that need no warning.
var silentTopLevel = []string{"services", "version", "name"}

// composeFile reads the services of a Compose file inside the pause. It also
// returns the profiles that are switched on, by COMPOSE_PROFILES as in
// Compose.
func composeFile(src Source, r *reader) (defs []*definition, profiles []string) {
	r.namesUnknown = true // until the services are found
	name := strings.TrimSpace(src.Labels[labelFile])
	if !path.IsAbs(name) {
		r.found.mistake(labelFile, 0, "must be an absolute path inside the pause, not %q", name)
		return nil, nil
	}
	text, err := src.read(name)
	if err != nil {
		r.found.mistake(labelFile, 0, "cannot read %s in the pause: %v", name, err)
		return nil, nil
	}
	doc := r.document(labelFile, name)
	doc.substitute = func(s string) (string, error) {
		return template.SubstituteWithOptions(s, src.lookup, template.WithoutLogging)
	}
	root, ok := doc.parse(text)
	if !ok {
		return nil, nil
	}
	if root == nil || root.Kind != yaml.MappingNode {
		doc.mistake(1, "is not a Compose file: it needs a mapping with the key services")
		return nil, nil
	}
	defs = doc.services(root)
	r.namesUnknown = false
	warnOfClashes(defs, r.found)
	byName := map[string]*definition{}
	for _, d := range defs {
		byName[d.name] = d
	}
	for _, d := range defs {
		d.checkExtends(byName)
	}
	for _, d := range defs {
		d.inheritExtension(byName)
	}
	for p := range strings.SplitSeq(src.Environment["COMPOSE_PROFILES"], ",") {
		if p = strings.TrimSpace(p); p != "" {
			profiles = append(profiles, p)
		}
	}
	return defs, profiles
}

func (d *document) services(root *yaml.Node) (defs []*definition) {
	for i := 0; i+1 < len(root.Content); i += 2 {
		k, v := root.Content[i], unalias(root.Content[i+1])
		switch {
		case k.Value == "include":
			// Ignoring it would run something else than was written.
			d.mistake(k.Line, "include is not supported: write all services into this file")
		case contains(silentTopLevel, k.Value), strings.HasPrefix(k.Value, "x-"), v.ShortTag() == "!!null":
		case !onlyNames(v):
			d.found.warn("%s: ignores %s: only services are read", d.file, k.Value)
		}
		if k.Value != "services" {
			continue
		}
		if v.Kind != yaml.MappingNode {
			d.mistake(k.Line, "services must be a mapping")
			continue
		}
		for j := 0; j+1 < len(v.Content); j += 2 {
			name, body := v.Content[j], v.Content[j+1]
			if strings.HasPrefix(name.Value, "x-") || !d.checkName(name.Value, name.Line) {
				continue
			}
			if slices.ContainsFunc(defs, func(o *definition) bool { return o.name == name.Value }) {
				d.mistake(name.Line, "the service %q is there twice", name.Value)
				continue
			}
			def := d.define(body, name.Line, name.Value, pod.RoleComponent, "services."+name.Value)
			def.lenient = true
			defs = append(defs, def)
		}
	}
	return defs
}

// onlyNames: a mapping as `volumes: {data: }`, which says nothing more.
func onlyNames(n *yaml.Node) bool {
	if n.Kind != yaml.MappingNode {
		return false
	}
	for i := 1; i < len(n.Content); i += 2 {
		if v := unalias(n.Content[i]); v.ShortTag() != "!!null" && len(v.Content) > 0 {
			return false
		}
	}
	return true
}

// checkExtends reports a service that extends nobody, or itself over others.
func (d *definition) checkExtends(byName map[string]*definition) {
	at := []string{"extends"}
	if m, ok := d.value["extends"].(map[string]any); ok && m["file"] != nil {
		// Ignoring the key would run something else than was written.
		d.wrong(append(at, "file"), "cannot be followed: %s", keyIndex.keys["extends.file"].Reason)
		d.drop("extends")
		return
	}
	if name := d.extends(); name != "" && byName[name] == nil {
		d.wrong(at, "names %q, which is no service of this file%s", name, didYouMean(name, sortedKeys(byName)))
		d.drop("extends")
		return
	}
	for base, steps := byName[d.extends()], 0; base != nil && steps <= len(byName); base, steps = byName[base.extends()], steps+1 {
		if base == d {
			d.wrong(at, "leads back to itself")
			d.circular = true
			return
		}
	}
}

// inheritExtension does for x-podlike what compose-go's `extends` does for all
// other keys.
func (d *definition) inheritExtension(byName map[string]*definition) {
	if d.circular {
		d.drop("extends")
		return
	}
	for base, steps := byName[d.extends()], 0; base != nil && steps <= len(byName); base, steps = byName[base.extends()], steps+1 {
		more, _ := base.value["x-podlike"].(map[string]any)
		own, ok := d.value["x-podlike"].(map[string]any)
		if !ok && len(more) > 0 {
			own = map[string]any{}
			d.value["x-podlike"] = own
		}
		for k, v := range more {
			if _, has := own[k]; !has {
				own[k] = v
			}
		}
	}
}

// extends is the name of the service that d extends, "" if there is none.
func (d *definition) extends() string {
	switch v := d.value["extends"].(type) {
	case string:
		return v
	case map[string]any:
		name, _ := v["service"].(string)
		return name
	default:
		return ""
	}
}
