#!/bin/sh
# Makes sure of a Chromium for the journeys through the pages: the system's, else the one that
# Playwright brings, else the distribution's package. $1 is the Python that has Playwright.
set -eu
for name in chromium chromium-browser google-chrome; do
  if command -v "$name" >/dev/null; then exit 0; fi
done
if timeout 300 "$1" -m playwright install --only-shell chromium >/dev/null 2>&1; then exit 0; fi
if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
  echo "installing Debian's package chromium"
  { apt-get install -qq -y --no-install-recommends chromium fonts-dejavu-core ||
    { apt-get update -qq && apt-get install -qq -y --no-install-recommends chromium fonts-dejavu-core; }
  } >/dev/null 2>&1 && exit 0
fi
echo "no browser: install Chromium (apt-get install chromium, or playwright install chromium)" >&2
exit 1
