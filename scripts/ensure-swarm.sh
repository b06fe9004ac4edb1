#!/bin/sh
# Makes sure that the engine is a manager of a Swarm. An engine that is in
# none becomes a Swarm of one node, on the loopback interface; anything else
# is left as it is, and if it will not do, the remedy is named.
set -eu

say() { echo "swarm: $*"; }
fail() {
	echo "swarm: $1" >&2
	echo "  $2" >&2
	exit 1
}

swarm=$(docker info --format '{{.Swarm.LocalNodeState}} {{.Swarm.ControlAvailable}} {{.Swarm.Error}}')
case $swarm in
"active true"*) ;;
inactive*)
	case ${DOCKER_HOST:-unix://} in
	unix://*) ;;
	*) fail "the engine of DOCKER_HOST=$DOCKER_HOST is in no Swarm" "make one there: docker swarm init" ;;
	esac
	# The listen address keeps the Swarm's port off the network.
	docker swarm init --advertise-addr 127.0.0.1 --listen-addr 127.0.0.1:2377 >/dev/null
	say "made this engine a Swarm of one node; to undo it: docker swarm leave --force"
	;;
locked*) fail "the Swarm is locked" "unlock it: docker swarm unlock" ;;
"active false"*) fail "this node is a worker: stacks are deployed on a manager" "run this there, or leave that Swarm: docker swarm leave" ;;
*) fail "its state is ${swarm%% *}: ${swarm#* * }" "see: docker info; to start again: docker swarm leave --force" ;;
esac
