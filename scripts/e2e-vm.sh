#!/bin/sh
# e2e-vm.sh BUNDLE OUT runs the end-to-end tests on machines of other kinds
# than this one: BUNDLE is a folder with all that they need (make e2e-vm makes
# it), OUT is where their output goes, a folder for each machine. With --check
# it only looks whether it can.
#
# VM names the program that has the machines; HACKING.md says what it must do.
set -eu
rows=${ROWS:-bookworm-systemd bookworm-cgroupfs trixie-systemd}
limit=${LIMIT:-2400}

if [ -z "${VM:-}" ]; then
	echo "e2e-vm: VM must be a program that runs a folder's run.sh as root on another machine with Docker (HACKING.md says how it is called): make e2e-vm VM=/path/to/it" >&2
	exit 2
fi
if ! command -v "$VM" >/dev/null; then
	echo "e2e-vm: VM=$VM is no program that can be run" >&2
	exit 2
fi
[ "$1" != --check ] || exit 0
bundle=$1 out=$2

failed=
for row in $rows; do
	suite=${row%-*} driver=${row##*-} began=$(date +%s)
	dir=$out/$row
	rm -rf "$dir"
	mkdir -p "$dir/out"
	cp -R "$bundle/." "$dir/"
	{ SUITE=$suite "$VM" -d "$driver" -t "$limit" "$dir" 2>&1 || echo $? >"$dir/status"; } | tee "$dir/tests.log"
	status=$(cat "$dir/status" 2>/dev/null || echo 0)
	case $status in
	0) word=passed ;;
	124) word="did not end within $limit s" ;;
	126) word="died" ;;
	*) word="failed with $status" ;;
	esac
	[ "$status" = 0 ] || failed="$failed $row"
	echo "e2e-vm: $row $word, after $(($(date +%s) - began)) s" | tee "$dir/end"
done

echo
for row in $rows; do
	echo "$row:"
	grep -hE '^(--- |PASS|FAIL|panic:)|^ +--- FAIL' "$out/$row/tests.log" 2>/dev/null | sed 's/^/  /'
	sed 's/^e2e-vm: /  /' "$out/$row/end"
done
if [ -n "$failed" ]; then
	echo "e2e-vm: failed:$failed; the output is in $out" >&2
	exit 1
fi
