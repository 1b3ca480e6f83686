#!/usr/bin/env bash
# Makes the Dockerfile's base images on a machine without an image registry, under the names in the Dockerfile.
# Debian comes from its packages, and Rust from the installed toolchain. Run it as root, with docker and
# debootstrap. Then `docker build --network host .` finds the images. DEBIAN_MIRROR is the mirror for debootstrap,
# and DOCKER the docker client.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
docker=${DOCKER:-docker}

base() { sed -n "s/^FROM \($1:[^ ]*\).*/\1/p" Dockerfile; }
debian=$(base debian)
rust=$(base rust)
release=${debian#*:}
release=${release%-slim}

# The name of the image has the version of Rust, so the toolchain must have this version.
wanted=${rust#*:}
wanted=${wanted%-*}
have=$(rustc --version | cut -d' ' -f2)
if [[ $have != "$wanted" && $have != "$wanted".* ]]; then
    printf 'The Dockerfile needs Rust %s, but rustc here is %s. Install Rust %s.\n' "$wanted" "$have" "$wanted" >&2
    exit 1
fi

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

debootstrap --variant=minbase "$release" "$work/debian" ${DEBIAN_MIRROR:+"$DEBIAN_MIRROR"}
tar -C "$work/debian" -c --exclude=./var/cache/apt/archives/*.deb . |
    "$docker" import --change 'CMD ["bash"]' - "$debian"

# Without the documentation, more than half of a toolchain.
mkdir -p "$work/rust/toolchain"
sysroot=$(rustc --print sysroot)
cp -a "$sysroot/bin" "$sysroot/lib" "$work/rust/toolchain"
# A machine behind a proxy may trust authorities of its own. Then cargo needs them too.
cat "${SSL_CERT_FILE:-/etc/ssl/certs/ca-certificates.crt}" >"$work/rust/authorities.crt"
"$docker" build --network host --tag "$rust" --file - "$work/rust" <<END
FROM $debian
RUN apt-get -o Acquire::Retries=5 update && apt-get -o Acquire::Retries=5 \
    install -y --no-install-recommends ca-certificates gcc libc6-dev
COPY toolchain /usr/local
COPY authorities.crt /etc/ssl/certs/ca-certificates.crt
END
