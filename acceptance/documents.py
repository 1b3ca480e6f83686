"""What pages show and the core suite has no tool for: docker, PyAirbyte, SQL, manifests, cargo. The
fences, as integration_tests/documents/blocks.rs lists them, say what a block is. What pages name of
these tools in running text is asked of the tools."""

import collections
import json
import os
import pathlib
import re
import shlex
import shutil
import signal
import subprocess
import sys
import tempfile

import duckdb
import kubernetes_validate
import pytest
import yaml

from surroundings import CERTIFICATES, DESTINATION_IMAGE, DOCKER, IMAGE, ROOT, Simulator

# Nothing takes longer, a first build included.
LONGEST_COMMAND = 1400

# The version of Kubernetes by whose schemas manifests are read.
KUBERNETES = "1.37"

PAGES = ["README.md", "CONTRIBUTING.md", "ARCHITECTURE.md"]
PAGES += [f"docs/{path.name}" for path in (ROOT / "docs").glob("*.md")]
PAGES += ["destination/README.md"]
PAGES += [f"destination/docs/{path.name}" for path in (ROOT / "destination" / "docs").glob("*.md")]

Block = collections.namedtuple("Block", "page line text")


def blocks(fence, page=None):
    """The blocks behind this fence, of one page or of all."""
    found = []
    for name in [page] if page else PAGES:
        begin, kind, lines = None, None, []
        for number, line in enumerate((ROOT / name).read_text().splitlines(), 1):
            if line.startswith("```"):
                if begin and kind == fence:
                    found.append(Block(name, begin, "\n".join(lines) + "\n"))
                begin, kind, lines = (None, None, []) if begin else (number, line[3:].strip(), [])
            else:
                lines.append(line)
    assert found, f"no block is fenced as {fence}"
    return found


def run(*words, cwd=ROOT, **options):
    """Runs a command, which has to succeed."""
    ended = subprocess.run(
        words, cwd=cwd, capture_output=True, text=True, timeout=LONGEST_COMMAND, **options
    )
    assert ended.returncode == 0, f"{words}\n{ended.stdout[-3000:]}\n{ended.stderr[-3000:]}"
    return ended.stdout


class Server:
    """The account that a page starts, and the lines that steer it."""

    def __init__(self, page="docs/running.md", port="8080"):
        (block,) = blocks("sh server", page)
        self.process = subprocess.Popen(
            ["sh", "-ec", block.text.replace("8080", port)], cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
            text=True, start_new_session=True,
        )
        self.url = self.process.stdout.readline().strip()
        assert self.url.startswith("http://"), self.url
        self.order("advance", 70)

    def order(self, *words):
        print(*words, file=self.process.stdin, flush=True)
        return json.loads(self.process.stdout.readline())

    def stop(self):
        os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()


@pytest.fixture(scope="module")
def server():
    server = Server()
    yield server
    server.stop()


@pytest.fixture(scope="module")
def warehouse(server):
    """A folder in which the lines for PyAirbyte ran twice, and what the second run wrote."""
    place = pathlib.Path(tempfile.mkdtemp(prefix="acceptance-documents-"))
    binary = place / "target" / "release" / "source-zendesk-support"
    binary.parent.mkdir(parents=True)
    shutil.copy(os.environ["CONNECTOR"], binary)
    (block,) = blocks("python", "docs/running.md")
    code = block.text.strip()
    assert len(code.splitlines()) <= 10
    # Neither a registry is asked nor anybody told.
    surroundings = {
        **os.environ, "AIRBYTE_OFFLINE_MODE": "1", "DO_NOT_TRACK": "1", "AIRBYTE_NO_UV": "1",
        "AIRBYTE_PROJECT_DIR": str(place), "AIRBYTE_CACHE_ROOT": str(place),
    }
    told = [run(sys.executable, "-c", code, cwd=place, env=surroundings) for _ in range(2)]
    return place, told


