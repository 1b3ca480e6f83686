"""PyAirbyte with the destination: rows from a source and from a cache, its smoke test, and every line through
Airbyte's own models of the protocol."""

import json
import os
import pathlib
import subprocess
import sys
import tempfile

# Before the import: neither a registry is asked nor anybody told.
PLACE = tempfile.mkdtemp(prefix="acceptance-destination-")
os.environ.update(
    AIRBYTE_OFFLINE_MODE="1", DO_NOT_TRACK="1", AIRBYTE_NO_UV="1",
    AIRBYTE_PROJECT_DIR=PLACE, AIRBYTE_CACHE_ROOT=PLACE, AIRBYTE_LOGGING_ROOT=PLACE,
)

import airbyte as ab
import airbyte_protocol.models as protocol
import pytest
from airbyte.caches import DuckDBCache

from rows import catalog, customers, messages
from surroundings import CERTIFICATES, DESTINATION_IMAGE, Simulator, config, destination_config

SCALE = "60"
SOURCE, DESTINATION = os.environ["CONNECTOR"], os.environ["DESTINATION"]

# The rows of two streams that PyAirbyte's own source makes. One stream is called as its object.
PEOPLE = [
    {"external_id": f"p-{at}", "name": f"Person {at}", "email": f"p{at}@shop.example", "notes": None}
    for at in range(30)
]
FIRMS = [{"firm": f"f-{at}", "name": f"Firm {at} GmbH & Co.", "details": "ünïcode 🎉"} for at in range(12)]
TEXT = {"type": ["null", "string"]}
SCENARIOS = [
    {
        "name": "users",
        "json_schema": {"type": "object", "properties": dict.fromkeys(PEOPLE[0], TEXT)},
        "primary_key": [["external_id"]],
        "records": PEOPLE,
    },
    {
        "name": "firms",
        "json_schema": {"type": "object", "properties": dict.fromkeys(FIRMS[0], TEXT)},
        "primary_key": [["firm"]],
        "records": FIRMS,
    },
]
BOUND = [
    {"stream": "firms", "object": "organizations", "operation": "upsert", "fields": {"firm": "external_id"}}
]


@pytest.fixture
def sim():
    with Simulator("--size", "small", "--tidy-people", "--scale", SCALE) as sim:
        os.environ["ZENDESK_BASE_URL"] = sim.url
        os.environ["ZENDESK_CLOCK_SCALE"] = SCALE
        os.environ["SSL_CERT_FILE"] = str(CERTIFICATES / "authority.pem")
        yield sim


def destination(way="executable", **options):
    """PyAirbyte's destination over the executable or the image."""
    given = destination_config(**options)
    how = {"local_executable": DESTINATION}
    if way == "image":
        # `bin/docker` says where certificates are there.
        os.environ.pop("SSL_CERT_FILE", None)
        how = {"docker_image": DESTINATION_IMAGE}
    return ab.get_destination("destination-zendesk-support", config=given, **how)


def made_up():
    """PyAirbyte's own source of rows."""
    program = pathlib.Path(sys.executable).with_name("source-smoke-test")
    settings = {"all_fast_streams": False, "all_slow_streams": False, "custom_scenarios": SCENARIOS}
    source = ab.get_source("source-smoke-test", config=settings, local_executable=program)
    source.select_streams([scenario["name"] for scenario in SCENARIOS])
    return source


def known(sim, resource):
    rows = [row["row"] for row in sim.order("truth", resource) if not row["deleted"]]
    return {row["external_id"]: row for row in rows if row.get("external_id")}


def assert_written(sim):
    users, firms = known(sim, "users"), known(sim, "organizations")
    for row in PEOPLE:
        assert {key: users[row["external_id"]][key] for key in ("name", "email")} == {
            "name": row["name"], "email": row["email"],
        }
    for row in FIRMS:
        found = firms[row["firm"]]
        assert (found["name"], found["details"]) == (row["name"], row["details"])
    ledger = sim.order("ledger")
    assert (ledger["users_created"], ledger["organizations_created"]) == (len(PEOPLE), len(FIRMS))
    assert ledger["verification_mails"] == ledger["noop_writes"] == 0
    return ledger["writes"]


