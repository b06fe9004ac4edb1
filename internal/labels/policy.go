package labels

import (
	"errors"
	"fmt"
	"slices"
	"strings"
)

// DenyAll is the word that stands for all others of [DenyWords].
const DenyAll = "all"

// DenyWord is a word of a pod's policy, and what no component may have then.
type DenyWord struct {
	Word string
	// Refuses is for the documentation.
	Refuses string
}

// DenyWords are the words of --deny.
var DenyWords = []DenyWord{
	{"privileged", "`privileged`, of a component and of its hooks"},
	{"capabilities", "`cap_add` of more than Docker gives to every container"},
	{"devices", "`devices`, `device_cgroup_rules`, `gpus`, and devices below `deploy`"},
	{"host-binds", "binds: `volumes` whose source is a path on the node"},
	{"docker-socket", "a mount through which an engine's socket is reached, as far as its source tells"},
	{wordSupervisor, "a supervisor with an `image`, `command`, `entrypoint` or mounts of its own, because it runs beside the socket and is who refuses; every other word implies this one"},
	{"other-volumes", "named volumes that the service itself does not have"},
	{"host-pid", "`pid: host`"},
	{"host-ipc", "`ipc: host`"},
	{"host-users", "`userns_mode: host`"},
	{"host-cgroups", "`cgroup: host`"},
	{"unconfined", "`security_opt`, but for `no-new-privileges`, `seccomp=builtin` and `apparmor=docker-default`"},
	{"runtime", "`runtime`, and `annotations`, which runtimes obey"},
	{"priority", "`oom_kill_disable`, `oom_score_adj` below 0, `cpu_rt_period`, `cpu_rt_runtime`, and the `ulimits` nice, rtprio and rttime"},
	{"log-drivers", "`logging` with a driver by which the engine connects to others: all but `json-file`, `local`, `journald` and `none`"},
}

const wordSupervisor = "supervisor"

// LabelDeny is the label by which an image says what is denied in every pod
// that it is the pause of.
const LabelDeny = "podlike.deny"

// Policy says what the components of a pod may not have. The zero value
// denies nothing.
type Policy struct {
	denied map[string]bool
	// Volumes are the names by which a component may mean a volume of the
	// service.
	Volumes []string
	// Sockets are the paths on the node where the engine's socket is, and the
	// names of volumes that have it, as far as they are known.
	Sockets []string
}

// NewPolicy makes a policy of what the service's arguments and the image's
// label say; each adds to the other, so that neither can weaken the other. The
// error names every unknown word, and the nearest that there is.
func NewPolicy(argument []string, imageLabel string) (Policy, error) {
	p := Policy{denied: map[string]bool{}}
	known := []string{DenyAll}
	for _, w := range DenyWords {
		known = append(known, w.Word)
	}
	var mistakes []error
	add := func(where string, words []string) {
		for _, word := range words {
			switch word = strings.TrimSpace(word); {
			case word == "":
			case !slices.Contains(known, word):
				mistakes = append(mistakes, fmt.Errorf("%s: unknown word %q%s; the words are %s", where, word, didYouMean(word, known), strings.Join(known, ", ")))
			case word == DenyAll:
				for _, w := range DenyWords {
					p.denied[w.Word] = true
				}
			default:
				p.denied[word] = true
			}
		}
	}
	add("--deny", argument)
	add("the label "+LabelDeny+" of the pause's image", strings.Split(imageLabel, ","))
	if len(p.denied) > 0 {
		p.denied[wordSupervisor] = true
	}
	return p, errors.Join(mistakes...)
}
