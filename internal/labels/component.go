package labels

import (
	"strings"
	"time"

	"github.com/compose-spec/compose-go/v2/types"
	"github.com/distribution/reference"
	"github.com/podlike/podlike/internal/pod"
)

// defaultStartTimeout bounds the wait for depends_on where the user does not.
const defaultStartTimeout = 5 * time.Minute

// component makes the component of a loaded service. What the pod handles is
// moved out of the service, and what can be said in two places is moved to
// one, so that two definitions that mean the same have the same hash.
func (d *definition) component(s types.ServiceConfig, src Source, names []string, inits map[string]bool) pod.Component {
	c := pod.Component{Name: d.name, Role: d.role, Essential: true, StartTimeout: defaultStartTimeout}
	if d.hookOf != "" {
		s = alone(s, d.value)
	}
	d.checkPolicy(s, src.Policy)
	d.checkImage(s)
	d.checkHooks(&s, src)
	d.checkVolumes(s)
	d.checkHealth(s)
	d.fillEnvironment(&s, src)
	d.mergeResources(&s)

	c.DependsOn = withDependencies(d.dependencies(s, names, inits), d.joined(s, names))
	c.Restart = d.restartPolicy(s)
	d.extension(&c)

	s.DependsOn, s.Restart, s.Deploy, s.PreStart = nil, "", nil, nil
	s.EnvFiles, s.LabelFiles, s.Profiles, s.Extends, s.Extensions = nil, nil, nil, nil, nil
	if s.PullPolicy == types.PullPolicyIfNotPresent {
		s.PullPolicy = types.PullPolicyMissing
	}
	c.Service = s
	return c
}

func (d *definition) checkImage(s types.ServiceConfig) {
	switch {
	case s.Image == "" && d.image && !d.dropped["image"]:
		d.wrong(nil, "has no image: add a line `image: name:tag`")
	case s.Image != "":
		if _, err := reference.ParseAnyReference(s.Image); err != nil {
			d.wrong([]string{"image"}, "must be a name like nginx:1.27, not %q", s.Image)
		}
	}
	switch s.PullPolicy {
	case "", types.PullPolicyAlways, types.PullPolicyMissing, types.PullPolicyIfNotPresent, types.PullPolicyNever:
	case types.PullPolicyBuild:
		d.wrong([]string{"pull_policy"}, "cannot be build: %s", buildFirst)
	default:
		d.wrong([]string{"pull_policy"}, "must be one of always, missing, if_not_present, never, not %q", s.PullPolicy)
	}
}

func (d *definition) checkHealth(s types.ServiceConfig) {
	if s.HealthCheck == nil || len(s.HealthCheck.Test) == 0 {
		return
	}
	switch s.HealthCheck.Test[0] {
	case "CMD", "CMD-SHELL", "NONE":
	default:
		d.wrong([]string{"healthcheck", "test"}, `must be a string, or a list that starts with "CMD", "CMD-SHELL" or "NONE", not with %q`,
			s.HealthCheck.Test[0])
	}
}

// mergeResources moves deploy.resources to the keys of a single container,
// where the engine wants them.
func (d *definition) mergeResources(s *types.ServiceConfig) {
	if s.Deploy != nil {
		if l := s.Deploy.Resources.Limits; l != nil {
			merge(d, "cpus", "limits.cpus", &s.CPUS, float32(l.NanoCPUs))
			merge(d, "mem_limit", "limits.memory", &s.MemLimit, l.MemoryBytes)
			merge(d, "pids_limit", "limits.pids", &s.PidsLimit, l.Pids)
		}
		if r := s.Deploy.Resources.Reservations; r != nil {
			merge(d, "mem_reservation", "reservations.memory", &s.MemReservation, r.MemoryBytes)
			s.Gpus = append(s.Gpus, r.Devices...)
		}
	}
	if s.MemReservation != 0 {
		d.warnf("reserves memory, of which Swarm's scheduler knows nothing: reserve it on the service")
	}
}

