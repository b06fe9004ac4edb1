package stack

import (
	"reflect"
	"slices"
	"strings"
	"sync"

	"github.com/docker/cli/cli/compose/types"
	"github.com/podlike/podlike/internal/labels"
)

// home says where a key of a templated service goes.
type home struct {
	pause, component bool
	// why is the reason of the choice, or against the key.
	why string
}

// homes is every key of a service that a pod can have, decided one by one. The
// pause gets what belongs to the task as Swarm sees it: network, placement,
// files, volumes. The component gets what belongs to the application's process:
// nothing of it may land on the pause, whose image has one program and no shell.
var homes = map[string]home{
	"configs":           {true, true, "Swarm gives files to the task, which shares them with the component"},
	"labels":            {true, true, "`pod.*` labels stay on the pause"},
	"logging":           {true, true, "both containers write"},
	"secrets":           {true, true, "as configs"},
	"stop_grace_period": {true, true, "the pod's time to stop is its main component's; written to the label pod.stop_grace_period, too"},
	"volumes":           {true, true, "Swarm makes the volumes of the task; anonymous volumes and tmpfs are the component's alone"},
	"sysctls":           {true, true, "`net.*` on the pause, which owns the network; all others on the component"},

	"credential_spec": {pause: true, why: "Swarm's"},
	"deploy":          {pause: true, why: "Swarm's: limits hold for the whole pod"},
	"dns":             {pause: true, why: "the pause owns the network"},
	"dns_search":      {pause: true, why: "the pause owns the network"},
	"domainname":      {pause: true, why: "the pause owns the network"},
	"extra_hosts":     {pause: true, why: "the pause owns the network"},
	"hostname":        {pause: true, why: "the pause owns the network"},
	"networks":        {pause: true, why: "the pause owns the network"},
	"ports":           {pause: true, why: "the pause owns the network"},

	"annotations":         {component: true},
	"blkio_config":        {component: true},
	"cap_add":             {component: true},
	"cap_drop":            {component: true},
	"cgroup":              {component: true},
	"command":             {component: true, why: "the pause's command is the pod's own flags"},
	"cpu_count":           {component: true},
	"cpu_percent":         {component: true},
	"cpu_period":          {component: true},
	"cpu_quota":           {component: true},
	"cpu_rt_period":       {component: true},
	"cpu_rt_runtime":      {component: true},
	"cpu_shares":          {component: true},
	"cpus":                {component: true},
	"cpuset":              {component: true},
	"depends_on":          {component: true, why: "other components; other services of the stack are left out, since Swarm does not order services"},
	"device_cgroup_rules": {component: true},
	"devices":             {component: true},
	"entrypoint":          {component: true},
	"env_file":            {component: true, why: "read while the stack is made, and merged into environment"},
	"environment":         {component: true},
	"expose":              {component: true, why: "says on which ports it listens, to find clashes; not written to the label"},
	"gpus":                {component: true},
	"group_add":           {component: true},
	"healthcheck":         {component: true, why: "the pause has its own, which answers for the whole pod"},
	"image":               {component: true},
	"init":                {component: true},
	"ipc":                 {component: true},
	"isolation":           {component: true},
	"mem_limit":           {component: true},
	"mem_reservation":     {component: true},
	"mem_swappiness":      {component: true},
	"memswap_limit":       {component: true},
	"oom_kill_disable":    {component: true},
	"oom_score_adj":       {component: true},
	"pid":                 {component: true},
	"pids_limit":          {component: true},
	"platform":            {component: true},
	"post_start":          {component: true, why: "`docker stack deploy` refuses it"},
	"pre_start":           {component: true, why: "`docker stack deploy` refuses it; runs as init components"},
	"pre_stop":            {component: true, why: "`docker stack deploy` refuses it"},
	"privileged":          {component: true},
	"pull_policy":         {component: true},
	"read_only":           {component: true},
	"restart":             {component: true, why: "restarts inside the pod"},
	"runtime":             {component: true},
	"security_opt":        {component: true},
	"shm_size":            {component: true},
	"stdin_open":          {component: true},
	"stop_signal":         {component: true, why: "the pause is stopped by SIGTERM"},
	"storage_opt":         {component: true},
	"tmpfs":               {component: true},
	"tty":                 {component: true},
	"ulimits":             {component: true},
	"user":                {component: true, why: "the pause needs the Docker socket"},
	"userns_mode":         {component: true},
	"working_dir":         {component: true},

	// Read while the stack is made.
	"profiles": {why: "COMPOSE_PROFILES decides while the stack is made: a service whose profiles are off is left out"},

	// Ignored with a warning, as `docker stack deploy` does.
	"build":          {why: "images are not built here: build and push it, and name it with image"},
	"cgroup_parent":  {why: "components run below the pod's own cgroup"},
	"cgroupns_mode":  {why: "Swarm has no such setting"},
	"container_name": {why: "containers are named after the pod and the component"},
	"external_links": {why: "use a network that both services are in"},
	"links":          {why: "services find each other by their names"},
	"mac_address":    {why: "Swarm has no such setting"},
	"network_mode":   {why: "Swarm connects services by networks"},
}

