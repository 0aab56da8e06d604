# Any service: --build-arg APP=models-api|ingestion|trainer|evaluator|billing
ARG NODE_IMAGE=node:22.23.2-bookworm-slim

FROM ${NODE_IMAGE} AS build
ARG APP
WORKDIR /src
RUN npm install --global pnpm@10.34.9
COPY package.json pnpm-lock.yaml pnpm-workspace.yaml ./
RUN pnpm fetch
COPY . .
RUN pnpm install --frozen-lockfile --offline
RUN pnpm exec turbo run build --filter "@attune/${APP}..."
RUN pnpm deploy --filter "@attune/${APP}" --prod --offline --config.inject-workspace-packages=true /out

FROM ${NODE_IMAGE}
ARG APP
ARG VERSION=unreleased
ARG REVISION=unknown
LABEL org.opencontainers.image.title="Attune ${APP}" \
      org.opencontainers.image.source="https://github.com/attune-asr/attune" \
      org.opencontainers.image.licenses="Apache-2.0" \
      org.opencontainers.image.version="${VERSION}" \
      org.opencontainers.image.revision="${REVISION}"
# ingestion decodes uploads in its sandbox.
RUN if [ "${APP}" = ingestion ]; then \
      apt-get update && apt-get install -y --no-install-recommends ffmpeg bubblewrap && rm -rf /var/lib/apt/lists/*; \
    fi
# What a service may write to, beside /tmp; a volume that is mounted there takes its owner.
RUN install -d -o 10001 -g 10001 /work
COPY --from=build /out/package.json /app/package.json
COPY --from=build /out/node_modules /app/node_modules
COPY --from=build /out/dist /app/dist
COPY deploy/images/bin /app/bin
ENV NODE_ENV=production HOST=0.0.0.0 HOME=/tmp
WORKDIR /app
USER 10001:10001
CMD ["/app/bin/service"]
