#!/bin/bash
# Lint, types and tests of the engine; needs setup.sh --dev. ATTUNE_JUNIT=FILE writes a JUnit report of the tests.
set -euo pipefail
app="$(dirname "$(readlink -f "$0")")"
cd "$app"
. ./environment.sh
[ -x "$dev_environment/bin/python" ] || { echo "engine-whisper: run $app/setup.sh --dev first" >&2; exit 70; }
export PYTHONDONTWRITEBYTECODE=1 PYTHONNOUSERSITE=1 HF_HUB_OFFLINE=1 TQDM_DISABLE=1 RUFF_NO_CACHE=true
"$dev_environment/bin/ruff" check .
"$dev_environment/bin/ruff" format --check .
"$dev_environment/bin/pyright" --pythonpath "$dev_environment/bin/python"
"$dev_environment/bin/python" -m pytest ${ATTUNE_JUNIT:+--junitxml "$ATTUNE_JUNIT"} "$@"
