#!/bin/sh
# Takes out of an environment what no service reads: tests of libraries, stubs, discovery
# documents of other Google APIs.
set -eu
find "$1" -type d \( -name tests -o -name test \) -path '*/site-packages/*' -prune -exec rm -rf {} +
find "$1" -name '*.pyi' -delete
documents=$(find "$1" -type d -name documents -path '*discovery_cache*')
[ -z "$documents" ] || find "$documents" -type f ! -name 'calendar.v3.json' -delete
# Of Graph's thousands of modules a process loads a few; those are compiled as they are needed.
find "$1" -type d -name __pycache__ -path '*/msgraph/*' -prune -exec rm -rf {} +
