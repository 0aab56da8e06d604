# The trainer's runner with the whole engine. For CUDA cards: --build-arg ENGINE_LOCK=requirements-cuda.lock
# It holds the trainer itself too, whose local executor starts runners as child processes (deploy/compose.yaml).
ARG NODE_IMAGE=node:22.23.2-bookworm-slim

FROM ${NODE_IMAGE} AS build
WORKDIR /src
RUN npm install --global pnpm@10.34.9
COPY package.json pnpm-lock.yaml pnpm-workspace.yaml ./
RUN pnpm fetch
COPY . .
RUN pnpm install --frozen-lockfile --offline
RUN pnpm exec turbo run build --filter "@attune/trainer..."
RUN pnpm deploy --filter @attune/trainer --prod --offline --config.inject-workspace-packages=true /out

FROM ${NODE_IMAGE} AS python
# pip fetches the default base (bin/base), and uv below.
RUN apt-get update && apt-get install -y --no-install-recommends python3 python3-pip && rm -rf /var/lib/apt/lists/*
ARG ENGINE_LOCK=requirements.lock
ENV ATTUNE_CACHE_DIR=/opt/attune ATTUNE_ENGINE_LOCK=/app/engine/${ENGINE_LOCK}

FROM python AS engine
COPY apps/engine-whisper /app/engine
ENV UV_COMPILE_BYTECODE=1
RUN /app/engine/setup.sh && rm -rf /opt/attune/engine-whisper/uv-* && python3 -m compileall -q /app/engine/src

FROM python
ARG VERSION=unreleased
ARG REVISION=unknown
LABEL org.opencontainers.image.title="Attune runner" \
      org.opencontainers.image.source="https://github.com/attune-asr/attune" \
      org.opencontainers.image.licenses="Apache-2.0" \
      org.opencontainers.image.version="${VERSION}" \
      org.opencontainers.image.revision="${REVISION}"
# What a runner may write to, beside /tmp; a volume that is mounted there takes its owner.
RUN install -d -o 10001 -g 10001 /work /scratch /bases
COPY --from=engine /opt/attune /opt/attune
COPY --from=engine /app/engine /app/engine
COPY --from=build /out/package.json /app/package.json
COPY --from=build /out/node_modules /app/node_modules
COPY --from=build /out/dist /app/dist
COPY deploy/images/bin /app/bin
# Which parts of the driver NVIDIA's toolkit brings in; which card is the device plugin's to say. GKE has no toolkit: it mounts the
# driver at /usr/local/nvidia and leaves finding it to the image.
ENV NODE_ENV=production HOST=0.0.0.0 HOME=/tmp NVIDIA_DRIVER_CAPABILITIES=compute,utility \
    LD_LIBRARY_PATH=/usr/local/nvidia/lib64
WORKDIR /app
USER 10001:10001
CMD ["/app/bin/runner"]
