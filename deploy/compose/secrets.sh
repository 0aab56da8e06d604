#!/bin/sh
# Draws the secrets of deploy/compose.yaml into deploy/.env, readable by its owner alone. What is there already stays.
# usage: secrets.sh [FILE]
set -eu
file="${1:-$(dirname "$0")/../.env}"
umask 077
touch "$file"
for name in POSTGRES_PASSWORD SERVICE_PASSWORD NATS_PASSWORD S3_ACCESS_KEY S3_SECRET_KEY API_KEY_PEPPER ADMIN_KEY SECRETS_KEY STT_INTERNAL_TOKEN; do
  # A letter first: NATS reads a value that begins with a digit as a number.
  grep -q "^$name=" "$file" || echo "$name=k$(od -An -N24 -tx1 /dev/urandom | tr -d ' \n')" >>"$file"
done
