"""metadata.yaml by the model that Airbyte publishes for it."""

import json
import subprocess

import yaml
from airbyte_connector_models.metadata.v0.connector_metadata_definition_v0 import (
    ConnectorMetadataDefinitionV0,
)

from surroundings import DOCKER, IMAGE, ROOT, in_image


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
