#!/bin/sh
# Makes the base image of deploy/Dockerfile out of Debian's packages, for a machine that has buildah
# and no container registry. Kept in buildah's store; made once.
set -eu
name=$1
suite=trixie
buildah inspect --type image "$name" >/dev/null 2>&1 && exit 0
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
debootstrap --variant=minbase "$suite" "$folder" >/dev/null
rm -rf "$folder"/var/cache/apt/* "$folder"/var/lib/apt/lists/* "$folder"/var/log/* \
  "$folder"/usr/share/doc/* "$folder"/usr/share/man/* "$folder"/usr/share/locale/*
container=$(buildah from scratch)
buildah copy --quiet "$container" "$folder" / >/dev/null
buildah config --cmd '["/bin/sh"]' "$container"
buildah commit --quiet --rm "$container" "$name" >/dev/null
