"""The image as Airbyte's platform runs it on Kubernetes: not by its entry point but by `sh -c` in
it, through named pipes in a shared folder, as user 1000 without any capability.

Source: airbyte-platform, ContainerCommandFactory and RuntimeEnvVarFactory; the script here is our
own and equal in effect."""

import json
import os
import pathlib
import subprocess
import tempfile
import threading
import time

import pytest

from surroundings import (
    CERTIFICATES,
    DOCKER,
    IMAGE,
    INCREMENTAL,
    LONGEST_RUN,
    Output,
    Simulator,
    catalog,
    config,
    folder,
    in_image,
)

SCALE = "60"

# A subshell runs the connector; a second one looks for the mark that the platform leaves when
# somebody cancels, and kills the first. The process of the connector itself gets no signal.
SCRIPT = """
cd /source
(
    set +e
    eval "$AIRBYTE_ENTRYPOINT read --config connectorConfig.json --catalog catalog.json $STATE" \
        2> stderr > stdout
    echo $? > exitCode.fresh
    mv exitCode.fresh exitCode.txt
) &
reader=$!
(
    while ! [ -f TERMINATED ]; do sleep 1; done
    kill $reader
) &
wait $reader
[ -f exitCode.txt ] && exit $(cat exitCode.txt)
exit 1
"""

# What the platform sets for every sync.
SURROUNDINGS = {
    "DEPLOYMENT_MODE": "OSS",
    "WORKER_CONNECTOR_IMAGE": IMAGE,
    "WORKER_JOB_ID": "7",
    "WORKER_JOB_ATTEMPT": "0",
    "USE_STREAM_CAPABLE_STATE": "true",
    "USE_FILE_TRANSFER": "false",
    "AIRBYTE_STAGING_DIRECTORY": "/staging/files",
    "CONCURRENT_SOURCE_STREAM_READ": "false",
    "AIRBYTE_ENABLE_UNSAFE_CODE": "false",
    "DATA_CHANNEL_FORMAT": "JSONL",
    "DATA_CHANNEL_MEDIUM": "STDIO",
    "LOG_LEVEL": "INFO",
    "JAVA_OPTS": "",
}


# The other commands write into a file, which the platform reads when there is an exit code.
SHORT_SCRIPT = """
cd /config
eval "$AIRBYTE_ENTRYPOINT $COMMAND" > jobOutput.json
echo $? > exitCode.txt
"""


def pod(sim, mount, script, surroundings):
    """The command line of a pod's container. The folder that it shares with the platform becomes
    its user's, as `fsGroup` has it."""
    place, inside = mount
    for path in (place, *place.iterdir()):
        os.chown(path, 1000, 1000)
    line = [DOCKER, "run", "--rm", "--network", "host", "--user", "1000:1000"]
    line += ["--cap-drop", "ALL", "--security-opt", "no-new-privileges"]
    line += ["--volume", f"{place}:{inside}", "--volume", f"{CERTIFICATES}:/certificates:ro"]
    ours = {
        "ZENDESK_BASE_URL": sim.url,
        "ZENDESK_CLOCK_SCALE": SCALE,
        "SSL_CERT_FILE": "/certificates/authority.pem",
    }
    for name, value in (SURROUNDINGS | surroundings | ours).items():
        line += ["--env", f"{name}={value}"]
    return [*line, "--entrypoint", "sh", IMAGE, "-c", script]


class Launched:
    """A sync under way in a pod of one container."""

    def __init__(self, sim, chosen, state=None):
        self.source = pathlib.Path(tempfile.mkdtemp(prefix="acceptance-launcher-"))
        files = {"connectorConfig": config(), "catalog": chosen, "inputState": state}
        for name, content in files.items():
            if content is not None:
                (self.source / f"{name}.json").write_text(json.dumps(content))
        for pipe in ("stdout", "stderr"):
            os.mkfifo(self.source / pipe)
        resumed = "" if state is None else "--state inputState.json"
        line = pod(sim, (self.source, "/source"), SCRIPT, {"STATE": resumed})
        self.process = subprocess.Popen(line)
        self.stderr = []
        self.drain = threading.Thread(target=self._drain, daemon=True)
        self.drain.start()
        self.stdout = open(self.source / "stdout", "rb")

    def _drain(self):
        with open(self.source / "stderr", "rb") as pipe:
            self.stderr.append(pipe.read())

    def to_the_end(self):
        raw = self.stdout.read()
        code = self.process.wait(LONGEST_RUN)
        self.drain.join(LONGEST_RUN)
        (stderr,) = self.stderr
        return Output(subprocess.CompletedProcess([], code, raw, stderr))

    def until_states(self, count):
        """Reads lines until so many STATEs came."""
        raw = b""
        while raw.count(b'{"type":"STATE"') < count:
            line = self.stdout.readline()
            assert line, "the output ended"
            raw += line
        return Output(subprocess.CompletedProcess([], None, raw, b""))

    def cancel(self):
        """As the platform does: nobody reads any more, then the mark."""
        self.stdout.close()
        (self.source / "TERMINATED").touch()
        return self.process.wait(60)


@pytest.fixture(scope="module")
def sim():
    with Simulator("--size", "small", "--page-cap", "20", "--scale", SCALE) as sim:
        yield sim


@pytest.fixture(scope="module")
def chosen(sim):
    streams = in_image(sim, "discover", SCALE, config=config()).streams()
    return catalog(streams, INCREMENTAL)


def ids(output, chosen):
    """The primary keys of all rows, with their streams."""
    streams = [entry["stream"] for entry in chosen["streams"]]
    keys = {stream["name"]: stream["source_defined_primary_key"] for stream in streams}
    return {
        (stream, *(row[part] for (part,) in keys[stream]))
        for stream, rows in output.rows().items()
        for row in rows
    }


@pytest.mark.parametrize(
    "command, answer",
    [
        ("spec", "SPEC"),
        ("check --config connectionConfiguration.json", "CONNECTION_STATUS"),
        ("discover --config connectionConfiguration.json", "CATALOG"),
    ],
)
def test_what_needs_no_pipes(sim, command, answer):
    place = folder(connectionConfiguration=config())
    line = pod(sim, (place, "/config"), SHORT_SCRIPT, {"COMMAND": command})
    assert subprocess.run(line, timeout=LONGEST_RUN).returncode == 0
    raw = (place / "jobOutput.json").read_bytes()
    code = int((place / "exitCode.txt").read_text())
    output = Output(subprocess.CompletedProcess(line, code, raw, b"")).complete()
    assert len(output.of_type(answer)) == 1


def test_to_the_end_and_on_from_its_state(sim, chosen):
    first = Launched(sim, chosen).to_the_end().complete()
    assert first.stderr == b""
    assert set(first.rows()) == {entry["stream"]["name"] for entry in chosen["streams"]}
    sim.order("touch", "tickets", 1)
    sim.order("advance", 70)
    second = Launched(sim, chosen, first.states()).to_the_end().complete()
    tickets = second.rows()["tickets"]
    assert 1 <= len(tickets) < len(first.rows()["tickets"]) / 4, len(tickets)


def test_cancelled_in_the_middle(sim, chosen):
    began = Launched(sim, chosen)
    part = began.until_states(5)
    cancelled = time.monotonic()
    assert began.cancel() != 0
    assert time.monotonic() - cancelled < 30
    rest = Launched(sim, chosen, part.states()).to_the_end().complete()
    whole = in_image(sim, "read", SCALE, config=config(), catalog=chosen).complete()
    assert ids(part, chosen) | ids(rest, chosen) >= ids(whole, chosen)
