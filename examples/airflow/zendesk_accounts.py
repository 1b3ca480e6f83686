"""Reads many Zendesk accounts each hour into object storage. docs/many-accounts.md explains it.

Variables of Airflow:
- zendesk_accounts: a list of names, such as ["acme", "globex"]. Each name has a Connection `zendesk_<name>`. Its host is
  the subdomain, its login the OAuth client, its password the secret, and its extra holds further options.
- zendesk_storage: the address of the object storage, such as s3://aws_default@warehouse/zendesk.
- zendesk_program: the command that starts the program. {account}, {folder} and {user} are replaced.
- zendesk_streams: names of streams. Without this variable, all streams are read.
"""

import collections
import datetime
import gzip
import json
import logging
import os
import pathlib
import re
import subprocess
import tempfile
import threading
import time

from airflow.sdk import Connection, ObjectStoragePath, Variable, dag, get_current_context, task
from airflow.sdk.exceptions import AirflowException, AirflowFailException

# The time limit of one account in one run. The next run reads the rest.
LONGEST = datetime.timedelta(minutes=50)
# The number of accounts that are read at the same time.
AT_ONCE = 16
# Rows and then the state are stored after this many seconds or bytes.
SECONDS, BYTES = 60, 64 << 20
# The number of states that are kept.
STATES = 50

log = logging.getLogger("airflow.task")


class Storage:
    """The files of one account:

    - rows/<stream>/<run>/<number>.jsonl.gz: RECORD messages, unchanged
    - state/<number>.json: the state for the next run. The highest number is the newest.
    - runs/<run>.json: the summary of a run, written at its end
    """

    def __init__(self, root, account, run):
        self.files, self.place, self.run = root.fs, f"{root.path.rstrip('/')}/{account}", run
        self.parts = 0
        # Another program may have written files since the last listing.
        self.files.invalidate_cache()
        try:
            names = self.files.ls(f"{self.place}/state", detail=False)
        except FileNotFoundError:
            names = []
        self.newest = max((int(pathlib.PurePath(name).stem) for name in names), default=0)
        text = self.files.cat_file(self.state(self.newest)) if names else b"[]"
        self.states = {state["stream"]["stream_descriptor"]["name"]: state for state in json.loads(text)}

    def state(self, number):
        return f"{self.place}/state/{number:08}.json"

    def put(self, path, content, mode="overwrite"):
        self.files.makedirs(os.path.dirname(path), exist_ok=True)
        self.files.pipe_file(path, content, mode=mode)

    def save(self, rows, states):
        """Stores rows, and then the states that cover them."""
        for stream, part in rows.items():
            self.parts += 1
            self.put(f"{self.place}/rows/{stream}/{self.run}/{self.parts:06}.jsonl.gz", part.whole())
        if states:
            content = json.dumps(list((self.states | states).values())).encode()
            try:
                # Two runs must not continue from the same state. The storage refuses the second one.
                self.put(self.state(self.newest + 1), content, mode="create")
            except FileExistsError as error:
                message = f"Another run of this account has stored state {self.newest + 1}, so this run ends."
                raise AirflowException(message) from error
            self.newest += 1
            self.states |= states
            outdated = self.state(self.newest - STATES)
            if self.newest > STATES and self.files.exists(outdated):
                self.files.rm_file(outdated)


class Part:
    """Rows of one stream that will be one object. Until then they are on the disk."""

    def __init__(self):
        self.file = tempfile.TemporaryFile()
        self.lines = gzip.GzipFile(fileobj=self.file, mode="wb", compresslevel=6)

    def whole(self):
        self.lines.close()
        self.file.seek(0)
        return self.file.read()


def configuration(account):
    """The program's configuration. Airflow hides the password in its logs."""
    found = Connection.get(f"zendesk_{account}")
    client = {"credentials": "oauth2_client_credentials", "client_id": found.login, "client_secret": found.password}
    return {"subdomain": found.host, "credentials": client, **found.extra_dejson}


def messages(lines):
    """The messages of the protocol, each with its line. A killed program may leave an incomplete last line."""
    for line in lines:
        if line.endswith(b"\n"):
            yield line, json.loads(line)


def catalog(program, config):
    """Selects the streams of the account, incrementally if a stream supports it."""
    ended = subprocess.run([*program, "discover", "--config", config], stdout=subprocess.PIPE, timeout=300)
    found = list(messages(ended.stdout.splitlines(keepends=True)))
    for _, message in found:
        tell(message)
    listed = [message["catalog"]["streams"] for _, message in found if message["type"] == "CATALOG"]
    if not listed:
        give_up([message for _, message in found], "discover", ended.returncode)
    wanted = Variable.get("zendesk_streams", default=None, deserialize_json=True)
    missing = set(wanted or []) - {stream["name"] for stream in listed[0]}
    if missing:
        raise AirflowFailException(f"zendesk_streams names streams that this account does not offer: {sorted(missing)}")
    streams = []
    for stream in listed[0]:
        if wanted is None or stream["name"] in wanted:
            mode = "incremental" if "incremental" in stream["supported_sync_modes"] else "full_refresh"
            streams.append({"stream": stream, "sync_mode": mode, "destination_sync_mode": "append"})
    return {"streams": streams}


