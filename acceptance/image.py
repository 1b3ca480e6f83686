"""The image itself: what it holds, what it may, how it stops, and how it finds names."""

import json
import re
import subprocess
import time
import uuid

import pytest

from surroundings import (
    DOCKER,
    IMAGE,
    INCREMENTAL,
    ROOT,
    Output,
    Simulator,
    catalog,
    config,
    docker_run,
    folder,
    has_a_shell_and_places,
    has_the_roots_of_the_web,
    in_image,
    whole_program,
)

SCALE = "60"
LARGEST = 13_250_000
MOUNT_POINTS = "/local /secrets /config /source /data /staging/files /tmp /airbyte/tmp".split()

# A name nobody knows, or a server that is silent, is told before anybody loses patience.
PATIENCE = 30


def docker(*words, **options):
    return subprocess.run([DOCKER, *words], capture_output=True, timeout=300, **options)


@pytest.fixture(scope="module")
def sim():
    with Simulator("--size", "small", "--page-cap", "20", "--scale", SCALE) as sim:
        yield sim


@pytest.fixture(scope="module")
def image():
    return json.loads(docker("image", "inspect", IMAGE).stdout)[0]


def test_it_is_small(image, capsys):
    with capsys.disabled():
        print(f"\nthe image: {image['Size']} bytes")
    assert image["Size"] <= LARGEST


def test_it_says_how_it_is_run(image):
    told = image["Config"]
    surroundings = dict(pair.split("=", 1) for pair in told["Env"])
    assert surroundings["AIRBYTE_ENTRYPOINT"] == " ".join(told["Entrypoint"])
    assert re.fullmatch(r"[1-9]\d*:[1-9]\d*", told["User"])
    assert told["WorkingDir"] == "/airbyte"
    assert told["Labels"]["io.airbyte.name"] and told["Labels"]["io.airbyte.version"]


def test_the_dockerfile_names_no_architecture():
    text = (ROOT / "Dockerfile").read_text() + (ROOT / "docker" / "base-images.sh").read_text()
    assert not re.search(r"x86|amd64|aarch64|arm64|musl|--platform", text)


@pytest.mark.parametrize("user", ["1000:1000", "4711:4712"])
def test_it_has_a_shell_and_places_to_write(user):
    has_a_shell_and_places(IMAGE, user, MOUNT_POINTS)


def test_the_roots_of_the_web_are_inside():
    has_the_roots_of_the_web("source-zendesk-support", IMAGE)


def test_it_needs_no_rights(sim):
    # `in_image` has a read-only root, no capabilities and no way to new privileges.
    (status,) = in_image(sim, "check", SCALE, config=config()).of_type("CONNECTION_STATUS")
    assert status["connectionStatus"] == {"status": "SUCCEEDED"}


def test_it_trusts_nobody_who_is_not_trusted(sim):
    line = docker_run(
        "--env", "SSL_CERT_FILE=", "--volume", f"{folder(config=config())}:/config:ro",
        command=["check", "--config", "/config/config.json"], url=sim.url, scale=SCALE,
    )
    output = Output(subprocess.run(line, capture_output=True, timeout=300))
    (status,) = output.of_type("CONNECTION_STATUS")
    assert status["connectionStatus"]["status"] == "FAILED"


