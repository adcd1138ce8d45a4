#!/bin/sh
# Starts what its first argument names; a second one, `reader,writer`, narrows a service's roles.
set -eu
[ $# -gt 0 ] || set -- help
what=$1
shift
case $what in
  crm-ingest | calendar-ingest | reconciler | settings-api)
    [ $# -eq 0 ] || export ROLES="$1"
    exec python -m "$(echo "$what" | tr - _)"
    ;;
  sandbox) exec python -m tandem_sandbox --host 0.0.0.0 --port 8090 "$@" ;;
  migrate) exec python -m tandem.runtime.migrate "$@" ;;
  restored) exec python -m tandem.runtime.restored "$@" ;;
  topics) exec python -m tandem.runtime.topics ;;
  rotate-keys) exec python -m settings_api.rotate_keys ;;
  tandemctl) exec tandemctl "$@" ;;
  alive)
    exec python -c 'import os, urllib.request as r
r.urlopen("http://127.0.0.1:%s/livez" % os.environ["HTTP_PORT"], timeout=2)'
    ;;
  *)
    echo "tandem crm-ingest|calendar-ingest|reconciler|settings-api [ROLES]" >&2
    echo "tandem migrate SERVICE | restored SERVICE | topics | rotate-keys | tandemctl | alive" >&2
    exit 64
    ;;
esac
