# Sourced by the scripts beside it. APP_DIRECTORY: where the built app lies, when not above these scripts.
app="${APP_DIRECTORY:-$(dirname "$(dirname "$0")")}"

fail() {
  echo "$(basename "$0"): $*" >&2
  exit 78
}

# require NAME...: one line that names every variable that is missing or empty.
require() {
  missing=
  for name in "$@"; do
    eval "[ -n \"\${$name:-}\" ]" || missing="$missing $name"
  done
  [ -z "$missing" ] || fail "missing in the environment:$missing"
}

# Becomes one of the app's programs, so that signals reach it and its exit code is ours.
run() {
  program="$app/dist/$1"
  shift
  [ -f "$program" ] || fail "$program is not in this image"
  # A core stays free while the garbage is collected: docs/adr/0037.
  helpers=$(($(nproc) - 1))
  [ "$helpers" -ge 1 ] || helpers=1
  [ "$helpers" -le 4 ] || helpers=4
  exec node --v8-pool-size="$helpers" "$program" "$@"
}

# The engine's command as TRAINER_ENGINES, ENGINES and STT_ENGINES write it.
engines="{\"whisper\":[\"${ENGINE_DIRECTORY:-$app/engine}/bin/engine-whisper\"]}"