@pytest.mark.parametrize("way", ["executable", "image"])
def test_rows_of_a_source_are_written_once(sim, way):
    target = destination(way, streams=BOUND)
    target.check()
    result = target.write(made_up(), cache=False, state_cache=False)
    assert result.processed_records == len(PEOPLE) + len(FIRMS)
    writes = assert_written(sim)
    target.write(made_up(), cache=False, state_cache=False)
    assert sim.order("ledger")["writes"] == writes


def test_rows_of_a_cache_are_written_once(sim):
    cache = DuckDBCache(db_path=pathlib.Path(PLACE) / "made-up.duckdb")
    rows = made_up().read(cache)
    target = destination(streams=BOUND)
    result = target.write(rows)
    assert result.processed_records == len(PEOPLE) + len(FIRMS)
    writes = assert_written(sim)
    target.write(rows)
    assert sim.order("ledger")["writes"] == writes


def test_what_our_source_read_changes_nothing_when_it_is_written_back(sim):
    source = ab.get_source("source-zendesk-support", config=config(), local_executable=SOURCE)
    source.select_streams(["organizations"])
    back = [
        {"stream": "organizations", "object": "organizations", "operation": "update", "match_on": "id"}
    ]
    result = destination(streams=back).write(source, cache=False, state_cache=False)
    # Those that were deleted are read too, and rejected, because nobody has their ids any more.
    assert result.processed_records == len(sim.order("truth", "organizations")) > 0
    assert sim.order("ledger")["writes"] == 0


def test_the_smoke_test_of_pyairbyte(sim):
    scenarios = pathlib.Path(PLACE) / "scenarios.json"
    scenarios.write_text(json.dumps(SCENARIOS))
    given = destination_config(streams=BOUND, unknown_streams="reject")
    bin_folder = str(pathlib.Path(sys.executable).parent)
    surroundings = {**os.environ, "PATH": f"{bin_folder}:{os.environ['PATH']}"}
    line = [
        sys.executable, "-c", "from airbyte.cli.pyab import cli; cli()", "destination-smoke-test",
        f"--destination={DESTINATION}", f"--config={json.dumps(given)}", "--scenarios=all",
        f"--custom-scenarios={scenarios}",
    ]
    ran = subprocess.run(line, capture_output=True, text=True, timeout=600, env=surroundings)
    assert ran.returncode == 0, ran.stdout[-2000:] + ran.stderr[-2000:]
    told = json.loads(ran.stdout[ran.stdout.index("{"):])
    assert told["success"] and told["preflight_passed"], told
    assert_written(sim)


def test_every_line_is_a_message(sim):
    place = pathlib.Path(tempfile.mkdtemp(prefix="acceptance-lines-"))
    rows = [*customers(120), {"external_id": "bad", "email": "no address"}]
    audiences = [{"slug": "vip", "as": {"tag": "vip"}}]
    files = {
        "config": destination_config(audiences=audiences),
        "wrong": {"subdomain": 1},
        "catalog": catalog(),
    }
    for name, content in files.items():
        (place / f"{name}.json").write_text(json.dumps(content))
    given = ["--config", str(place / "config.json")]
    for words, text, code in [
        (["spec"], b"", 0),
        (["check", *given], b"", 0),
        (["check", "--config", str(place / "wrong.json")], b"", 0),
        (["discover", *given], b"", 0),
        (["discover", "--config", str(place / "wrong.json")], b"", 1),
        (["write", *given, "--catalog", str(place / "catalog.json")], messages(rows), 0),
        (["write", *given, "--catalog", str(place / "wrong.json")], messages(rows), 1),
    ]:
        ran = subprocess.run([DESTINATION, *words], input=text, capture_output=True, timeout=600)
        assert (ran.returncode, ran.stderr) == (code, b""), (words, ran.stdout[-500:])
        shown = ran.stdout.decode("utf-8")
        assert shown.endswith("\n") and shown.splitlines() == shown.split("\n")[:-1]
        for line in shown.splitlines():
            message = protocol.AirbyteMessage.model_validate_json(line)
            kind = message.type.value
            body = {"CONNECTION_STATUS": "connectionStatus"}.get(kind, kind.lower())
            assert getattr(message, body) is not None, line
            assert not message.model_extra, line
