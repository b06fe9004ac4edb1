#!/bin/sh
# Makes sure that a Docker engine answers, and says what it did for that.
#
# If none does, it starts the one that is installed; on Debian and Ubuntu it
# installs docker.io first. Both need root. In every other case it says what
# is to be done and ends with 1. An engine that DOCKER_HOST names is never
# started or replaced.
set -eu

LOG=/var/log/dockerd.log # of an engine that runs without systemd
WAIT=90                  # seconds until a started engine must answer

say() { echo "engine: $*"; }
fail() {
	echo "engine: $1" >&2
	shift
	for line in "$@"; do echo "  $line" >&2; done
	exit 1
}
answers() { docker version --format '{{.Server.Version}}' >/dev/null 2>&1; }
has() { command -v "$1" >/dev/null 2>&1; }
is_root() { [ "$(id -u)" = 0 ]; }
has_systemd() { [ -d /run/systemd/system ]; }
is_debian() ( # or a child of it
	has apt-get && [ -r /etc/os-release ] || exit 1
	# shellcheck disable=SC1091 # not a file of this project
	. /etc/os-release
	case " $ID ${ID_LIKE:-} " in *" debian "* | *" ubuntu "*) ;; *) exit 1 ;; esac
)

# The client and the engine are one package on Debian 12 and Ubuntu, two on
# Debian 13. --no-remove: docker.io would replace Docker's own docker-ce.
install_packages() {
	is_debian || fail "no $1 is installed" \
		"install Docker (https://docs.docker.com/engine/install/) and try again"
	is_root || fail "no $1 is installed" \
		"install it with: sudo apt-get install docker.io" "or let this do it: sudo $0"
	packages=docker.io
	say "no $1 is installed: installing docker.io with apt-get"
	export DEBIAN_FRONTEND=noninteractive
	apt-get update -q >/dev/null || fail "apt-get update failed"
	if [ -n "$(apt-cache search --names-only '^docker-cli$')" ]; then packages="docker.io docker-cli"; fi
	# shellcheck disable=SC2086 # two words
	apt-get install -q -y --no-remove $packages >/dev/null || fail "cannot install $packages: see above"
}

# A pid file that a crash left behind may name a process that is somebody
# else by now; dockerd then refuses to start.
drop_stale_pidfile() { # file, name of the program
	[ -f "$1" ] || return 0
	pid=$(cat "$1")
	if [ "$(cat "/proc/$pid/comm" 2>/dev/null)" != "$2" ]; then rm -f "$1"; fi
}

# Sets started to the PID of the dockerd that it started, or to nothing if
# somebody else looks after it.
start_engine() {
	started=
	if has_systemd; then
		say "starting Docker: systemctl start docker"
		systemctl start docker || fail "Docker did not start" "see: journalctl -u docker"
		return
	fi
	drop_stale_pidfile /var/run/docker.pid dockerd
	drop_stale_pidfile /var/run/docker/containerd/containerd.pid containerd
	if [ -f /var/run/docker.pid ]; then
		say "dockerd runs already, waiting for it"
		return
	fi
	say "starting dockerd in the background; its log: $LOG"
	# In a session of its own, so that it outlives make and a closed terminal.
	detach=
	if has setsid; then detach=setsid; fi
	$detach nohup dockerd >>"$LOG" 2>&1 </dev/null &
	started=$!
}

wait_for_engine() {
	waited=0
	until answers; do
		if [ -n "$started" ] && ! kill -0 "$started" 2>/dev/null; then
			tail -n 15 "$LOG" >&2
			fail "dockerd ended, the end of its log is above"
		fi
		[ "$waited" -lt "$WAIT" ] || fail "no answer after $WAIT s" "$(docker version 2>&1 | tail -n 1)"
		[ $((waited % 5)) -ne 0 ] || say "waiting for it to answer ($waited s)"
		sleep 1
		waited=$((waited + 1))
	done
}

if ! has docker; then
	[ -z "${DOCKER_HOST:-}" ] || fail "DOCKER_HOST is set, and there is no docker client" "install one, or unset DOCKER_HOST"
	install_packages "docker client"
fi
if ! answers; then
	why=$(docker version 2>&1 >/dev/null | tail -n 1)
	if [ -n "${DOCKER_HOST:-}" ]; then
		fail "no answer from DOCKER_HOST=$DOCKER_HOST" "$why" "start that engine, or unset DOCKER_HOST"
	fi
	context=$(docker context show 2>/dev/null || echo default)
	if [ "$context" != default ]; then
		fail "no answer from the docker context \"$context\"" "$why" "start that engine, or: docker context use default"
	fi
	if [ "$(uname -s)" != Linux ]; then
		fail "no engine answers" "$why" "start Docker Desktop, or whatever runs Docker here, and try again"
	fi
	case $why in *"permission denied"*)
		fail "this user may not talk to the engine" "$why" "use sudo, or add the user to the group docker"
		;;
	esac
	has dockerd || install_packages engine
	if ! answers; then
		is_root || fail "no engine answers" "$why" "start it with: sudo systemctl start docker" "or let this do it: sudo $0"
		start_engine
		wait_for_engine
	fi
fi
say "Docker $(docker version --format '{{.Server.Version}}, API {{.Server.APIVersion}}')"
