# syntax=docker/dockerfile:1

# Two images from one build: --target api, with the page, and --target workers. The build caches are
# mounts, so that a change in one file does not compile all crates again.

FROM node:24-trixie-slim AS page
WORKDIR /page
COPY web/package.json web/package-lock.json ./
RUN --mount=type=cache,target=/root/.npm npm ci --ignore-scripts --no-audit --no-fund
COPY web/ ./
RUN npm run build

FROM rust:1.95.0-slim-trixie AS build
WORKDIR /src
COPY . .
RUN --mount=type=cache,target=/usr/local/cargo/registry,sharing=locked \
    --mount=type=cache,target=/src/target,sharing=locked \
    cargo build --release --locked --package api --package workers \
    && install -D --target-directory=/out target/release/api target/release/workers

# No shell, no package manager, no root; certificates and the C library of the build stage's Debian.
FROM gcr.io/distroless/cc-debian13:nonroot AS runtime
# In a container, clients reach a process through the container's network, not through loopback.
ENV BOXOFFICE__API__LISTEN=0.0.0.0:8080 \
    BOXOFFICE__API__ADMIN_LISTEN=0.0.0.0:9080 \
    BOXOFFICE__WORKERS__ADMIN_LISTEN=0.0.0.0:9081
USER 65532:65532

FROM runtime AS workers
COPY --from=build /out/workers /usr/local/bin/workers
EXPOSE 9081
ENTRYPOINT ["/usr/local/bin/workers"]
CMD ["all"]
HEALTHCHECK --interval=10s --timeout=5s --start-period=10s CMD ["/usr/local/bin/workers", "healthcheck"]

FROM runtime AS api
COPY --from=page /page/dist /srv/page
COPY --from=build /out/api /usr/local/bin/api
ENV BOXOFFICE__API__WEB_DIR=/srv/page
EXPOSE 8080 9080
ENTRYPOINT ["/usr/local/bin/api"]
HEALTHCHECK --interval=10s --timeout=5s --start-period=10s CMD ["/usr/local/bin/api", "healthcheck"]