// dockerKeys are the keys of a service that docker/cli's schema knows.
var dockerKeys = sync.OnceValue(func() []string {
	var names []string
	for f := range reflect.TypeFor[types.ServiceConfig]().Fields() {
		if name, _, _ := strings.Cut(f.Tag.Get("json"), ","); name != "" && name != "-" {
			names = append(names, name)
		}
	}
	return names
})

// componentKeys are the keys of a component's definition.
var componentKeys = sync.OnceValue(func() []string {
	var names []string
	for _, k := range labels.Keys() {
		if !strings.ContainsAny(k.Name, ".[") {
			names = append(names, k.Name)
		}
	}
	return names
})

// serviceKeys are all keys that Compose has for a service.
var serviceKeys = sync.OnceValue(func() []string {
	names := append(slices.Clone(dockerKeys()), componentKeys()...)
	for k := range homes {
		names = append(names, k)
	}
	slices.Sort(names)
	return slices.Compact(names)
})

// checkKeys reports the keys of services that nobody knows or can use, and
// takes them out, so that they are reported once.
func (r *rendering) checkKeys(configs map[string]*config) {
	services := r.merged.get("services")
	for _, name := range services.keys {
		s := services.kids[name]
		_, templated := configs[name]
		for _, k := range slices.Clone(s.keys) {
			if r.keyIsFine(name, k, s.kids[k], templated) {
				continue
			}
			s.remove(k)
		}
	}
}

func (r *rendering) keyIsFine(service, k string, v *node, templated bool) bool {
	h, hasHome := homes[k]
	known := slices.Contains(serviceKeys(), k)
	switch {
	case k == extension:
		return true
	case strings.HasPrefix(k, "x-"):
		if near := didYouMean(k, []string{extension}); near != "" {
			r.found.mistake(v.at, "services.%s: unknown key %q%s", service, k, near)
		}
		return false
	case !known && slices.Contains(sections, k):
		r.found.mistake(v.at, "services.%s: unknown key %q: it belongs one level deeper, below %s", service, k, extension)
		return false
	case !known:
		r.found.mistake(v.at, "services.%s: unknown key %q%s", service, k, didYouMean(k, append(slices.Clone(serviceKeys()), extension)))
		return false
	case templated && hasHome && !h.pause && !h.component:
		r.found.warn(v.at, "services.%s: %s is left out: %s", service, k, h.why)
		return false
	case templated && !hasHome:
		r.found.mistake(v.at, "services.%s: %s has no place in a pod%s", service, k, because(k))
		return false
	case !templated && !slices.Contains(dockerKeys(), k):
		remedy := ""
		if why, ok := types.ForbiddenProperties[k]; ok {
			remedy = ": " + strings.TrimSuffix(strings.ToLower(why[:1])+why[1:], ".")
		}
		if hasHome {
			remedy += "; only a service with x-podlike can have it"
		}
		r.found.mistake(v.at, "services.%s: `docker stack deploy` does not support %s%s", service, k, remedy)
		return false
	default:
		return true
	}
}

// because is the reason that the labels have against a key.
func because(key string) string {
	for _, k := range labels.Keys() {
		if k.Name == key && k.Reason != "" {
			return ": " + k.Reason
		}
	}
	return ""
}
