#!/bin/sh
# SPDX-License-Identifier: ISC
#
# Builds the images icmp-agent and icmp-agent-backend; `make image` calls this.
# Docker where an engine runs, else buildah with podman, which need no daemon.
#
#   TAG=latest   of both images
#   CA_FILE=     certificates that npm shall trust besides the system's, for
#                a network behind a proxy with a certificate authority of its own
#   IMAGES="agent backend"   which to build
set -eu

TAG=${TAG:-latest}
CA_FILE=${CA_FILE:-}
IMAGES=${IMAGES:-agent backend}
BASE=debian:bookworm-slim
cd "$(dirname "$0")/.."

fail() {
	echo "image: $*" >&2
	exit 1
}

build() {
	if [ "$engine" = docker ]; then
		DOCKER_BUILDKIT=1 docker build --network host "$@"
	else
		# chroot: works inside a container and a virtual machine as well
		buildah bud --layers --isolation chroot --network host "$@"
	fi
}

# Where no registry can be reached, Debian's own archive makes the same image.
base_by_debootstrap() {
	if [ "$(id -u)" != 0 ] || ! command -v debootstrap >/dev/null; then
		fail "$BASE cannot be pulled; as root and with the package debootstrap it can be made from Debian's archive"
	fi
	dir=$(mktemp -d)
	trap 'rm -rf "$dir"' EXIT
	debootstrap --variant=minbase bookworm "$dir/root"
	tar -C "$dir/root" -c . | podman import - "localhost/$BASE"
	rm -rf "$dir"
	trap - EXIT
}

ensure_base() {
	podman image exists "$BASE" ||
		podman pull -q "docker.io/library/$BASE" ||
		base_by_debootstrap
}

if docker info >/dev/null 2>&1; then
	engine=docker
elif command -v buildah >/dev/null && command -v podman >/dev/null; then
	engine=buildah
	ensure_base
else
	fail "neither a Docker engine that runs nor buildah and podman: apt-get install buildah podman runc"
fi

[ -z "$CA_FILE" ] || [ -r "$CA_FILE" ] ||
	fail "CA_FILE=$CA_FILE cannot be read"

for image in $IMAGES; do
	case $image in
	agent)
		build -t "icmp-agent:$TAG" -f docker/agent/Dockerfile . ;;
	backend)
		build ${CA_FILE:+--secret "id=ca,src=$CA_FILE"} \
			-t "icmp-agent-backend:$TAG" \
			-f docker/backend/Dockerfile docker/backend ;;
	*)
		fail "IMAGES=$IMAGES: '$image' is neither agent nor backend" ;;
	esac
done
