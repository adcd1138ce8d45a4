#!/bin/sh
# Rolls an overlay out: schemas and topics first, then the pods. `deploy/roll-out.sh production`.
# The previous release goes on working meanwhile: it runs on the new schema.
set -eu
overlay=$(dirname "$0")/kustomize/overlays/$1
release=app.kubernetes.io/component=release
manifest=$(mktemp)
trap 'rm -f "$manifest"' EXIT
kubectl kustomize "$overlay" > "$manifest"
namespace=$(awk '$1 == "namespace:" {print $2; exit}' "$manifest")
apply() {
  kubectl apply --server-side --filename "$manifest" "$@"
}
kubectl apply --server-side --filename "$overlay/namespace.yaml"
kubectl delete job --namespace "$namespace" --selector "$release" --ignore-not-found
apply --selector '!app.kubernetes.io/part-of'
apply --selector 'app.kubernetes.io/part-of=tandem,!app.kubernetes.io/component'
apply --selector "$release"
kubectl wait --namespace "$namespace" --for=condition=Complete --timeout=900s job --selector "$release"
apply
kubectl rollout status --namespace "$namespace" --timeout=900s deployment \
  --selector app.kubernetes.io/part-of=tandem
