#!/bin/sh
# Makes the images of a node's pods with buildah and writes them as archives:
# `tools/node-images.sh FOLDER tandem`, or `… others` for all but Tandem's own.
set -eu
cd "$(dirname "$0")/.."
BUILDAH_ISOLATION=chroot STORAGE_DRIVER=vfs
export BUILDAH_ISOLATION STORAGE_DRIVER
folder=$1
mkdir -p "$folder/images"

archive() {
  rm -f "$folder/images/$2.tar"
  buildah push --quiet "$1" "docker-archive:$folder/images/$2.tar:$3"
}

other() {
  buildah bud --quiet --pull-never --format docker --target "$1" --tag "tandem-node-$1" \
    --build-arg BASE="$base" --file deploy/tools/node/Dockerfile "$folder/context" >/dev/null
  archive "localhost/tandem-node-$1" "$1" "$2"
}

case $2 in
  tandem)
    VERSION=0.1.0 tools/build-image.sh
    archive localhost/tandem:0.1.0 tandem docker.io/library/tandem:0.1.0
    archive localhost/tandem-sandbox:0.1.0 tandem-sandbox docker.io/library/tandem-sandbox:0.1.0
    ;;
  others)
    base=localhost/tandem-base:trixie
    tools/base-image.sh "$base"
    cp deploy/tools/node/*.sh "$folder/context"
    other pause localhost/pause:1
    other dns localhost/dns:1
    other postgresql docker.io/library/postgres:17.6
    other kafka docker.io/apache/kafka:4.1.0
    ;;
esac
