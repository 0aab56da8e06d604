#!/bin/bash
# Makes the engine's Python environment (see environment.sh for where). Safe to run at any time and by several at once:
# it is built aside and renamed, so it is whole or absent. usage: setup.sh [--dev]
# The usual UV_* and PIP_* variables name another package index; ATTUNE_ENGINE_LOCK another lock (README.md).
set -euo pipefail
app="$(dirname "$(readlink -f "$0")")"
. "$app/environment.sh"

case "${1:-}" in
  '' | --dev) ;;
  *) echo "usage: setup.sh [--dev]" >&2; exit 64 ;;
esac

say() { echo "engine-whisper: $*"; }
fail() { say "$*" >&2; exit 70; }
# A venv names its interpreter by a link: an upgraded system Python leaves it dangling, and it is made again.
whole() { [ -x "$1/bin/python" ]; }

if whole "$environment" && { [ "${1:-}" != --dev ] || whole "$dev_environment"; }; then
  say "environment is ready"
  exit 0
fi

python="$(command -v python3 || true)"
[ -n "$python" ] && "$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' ||
  fail "Python 3.11 or newer is needed (Debian 12, Ubuntu 24.04: apt-get install python3)"

mkdir -p "$cache"
exec 9>"$cache/lock"
flock -n 9 || { say "waiting for another set-up"; flock 9; }

# uv, privately, at its pinned version: five times faster than pip for the rest.
uv="$cache/uv-$(key_of "$app/requirements-uv.lock")/bin/uv"
if [ ! -x "$uv" ]; then
  "$python" -m pip --version >/dev/null 2>&1 || fail "pip is needed to fetch uv (Debian: apt-get install python3-pip)"
  say "fetching uv"
  rm -rf "$cache/uv.partial"
  "$python" -m pip install --quiet --disable-pip-version-check --no-deps --only-binary :all: --require-hashes \
    --root-user-action ignore --target "$cache/uv.partial" -r "$app/requirements-uv.lock"
  rm -rf "${uv%/bin/uv}"
  mv "$cache/uv.partial" "${uv%/bin/uv}"
fi
export UV_PYTHON_DOWNLOADS="${UV_PYTHON_DOWNLOADS:-never}"

# make DIRECTORY LOCK [OTHER]: OTHER is a venv whose packages are visible in it.
make() {
  local partial="$1.partial"
  rm -rf "$partial" "$1"
  "$uv" venv --quiet --relocatable --python "$python" "$partial"
  "$uv" pip install --quiet --no-deps --require-hashes --python "$partial/bin/python" -r "$2"
  if [ -n "${3:-}" ]; then
    "$partial/bin/python" -c 'import sysconfig; print(sysconfig.get_path("purelib"))' |
      sed "s#^$partial#$3#" >"$(echo "$partial"/lib/python3*/site-packages)/environment.pth"
  fi
  mv "$partial" "$1"
}

started=$SECONDS
if ! whole "$environment"; then
  say "installing $(basename "$lock") (the full one takes about 6 GB on disk)"
  make "$environment" "$lock"
fi
if [ "${1:-}" = --dev ] && ! whole "$dev_environment"; then
  say "installing the development tools"
  make "$dev_environment" "$app/requirements-dev.lock" "$environment"
fi
say "environment is ready after $((SECONDS - started)) s"
