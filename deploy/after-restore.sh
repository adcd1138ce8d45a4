#!/bin/sh
# PostgreSQL was put back to a backup, and no pod runs: tells each service's schema, as Jobs made of
# those of the release. `deploy/after-restore.sh production`; then `deploy/roll-out.sh production`.
set -eu
overlay=$(dirname "$0")/kustomize/overlays/$1
jobs='app.kubernetes.io/name in (
  restored-crm-ingest, restored-calendar-ingest, restored-reconciler, restored-settings-api)'
manifest=$(mktemp)
trap 'rm -f "$manifest"' EXIT
kubectl kustomize "$overlay" |
  sed -e 's/: migrate-/: restored-/' -e 's/^\( *- \)migrate$/\1restored/' > "$manifest"
namespace=$(awk '$1 == "namespace:" {print $2; exit}' "$manifest")
kubectl delete job --namespace "$namespace" --selector "$jobs" --ignore-not-found
kubectl apply --server-side --filename "$manifest" --selector "$jobs"
kubectl wait --namespace "$namespace" --for=condition=Complete --timeout=900s job --selector "$jobs"
