"""The files of packaging/registry, as a self-managed Airbyte asks a web server for them, by the model that Airbyte
publishes, and by another reader of registries: PyAirbyte.

Source of the paths: airbyte-platform, RemoteDefinitionsProvider."""

import contextlib
import json
import os
import pathlib
import re
import shlex
import subprocess
import sys
import urllib.error
import urllib.parse
import urllib.request
import xml.etree.ElementTree

import pytest
import yaml
from airbyte_connector_models.metadata.v0.connector_registry_v0 import ConnectorRegistryV0

from surroundings import DESTINATION_IMAGE, DOCKER, IMAGE, ROOT, in_image, shown

BUILD = ROOT / "packaging" / "registry" / "build"
PROGRAMS = ["--source", os.environ["CONNECTOR"], "--destination", os.environ["DESTINATION"]]
IMAGES = "registry.example.com:5000/team"
KINDS = {"source": IMAGE, "destination": DESTINATION_IMAGE}


def metadata(kind):
    path = ROOT / ("metadata.yaml" if kind == "source" else "destination/metadata.yaml")
    return yaml.safe_load(path.read_text())["data"]


def build(place, base_url, *options):
    words = [sys.executable, BUILD, "--base-url", base_url, "--into", place, *PROGRAMS, *options]
    return subprocess.run(words, capture_output=True, text=True, timeout=60)