def query(warehouse, text):
    with duckdb.connect(str(warehouse[0] / "zendesk.duckdb"), read_only=True) as connection:
        found = connection.execute(text)
        names = [column[0] for column in found.description]
        return [dict(zip(names, row)) for row in found.fetchall()]


@pytest.mark.parametrize(
    "image, folder", [(IMAGE, ROOT), (DESTINATION_IMAGE, ROOT / "destination")], ids=["source", "destination"]
)
def test_commands_run_in_the_image(image, folder):
    # The core suite runs them with a stand-in for docker, or with this one. Built as `cargo test
    # --workspace` builds, so that nothing is compiled twice.
    surroundings = {**os.environ, "CI": "true", "PAGES_DOCKER": DOCKER, "PAGES_IMAGE": image}
    words = ["cargo", "test", "--quiet", "--workspace", "--test", "main", "--no-run", "--message-format", "json"]
    built = [json.loads(line) for line in run(*words).splitlines()]
    (program,) = [
        message["executable"] for message in built
        if message.get("executable") and message["manifest_path"] == str(folder / "Cargo.toml")
        and message["target"]["kind"] == ["test"]
    ]
    told = run(program, "documents::sandbox", cwd=folder, env=surroundings)
    assert re.search(r"[1-9]\d* passed; 0 failed", told), told


def test_lines_for_pyairbyte_fill_a_warehouse_and_go_on(warehouse):
    _, (first, second) = warehouse
    assert "subject" in first and "subject" in second
    assert query(warehouse, "SELECT count(*) AS rows FROM tickets")[0]["rows"] > 100


def shown(title):
    """The query under a heading of the page, or the second of them."""
    text = (ROOT / "docs" / "queries.md").read_text().split(f"\n## {title}\n", 1)[1]
    return text.split("```sql\n", 1)[1].split("```", 1)[0]


def test_every_query_gives_rows(warehouse):
    for block in blocks("sql"):
        rows = query(warehouse, block.text)
        assert rows, f"{block.page}:{block.line} gives nothing"


def test_tickets_per_user_are_those_of_the_account(server, warehouse):
    tickets = [row["row"] for row in server.order("truth", "tickets") if not row["deleted"]]
    ratings = [row["row"] for row in server.order("truth", "satisfaction_ratings")]
    users = {row["row"]["id"] for row in server.order("truth", "users")}
    of_user = collections.defaultdict(list)
    for ticket in tickets:
        if ticket.get("requester_id") in users:
            of_user[ticket["requester_id"]].append(ticket)
    found = {row["id"]: row for row in query(warehouse, shown("Tickets per user"))}
    assert found.keys() == of_user.keys() and found
    newest = {}
    for rating in sorted(ratings, key=lambda rating: rating["updated_at"]):
        mark = rating["score"].split("_")[0]
        if mark in ("good", "bad"):
            newest[rating["ticket_id"]] = 1.0 if mark == "good" else 0.0
    for user, own in of_user.items():
        row = found[user]
        assert row["total_tickets"] == len(own)
        done = ("solved", "closed", "deleted")
        assert row["open_tickets"] == sum(ticket["status"] not in done for ticket in own)
        marks = [newest[ticket["id"]] for ticket in own if ticket["id"] in newest]
        average = pytest.approx(sum(marks) / len(marks)) if marks else None
        assert row["avg_satisfaction"] == average
    tags = query(warehouse, shown("A row per tag"))
    assert len(tags) == sum(len(ticket.get("tags") or []) for ticket in tickets)


def asked(*words):
    """What a program says of a command of its own, in one line."""
    ended = subprocess.run([*words, "--help"], capture_output=True, text=True, timeout=60)
    # Git shows pages of its manual, where it has them, for the long word.
    if words[0] == "git":
        ended = subprocess.run([*words, "-h"], capture_output=True, text=True, timeout=60)
    told = " ".join((ended.stdout + ended.stderr).split())
    assert f"usage: {' '.join(words)}" in told.lower(), f"there is no {words}: {told[:300]}"
    return told.replace("[no-]", "")


