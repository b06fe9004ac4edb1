package engine

import (
	"slices"
	"testing"

	"github.com/docker/docker/api/types/container"

	"github.com/podlike/podlike/internal/namespaces"
	"github.com/podlike/podlike/internal/pod"
)

func TestLevelOf(t *testing.T) {
	for label, want := range map[string]string{
		"system_u:system_r:container_t:s0:c17,c900": "s0:c17,c900",
		"system_u:system_r:spc_t:s0":                "s0",
		"":                                          "",
		"docker-default":                            "",
	} {
		if got := levelOf(label); got != want {
			t.Errorf("%q: %q, want %q", label, got, want)
		}
	}
}

func TestUseLevel(t *testing.T) {
	for name, c := range map[string]struct {
		host  container.HostConfig
		level string
		want  []string
	}{
		"one of many":       {container.HostConfig{SecurityOpt: []string{"no-new-privileges"}}, "s0:c1,c2", []string{"no-new-privileges", "label=level:s0:c1,c2"}},
		"no SELinux":        {container.HostConfig{}, "", nil},
		"its own choice":    {container.HostConfig{SecurityOpt: []string{"label=disable"}}, "s0:c1,c2", []string{"label=disable"}},
		"an older spelling": {container.HostConfig{SecurityOpt: []string{"label:type:x"}}, "s0:c1,c2", []string{"label:type:x"}},
		"privileged":        {container.HostConfig{Privileged: true}, "s0:c1,c2", nil},
		"the host's PIDs":   {container.HostConfig{PidMode: "host"}, "s0:c1,c2", nil},
	} {
		t.Run(name, func(t *testing.T) {
			if useLevel(&c.host, c.level); !slices.Equal(c.host.SecurityOpt, c.want) {
				t.Errorf("%q, want %q", c.host.SecurityOpt, c.want)
			}
		})
	}
}

// TestSupervisorHasNoLabel: with SELinux it may use the socket, and without,
// nothing is said of it.
func TestSupervisorHasNoLabel(t *testing.T) {
	for _, selinux := range []bool{true, false} {
		o := options{Config: &container.Config{}, HostConfig: &container.HostConfig{}}
		err := (&Client{}).confine(&o, SupervisorConfig{Facts: Facts{Host: namespaces.Host{SELinux: selinux}}})
		if has := slices.Contains(o.HostConfig.SecurityOpt, "label=disable"); err != nil || has != selinux {
			t.Errorf("SELinux %v: %q, %v", selinux, o.HostConfig.SecurityOpt, err)
		}
	}
	o := options{Config: &container.Config{}, HostConfig: &container.HostConfig{SecurityOpt: []string{"label=type:mine_t"}}}
	(&Client{}).confine(&o, SupervisorConfig{Definition: &pod.Component{}, Facts: Facts{Host: namespaces.Host{SELinux: true}}})
	if slices.Contains(o.HostConfig.SecurityOpt, "label=disable") {
		t.Errorf("the user's own label was overruled: %q", o.HostConfig.SecurityOpt)
	}
}
