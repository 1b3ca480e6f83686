"""The simulator as somebody has it who writes a client: its image, and what its page shows. The example test
beside that page runs in this part too."""

import json
import os
import re
import subprocess
import time
import urllib.error
import urllib.request
import uuid

import pytest

from surroundings import DOCKER, ROOT, Simulator

IMAGE = os.environ["SIMULATOR_IMAGE"]
LARGEST = 20_000_000
PAGE = (ROOT / "integration_tests" / "simulator" / "README.md").read_text()
SIGNED = ["--user", "admin@example.com/token:simulated-admin-api-token"]

# Nothing is behind a proxy here.
opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))


def docker(*words):
    return subprocess.run([DOCKER, *words], capture_output=True, text=True, timeout=300)


def asked(url, data=None):
    with opener.open(url, data and data.encode(), timeout=30) as answer:
        return json.loads(answer.read())


def curl(*words):
    line = ["curl", "--silent", "--show-error", "--noproxy", "*", *words]
    return subprocess.run(line, capture_output=True, text=True, timeout=60)


class Container:
    """The image as a platform runs it: no rights, nothing to write to, ports of its own choice."""

    def __init__(self, *options):
        self.name = f"acceptance-{uuid.uuid4()}"
        line = ["run", "--detach", "--name", self.name, "--read-only", "--cap-drop", "ALL"]
        line += ["--security-opt", "no-new-privileges"]
        started = docker(*line, "--publish", "127.0.0.1::8080", "--publish", "127.0.0.1::8081", IMAGE, *options)
        assert started.returncode == 0, started.stderr
        self.url = f"http://{self.published(8080)}"
        for _ in range(300):
            try:
                self.status = asked(f"{self.url}/simulator")
                return
            except (urllib.error.URLError, ConnectionError):
                time.sleep(0.1)
        raise AssertionError(docker("logs", self.name))

    def published(self, port):
        return docker("port", self.name, str(port)).stdout.split()[0]

    def __enter__(self):
        return self

    def __exit__(self, *_):
        docker("rm", "--force", self.name)


@pytest.fixture(scope="module")
def container():
    with Container("--size", "tiny") as container:
        yield container


def test_the_image_is_small_and_runs_as_nobody():
    (told,) = json.loads(docker("image", "inspect", IMAGE).stdout)
    assert told["Size"] <= LARGEST and told["Config"]["User"] == "1000:1000"
    assert set(told["Config"]["ExposedPorts"]) == {"8080/tcp", "8081/tcp"}


def test_the_image_says_what_is_inside(tmp_path):
    name = docker("create", IMAGE).stdout.strip()
    copied = docker("cp", f"{name}:/usr/share/doc/zendesk-simulator/sbom.cdx.json", str(tmp_path))
    docker("rm", name)
    assert copied.returncode == 0, copied.stderr
    listed = json.loads((tmp_path / "sbom.cdx.json").read_text())
    assert listed["metadata"]["component"]["name"] == "zendesk-simulator"
    assert {"rust-std", "hyper"} <= {component["name"] for component in listed["components"]}


def test_the_image_says_its_version_and_its_options():
    version = re.search(r'^version = "(.*)"', (ROOT / "Cargo.toml").read_text(), re.MULTILINE)[1]
    assert docker("run", "--rm", IMAGE, "--version").stdout.strip().endswith(f" {version}")
    refused = docker("run", "--rm", IMAGE, "--prot", "1")
    assert refused.returncode == 2 and "--help" in refused.stderr


def test_a_container_answers_and_its_first_words_can_be_copied(container):
    assert container.status["subdomain"] == "acme"
    logs = docker("logs", container.name)
    assert logs.stdout == "http://127.0.0.1:8080\n"
    (line,) = [line for line in logs.stderr.splitlines() if line.startswith("Ask it: ")]
    command = line.removeprefix("Ask it: ").strip().replace("http://127.0.0.1:8080", container.url)
    ran = subprocess.run(
        ["sh", "-c", command.replace("curl ", "curl --silent --noproxy '*' ", 1)], capture_output=True, timeout=60
    )
    assert json.loads(ran.stdout)["user"]["email"] == "admin@example.com"


def test_a_later_option_counts():
    with Container("--size", "tiny", "--seed", "1", "--seed", "2") as container:
        assert container.status["subdomain"] == "acme"


def files(url):
    """The files of articles, as their rows tell."""
    for article in json.loads(curl(*SIGNED, f"{url}/api/v2/help_center/articles").stdout)["articles"]:
        listed = curl(*SIGNED, f"{url}/api/v2/help_center/articles/{article['id']}/attachments")
        yield from json.loads(listed.stdout)["article_attachments"]


def test_a_file_comes_from_the_second_port(container):
    file = next(files(container.url))
    path = re.sub(r"^https://[^/]*", "", file["content_url"])
    redirected = curl(*SIGNED, "--write-out", "\n%{redirect_url}", container.url + path).stdout
    to = redirected.splitlines()[-1]
    assert to.startswith("http://127.0.0.1:8081/"), redirected
    to = to.replace("127.0.0.1:8081", container.published(8081))
    loaded = curl("--output", "/dev/null", "--write-out", "%{http_code} %{size_download}", to)
    assert loaded.stdout == f"200 {file['size']}", (file, to)


def test_sigterm_ends_a_container_at_once():
    with Container("--size", "tiny") as container:
        began = time.monotonic()
        docker("stop", "--time", "20", container.name)
        assert time.monotonic() - began < 15
        assert docker("inspect", "--format", "{{.State.ExitCode}}", container.name).stdout.strip() == "0"


def blocks(fence):
    found = re.findall(rf"^```{re.escape(fence)}\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)
    assert found, f"the page has no block fenced as {fence}"
    return found


@pytest.mark.parametrize("block", blocks("sh steer"))
def test_what_the_page_sends_is_answered(block):
    with Simulator("--size", "tiny", "--timelines", "20", encrypted=False) as simulator:
        script = block.replace("http://127.0.0.1:8080", simulator.url)
        script = script.replace("curl ", "curl --silent --show-error --fail-with-body --noproxy '*' ")
        ran = subprocess.run(["sh", "-ec", script], capture_output=True, text=True, timeout=120)
        assert ran.returncode == 0, (script, ran.stdout, ran.stderr)


def test_the_page_names_every_option_and_no_other():
    shown = subprocess.run([os.environ["SIMULATOR"], "--help"], capture_output=True, text=True, timeout=30).stdout
    options = set(re.findall(r"--[a-z][a-z-]*", shown)) - {"--help", "--version"}
    named = set(re.findall(r"^\| `(--[a-z-]+)", PAGE, re.MULTILINE))
    assert named == options, named ^ options
