#!/bin/sh
# Runs in the machine, as root, with this folder as /payload: loads the images
# and runs the tests that the file "tests" names. What is to be kept of it is
# left in /payload/out.
set -eu
cd /payload
mkdir -p out

docker load -q <images.tar
export PODLIKE_E2E_PROGRAMS=/payload/programs
export PODLIKE_E2E_COLUMN=/payload/out/host.json
PODLIKE_E2E_SLOWNESS=$(cat slowness)
export PODLIKE_E2E_SLOWNESS

pattern=$(sed -e 's/#.*//' -e 's/[[:space:]]//g' -e '/^$/d' tests | paste -sd '|' -)
exec ./e2e.test -test.v -test.timeout 3h -test.run "^($pattern)\$" 2>&1
