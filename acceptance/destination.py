"""The destination's image: what it holds, what it may, how it stops, and every command of it over HTTPS, by
docker and as Airbyte's platform runs it on Kubernetes."""

import json
import os
import pathlib
import re
import subprocess
import tempfile
import threading
import uuid

import pytest
import yaml
from airbyte_connector_models.metadata.v0.connector_metadata_definition_v0 import (
    ConnectorMetadataDefinitionV0,
)

from rows import catalog, counts, customers, messages
from surroundings import (
    CERTIFICATES,
    DESTINATION_IMAGE,
    DOCKER,
    LONGEST_RUN,
    ROOT,
    Output,
    Simulator,
    destination_config,
    docker_run,
    folder,
    has_a_shell_and_places,
    has_the_roots_of_the_web,
    in_image,
    whole_program,
)

NAME = "destination-zendesk-support"
SCALE = "60"
LARGEST = 12_000_000
MOUNT_POINTS = "/local /secrets /config /dest /data /tmp /airbyte/tmp".split()

# The platform's script for a destination, ours and equal in effect. Source: airbyte-platform,
# ContainerCommandFactory.
SCRIPT = """
cd /dest
eval "$AIRBYTE_ENTRYPOINT write --config connectorConfig.json --catalog catalog.json" \
    2> stderr > stdout < stdin
echo $? > exitCode.fresh
mv exitCode.fresh exitCode.txt
"""


@pytest.fixture
def sim():
    with Simulator("--size", "small", "--tidy-people", "--scale", SCALE) as sim:
        yield sim


@pytest.fixture(scope="module")
def image():
    told = subprocess.check_output([DOCKER, "image", "inspect", DESTINATION_IMAGE])
    return json.loads(told)[0]


def metadata(place):
    return yaml.safe_load((ROOT / place / "metadata.yaml").read_text())


def run(sim, command, **files):
    return in_image(sim, command, SCALE, image=DESTINATION_IMAGE, **files)


def write_line(sim, *options, **files):
    """The command line of a write whose messages come on stdin, with no rights at all."""
    place = folder(**files)
    return docker_run(
        "--interactive", "--volume", f"{place}:/config:ro", *options,
        command=["write", "--config", "/config/config.json", "--catalog", "/config/catalog.json"],
        url=sim.url, scale=SCALE, image=DESTINATION_IMAGE,
    )


def write(sim, rows, *options, **changes):
    line = write_line(sim, *options, config=destination_config(**changes), catalog=catalog())
    ran = subprocess.run(line, input=messages(rows), capture_output=True, timeout=LONGEST_RUN)
    return Output(ran).complete()


def users(sim):
    rows = [row["row"] for row in sim.order("truth", "users") if not row["deleted"]]
    return {row["external_id"]: row for row in rows if row.get("external_id")}


def test_it_is_small(image, capsys):
    with capsys.disabled():
        print(f"\nthe destination's image: {image['Size']} bytes")
    assert image["Size"] <= LARGEST


def test_it_says_how_it_is_run(image):
    told = image["Config"]
    surroundings = dict(pair.split("=", 1) for pair in told["Env"])
    assert surroundings["AIRBYTE_ENTRYPOINT"] == " ".join(told["Entrypoint"]) == f"/airbyte/{NAME}"
    assert re.fullmatch(r"[1-9]\d*:[1-9]\d*", told["User"])
    labels = told["Labels"]
    assert labels["io.airbyte.name"] == labels["org.opencontainers.image.title"] == NAME
    assert "destination" in labels["org.opencontainers.image.description"]


@pytest.mark.parametrize("user", ["1000:1000", "4711:4712"])
def test_it_has_a_shell_and_places_to_write(user):
    has_a_shell_and_places(DESTINATION_IMAGE, user, MOUNT_POINTS)


def test_the_roots_of_the_web_are_inside():
    has_the_roots_of_the_web(NAME, DESTINATION_IMAGE)


def test_the_same_sources_give_the_same_binary():
    shipped, built = whole_program(NAME, DESTINATION_IMAGE)
    assert shipped == built


def test_the_model_takes_the_metadata():
    ConnectorMetadataDefinitionV0.model_validate(metadata("destination"))