def tell(message):
    """Writes a message of the program to the log of the task."""
    if message["type"] == "LOG":
        log.log(getattr(logging, message["log"]["level"], logging.INFO), "%s", message["log"]["message"])
    elif message["type"] == "TRACE" and message["trace"]["type"] == "ERROR":
        log.error("%s", message["trace"]["error"]["message"])


def give_up(found, command, code):
    """Fails the task. If credentials or options are wrong, Airflow does not try again."""
    errors = [message["trace"]["error"] for message in found if message["type"] == "TRACE" and message["trace"]["type"] == "ERROR"]
    kinds = {error.get("failure_type") for error in errors}
    kind = AirflowFailException if kinds == {"config_error"} else AirflowException
    raise kind(f"{command} ended with exit code {code}: {'; '.join(error['message'] for error in errors[:3])}")


def read(program, folder, storage):
    """Reads the account, and stores rows and states."""
    command = [*program, "read"]
    for name in ("config", "catalog", "state"):
        command += [f"--{name}", f"{folder}/{name}.json"]
    process = subprocess.Popen(command, stdout=subprocess.PIPE)
    stopped = threading.Event()
    deadline = threading.Timer(LONGEST.total_seconds(), lambda: (stopped.set(), process.terminate()))
    deadline.start()
    rows, states, size, since = collections.defaultdict(Part), {}, 0, time.monotonic()
    counts, complete, traces = collections.Counter(), [], []
    try:
        for line, message in messages(process.stdout):
            if message["type"] == "RECORD":
                stream = message["record"]["stream"]
                rows[stream].lines.write(line)
                counts[stream] += 1
                size += len(line)
            elif message["type"] == "STATE":
                states[message["state"]["stream"]["stream_descriptor"]["name"]] = message["state"]
                if size >= BYTES or time.monotonic() - since >= SECONDS:
                    storage.save(rows, states)
                    rows, states, size, since = collections.defaultdict(Part), {}, 0, time.monotonic()
            else:
                tell(message)
                traces += [message] if message["type"] == "TRACE" else []
                status = message.get("trace", {}).get("stream_status", {})
                if status.get("status") == "COMPLETE":
                    complete.append(status["stream_descriptor"]["name"])
        storage.save(rows, states)
    except BaseException:
        # Nothing reads its output any more.
        process.stdout.close()
        process.terminate()
        raise
    finally:
        deadline.cancel()
        code = process.wait()
    ended = {"rows": counts, "complete": complete, "exit_code": code, "state": storage.newest}
    storage.put(f"{storage.place}/runs/{storage.run}.json", json.dumps(ended).encode())
    log.info("%s rows of %s streams; %s streams are complete", counts.total(), len(counts), len(complete))
    if stopped.is_set() and code in (0, 143):
        log.warning("The time limit is reached. The next run continues from here.")
    elif code != 0:
        give_up(traces, "read", code)


@dag(
    schedule="@hourly",
    start_date=datetime.datetime(2026, 1, 1, tzinfo=datetime.timezone.utc),
    catchup=False,
    max_active_runs=1,
    # Airflow waits five minutes before it tries again.
    default_args={"retries": 2},
)
def zendesk_accounts():
    @task
    def accounts():
        names = Variable.get("zendesk_accounts", deserialize_json=True)
        strange = [name for name in names if not re.fullmatch(r"[a-z0-9_-]+", name)]
        if strange or len(set(names)) < len(names):
            found = f"names with other characters than a-z, 0-9, _ and -: {strange}"
            raise AirflowFailException(f"zendesk_accounts has a name twice, or {found}")
        return names

    @task(
        map_index_template="{{ task.op_kwargs['account'] }}",
        max_active_tis_per_dag=AT_ONCE,
        execution_timeout=LONGEST + datetime.timedelta(minutes=10),
    )
    def sync(account):
        instance = get_current_context()["ti"]
        run = re.sub(r"[^A-Za-z0-9_.-]", "-", f"{instance.run_id}-{instance.try_number}")
        storage = Storage(ObjectStoragePath(Variable.get("zendesk_storage")), account, run)
        words = Variable.get("zendesk_program", default=["source-zendesk-support"], deserialize_json=True)
        with tempfile.TemporaryDirectory(prefix="zendesk-") as folder:
            program = [word.format(account=account, folder=folder, user=os.getuid()) for word in words]
            files = {"config": configuration(account), "state": list(storage.states.values())}
            for name, content in files.items():
                pathlib.Path(folder, f"{name}.json").write_text(json.dumps(content))
            selected = catalog(program, f"{folder}/config.json")
            pathlib.Path(folder, "catalog.json").write_text(json.dumps(selected))
            read(program, folder, storage)

    sync.expand(account=accounts())


zendesk_accounts()
