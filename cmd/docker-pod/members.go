package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/docker/docker/api/types/container"
	"github.com/docker/docker/api/types/filters"
	"github.com/docker/docker/client"
	"github.com/docker/docker/pkg/stdcopy"

	"github.com/podlike/podlike/internal/labels"
	"github.com/podlike/podlike/internal/pod"
)

// member is a container of a pod, the pause aside.
type member struct {
	labels.Owner
	ID, ContainerName, Image string
	State, Status            string // the engine's words
}

func (m member) running() bool { return m.State == container.StateRunning }

// is reports whether users mean this container by that name.
func (m member) is(name string) bool {
	switch m.Role {
	case pod.RoleComponent, pod.RoleInit:
		return m.Component == name
	case pod.RoleSupervisor:
		return name == string(pod.RoleSupervisor)
	default:
		return false
	}
}

// membersOf returns all containers of a pod: init components, components, then
// the rest, each by name.
func membersOf(ctx context.Context, api client.APIClient, podID string) ([]member, error) {
	list, err := api.ContainerList(ctx, container.ListOptions{
		All: true, Filters: filters.NewArgs(filters.Arg("label", labels.KeyPod+"="+podID)),
	})
	if err != nil {
		return nil, err
	}
	var all []member
	for _, c := range list {
		m := member{ID: c.ID, ContainerName: c.ID, Image: c.Image, State: c.State, Status: c.Status}
		m.Owner, _ = labels.ReadOwner(c.Labels)
		if len(c.Names) > 0 {
			m.ContainerName = strings.TrimPrefix(c.Names[0], "/")
		}
		all = append(all, m)
	}
	roles := []pod.Role{pod.RoleInit, pod.RoleComponent, pod.RoleSupervisor, pod.RoleIPC, pod.RoleDebug}
	slices.SortFunc(all, func(a, b member) int {
		if d := slices.Index(roles, a.Role) - slices.Index(roles, b.Role); d != 0 {
			return d
		}
		return strings.Compare(a.Component, b.Component)
	})
	return all, nil
}

// memberOf returns the container of a component, or of the supervisor.
func memberOf(ctx context.Context, api client.APIClient, p onePod, name string) (member, error) {
	all, err := membersOf(ctx, api, p.ID)
	if err != nil {
		return member{}, err
	}
	var names []string
	for _, m := range all {
		if m.is(name) {
			return m, nil
		}
		if m.is(m.Component) {
			names = append(names, m.Component)
		}
	}
	return member{}, fmt.Errorf("pod %q has no container of a component %q now; it has %s", p.Name, name, orNone(names))
}

func orNone(names []string) string {
	if len(names) == 0 {
		return "none"
	}
	return strings.Join(names, ", ")
}

// askPod returns what the pod says of itself: the pause answers with what its
// supervisor last said.
func askPod(ctx context.Context, api client.APIClient, p onePod) (pod.Status, error) {
	var s pod.Status
	if !p.running() {
		return s, fmt.Errorf("its pause does not run: %s", p.Status)
	}
	text, err := output(ctx, api, p.ID, "/supervisor", "status", "--format", "json")
	if err != nil {
		return s, err
	}
	if err := json.Unmarshal(text, &s); err != nil {
		return s, fmt.Errorf("it says what this version does not understand: %w", err)
	}
	return s, nil
}

// output runs a command in a container and returns what it prints on stdout.
// The error has what it prints on stderr.
func output(ctx context.Context, api client.APIClient, containerID string, command ...string) ([]byte, error) {
	made, err := api.ContainerExecCreate(ctx, containerID, container.ExecOptions{Cmd: command, AttachStdout: true, AttachStderr: true})
	if err != nil {
		return nil, err
	}
	stream, err := api.ContainerExecAttach(ctx, made.ID, container.ExecAttachOptions{})
	if err != nil {
		return nil, err
	}
	defer stream.Close()
	defer context.AfterFunc(ctx, stream.Close)()
	var stdout, stderr bytes.Buffer
	if _, err := stdcopy.StdCopy(&stdout, &stderr, stream.Reader); err != nil {
		return nil, err
	}
	ended, err := api.ContainerExecInspect(ctx, made.ID)
	if err != nil {
		return nil, err
	}
	// What the engine cannot start, it says on stdout.
	said := strings.TrimPrefix(strings.TrimSpace(stderr.String()+stdout.String()), "podlike: ")
	switch {
	case ended.ExitCode == 0:
		return stdout.Bytes(), nil
	case said == "":
		return nil, fmt.Errorf("%s ended with code %d", strings.Join(command, " "), ended.ExitCode)
	default:
		return nil, errors.New(said)
	}
}