def test_the_metadata_say_what_the_image_says(image):
    data, sources = metadata("destination")["data"], metadata(".")["data"]
    labels = image["Config"]["Labels"]
    assert labels["io.airbyte.name"] == data["dockerRepository"]
    assert labels["io.airbyte.version"] == data["dockerImageTag"]
    (spec,) = run(None, "spec").of_type("SPEC")
    assert spec["spec"]["protocol_version"] == data["protocolVersion"]
    assert data["connectorType"] == "destination" and "language:rust" in data["tags"]
    # Activation connectors set both; without the latter the platform sends no COMPLETE.
    assert data["supportsDataActivation"] is data["supportsRefreshes"] is True
    assert "${subdomain}.zendesk.com" in data["allowedHosts"]["hosts"]
    assert data["definitionId"] != sources["definitionId"]
    assert "connectorIPCOptions" not in data


def test_check_succeeds_and_writes_nothing(sim):
    output = run(sim, "check", config=destination_config())
    (status,) = output.of_type("CONNECTION_STATUS")
    assert status["connectionStatus"] == {"status": "SUCCEEDED"} and output.code == 0
    wrong = {"credentials": "oauth2.0", "access_token": "x1"}
    output = run(sim, "check", config=destination_config(credentials=wrong))
    (status,) = output.of_type("CONNECTION_STATUS")
    assert status["connectionStatus"]["status"] == "FAILED" and output.code == 0
    assert sim.order("ledger")["writes"] == 0


def test_it_trusts_nobody_who_is_not_trusted(sim):
    line = docker_run(
        "--env", "SSL_CERT_FILE=", "--volume", f"{folder(config=destination_config())}:/config:ro",
        command=["check", "--config", "/config/config.json"],
        url=sim.url, scale=SCALE, image=DESTINATION_IMAGE,
    )
    output = Output(subprocess.run(line, capture_output=True, timeout=300))
    (status,) = output.of_type("CONNECTION_STATUS")
    assert status["connectionStatus"]["status"] == "FAILED"


def test_discover_keeps_to_what_the_platform_enforces(sim):
    audiences = [{"slug": "vip", "as": {"tag": "vip"}}]
    config = destination_config(allow_deletes=True, audiences=audiences)
    output = run(sim, "discover", config=config).complete()
    (message,) = output.of_type("DESTINATION_CATALOG")
    operations = message["destination_catalog"]["operations"]
    pairs = [(one["object_name"], one["sync_mode"]) for one in operations]
    modes = ("append", "append_dedup", "update", "soft_delete")
    objects = ("users", "organizations", "tickets", "audience:vip")
    objects += tuple({name for name, _ in pairs if name.startswith("custom_object:")})
    expected = [(name, mode) for name in objects for mode in modes]
    expected += [("organization_memberships", mode) for mode in ("append_dedup", "soft_delete")]
    expected += [("audience_mirror:vip", "append_dedup")]
    assert sorted(pairs) == sorted(expected) and len(objects) > 4
    for one in operations:
        schema = one["json_schema"]
        assert schema["additionalProperties"] is False
        assert set(schema["required"]) <= set(schema["properties"])
        for key in one.get("matching_keys", []):
            assert key and set(key) <= set(schema["properties"]), (one["object_name"], key)
    (upsert,) = [one for one in operations if pairs[operations.index(one)] == ("users", "append_dedup")]
    assert any(name.startswith("custom_") for name in upsert["json_schema"]["properties"])


def test_rows_are_written_once_and_bad_ones_are_kept(sim):
    place = pathlib.Path(tempfile.mkdtemp(prefix="acceptance-rejected-"))
    place.chmod(0o777)
    storage = {"storage_type": "Local", "path": "/local/rejected"}
    rows = customers(250)
    rows[7]["email"] = "no address"
    options = ("--volume", f"{place}:/local")
    first = write(sim, rows, *options, object_storage_config=storage)
    assert counts(first) == {"recordCount": 249, "rejectedRecordCount": 1, "created": 249}
    assert [message["state"]["id"] for message in first.of_type("STATE")] == [100, 200, 250]
    known = users(sim)
    assert {f"c-{at}" for at in range(250) if at != 7} <= known.keys() and "c-7" not in known
    (file,) = place.rglob("*.jsonl")
    (line,) = file.read_text().splitlines()
    kept = json.loads(line)
    assert (kept["record"], kept["field"]) == (rows[7], "email")
    ledger = sim.order("ledger")
    for harm in ("verification_mails", "requester_mails", "organizations_lost", "tags_lost",
                 "role_changes", "noop_writes"):
        assert ledger[harm] == 0, harm

    second = write(sim, rows)
    assert counts(second) == {"recordCount": 249, "rejectedRecordCount": 1, "unchanged": 249}
    assert sim.order("ledger")["writes"] == ledger["writes"]
    rows[3]["notes"] = "another"
    third = write(sim, rows)
    assert counts(third)["updated"] == 1 and users(sim)["c-3"]["notes"] == "another"


