package labels

import (
	"strconv"
	"strings"
	"time"

	"github.com/compose-spec/compose-go/v2/types"
	"github.com/podlike/podlike/internal/pod"
)

// restartWords are Compose's words for `restart`, and what they mean inside a
// pod. A pod is stopped as a whole, so unless-stopped is always.
var restartWords = map[string]pod.RestartCondition{
	"":               pod.RestartNever,
	"no":             pod.RestartNever,
	"always":         pod.RestartAlways,
	"unless-stopped": pod.RestartAlways,
	"on-failure":     pod.RestartOnFailure,
}

// deployWords are the words for `deploy.restart_policy.condition`.
var deployWords = map[string]pod.RestartCondition{
	"":           pod.RestartAlways, // Compose's default
	"any":        pod.RestartAlways,
	"none":       pod.RestartNever,
	"on-failure": pod.RestartOnFailure,
}

// restartPolicy reads restart and deploy.restart_policy; the latter wins, as
// in Compose.
func (d *definition) restartPolicy(s types.ServiceConfig) pod.RestartPolicy {
	policy, path := d.plainRestart(s.Restart), []string{"restart"}
	if s.Deploy != nil && s.Deploy.RestartPolicy != nil {
		if s.Restart != "" {
			d.warnf("ignores restart: deploy.restart_policy wins")
		}
		policy, path = d.deployRestart(*s.Deploy.RestartPolicy), []string{"deploy", "restart_policy"}
	}
	if d.role == pod.RoleInit && policy.Condition == pod.RestartAlways {
		d.wrong(path, "would never let an init component end: use on-failure or leave it out")
	}
	return policy
}

func (d *definition) plainRestart(text string) pod.RestartPolicy {
	word, count, counted := strings.Cut(text, ":")
	condition, ok := restartWords[word]
	if !ok {
		d.wrong([]string{"restart"}, "must be one of no, always, on-failure, unless-stopped, not %q%s", text,
			didYouMean(word, sortedKeys(restartWords)))
		return pod.RestartPolicy{}
	}
	policy := pod.RestartPolicy{Condition: condition}
	if counted {
		n, err := strconv.ParseUint(count, 10, 31)
		if err != nil || condition != pod.RestartOnFailure {
			d.wrong([]string{"restart"}, "can be limited as on-failure:3 only, not as %q", text)
		}
		policy.MaxAttempts = int(n)
	}
	return policy
}

func (d *definition) deployRestart(p types.RestartPolicy) pod.RestartPolicy {
	condition, ok := deployWords[p.Condition]
	if !ok {
		d.wrong([]string{"deploy", "restart_policy", "condition"}, "must be one of any, none, on-failure, not %q%s", p.Condition,
			didYouMean(p.Condition, sortedKeys(deployWords)))
	}
	policy := pod.RestartPolicy{Condition: condition}
	if p.MaxAttempts != nil {
		policy.MaxAttempts = int(min(*p.MaxAttempts, 1<<31-1))
	}
	if p.Delay != nil {
		policy.Delay = time.Duration(*p.Delay)
	}
	if p.Window != nil {
		policy.Window = time.Duration(*p.Window)
	}
	return policy
}
