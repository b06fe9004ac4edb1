// Package cgroups does on the host what no call of the engine does: it makes
// room for components below a pause's cgroup, starts a pod's slice by systemd,
// and removes directories that a pod left. It runs in a helper container, which
// lives for that moment and is given what the one errand needs: a directory, or
// systemd's bus. What is done where is decided in package namespaces.
package cgroups
