"""What every part needs: a simulated Zendesk, ways to run the image, and reading what it wrote."""

import collections
import hashlib
import itertools
import json
import os
import pathlib
import re
import subprocess
import tempfile

ROOT = pathlib.Path(__file__).resolve().parent.parent
IMAGE = os.environ["IMAGE"]
DESTINATION_IMAGE = os.environ["DESTINATION_IMAGE"]
DOCKER = os.environ["DOCKER"]
CERTIFICATES = pathlib.Path(os.environ["CERTIFICATES"])

FULL, INCREMENTAL = "full_refresh", "incremental"

# No run may take longer.
LONGEST_RUN = 600

# Exports withhold the rows of the last minute.
UNTIL_VISIBLE = "70"


class Simulator:
    """The simulator's binary, steered by lines."""

    def __init__(self, *options, encrypted=True):
        files = ("--certificate", CERTIFICATES / "server.pem", "--key", CERTIFICATES / "server.key")
        files = files if encrypted else ()
        self.process = subprocess.Popen(
            [os.environ["SIMULATOR"], *files, *options],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        self.url = self.process.stdout.readline().strip()
        assert self.url, "the simulator does not start"
        self.order("advance", UNTIL_VISIBLE)

    def order(self, *words):
        print(*words, file=self.process.stdin, flush=True)
        answer = json.loads(self.process.stdout.readline())
        assert not (isinstance(answer, dict) and "unknown" in answer), answer
        return answer

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.kill()
        self.process.wait()


def registered():
    """The names of all streams, as the checked-in catalog has them."""
    text = (ROOT / "integration_tests" / "snapshots" / "catalog.json").read_text()
    return {stream["name"] for stream in json.loads(text)["streams"]}


def config(**changes):
    """A configuration for the simulated account's admin."""
    given = json.loads((ROOT / "integration_tests" / "sample_config.json").read_text())
    return {**given, **changes}


def destination_config(**changes):
    """The same for the destination."""
    given = config()
    return {"subdomain": given["subdomain"], "credentials": given["credentials"], **changes}


def catalog(streams, mode):
    """Selects streams that `discover` listed, where they have the mode."""
    entries = [
        {"stream": stream, "sync_mode": mode, "destination_sync_mode": "append"}
        for stream in streams
        if mode in stream["supported_sync_modes"]
    ]
    return {"streams": entries}


class Output:
    """Everything a run wrote."""

    def __init__(self, process):
        self.code, self.raw, self.stderr = process.returncode, process.stdout, process.stderr
        self.messages = [json.loads(line) for line in self.raw.split(b"\n") if line]

    def of_type(self, kind):
        return [message for message in self.messages if message["type"] == kind]

    def errors(self):
        traces = [message["trace"] for message in self.of_type("TRACE")]
        return [trace["error"] for trace in traces if trace["type"] == "ERROR"]

    def complete(self):
        told = [error.get("internal_message", error["message"])[:300] for error in self.errors()]
        assert self.code == 0 and not told, (self.code, told[:5], self.stderr[-500:])
        return self

    def streams(self):
        """What `discover` listed."""
        (message,) = self.of_type("CATALOG")
        return message["catalog"]["streams"]

    def rows(self):
        """Records by stream, in order."""
        rows = collections.defaultdict(list)
        for message in self.of_type("RECORD"):
            rows[message["record"]["stream"]].append(message["record"]["data"])
        return rows

    def states(self):
        """The last state of each stream, as a platform saves them."""
        last = {}
        for message in self.of_type("STATE"):
            last[message["state"]["stream"]["stream_descriptor"]["name"]] = message["state"]
        return list(last.values())


def shown(page, fence):
    """The texts of a page's blocks behind this fence."""
    found = re.findall(rf"^```{fence}\n(.*?)^```$", (ROOT / page).read_text(), flags=re.DOTALL | re.MULTILINE)
    assert found, f"{page} has no block that is fenced as {fence}"
    return found


def whole_program(name, image):
    """The digest of the program in an image, and of one that is built again from its sources in another
    container, after all of ours is made anew. What was built before of the dependencies is used, since
    that takes most of the time."""
    script = f"""set -e
    cd /build
    target=$(rustc -vV | sed -n 's/^host: //p')
    rm -rf target/$target/release/{name}
    find target/$target/release -name '*{name.replace("-", "[-_]")}*' -exec rm -rf {{}} +
    cargo build --offline --locked --release --target "$target" --package {name} --bin {name} >&2
    sha256sum < target/$target/release/{name}"""
    line = [DOCKER, "run", "--rm", "--network", "none", f"{IMAGE}-builder", "sh", "-c", script]
    built = subprocess.run(line, capture_output=True, timeout=1200, text=True)
    assert built.returncode == 0, built.stderr[-2000:]
    return hashlib.sha256(held(name, image)).hexdigest(), built.stdout.split()[0]


def held(name, image):
    """The program in an image."""
    cat = [DOCKER, "run", "--rm", "--network", "none", "--entrypoint", "/bin/cat", image]
    return subprocess.check_output([*cat, f"/airbyte/{name}"])


def has_a_shell_and_places(image, user, places):
    """Fails unless an image has what platforms start it with, and places where any user may write."""
    script = f"""set -e
    for place in {" ".join(places)}; do echo x > $place/a; mv $place/a $place/b; cat $place/b; done
    sleep 0
    for text in /usr/share/doc/busybox-static/copyright /airbyte/LICENSE; do test -s $text; done"""
    line = [DOCKER, "run", "--rm", "--user", user, "--cap-drop", "ALL", "--entrypoint", "sh"]
    ran = subprocess.run([*line, image, "-c", script], capture_output=True, timeout=300)
    assert (ran.returncode, ran.stdout, ran.stderr) == (0, b"x\n" * len(places), b"")


def has_the_roots_of_the_web(name, image):
    """Fails unless an image's program trusts three authorities that much of the web is signed by."""
    program = held(name, image)
    for root in (b"ISRG Root X1", b"GTS Root R1", b"DigiCert Global Root G2"):
        assert root in program, root


_numbers = itertools.count()


def folder(**files):
    """A folder with JSON files that any user may read."""
    place = pathlib.Path(tempfile.mkdtemp(prefix=f"acceptance-{next(_numbers)}-"))
    place.chmod(0o755)
    for name, content in files.items():
        (place / f"{name}.json").write_text(json.dumps(content))
    return place


def docker_run(*options, command, url=None, scale="1", image=IMAGE):
    """The command line of a run of the image with no rights at all."""
    line = [DOCKER, "run", "--rm", "--network", "host", "--read-only", "--cap-drop", "ALL"]
    line += ["--security-opt", "no-new-privileges"]
    if url:
        line += ["--env", f"ZENDESK_BASE_URL={url}", "--env", f"ZENDESK_CLOCK_SCALE={scale}"]
        line += ["--env", "SSL_CERT_FILE=/certificates/authority.pem"]
        line += ["--volume", f"{CERTIFICATES}:/certificates:ro"]
    return [*line, *options, image, *command]


def in_image(sim, command, scale="1", image=IMAGE, **files):
    """Runs a command of an image with these files, each as the option of its name."""
    place = folder(**files)
    words = [command]
    for name in files:
        words += [f"--{name}", f"/config/{name}.json"]
    line = docker_run(
        "--volume", f"{place}:/config:ro",
        command=words, url=sim and sim.url, scale=scale, image=image,
    )
    return Output(subprocess.run(line, capture_output=True, timeout=LONGEST_RUN))


def names_each_crate(licences, listed):
    """Whether a text of licences names each crate of the registry, and no others."""
    crates = {f"{one['name']} {one['version']}" for one in listed["components"] if one.get("hashes")}
    named = set(re.findall(r"^([\w-]+ \d[^ :]*): .*(?:\)|not named\.|\]\.)$", licences, re.MULTILINE))
    return named == crates and "Apache License" in licences