def has_flags(told, flags):
    missing = [flag for flag in flags if not re.search(rf"{re.escape(flag)}\b", told)]
    assert not missing, f"{missing}: {told[:300]}"


def test_commands_in_running_text_are_known_to_their_programs():
    found = 0
    for page in PAGES:
        prose = re.sub(r"^```.*?^```$", "", (ROOT / page).read_text(), flags=re.DOTALL | re.MULTILINE)
        for text in re.findall(r"`([^`]+)`", prose):
            program, *words = text.split()
            # A plugin of docker, which is not everywhere.
            if words[:1] == ["buildx"]:
                continue
            if program in ("docker", "git", "kubectl") and words:
                told = asked(program, words[0])
                has_flags(told, [word for word in words if word.startswith("-")])
                found += 1
    assert found


def cluster_commands():
    """The words of each line for kubectl."""
    (block,) = blocks("sh cluster")
    return [shlex.split(line) for line in block.text.splitlines()]


def test_the_manifest_is_of_the_kinds_that_kubernetes_takes():
    documents = documents_of("apiVersion")
    assert [document["kind"] for document in documents] == [
        "PersistentVolumeClaim", "ConfigMap", "CronJob",
    ]
    for document in documents:
        kubernetes_validate.validate(document, KUBERNETES, strict=True)
    # A slip would be found.
    pod = documents[-1]["spec"]["jobTemplate"]["spec"]["template"]["spec"]
    pod["terminationGracePeriod"] = 30
    with pytest.raises(kubernetes_validate.ValidationError):
        kubernetes_validate.validate(documents[-1], KUBERNETES, strict=True)


def test_lines_for_kubectl_name_what_the_manifest_has():
    documents = {document["kind"]: document for document in documents_of("apiVersion")}
    job = documents["CronJob"]["spec"]["jobTemplate"]["spec"]["template"]["spec"]
    secret, apply, now, logs = cluster_commands()
    page = (ROOT / "docs" / "running.md").read_text()

    assert secret[:4] == ["kubectl", "create", "secret", "generic"]
    (volume,) = [volume for volume in job["volumes"] if "secret" in volume]
    assert volume["secret"]["secretName"] == secret[4]
    file = secret[5].removeprefix("--from-file=")
    script = documents["ConfigMap"]["data"]["sync.sh"]
    assert f"--config {mounts(job)[volume['name']]}/{file}" in script
    # Nothing is written but below the claim.
    (home,) = [volume["name"] for volume in job["volumes"] if "persistentVolumeClaim" in volume]
    assert f"cd {mounts(job)[home]}\n" in script

    assert apply == ["kubectl", "apply", "--filename", "zendesk.yaml"]
    assert f"`{apply[-1]}`:\n```yaml\napiVersion: v1\n" in page
    name = documents["CronJob"]["metadata"]["name"]
    assert now[:3] == ["kubectl", "create", "job"] and f"--from=cronjob/{name}" in now
    assert logs == ["kubectl", "logs", "--follow", f"job/{now[-1]}"]
    if shutil.which("kubectl"):
        for line, words in ((secret, 4), (apply, 2), (now, 3), (logs, 2)):
            flags = [word.split("=")[0] for word in line if word.startswith("--")]
            has_flags(asked(*line[:words]), flags)


def mounts(job):
    """Where each volume of a pod is mounted."""
    (container,) = job["containers"]
    return {mount["name"]: mount["mountPath"] for mount in container["volumeMounts"]}


def documents_of(kind):
    """The manifest among the blocks in YAML that has something of this kind."""
    for block in blocks("yaml"):
        documents = list(yaml.safe_load_all(block.text))
        if any(kind in document for document in documents):
            return documents
    raise AssertionError(f"no manifest has {kind}")


