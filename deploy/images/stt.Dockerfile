# The stt service with what the engine needs to serve: no PyTorch.
ARG NODE_IMAGE=node:22.23.2-bookworm-slim

FROM ${NODE_IMAGE} AS build
WORKDIR /src
RUN npm install --global pnpm@10.34.9
COPY package.json pnpm-lock.yaml pnpm-workspace.yaml ./
RUN pnpm fetch
COPY . .
RUN pnpm install --frozen-lockfile --offline
RUN pnpm exec turbo run build --filter "@attune/stt..."
RUN pnpm deploy --filter @attune/stt --prod --offline --config.inject-workspace-packages=true /out

FROM ${NODE_IMAGE} AS python
RUN apt-get update && apt-get install -y --no-install-recommends python3 ffmpeg bubblewrap && rm -rf /var/lib/apt/lists/*
ENV ATTUNE_CACHE_DIR=/opt/attune ATTUNE_ENGINE_LOCK=/app/engine/requirements-serving.lock

FROM python AS engine
RUN apt-get update && apt-get install -y --no-install-recommends python3-pip && rm -rf /var/lib/apt/lists/*
COPY apps/engine-whisper /app/engine
ENV UV_COMPILE_BYTECODE=1
RUN /app/engine/setup.sh && rm -rf /opt/attune/engine-whisper/uv-* && python3 -m compileall -q /app/engine/src

FROM python
ARG VERSION=unreleased
ARG REVISION=unknown
LABEL org.opencontainers.image.title="Attune stt" \
      org.opencontainers.image.source="https://github.com/attune-asr/attune" \
      org.opencontainers.image.licenses="Apache-2.0" \
      org.opencontainers.image.version="${VERSION}" \
      org.opencontainers.image.revision="${REVISION}"
# What the service may write to, beside /tmp; a volume that is mounted there takes its owner.
RUN install -d -o 10001 -g 10001 /work
COPY --from=engine /opt/attune /opt/attune
COPY --from=engine /app/engine /app/engine
COPY --from=build /out/package.json /app/package.json
COPY --from=build /out/node_modules /app/node_modules
COPY --from=build /out/dist /app/dist
COPY deploy/images/bin /app/bin
ENV NODE_ENV=production HOST=0.0.0.0 HOME=/tmp
WORKDIR /app
USER 10001:10001
CMD ["/app/bin/stt"]
