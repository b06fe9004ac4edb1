package labels

import (
	"fmt"
	"path"
	"slices"
	"strings"

	"github.com/compose-spec/compose-go/v2/types"

	"github.com/podlike/podlike/internal/pod"
)

// dockersCapabilities are those that Docker gives to every container: to add
// them changes nothing.
// https://docs.docker.com/engine/containers/run/#runtime-privilege-and-linux-capabilities
var dockersCapabilities = []string{
	"AUDIT_WRITE", "CHOWN", "DAC_OVERRIDE", "FOWNER", "FSETID", "KILL", "MKNOD",
	"NET_BIND_SERVICE", "NET_RAW", "SETFCAP", "SETGID", "SETPCAP", "SETUID", "SYS_CHROOT",
}

var (
	confiningOptions = []string{"no-new-privileges", "no-new-privileges:true", "no-new-privileges=true", "seccomp=builtin", "apparmor=docker-default"}
	silentDrivers    = []string{"", "json-file", "local", "journald", "none"}
	priorityLimits   = []string{"nice", "rtprio", "rttime"}
	// engineSockets are where an engine is, Docker's or the one below it.
	engineSockets = append([]string{"/run/containerd/containerd.sock", "/var/run/containerd/containerd.sock"}, socketPaths...)
)

// refusal is one thing that a policy has against a component.
type refusal struct {
	word string
	path []string
	what string // follows the key: "is host"
}

// refusals judges a loaded service, whose deploy and hooks are still in it.
func (p Policy) refusals(s types.ServiceConfig, role pod.Role) []refusal {
	var all []refusal
	refuse := func(is bool, word, what string, path ...string) {
		if is && p.denied[word] {
			all = append(all, refusal{word, path, what})
		}
	}
	refuse(s.Privileged, "privileged", "is set", "privileged")
	for key, hooks := range map[string][]types.ServiceHook{"post_start": s.PostStart, "pre_stop": s.PreStop} {
		for i, h := range hooks {
			refuse(h.Privileged, "privileged", "is set", key, itoa(i), "privileged")
		}
	}
	for i, name := range s.CapAdd {
		plain := strings.TrimPrefix(strings.ToUpper(name), "CAP_")
		refuse(!contains(dockersCapabilities, plain), "capabilities", "adds "+plain, "cap_add", itoa(i))
	}
	refuse(len(s.Devices) > 0, "devices", "is there", "devices")
	refuse(len(s.DeviceCgroupRules) > 0, "devices", "is there", "device_cgroup_rules")
	refuse(len(s.Gpus) > 0, "devices", "is there", "gpus")
	if s.Deploy != nil && s.Deploy.Resources.Reservations != nil {
		refuse(len(s.Deploy.Resources.Reservations.Devices) > 0, "devices", "is there", "deploy", "resources", "reservations", "devices")
	}
	for i, v := range s.Volumes {
		at := []string{"volumes", itoa(i)}
		bound := v.Type == types.VolumeTypeBind
		refuse(bound, "host-binds", "binds "+v.Source+" of the node", at...)
		refuse(p.holdsSocket(v), "docker-socket", fmt.Sprintf("mounts %s, where an engine's socket is", v.Source), at...)
		refuse(!bound && v.Source != "" && !contains(p.Volumes, v.Source), "other-volumes", fmt.Sprintf("mounts the volume %q, which the service does not have", v.Source), at...)
	}
	refuse(s.Pid == "host", "host-pid", "is host", "pid")
	refuse(s.Ipc == "host", "host-ipc", "is host", "ipc")
	refuse(s.UserNSMode != "", "host-users", "is "+s.UserNSMode, "userns_mode")
	refuse(s.Cgroup == "host", "host-cgroups", "is host", "cgroup")
	for i, opt := range s.SecurityOpt {
		refuse(!contains(confiningOptions, opt), "unconfined", "is "+shortened(opt), "security_opt", itoa(i))
	}
	refuse(s.Runtime != "", "runtime", "is "+s.Runtime, "runtime")
	refuse(len(s.Annotations) > 0, "runtime", "is there", "annotations")
	refuse(s.OomKillDisable, "priority", "is set", "oom_kill_disable")
	refuse(s.OomScoreAdj < 0, "priority", "is negative", "oom_score_adj")
	refuse(s.CPURTPeriod != 0, "priority", "is set", "cpu_rt_period")
	refuse(s.CPURTRuntime != 0, "priority", "is set", "cpu_rt_runtime")
	for name := range s.Ulimits {
		refuse(contains(priorityLimits, name), "priority", "is set", "ulimits", name)
	}
	if s.Logging != nil {
		refuse(!contains(silentDrivers, s.Logging.Driver), "log-drivers", "is "+s.Logging.Driver, "logging", "driver")
	}
	if role == pod.RoleSupervisor {
		const beside = "is the stack's own, and would run beside the engine's socket"
		refuse(s.Image != "", wordSupervisor, beside, "image")
		refuse(len(s.Command) > 0, wordSupervisor, beside, "command")
		refuse(len(s.Entrypoint) > 0, wordSupervisor, beside, "entrypoint")
		refuse(len(s.Volumes) > 0, wordSupervisor, beside, "volumes")
		refuse(len(s.Tmpfs) > 0, wordSupervisor, beside, "tmpfs")
	}
	return all
}

// holdsSocket tells whether a mount may show an engine's socket. Links on the
// node cannot be seen from here; whoever wants them closed too denies
// host-binds.
func (p Policy) holdsSocket(v types.ServiceVolumeConfig) bool {
	if v.Type != types.VolumeTypeBind {
		return v.Source != "" && contains(p.Sockets, v.Source)
	}
	// /proc/1/root leads everywhere.
	return bindsSocket(v.Source, p.Sockets) || strings.HasPrefix(path.Clean(v.Source), "/proc/")
}

// bindsSocket: the path on the node is an engine's socket, or a directory that
// has it.
func bindsSocket(source string, known []string) bool {
	source = path.Clean(source)
	above := strings.TrimSuffix(source, "/") + "/"
	return path.Base(source) == "docker.sock" || slices.ContainsFunc(append(slices.Clone(engineSockets), known...), func(s string) bool {
		return s == source || strings.HasPrefix(s, above)
	})
}

// shortened: a seccomp profile is a long text.
func shortened(s string) string {
	if len(s) > 40 {
		return s[:40] + "..."
	}
	return s
}

// checkPolicy reports what the policy refuses.
func (d *definition) checkPolicy(s types.ServiceConfig, p Policy) {
	for _, r := range p.refusals(s, d.role) {
		d.wrong(r.path, "%s, which is denied (%s)", r.what, r.word)
	}
}