def in_container(server, *options, command):
    """Runs the image as an orchestrator would; it reaches the simulator."""
    surroundings = ["--env", f"ZENDESK_BASE_URL={server.url}", "--env", "ZENDESK_CLOCK_SCALE=60"]
    return run(
        DOCKER, "run", "--rm", "--network", "host", *surroundings, *options, IMAGE, *command
    )


def config(place):
    """The configuration that README shows, with the simulated client's secrets."""
    given = json.loads(blocks("json config.json", "README.md")[0].text)
    given["start_date"] = "2015-01-01T00:00:00Z"
    given["credentials"]["client_id"] = "simulated_oauth_client"
    given["credentials"]["client_secret"] = "simulated-oauth-client-secret"
    (place / "config.json").write_text(json.dumps(given))
    return json.dumps(given)


def rows(file):
    lines = [json.loads(line) for line in file.read_text().splitlines()]
    return sum(line["type"] == "RECORD" for line in lines)


def test_the_cronjob_goes_on_from_its_own_state(server):
    documents = {document["kind"]: document for document in documents_of("apiVersion")}
    job = documents["CronJob"]["spec"]["jobTemplate"]["spec"]["template"]["spec"]
    (container,) = job["containers"]
    place = pathlib.Path(tempfile.mkdtemp(prefix="acceptance-cronjob-"))
    place.chmod(0o755)
    config(place)
    secret = cluster_commands()[0]
    if shutil.which("kubectl"):
        # The one command that needs no cluster.
        made = run(*secret, "--dry-run=client", "--output=yaml", cwd=place)
        assert yaml.safe_load(made)["metadata"]["name"] == secret[4]
    sources = {}
    for volume in job["volumes"]:
        folder = place / volume["name"]
        folder.mkdir()
        folder.chmod(0o777 if "persistentVolumeClaim" in volume else 0o755)
        sources[volume["name"]] = folder
        if "configMap" in volume:
            assert volume["configMap"]["name"] == documents["ConfigMap"]["metadata"]["name"]
            for name, text in documents["ConfigMap"]["data"].items():
                (folder / name).write_text(text)
        elif "secret" in volume:
            assert volume["secret"]["secretName"] == secret[4]
            shutil.copy(place / "config.json", folder)
        else:
            claim = documents["PersistentVolumeClaim"]["metadata"]["name"]
            assert volume["persistentVolumeClaim"]["claimName"] == claim
    security = container["securityContext"]
    assert security["readOnlyRootFilesystem"] and not security["allowPrivilegeEscalation"]
    options = ["--user", f"{job['securityContext']['runAsUser']}:{job['securityContext']['fsGroup']}"]
    options += ["--read-only", "--security-opt", "no-new-privileges", "--cap-drop", "ALL"]
    options += ["--memory", "256m"]
    for mount in container["volumeMounts"]:
        options += ["--volume", f"{sources[mount['name']]}:{mount['mountPath']}"]
    first, second = (once(server, sources["data"], options, container["command"]) for _ in range(2))
    assert first > 100 > second, (first, second)


def once(server, data, options, command):
    """Rows of one run whose entry point is the command's first word."""
    in_container(server, *options, "--entrypoint", command[0], command=command[1:])
    assert len((data / "states.jsonl").read_text().splitlines()) == 2
    return rows(data / "messages.jsonl")