def test_sigterm_ends_process_one_with_143_and_whole_lines(sim):
    name = f"acceptance-{uuid.uuid4()}"
    line = write_line(sim, "--name", name, config=destination_config(), catalog=catalog())
    running = subprocess.Popen(
        line, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    # Stdin stays open: only the signal can end it.
    running.stdin.write(messages(customers(200)))
    running.stdin.flush()
    raw = b""
    while b'{"type":"STATE"' not in raw:
        got = running.stdout.readline()
        assert got, running.stderr.read()
        raw += got
    # Where a signal is not heard, docker kills after this many seconds, and the code is 137.
    stopping = subprocess.Popen([DOCKER, "stop", "--time", "20", name], stdout=subprocess.DEVNULL)
    raw += running.stdout.read()
    code, stderr = running.wait(300), running.stderr.read()
    assert stopping.wait(300) == 0
    assert (code, stderr) == (143, b"") and raw.endswith(b"\n")
    for text in raw.splitlines():
        json.loads(text)
    # What was acknowledged is there, and the rest is written by the next run.
    acknowledged = [json.loads(text) for text in raw.splitlines() if b'"STATE"' in text]
    assert len(users(sim).keys() & {f"c-{at}" for at in range(200)}) >= acknowledged[-1]["state"]["id"]
    again = counts(write(sim, customers(200)))
    assert again["recordCount"] == 200


def test_as_the_platform_runs_it_on_kubernetes(sim):
    place = pathlib.Path(tempfile.mkdtemp(prefix="acceptance-dest-"))
    files = {"connectorConfig": destination_config(), "catalog": catalog()}
    for name, content in files.items():
        (place / f"{name}.json").write_text(json.dumps(content))
    for pipe in ("stdin", "stdout", "stderr"):
        os.mkfifo(place / pipe)
    for path in (place, *place.iterdir()):
        os.chown(path, 1000, 1000)
    line = [DOCKER, "run", "--rm", "--network", "host", "--user", "1000:1000", "--cap-drop", "ALL"]
    line += ["--security-opt", "no-new-privileges", "--volume", f"{place}:/dest"]
    line += ["--volume", f"{CERTIFICATES}:/certificates:ro"]
    surroundings = {
        "ZENDESK_BASE_URL": sim.url, "ZENDESK_CLOCK_SCALE": SCALE, "WORKER_JOB_ID": "7",
        "WORKER_JOB_ATTEMPT": "0", "SSL_CERT_FILE": "/certificates/authority.pem",
    }
    for name, value in surroundings.items():
        line += ["--env", f"{name}={value}"]
    pod = subprocess.Popen([*line, "--entrypoint", "sh", DESTINATION_IMAGE, "-c", SCRIPT])
    taken = {}

    def drain(pipe):
        with open(place / pipe, "rb") as file:
            taken[pipe] = file.read()

    drains = [threading.Thread(target=drain, args=(pipe,), daemon=True) for pipe in ("stdout", "stderr")]
    for thread in drains:
        thread.start()
    with open(place / "stdin", "wb") as stdin:
        stdin.write(messages(customers(150)))
    for thread in drains:
        thread.join(LONGEST_RUN)
    assert pod.wait(LONGEST_RUN) == 0
    code = int((place / "exitCode.txt").read_text())
    output = Output(subprocess.CompletedProcess(line, code, taken["stdout"], taken["stderr"]))
    assert counts(output.complete()) == {"recordCount": 150, "created": 150}
    assert output.stderr == b""
