package self

import (
	"errors"
	"strings"
	"testing"
)

var (
	idA = strings.Repeat("a1", 32)
	idB = strings.Repeat("b2", 32)
)

func mount(root, point string) string {
	return "512 490 254:1 " + root + " " + point + " rw,relatime - ext4 /dev/vda1 rw\n"
}

func TestContainerID(t *testing.T) {
	tests := []struct {
		name, mountinfo, cgroup, want string
	}{
		{
			name:      "cgroup v1 with the cgroupfs driver",
			cgroup:    "5:devices:/\n4:memory:/docker/" + idA + "\n",
			mountinfo: mount("/var/lib/docker/containers/"+idA+"/hostname", "/etc/hostname"),
			want:      idA,
		},
		{
			name:   "the systemd driver",
			cgroup: "0::/system.slice/docker-" + idA + ".scope\n",
			want:   idA,
		},
		{
			name:      "a private cgroup namespace, another data root",
			cgroup:    "0::/\n",
			mountinfo: mount("/", "/") + mount("/srv/containers/docker/containers/"+idA+"/resolv.conf", "/etc/resolv.conf"),
			want:      idA,
		},
		{
			name:      "a joined network names the other container, the cgroup this one",
			cgroup:    "4:memory:/docker/" + idB + "\n",
			mountinfo: mount("/var/lib/docker/containers/"+idA+"/hosts", "/etc/hosts"),
			want:      idB,
		},
		{
			name:      "a volume below a folder called containers is not it",
			cgroup:    "0::/\n",
			mountinfo: mount("/srv/containers/"+idA+"/data", "/data"),
		},
		{
			name:      "not a container",
			cgroup:    "0::/user.slice/session-1.scope\n",
			mountinfo: mount("/", "/"),
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got, err := ContainerID(tt.mountinfo, tt.cgroup)
			if got != tt.want {
				t.Errorf("got %q, want %q", got, tt.want)
			}
			if (tt.want == "") != errors.Is(err, ErrUnknown) {
				t.Errorf("error is %v", err)
			}
		})
	}
}
