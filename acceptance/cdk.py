"""The docker suite of Airbyte's CDK on the image, and its checks of catalogs and records on all
streams, which the suite itself does not apply to an image.

`run` lays out a connector folder as the suite wants one, with a configuration in `secrets`."""

import json
import os
import pathlib

import pytest
from airbyte_cdk.models import AirbyteMessageSerializer, ConfiguredAirbyteCatalogSerializer
from airbyte_cdk.test.standard_tests._catalog_checks import (
    find_catalog_problems,
    format_catalog_problems,
)
from airbyte_cdk.test.standard_tests._read_assertions import assert_read_records
from airbyte_cdk.test.standard_tests.docker_base import DockerConnectorTestSuite

from surroundings import FULL, INCREMENTAL, Simulator, catalog, config, in_image

SCALE = "60"


@pytest.fixture(scope="module", autouse=True)
def sim():
    with Simulator("--size", "small", "--page-cap", "20", "--scale", SCALE) as sim:
        # The suite runs docker itself; `bin/docker` hands these to its containers.
        os.environ["ZENDESK_BASE_URL"] = sim.url
        os.environ["ZENDESK_CLOCK_SCALE"] = SCALE
        yield sim


class TestSuite(DockerConnectorTestSuite):
    @classmethod
    def get_connector_root_dir(cls):
        return pathlib.Path(os.environ["CONNECTOR_FOLDER"])


def parsed(message):
    return AirbyteMessageSerializer.load(message)


@pytest.fixture(scope="module")
def discovered(sim):
    return in_image(sim, "discover", SCALE, config=config()).complete()


def test_the_catalog_has_no_problems(discovered):
    (message,) = discovered.of_type("CATALOG")
    problems = find_catalog_problems(parsed(message).catalog)
    assert not problems, format_catalog_problems(problems)


@pytest.mark.parametrize("mode", [FULL, INCREMENTAL])
def test_every_stream_has_records_that_keep_to_its_schema(sim, discovered, mode):
    chosen = catalog(discovered.streams(), mode)
    output = in_image(sim, "read", SCALE, config=config(), catalog=chosen).complete()
    assert_read_records(
        records=[parsed(message) for message in output.of_type("RECORD")],
        configured_catalog=ConfiguredAirbyteCatalogSerializer.load(json.loads(json.dumps(chosen))),
        require_records_per_stream=True,
        validate_schema=True,
    )
    assert len(output.states()) == len(chosen["streams"])
