#!/bin/sh
# Builds and pushes the images of the version in package.json by Docker Buildx, each on a base whose digest is looked up once, with its
# provenance and an SBOM (SPDX, by Syft). Leaves in OUT, default deploy/images/release: a file SBOM per image, and kustomization.yaml, a
# component that names every image by its digest. usage: release.sh [OUT]
set -eu
images="$(cd "$(dirname "$0")" && pwd)"
root="$(dirname "$(dirname "$images")")"
out="${1:-$images/release}"
registry=ghcr.io/attune-asr
version="$(sed -n 's/^  "version": "\(.*\)",$/\1/p' "$root/package.json")"
revision="$(git -C "$root" rev-parse HEAD)"
[ -z "$(git -C "$root" status --porcelain)" ] || { echo "release: the checkout has changes that no revision names" >&2; exit 1; }
base="$(sed -n 's/^ARG NODE_IMAGE=//p' "$images/service.Dockerfile")"
base="$base@$(docker buildx imagetools inspect --format '{{.Manifest.Digest}}' "$base")"

mkdir -p "$out"
cat >"$out/kustomization.yaml" <<'END'
apiVersion: kustomize.config.k8s.io/v1alpha1
kind: Component
images:
END

# release NAME DOCKERFILE [OPTION...]
release() {
  name="$1" file="$2"
  shift 2
  docker buildx build "$root" --file "$images/$file" --tag "$registry/$name:$version" --push "$@" \
    --build-arg "NODE_IMAGE=$base" --build-arg "VERSION=$version" --build-arg "REVISION=$revision" \
    --provenance=mode=max --attest type=sbom,generator=docker/buildkit-syft-scanner:1.12.0 \
    --metadata-file "$out/$name.metadata.json"
  digest="$(sed -n 's/.*"containerimage.digest": *"\(sha256:[0-9a-f]*\)".*/\1/p' "$out/$name.metadata.json")"
  [ -n "$digest" ] || { echo "release: no digest of $name" >&2; exit 1; }
  docker buildx imagetools inspect --format '{{json .SBOM.SPDX}}' "$registry/$name@$digest" >"$out/$name.spdx.json"
  printf '  - { name: %s, digest: %s }\n' "$registry/$name" "$digest" >>"$out/kustomization.yaml"
}

for app in models-api ingestion trainer evaluator billing; do
  release "service-$app" service.Dockerfile --build-arg "APP=$app"
done
# A smaller one where somebody has compiled a lock with PyTorch for CPUs (apps/engine-whisper/README.md).
cpu=requirements.lock
[ ! -f "$root/apps/engine-whisper/requirements-cpu.lock" ] || cpu=requirements-cpu.lock
release runner-cpu runner.Dockerfile --build-arg "ENGINE_LOCK=$cpu"
release runner-cuda runner.Dockerfile --build-arg ENGINE_LOCK=requirements-cuda.lock
release stt stt.Dockerfile
