// Package namespaces decides what the containers of a pod share: which
// namespace is joined from which donor, where in the cgroup tree they are, and
// what a container that joins another may not set. It is pure: facts in, a
// decision out.
//
// # Namespaces
//
//	namespace  donor      when
//	network    the pause  always
//	PID        the pause  with --pids
//	IPC        the donor  with --ipc, where two or more components share it
//	mount      none       each component has its own
//
// A component may choose otherwise with its keys pid and ipc.
//
// The IPC donor is a container that does nothing else: a Swarm task's IPC mode
// is "private", and joining it fails with "non-shareable IPC" on every engine.
//
// A donor is named by its ID: the engine stores what it joined by ID, so a new
// donor of the same name would not be it. A donor that does not run cannot be
// joined.
//
// # Cgroups
//
// The limits that Swarm puts on the task hold for the sum of the pod's
// containers only if these are together in one cgroup that has the limits.
// Whether the engine makes them there by itself depends on the host:
//
//	driver    version  components' parent  limits         what comes first
//	cgroupfs  1        <parent>/<pause>    the pause's
//	cgroupfs  2        <parent>/<pause>    the pause's    its processes move into a leaf
//	systemd   1, 2     a slice             the slice's    systemd starts the slice
//	neither            the engine's        of each
//
// <parent> is the pause's cgroup parent, by default /docker, which is where the
// engine puts containers with this driver. A cgroup of version 2 that has
// processes gives its children no controllers, and systemd's scopes cannot be
// parents at all. What comes first is done by a helper container (package
// cgroups), and only for a pod that has limits; where it fails, and where root
// of a container is not the host's, the last line holds.
package namespaces
