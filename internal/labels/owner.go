package labels

import (
	"strings"

	"github.com/podlike/podlike/internal/pod"
)

// The labels that mark a container, volume or network as ours. The writer
// and the reader stand here side by side, because ownership rests on them:
// nothing without KeyPod is ever adopted, stopped or removed.
const (
	KeyPod       = "podlike.pod"       // the pause's container ID
	KeyRun       = "podlike.run"       // which start of the pause
	KeyName      = "podlike.name"      // the pause's container name, for people
	KeyComponent = "podlike.component" // the component's name
	KeyRole      = "podlike.role"      // component, init, supervisor, ipc, helper, debug
	KeySpec      = "podlike.spec"      // hash of the definition it was made from
)

// KeyImage is a label of the pause's image, and so of each pause, with the
// value [PauseImage].
const (
	KeyImage   = "podlike.image"
	PauseImage = "pause"
)

// Owner is what our labels say about a container.
type Owner struct {
	pod.Identity
	Component string
	Role      pod.Role
	SpecHash  string
}

// Add writes the owner's labels into m and returns it; a nil m makes a new
// map. Ours replace the user's of the same name, because cleaning up rests
// on them.
func (o Owner) Add(m map[string]string) map[string]string {
	if m == nil {
		m = make(map[string]string, 6)
	}
	m[KeyPod] = o.ID
	m[KeyRun] = o.Run
	m[KeyName] = o.Name
	m[KeyComponent] = o.Component
	m[KeyRole] = string(o.Role)
	m[KeySpec] = o.SpecHash
	return m
}

// ReadOwner is the reverse of [Owner.Add]; false means that the container is
// not ours.
func ReadOwner(m map[string]string) (Owner, bool) {
	if m[KeyPod] == "" {
		return Owner{}, false
	}
	return Owner{
		Identity:  pod.Identity{ID: m[KeyPod], Run: m[KeyRun], Name: m[KeyName]},
		Component: m[KeyComponent],
		Role:      pod.Role(m[KeyRole]),
		SpecHash:  m[KeySpec],
	}, true
}

// ContainerName is the name that a container of the pod gets.
func ContainerName(podName string, role pod.Role, component string) string {
	podName = strings.TrimPrefix(podName, "/")
	switch role {
	case pod.RoleSupervisor:
		return podName + ".podlike-supervisor"
	case pod.RoleIPC:
		return podName + ".podlike-ipc"
	case pod.RoleHelper:
		return podName + ".podlike-helper"
	default:
		return podName + ".podlike." + component
	}
}
