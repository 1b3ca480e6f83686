"""metadata.yaml by the model that Airbyte publishes for it."""

import json
import subprocess

import yaml
from airbyte_connector_models.metadata.v0.connector_metadata_definition_v0 import (
    ConnectorMetadataDefinitionV0,
)

from surroundings import DOCKER, IMAGE, ROOT, in_image, registered

# Of the connector that Airbyte has for the same service; two connectors must not share either.
AIRBYTES = {
    "definitionId": "79c1aa37-dae3-42ae-b333-d1c105477715",
    "dockerRepository": "airbyte/source-zendesk-support",
}


def metadata():
    return yaml.safe_load((ROOT / "metadata.yaml").read_text())


def test_the_model_takes_it():
    ConnectorMetadataDefinitionV0.model_validate(metadata())


def test_it_says_what_the_image_says():
    data = metadata()["data"]
    told = subprocess.check_output([DOCKER, "inspect", "--format={{json .Config.Labels}}", IMAGE])
    labels = json.loads(told)
    assert labels["io.airbyte.name"] == data["dockerRepository"]
    assert labels["io.airbyte.version"] == data["dockerImageTag"]
    (spec,) = in_image(None, "spec").of_type("SPEC")
    assert spec["spec"]["protocol_version"] == data["protocolVersion"]
    assert any(tag == "language:rust" for tag in data["tags"])


def test_it_is_a_connector_of_its_own():
    data = metadata()["data"]
    assert not [key for key, theirs in AIRBYTES.items() if data[key] == theirs]
    assert "${subdomain}.zendesk.com" in data["allowedHosts"]["hosts"]
    suggested = data["suggestedStreams"]["streams"]
    assert suggested and set(suggested) <= registered()
    assert data["maxSecondsBetweenMessages"] > 300, "a STATE may take five minutes to come"
    # A version that breaks something says so before it can be released.
    major = int(data["dockerImageTag"].split(".")[0])
    announced = data["releases"].get("breakingChanges") or {}
    assert major <= 1 or f"{major}.0.0" in announced
