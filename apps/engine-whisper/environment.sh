# Sourced by setup.sh, check.sh and bin/engine-whisper: where the Python environment lies.
# Keyed by the lock's digest, outside the checkout, so that clones share it and a changed lock makes a new one.
# The caller sets `app`, the folder of this file.
cache="${ATTUNE_CACHE_DIR:-$HOME/.cache/attune}/engine-whisper"
lock="${ATTUNE_ENGINE_LOCK:-$app/requirements.lock}"
key_of() { sha256sum "$1" | cut -c1-16; }
environment="$cache/$(key_of "$lock")"
# The development tools lie beside it and see the environment's packages, so that it stays as locked.
dev_environment="$environment-dev-$(key_of "$app/requirements-dev.lock")"