def test_the_flow_goes_on_from_its_own_state(server):
    (flow,) = documents_of("tasks")
    sync, keep = flow["tasks"]
    kept, came = "", []
    for _ in range(2):
        place = pathlib.Path(tempfile.mkdtemp(prefix="acceptance-flow-"))
        known = {
            "{{ secret('ZENDESK_CONFIG') }}": config(place),
            f"{{{{ kv('{keep['key']}', errorOnMissing=false) ?? '' }}}}": kept,
        }
        for name, text in sync["inputFiles"].items():
            (place / name).write_text(known.get(text, text))
            assert "{{" not in (place / name).read_text()
        in_container(
            server, "--volume", f"{place}:/work", "--workdir", "/work", "--entrypoint", "/bin/sh",
            "--user", sync["taskRunner"]["user"], command=["-ec", "\n".join(sync["commands"])],
        )
        for name in sync["outputFiles"]:
            assert (place / name).stat().st_size
        assert keep["value"] == "{{ read(outputs.sync.outputFiles['kept.jsonl']) }}"
        kept = (place / "kept.jsonl").read_text()
        came.append(rows(place / "messages.jsonl"))
    assert came[0] > 100 > came[1], came


def test_a_stream_is_added_as_contributing_says():
    place = pathlib.Path(tempfile.mkdtemp(prefix="acceptance-stream-")) / "checkout"
    files = run("git", "ls-files", "-z").split("\0")
    for name in filter(None, files):
        (place / name).parent.mkdir(parents=True, exist_ok=True)
        # The site's pages are links.
        shutil.copy(ROOT / name, place / name, follow_symlinks=False)
    (patch,) = blocks("diff")
    run("git", "apply", "--unidiff-zero", "-", cwd=place, input=patch.text)
    (commands,) = blocks("sh contributing")
    # What is built already need not be built again. It is copied, because cargo tells two checkouts in one
    # folder apart by the times of their files alone: it would take this checkout's programs for ours.
    target = pathlib.Path(os.environ.get("CARGO_TARGET_DIR", ROOT / "target"))
    own = place.parent / "target"
    own.mkdir()
    run("cp", "--archive", "--reflink=auto", str(target / "debug"), str(own))
    surroundings = {**os.environ, "CARGO_TARGET_DIR": str(own)}
    surroundings.pop("CONNECTOR", None)
    for line in commands.text.splitlines():
        run("sh", "-ec", line, cwd=place, env=surroundings)
    assert "bookmarks" in (place / "docs" / "streams.md").read_text()
    shutil.rmtree(place.parent)


def test_commands_of_the_checkout_work():
    # Without optimization, which takes longer than all else here together.
    quick = [(" --release", ""), ("cargo bench ", "cargo bench --profile dev ")]
    for block in blocks("sh acceptance"):
        for line in block.text.splitlines():
            for slow, instead in quick:
                line = line.replace(slow, instead)
            run("sh", "-ec", line)


SECRETS = {"client_id": "simulated_oauth_client", "client_secret": "simulated-oauth-client-secret"}


def filled(text):
    """What a page shows, with the simulated client's secrets."""
    for name, secret in SECRETS.items():
        text = text.replace(f'"{name}": "..."', f'"{name}": "{secret}"')
    return text


def test_the_destinations_guide_works_without_an_account(tmp_path):
    page = "destination/docs/setup.md"
    commands, printed = blocks("sh", page), blocks("text", page)
    (exports,) = blocks("sh acceptance", page)
    (tmp_path / "destination-zendesk-support").symlink_to(os.environ["DESTINATION"])
    for fence in ["json config.json", "json catalog.json", "jsonl customers.jsonl"]:
        (block,) = blocks(fence, page)
        (tmp_path / fence.split()[1]).write_text(filled(block.text))
    server = Server(page, "8082")
    try:
        surroundings = {**os.environ, "PATH": f"{tmp_path}:{os.environ['PATH']}"}
        for number in range(2):
            text = (exports.text + commands[number].text).replace("8080", "8082")
            told = run("sh", "-ec", text, cwd=tmp_path, env=surroundings)
            pattern = re.escape(printed[number].text).replace("…", ".*")
            assert re.fullmatch(pattern, told), told
        text = (exports.text + commands[2].text + commands[3].text).replace("8080", "8082")
        assert run("sh", "-ec", text, cwd=tmp_path, env=surroundings) == printed[2].text
    finally:
        server.stop()


