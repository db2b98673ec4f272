# Two images: `docker build .` makes the one with nothing but btdt, `docker build --target shell .` the one
# for scripts. Both build for the platform that is asked for (`--platform linux/amd64,linux/arm64`) on the
# platform of the builder. `npm run image` makes the same images without docker.

FROM --platform=$BUILDPLATFORM node:22-bookworm-slim AS build
ARG TARGETARCH
WORKDIR /btdt
COPY package.json package-lock.json .npmrc ./
RUN npm install --no-save --no-audit --no-fund
COPY . .
RUN case "$TARGETARCH" in \
      amd64) target=linux-x64 ;; \
      arm64) target=linux-arm64 ;; \
      *) echo "no btdt for $TARGETARCH" >&2; exit 1 ;; \
    esac \
 && npx bun run build.ts --target "$target" \
 && install -D -m 755 "dist/btdt-$target" /image/usr/bin/btdt

FROM debian:bookworm-slim AS busybox
RUN apt-get update \
 && apt-get install --yes --no-install-recommends busybox-static \
 && mkdir -p /image/bin /image/usr/share/doc/busybox-static \
 && install -d -m 1777 /image/tmp \
 && cp /bin/busybox /image/bin/busybox \
 && for name in $(busybox --list | grep -vx busybox); do ln -s busybox "/image/bin/$name"; done \
 && cp /usr/share/doc/busybox-static/copyright /image/usr/share/doc/busybox-static/

# For scripts in pipelines. Root, as in the images of the steps beside it, with which they share a volume.
FROM scratch AS shell
COPY --from=busybox /image /
COPY --from=build /image /
ENV PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
CMD ["/bin/sh"]

FROM scratch AS scratch-image
COPY --from=build /image /
ENV PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
USER 65532:65532
ENTRYPOINT ["btdt"]