def test_sigterm_ends_process_one_with_143_and_whole_lines(sim):
    streams = in_image(sim, "discover", SCALE, config=config()).streams()
    chosen = catalog(streams, INCREMENTAL)
    name = f"acceptance-{uuid.uuid4()}"
    place = folder(config=config(), catalog=chosen)
    line = docker_run(
        "--name", name, "--volume", f"{place}:/config:ro",
        command=["read", "--config", "/config/config.json", "--catalog", "/config/catalog.json"],
        url=sim.url, scale=SCALE,
    )
    running = subprocess.Popen(line, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    raw = b""
    while b'{"type":"STATE"' not in raw:
        got = running.stdout.readline()
        assert got, running.stderr.read()
        raw += got
    # Where a signal is not heard, docker kills after this many seconds, and the code is 137. The rest of
    # stdout is read meanwhile: a program whose lines nobody takes cannot end.
    stopping = subprocess.Popen([DOCKER, "stop", "--time", "20", name], stdout=subprocess.DEVNULL)
    raw += running.stdout.read()
    code = running.wait(300)
    assert stopping.wait(300) == 0
    part = Output(subprocess.CompletedProcess(line, code, raw, running.stderr.read()))
    assert (part.code, part.stderr) == (143, b"") and part.raw.endswith(b"\n")
    state = part.states()
    in_image(sim, "read", SCALE, config=config(), catalog=chosen, state=state).complete()


def check(*options, url):
    """The status of a check with docker's options, and the seconds it took."""
    place = folder(config=config())
    line = [DOCKER, "run", "--rm", "--cap-drop", "ALL", *options]
    line += ["--volume", f"{place}:/config:ro", "--env", f"ZENDESK_BASE_URL={url}"]
    began = time.monotonic()
    ran = subprocess.run(
        [*line, IMAGE, "check", "--config", "/config/config.json"], capture_output=True, timeout=120
    )
    (status,) = Output(ran).of_type("CONNECTION_STATUS")
    return status["connectionStatus"], time.monotonic() - began


def test_names_of_the_hosts_file_are_found(sim):
    for name in ("localhost", "zendesk.test"):
        output = Output(
            subprocess.run(
                docker_run(
                    "--add-host", "zendesk.test:127.0.0.1",
                    "--volume", f"{folder(config=config())}:/config:ro",
                    command=["check", "--config", "/config/config.json"],
                    url=sim.url.replace("127.0.0.1", name), scale=SCALE,
                ),
                capture_output=True, timeout=300,
            )
        )
        (status,) = output.of_type("CONNECTION_STATUS")
        assert status["connectionStatus"] == {"status": "SUCCEEDED"}, name


@pytest.fixture
def network():
    name = f"acceptance-{uuid.uuid4()}"
    assert docker("network", "create", name).returncode == 0
    yield name
    docker("network", "rm", name)


def test_names_of_dockers_resolver_are_found(network):
    body = '{"user":{"id":1,"email":"admin@example.com","role":"admin"}}'
    # It reads a request to its end before it answers, and serves as many connections as come.
    answer = """while read -r line && [ ${#line} -gt 1 ]; do :; done
        printf "HTTP/1.1 200 OK\\r\\nContent-Type: application/json\\r\\n"
        printf "Content-Length: ${#BODY}\\r\\nConnection: close\\r\\n\\r\\n%s" "$BODY"; exit"""
    server = f"zendesk-{uuid.uuid4()}"
    line = ["run", "--rm", "--detach", "--name", server, "--network", network]
    line += ["--env", f"BODY={body}", "--env", f"ANSWER={answer}", "--entrypoint", "sh", IMAGE]
    started = docker(*line, "-c", 'exec busybox nc -ll -p 8080 -e sh -c "$ANSWER"')
    assert started.returncode == 0, started.stderr
    try:
        status, _ = check("--network", network, url=f"http://{server}:8080")
        assert status == {"status": "SUCCEEDED"}
    finally:
        docker("rm", "--force", server)


def test_a_name_that_nobody_knows_is_told_soon(network):
    for options in (["--network", network], ["--network", "none"]):
        status, took = check(*options, url="https://nobody.zendesk.invalid")
        assert status["status"] == "FAILED" and took < PATIENCE, (options, status, took)


def test_a_silent_name_server_is_told_soon(network):
    status, took = check("--network", network, "--dns", "192.0.2.1", url="https://zendesk.test")
    assert status["status"] == "FAILED" and took < PATIENCE, (status, took)


def test_the_same_sources_give_the_same_binary():
    shipped, built = whole_program("source-zendesk-support", IMAGE)
    assert shipped == built
