#!/bin/sh
# build-image.sh IMAGE DOCKERFILE CONTEXT builds an image, with one line to
# say so; the builder's own output is shown if it fails.
set -eu
image=$1 dockerfile=$2 context=$3

if ! out=$(docker build -t "$image" -f "$dockerfile" "$context" 2>&1); then
	echo "$out" >&2
	echo "cannot build the image $image" >&2
	exit 1
fi
echo "image $image $(docker image inspect --format '{{.Id}}' "$image" | cut -c8-19)"
