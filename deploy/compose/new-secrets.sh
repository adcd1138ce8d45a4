#!/bin/sh
# Prints fresh secrets for deploy/.env. Keep that file: without CREDENTIALS_KEYS no grant can be read.
set -eu
word() { openssl rand -hex "$1"; }
echo "POSTGRES_PASSWORD=$(word 24)"
echo "INTERNAL_TOKEN=$(word 32)"
echo "CREDENTIALS_KEYS=$(openssl rand -base64 32 | tr '+/' '-_')"
echo "PIPEDRIVE_WEBHOOK_PASSWORD=$(word 24)"
echo "GRAFANA_PASSWORD=$(word 16)"
