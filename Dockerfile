# A connector's image: the program, a shell to start it with, and nothing else. It is the source's, or with
# `--build-arg CONNECTOR=destination-zendesk-support` the destination's.
# Nothing here names an architecture; the image is for the machine that builds it.
ARG CONNECTOR=source-zendesk-support

FROM rust:1.95-bookworm AS builder
ARG VERSION=0.1.0
# A registry may be out for a moment.
ENV CARGO_NET_RETRY=10
WORKDIR /build
COPY . .
# Static, so that the image needs no libraries, with relocations in the form that takes least room.
# The target is named although it is the host's own: without it the flags would reach build scripts
# and procedural macros too, which cannot be static.
ENV RUSTFLAGS="-C target-feature=+crt-static -C link-arg=-Wl,-z,pack-relative-relocs"
# Each is built as if it were alone, so that neither has what only the other needs.
RUN grep -qx "version = \"$VERSION\"" Cargo.toml \
 && target=$(rustc -vV | sed -n 's/^host: //p') \
 && for name in source-zendesk-support destination-zendesk-support; do \
        cargo build --locked --release --target "$target" --package "$name" --bin "$name" \
     && mkdir -p "/image/$name/airbyte" "/image/$name/usr/share/doc/$name" \
     && cp LICENSE "target/$target/release/$name" "/image/$name/airbyte" \
     && packaging/sbom/complete "$name" "$target" >"/image/$name/usr/share/doc/$name/sbom.cdx.json" \
     || exit 1; \
    done
# Where Airbyte's tools and platforms mount files or expect to write them, as whichever user.
RUN cd /image/source-zendesk-support && mkdir -p -m 1777 \
    local secrets config source data staging/files tmp airbyte/tmp
RUN cd /image/destination-zendesk-support && mkdir -p -m 1777 \
    local secrets config dest data tmp airbyte/tmp

# The platform does not run the entry point: it runs `sh` in this image with a script that does, and
# that script needs `sleep` and `mv`. One static busybox answers to all of these names.
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
# Memory of one page of rows is kept for the next, rather than given back and taken again.
ENV GLIBC_TUNABLES="glibc.malloc.trim_threshold=67108864:glibc.malloc.mmap_threshold=33554432"
ENV AIRBYTE_ENTRYPOINT="/airbyte/$CONNECTOR"
WORKDIR /airbyte
# By number: there is no /etc/passwd, and `runAsNonRoot` accepts nothing else.
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
