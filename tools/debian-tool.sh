#!/bin/sh
# Unpacks a Debian package into a folder, without installing it.
set -eu
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
chmod 755 "$scratch"
cd "$scratch"
apt-get download -qq "$1" >/dev/null 2>&1 || { apt-get update -qq && apt-get download -qq "$1" >/dev/null; }
cd - >/dev/null
dpkg -x "$scratch"/*.deb "$2"