func merge[T comparable](d *definition, key, long string, to *T, from T) {
	var zero T
	switch {
	case from == zero:
	case *to == zero || *to == from:
		*to = from
	default:
		d.wrong([]string{key}, "says something else than deploy.resources.%s: write only one of them", long)
	}
}

// dependencies are the entries of depends_on, sorted by name. Init components
// have all finished before a component starts, so naming one is always met.
func (d *definition) dependencies(s types.ServiceConfig, names []string, inits map[string]bool) []pod.Dependency {
	if d.role == pod.RoleInit {
		if len(s.DependsOn) > 0 {
			d.warnf("ignores depends_on: init components run one after the other, in their order")
		}
		return nil
	}
	var deps []pod.Dependency
	for _, name := range sortedKeys(s.DependsOn) {
		dep, path := s.DependsOn[name], d.dependencyPath(name)
		switch {
		case inits[name] && dep.Condition == types.ServiceConditionHealthy:
			d.wrong(path, "cannot wait for the health of %q: an init component has ended by then", name)
		case inits[name]:
		case contains(names, name):
			deps = append(deps, pod.Dependency{
				Name: name, Condition: pod.Condition(dep.Condition), Required: dep.Required, Restart: dep.Restart,
			})
		case !dep.Required:
			d.warnf("does not wait for %q: there is no such component", name)
		case d.namesUnknown:
		default:
			d.mistake(d.at.find(path).line, "%s names %q, which is no component%s", d.show([]string{"depends_on"}), name, didYouMean(name, names))
		}
	}
	return deps
}

// dependencyPath is where the name stands, in the short or the long form.
func (d *definition) dependencyPath(name string) []string {
	if list, ok := d.value["depends_on"].([]any); ok {
		return []string{"depends_on", indexOf(list, name)}
	}
	return []string{"depends_on", name}
}

// socketPaths are where an engine's socket usually is.
var socketPaths = []string{"/var/run/docker.sock", "/run/docker.sock"}

func (d *definition) checkVolumes(s types.ServiceConfig) {
	taken := map[string]bool{}
	for i, line := range s.Tmpfs {
		target, _, _ := strings.Cut(line, ":")
		path := []string{"tmpfs", itoa(i)}
		if !strings.HasPrefix(target, "/") {
			d.wrong(path, "must be an absolute path in the component, not %q", target)
		}
		if taken[target] {
			d.wrong(path, "mounts a second time on %s", target)
		}
		taken[target] = true
	}
	for i, v := range s.Volumes {
		path := []string{"volumes", itoa(i)}
		d.checkVolume(v, path)
		if taken[v.Target] {
			d.wrong(path, "mounts a second time on %s", v.Target)
		}
		taken[v.Target] = true
		if v.Type == types.VolumeTypeBind && bindsSocket(v.Source, nil) {
			d.warnf("gets the engine's socket, and with it the whole node")
		}
	}
}

func (d *definition) checkVolume(v types.ServiceVolumeConfig, path []string) {
	if !strings.HasPrefix(v.Target, "/") {
		d.wrong(path, "must have an absolute path in the component as its target, not %q", v.Target)
	}
	switch v.Type {
	case types.VolumeTypeBind:
		switch {
		case v.Source == "":
			d.wrong(path, "binds nothing: it needs a source, an absolute path on the node")
		case !strings.HasPrefix(v.Source, "/"):
			d.wrong(path, "binds the relative path %q: a pod has no project directory on the node, write an absolute path", v.Source)
		}
	case types.VolumeTypeVolume:
		if v.Source != "" && !volumeName.MatchString(v.Source) {
			d.wrong(path, "has the source %q, which is no name for a volume; a path on the node must be absolute", v.Source)
		}
	case types.VolumeTypeTmpfs:
		if v.Source != "" {
			d.wrong(path, "is a tmpfs, which has no source")
		}
	default:
		d.wrong(path, "has the type %q; a pod supports bind, volume and tmpfs", v.Type)
	}
}