@contextlib.contextmanager
def plain_server(*options, cwd):
    """The web server that the page shows, and where it listens."""
    words = [sys.executable, "-u", "-m", "http.server", *options, "--bind", "127.0.0.1"]
    server = subprocess.Popen(words, cwd=cwd, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    try:
        port = re.search(r"port (\d+)", server.stdout.readline())[1]
        yield f"http://127.0.0.1:{port}/"
    finally:
        server.kill()
        server.wait()


@pytest.fixture(scope="module")
def served(tmp_path_factory):
    """The base URL of the files, which are below a path."""
    root = tmp_path_factory.mktemp("registry")
    with plain_server("0", cwd=root) as url:
        # Without the slash at its end, which Airbyte needs, and which is told.
        ran = build(root / "airbyte", f"{url}airbyte", "--images", IMAGES)
        assert ran.returncode == 0, ran.stderr
        name, base = ran.stdout.strip().split("=")
        assert name == "CONNECTOR_REGISTRY_BASE_URL" and base == f"{url}airbyte/"
        yield base


def fetch(base, path):
    """What is at a path, which is resolved as Airbyte does it, and its type."""
    with urllib.request.urlopen(urllib.parse.urljoin(base, path), timeout=30) as answer:
        return answer.read().decode(), answer.headers.get_content_type()


def registry_of(base):
    return json.loads(fetch(base, "registries/v0/oss_registry.json")[0])


def test_the_model_takes_the_registry(served):
    ConnectorRegistryV0.model_validate(registry_of(served))


@pytest.mark.parametrize("kind", KINDS)
def test_an_entry_is_what_the_image_and_the_metadata_say(served, kind):
    (entry,) = registry_of(served)[f"{kind}s"]
    data = metadata(kind)
    (spec,) = in_image(None, "spec", image=KINDS[kind]).of_type("SPEC")
    assert entry["spec"] == spec["spec"]
    labels = json.loads(subprocess.check_output([DOCKER, "inspect", "--format={{json .Config.Labels}}", KINDS[kind]]))
    assert labels["io.airbyte.version"] == data["dockerImageTag"] == entry["dockerImageTag"]
    assert entry["dockerRepository"] == f"{IMAGES}/{labels['io.airbyte.name']}"
    assert entry[f"{kind}DefinitionId"] == data["definitionId"]
    for name in ("allowedHosts", "releaseStage", "supportLevel", "protocolVersion", "releases"):
        assert entry[name] == data[name], name
    # Every workspace is offered it, which a connector that a user of one has added would not be.
    assert (entry["public"], entry["custom"], entry["tombstone"]) == (True, False, False)
    # What a connector that is entered by hand never gets.
    gained = ["supportsFileTransfer"] if kind == "source" else ["supportsDataActivation", "supportsRefreshes"]
    assert all(entry[name] is True for name in gained)


@pytest.mark.parametrize("kind", KINDS)
def test_airbyte_finds_a_version_its_page_and_its_icon(served, kind):
    (entry,) = registry_of(served)[f"{kind}s"]
    for version in (entry["dockerImageTag"], "latest"):
        folder = f"metadata/{entry['dockerRepository']}/{version}"
        assert json.loads(fetch(served, f"{folder}/oss.json")[0]) == entry
        page, _ = fetch(served, f"{folder}/doc.md")
        assert page.startswith("# ") and "](../" not in page and ".md)" not in page
    icon, content_type = fetch(served, entry["iconUrl"])
    assert entry["iconUrl"].startswith(served) and content_type == "image/svg+xml"
    assert xml.etree.ElementTree.fromstring(icon).tag == "{http://www.w3.org/2000/svg}svg"
    # A version that nobody has put there is not found, and Airbyte asks the image.
    with pytest.raises(urllib.error.HTTPError, match="404"):
        fetch(served, f"metadata/{entry['dockerRepository']}/9.9.9/oss.json")


def test_pyairbyte_reads_it(served):
    code = """import airbyte.registry as registry, json
for name in registry.get_available_connectors("any"):
    print(registry.get_connector_metadata(name).model_dump_json())"""
    surroundings = {
        **os.environ, "AIRBYTE_LOCAL_REGISTRY": served + "registries/v0/oss_registry.json",
        "AIRBYTE_OFFLINE_MODE": "0", "DO_NOT_TRACK": "1",
    }
    words = [sys.executable, "-W", "ignore", "-c", code]
    told = subprocess.check_output(words, env=surroundings, text=True, timeout=120)
    found = [json.loads(line) for line in told.splitlines()]
    assert {connector["definition_id"] for connector in found} == {metadata(kind)["definitionId"] for kind in KINDS}
    for connector in found:
        assert connector["latest_available_version"] == metadata("source")["dockerImageTag"]


def other(kind, **changes):
    given = {
        f"{kind}DefinitionId": "5d993ab8-1a63-4e68-a4c6-4a5d1a1f0c11", "name": "Another", "spec": {},
        "dockerRepository": f"elsewhere/{kind}-another", "dockerImageTag": "1.2.3",
        "documentationUrl": "https://docs.example.com/",
    }
    return {**given, **changes}


def test_the_connectors_of_another_registry_stay_beside_them(tmp_path):
    same_name = other(
        "source", name="Zendesk Support", sourceDefinitionId="79c1aa37-dae3-42ae-b333-d1c105477715",
        dockerRepository="airbyte/source-zendesk-support",
    )
    former = other("destination", destinationDefinitionId=metadata("destination")["definitionId"], name="Former")
    beside = tmp_path / "oss_registry.json"
    others = {"sources": [other("source"), same_name], "destinations": [other("destination"), former]}
    beside.write_text(json.dumps(others))
    ran = build(tmp_path / "all", "https://files.example.com/", "--beside", beside)
    assert (ran.returncode, ran.stderr) == (0, "")
    made = json.loads((tmp_path / "all" / "registries" / "v0" / "oss_registry.json").read_text())
    ConnectorRegistryV0.model_validate(made)
    assert [entry["name"] for entry in made["sources"]] == ["Zendesk Support (Rust)", "Another", "Zendesk Support"]
    assert [entry["name"] for entry in made["destinations"]] == ["Zendesk Support", "Another"]
    assert made["sources"][1:] == others["sources"]
    alone = tmp_path / "all" / "metadata" / "elsewhere" / "source-another"
    for version in ("1.2.3", "latest"):
        assert json.loads((alone / version / "oss.json").read_text()) == other("source")


def told(ran):
    assert ran.returncode and "Traceback" not in ran.stderr, ran.stderr
    return ran.stderr


def test_what_is_wrong_is_told(tmp_path):
    assert "https://" in told(build(tmp_path / "a", "files.example.com"))
    strange = tmp_path / "program"
    strange.write_text("#!/bin/sh\necho source-zendesk-support 9.9.9\n")
    strange.chmod(0o755)
    said = told(build(tmp_path / "a", "https://files.example.com", "--source", strange))
    assert "version 9.9.9" in said and metadata("source")["dockerImageTag"] in said
    assert "cannot be started" in told(build(tmp_path / "a", "https://files.example.com", "--source", tmp_path / "none"))
    beside = tmp_path / "oss_registry.json"
    for text in ("{}", "not json", json.dumps({"sources": [other("source", dockerRepository="../../x")], "destinations": []})):
        beside.write_text(text)
        told(build(tmp_path / "a", "https://files.example.com", "--beside", beside))
    assert not (tmp_path / "a" / "registries").exists() and not (tmp_path / "x").exists()


def test_the_page_says_what_the_files_say(tmp_path):
    making, serving = shown("docs/registry.md", "sh registry")
    # The images that it asks are in a registry; their programs are here.
    command = making.replace("--images", f"{' '.join(PROGRAMS)} --images").replace("\\\n", " ").splitlines()[0]
    path = f"{pathlib.Path(sys.executable).parent}:{os.environ['PATH']}"
    line = command.replace("packaging/registry/build", str(BUILD))
    said = subprocess.check_output(["sh", "-ec", line], cwd=tmp_path, env={**os.environ, "PATH": path}, text=True)
    (values,) = shown("docs/registry.md", "yaml")
    variables = yaml.safe_load(values)["global"]["env_vars"]
    assert said.strip() == "CONNECTOR_REGISTRY_BASE_URL=" + variables["CONNECTOR_REGISTRY_BASE_URL"]
    words = shlex.split(serving.replace("8000", "0"))
    assert words[:3] == ["python3", "-m", "http.server"]
    with plain_server(*words[3:], cwd=tmp_path) as url:
        assert len(registry_of(url)["sources"]) == 1
