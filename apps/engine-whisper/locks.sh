#!/bin/bash
# Compiles the locks anew after a change in pyproject.toml. The smaller and the larger one hold requirements.lock's versions.
set -euo pipefail
app="$(dirname "$(readlink -f "$0")")"
. "$app/environment.sh"
uv="$cache/uv-$(key_of "$app/requirements-uv.lock")/bin/uv"
[ -x "$uv" ] || { echo "engine-whisper: run $app/setup.sh first" >&2; exit 70; }
cd "$app"
compile() { "$uv" pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header --no-annotate "$@" >/dev/null; }
compile pyproject.toml --no-emit-index-url -o requirements.lock
compile --group serving -c requirements.lock --no-emit-index-url -o requirements-serving.lock
compile pyproject.toml --group cuda -c requirements.lock --no-emit-index-url -o requirements-cuda.lock
