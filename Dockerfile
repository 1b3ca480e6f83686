# The image of a connector: the program, a shell to start it, and nothing else. By default it is the source's image,
# and with `--build-arg CONNECTOR=destination-zendesk-support` the destination's.
# The image is for the architecture of the machine that builds it.
ARG CONNECTOR=source-zendesk-support

FROM rust:1.95-bookworm AS builder
ARG VERSION=0.1.0
# A registry may fail for a moment.
ENV CARGO_NET_RETRY=10
WORKDIR /build
COPY . .
# Static, so the image needs no libraries, with relocations in the smallest form. The target is the host's own and
# must be named: otherwise the flags would apply to build scripts and procedural macros too, and these cannot be
# static.
ENV RUSTFLAGS="-C target-feature=+crt-static -C link-arg=-Wl,-z,pack-relative-relocs"
# Each program is built alone, so it has no features that only the other one needs.
RUN grep -qx "version = \"$VERSION\"" Cargo.toml \
 && target=$(rustc -vV | sed -n 's/^host: //p') \
 && for name in source-zendesk-support destination-zendesk-support; do \
        cargo build --locked --release --target "$target" --package "$name" --bin "$name" \
     && mkdir -p "/image/$name/airbyte" "/image/$name/usr/share/doc/$name" \
     && cp LICENSE "target/$target/release/$name" "/image/$name/airbyte" \
     && packaging/sbom/complete "$name" "$target" >"/image/$name/usr/share/doc/$name/sbom.cdx.json" \
     && packaging/sbom/licences "$name" "$target" >"/image/$name/usr/share/doc/$name/LICENSES.gz" \
     || exit 1; \
    done
# Airbyte's tools and platforms mount or write files in these folders, as any user.
RUN cd /image/source-zendesk-support && mkdir -p -m 1777 \
    local secrets config source data staging/files tmp airbyte/tmp
RUN cd /image/destination-zendesk-support && mkdir -p -m 1777 \
    local secrets config dest data tmp airbyte/tmp

# The platform runs `sh` in this image, with a script that runs the entry point. The script needs `sleep` and `mv`. One
# static busybox provides all of these commands.
FROM debian:bookworm-slim AS shell
COPY packaging/sbom/package packaging/sbom/component.sh /sbom/
RUN apt-get -o Acquire::Retries=5 update \
 && apt-get -o Acquire::Retries=5 install -y --no-install-recommends busybox-static \
 && mkdir -p /image/bin /image/usr/share/doc/busybox-static \
 && cp /bin/busybox /image/bin \
 && for name in sh sleep mv cat cp rm mkdir test ls; do ln -s busybox "/image/bin/$name"; done \
 && dpkg-query --show --showformat 'Source: ${source:Package} ${source:Version}, from Debian\n\n' \
    busybox-static >/image/usr/share/doc/busybox-static/copyright \
 && cat /usr/share/doc/busybox-static/copyright /usr/share/common-licenses/GPL-2 \
    >>/image/usr/share/doc/busybox-static/copyright \
 && /sbom/package busybox-static GPL-2.0-only >/image/usr/share/doc/busybox-static/sbom.cdx.json

FROM scratch AS image
ARG CONNECTOR
ARG VERSION=0.1.0
COPY --from=shell /image/ /
COPY --from=builder /image/$CONNECTOR/ /
ENV PATH="/bin"
# Keeps the memory of one page of rows for the next page.
ENV GLIBC_TUNABLES="glibc.malloc.trim_threshold=67108864:glibc.malloc.mmap_threshold=33554432"
ENV AIRBYTE_ENTRYPOINT="/airbyte/$CONNECTOR"
WORKDIR /airbyte
# A number, because there is no /etc/passwd and `runAsNonRoot` accepts only numbers.
USER 1000:1000
LABEL io.airbyte.name="$CONNECTOR" \
      io.airbyte.version="$VERSION" \
      org.opencontainers.image.title="$CONNECTOR" \
      org.opencontainers.image.version="$VERSION" \
      org.opencontainers.image.licenses="MIT AND GPL-2.0-only AND LGPL-2.1-or-later"

# An entry point takes no arguments of the build.
FROM image AS destination-zendesk-support
ENTRYPOINT ["/airbyte/destination-zendesk-support"]
LABEL org.opencontainers.image.description="Airbyte-protocol destination connector for Zendesk Support"

FROM image AS source-zendesk-support
ENTRYPOINT ["/airbyte/source-zendesk-support"]
LABEL org.opencontainers.image.description="Airbyte-protocol source connector for Zendesk Support"

FROM ${CONNECTOR}
