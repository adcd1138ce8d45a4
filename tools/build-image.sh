#!/bin/sh
# Builds the images `tandem` and `tandem-sandbox` with docker, podman or buildah, whichever works.
set -eu
cd "$(dirname "$0")/.."
version=${VERSION:-$(git describe --always --dirty 2>/dev/null || echo dev)}
revision=$(git rev-parse HEAD 2>/dev/null || echo unknown)
base=${BASE:-debian:trixie-slim}
if docker info >/dev/null 2>&1; then
  build="docker build --quiet"
elif command -v podman >/dev/null; then
  build="podman build --quiet --format docker"
elif command -v buildah >/dev/null; then
  BUILDAH_ISOLATION=chroot STORAGE_DRIVER=vfs
  export BUILDAH_ISOLATION STORAGE_DRIVER
  if [ -z "${BASE:-}" ] && command -v debootstrap >/dev/null; then
    base=localhost/tandem-base:trixie
    tools/base-image.sh "$base"
  fi
  build="buildah bud --quiet --pull-never --format docker"
else
  echo "docker, podman or buildah is needed (apt-get install buildah debootstrap)" >&2
  exit 1
fi
certificates=${SSL_CERT_FILE:-/etc/ssl/certs/ca-certificates.crt}
for target in ${TARGETS:-services sandbox}; do
  name=tandem
  [ "$target" = services ] || name=tandem-$target
  $build --target "$target" --file deploy/Dockerfile --tag "$name:$version" \
    --secret id=certificates,src="$certificates" \
    --build-arg BASE="$base" --build-arg VERSION="$version" --build-arg REVISION="$revision" . >/dev/null
  echo "$name:$version"
done