@pytest.fixture
def written_to():
    """A simulated account for the destination, with a dropdown of users, and the words that lead there."""
    with Simulator("--oauth-write", "--tidy-people", "--scale", "60") as sim:
        place = pathlib.Path(tempfile.mkdtemp(prefix="acceptance-guide-"))
        (place / "destination-zendesk-support").symlink_to(os.environ["DESTINATION"])
        path = [str(place), str(pathlib.Path(sys.executable).parent), os.environ["PATH"]]
        yield sim, place, {
            **os.environ, "PATH": ":".join(path), "ZENDESK_BASE_URL": sim.url, "ZENDESK_CLOCK_SCALE": "60",
            "SSL_CERT_FILE": str(CERTIFICATES / "authority.pem"), "AIRBYTE_OFFLINE_MODE": "1",
            "DO_NOT_TRACK": "1", "AIRBYTE_NO_UV": "1", "AIRBYTE_PROJECT_DIR": str(place),
            "AIRBYTE_CACHE_ROOT": str(place),
        }


def test_lines_for_pyairbyte_write_rows(written_to):
    sim, place, surroundings = written_to
    (block,) = blocks("python", "destination/docs/setup.md")
    told = run(sys.executable, "-c", filled(block.text), cwd=place, env=surroundings)
    assert told.splitlines()[-1] == "1", told
    users = [row["row"] for row in sim.order("truth", "users")]
    assert [user["name"] for user in users if user["external_id"] == "c-7"] == ["Gus Orr"]


def in_duckdb(text, place):
    """What a statement gives, run in a folder."""
    code = "import duckdb, json, sys; print(json.dumps(duckdb.sql(sys.stdin.read()).fetchall(), default=str))"
    return json.loads(run(sys.executable, "-c", code, cwd=place, input=text))


def test_a_table_is_written_as_rows(tmp_path):
    (block,) = blocks("sql rows", "destination/docs/setup.md")
    table = """CREATE TABLE customers AS SELECT 'c-1' AS customer_id, 'Ann Lee' AS name,
        'ann@example.com' AS email, 'Gold' AS plan, DATE '2027-03-01' AS renewal_date;"""
    code = "import duckdb, sys; duckdb.execute(sys.stdin.read())"
    run(sys.executable, "-c", code, cwd=tmp_path, input=table + block.text)
    (example,) = [block for block in blocks("jsonl customers.jsonl", "destination/docs/setup.md")]
    (row,) = (tmp_path / "customers.jsonl").read_text().splitlines()
    assert json.loads(row) == json.loads(example.text.splitlines()[0])


def test_queries_of_rejected_rows_give_rows(written_to):
    _, place, surroundings = written_to
    page = "destination/docs/rejected-rows.md"
    for fence, source in (("config.json", page), ("catalog.json", "destination/README.md")):
        (place / fence).write_text(filled(blocks(f"json {fence}", source)[0].text))
    # The simulated account has dropdowns of its own.
    discover = ["destination-zendesk-support", "discover", "--config", "config.json"]
    told = run("sh", "-c", shlex.join(discover), cwd=place, env=surroundings)
    upsert = json.loads(told.splitlines()[-1])["destination_catalog"]["operations"][1]
    columns = upsert["json_schema"]["properties"].items()
    dropdowns = [name for name, column in columns if "One of: " in column.get("description", "")]
    known = (place / "config.json").read_text().replace("custom_plan", dropdowns[0])
    (place / "config.json").write_text(known)
    (rows,) = blocks("jsonl customers.jsonl", page)
    (place / "customers.jsonl").write_text(rows.text)
    run("sh", "-euc", blocks("sh", page)[0].text, cwd=place, env=surroundings)
    for block in blocks("sql rejected", page):
        assert in_duckdb(block.text, place), f"{block.page}:{block.line} gives nothing"
