"""The DAG of examples/airflow in a real Airflow: scheduler, executor, API server and database, with several simulated
accounts and a bucket of moto. What is stored is compared with what the accounts hold."""

import collections
import contextlib
import gzip
import importlib.util
import json
import os
import pathlib
import re
import signal
import socket
import sqlite3
import subprocess
import sys
import time

import boto3
import pytest
from moto.server import ThreadedMotoServer

from surroundings import ROOT, UNTIL_VISIBLE, Simulator

DAG = ROOT / "examples" / "airflow" / "zendesk_accounts.py"
PAGE = ROOT / "docs" / "many-accounts.md"
BIN = pathlib.Path(sys.executable).parent
CLIENT, SECRET = "simulated_oauth_client", "simulated-oauth-client-secret"

# umbrella has credentials that are not accepted, and initech's program is killed in the middle of its first run.
ACCOUNTS = ["acme", "globex", "initech", "umbrella"]

# What is other here than in the file that is shown: no schedule, and a state each tenth of a second.
CHANGES = [('schedule="@hourly"', "schedule=None"), ("SECONDS, BYTES = 60,", "SECONDS, BYTES = 0.1,")]

STREAMS = "tickets ticket_metrics ticket_comments users organizations groups macros brands tags articles posts".split()

# Nothing that is waited for takes longer.
LONGEST = 300

# Finds the simulated account by the name of the account, and notes which process reads it.
PROGRAM = """#!/bin/sh
set -eu
cd "$(dirname "$0")"
account=$1
shift
ZENDESK_BASE_URL=$(cat "$account.url")
export ZENDESK_BASE_URL
[ "$1" != read ] || export ZENDESK_CLOCK_SCALE=60
echo $$ > "$account.$1"; cat /proc/$PPID/stat > "$account.$1.stat"; grep -E "VmHWM|VmRSS" /proc/$PPID/status > "$account.$1.mem"
exec "$CONNECTOR" "$@"
"""


def until(what, question):
    """Asks until there is an answer."""
    began = time.monotonic()
    while time.monotonic() - began < LONGEST:
        if answer := question():
            return answer
        time.sleep(0.05)
    raise AssertionError(f"not within {LONGEST} seconds: {what}")


def free_port():
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return found.getsockname()[1]


def changed(text, changes=CHANGES):
    for old, new in changes:
        assert text.count(old) == 1, old
        text = text.replace(old, new)
    return text


def loads(line):
    """A message, with large numbers as the simulator says them; in what is stored they are exact."""
    return json.loads(line, parse_int=lambda digits: int(digits) if len(digits) < 20 else float(digits))


class Bucket:
    """The object storage."""

    def __init__(self):
        self.server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
        self.server.start()
        _, port = self.server.get_host_and_port()
        self.url = f"http://127.0.0.1:{port}"
        given = {"endpoint_url": self.url, "region_name": "us-east-1"}
        keys = {"aws_access_key_id": "warehouse", "aws_secret_access_key": "warehouse-secret"}
        self.client = boto3.client("s3", **given, **keys)
        self.client.create_bucket(Bucket="warehouse")
        self.connection = json.dumps({
            "conn_type": "aws", "login": keys["aws_access_key_id"], "password": keys["aws_secret_access_key"],
            "extra": given,
        })

    def names(self, prefix):
        pages = self.client.get_paginator("list_objects_v2").paginate(Bucket="warehouse", Prefix=f"zendesk/{prefix}")
        return [found["Key"] for page in pages for found in page.get("Contents", [])]

    def objects(self, prefix):
        return {name: self.client.get_object(Bucket="warehouse", Key=name)["Body"].read() for name in self.names(prefix)}

    def rows(self, account, stream):
        """The newest row of each key."""
        messages = []
        for content in self.objects(f"{account}/rows/{stream}/").values():
            messages += [loads(line)["record"] for line in gzip.decompress(content).splitlines()]
        assert {message["stream"] for message in messages} == {stream}
        messages.sort(key=lambda message: (message["emitted_at"], message["data"].get("updated_at") or ""))
        return {message["data"]["id"]: message["data"] for message in messages}

    def runs(self, account):
        """What each run of an account says of itself, in order."""
        return [json.loads(content) for content in self.objects(f"{account}/runs/").values()]


class Airflow:
    """Airflow's processes, in a place of their own."""

    def __init__(self, place, bucket, sims):
        self.place, self.processes = place, []
        for name in ("dags", "bin"):
            (place / name).mkdir()
        (place / "dags" / DAG.name).write_text(changed(DAG.read_text()))
        program = place / "bin" / "zendesk"
        program.write_text(PROGRAM)
        program.chmod(0o755)
        port = free_port()
        known = {name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "AIRFLOW"))}
        self.surroundings = known | {
            "PATH": f"{BIN}:{os.environ['PATH']}", "NO_PROXY": "*", "no_proxy": "*",
            "AIRFLOW_HOME": str(place),
            "AIRFLOW__CORE__DAGS_FOLDER": str(place / "dags"),
            "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
            "AIRFLOW__CORE__DAGS_ARE_PAUSED_AT_CREATION": "False",
            "AIRFLOW__CORE__DEFAULT_TASK_RETRY_DELAY": "1",
            "AIRFLOW__CORE__EXECUTOR": "LocalExecutor",
            "AIRFLOW__CORE__PARALLELISM": "4",
            "AIRFLOW__CORE__EXECUTION_API_SERVER_URL": f"http://127.0.0.1:{port}/execution/",
            "AIRFLOW__API__PORT": str(port), "AIRFLOW__API__WORKERS": "1",
            "AIRFLOW__API__SECRET_KEY": "acceptance", "AIRFLOW__API_AUTH__JWT_SECRET": "acceptance" * 7,
            "AIRFLOW__USAGE_DATA_COLLECTION__ENABLED": "False",
            "AIRFLOW_CONN_AWS_DEFAULT": bucket.connection,
            "AIRFLOW_VAR_ZENDESK_ACCOUNTS": json.dumps(ACCOUNTS),
            "AIRFLOW_VAR_ZENDESK_STREAMS": json.dumps(STREAMS),
            "AIRFLOW_VAR_ZENDESK_STORAGE": "s3://aws_default@warehouse/zendesk",
            "AIRFLOW_VAR_ZENDESK_PROGRAM": json.dumps([str(program), "{account}"]),
        }
        for account in ACCOUNTS:
            sim = sims.get(account, sims["acme"])
            (place / "bin" / f"{account}.url").write_text(sim.url)
            # Every simulated account has this subdomain.
            connection = {"conn_type": "generic", "host": "acme", "login": CLIENT, "password": SECRET}
            connection["extra"] = {"start_date": "2015-01-01T00:00:00Z"}
            if account == "umbrella":
                connection["password"] = "another-secret-of-umbrella"
            self.surroundings[f"AIRFLOW_CONN_ZENDESK_{account.upper()}"] = json.dumps(connection)

    def command(self, *words):
        ended = subprocess.run(
            [BIN / "airflow", *words], env=self.surroundings, cwd=self.place, capture_output=True, text=True,
            timeout=LONGEST,
        )
        assert ended.returncode == 0, (words, ended.stdout[-3000:], ended.stderr[-3000:])
        return ended.stdout

    def start(self):
        self.command("db", "migrate")
        for name in ("api-server", "scheduler", "dag-processor"):
            log = (self.place / f"{name}.log").open("w")
            self.processes.append(subprocess.Popen(
                [BIN / "airflow", name], env=self.surroundings, cwd=self.place, stdin=subprocess.DEVNULL, stdout=log,
                stderr=log, start_new_session=True,
            ))
        until("the DAG is known", lambda: self.ask("SELECT 1 FROM dag WHERE dag_id = 'zendesk_accounts'"))

    def stop(self):
        for process in self.processes:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()

    def ask(self, statement, *values):
        with contextlib.closing(sqlite3.connect(f"file:{self.place}/airflow.db?mode=ro", uri=True, timeout=60)) as asked:
            return asked.execute(statement, values).fetchall()

    def trigger(self, run):
        self.command("dags", "trigger", "zendesk_accounts", "--run-id", run)

    def wait(self, run):
        """How a run ended."""
        statement = "SELECT state FROM dag_run WHERE run_id = ? AND state IN ('success', 'failed')"
        ((state,),) = until(f"{run} ends", lambda: self.ask(statement, run))
        return state

    def tasks(self, run):
        """The state of each account's task, and how often it was tried."""
        statement = """SELECT rendered_map_index, state, try_number FROM task_instance
            WHERE run_id = ? AND task_id = 'sync' AND map_index >= 0"""
        return {account: (state, tries) for account, state, tries in self.ask(statement, run)}


@pytest.fixture(scope="module")
def bucket():
    bucket = Bucket()
    yield bucket
    bucket.server.stop()


@pytest.fixture(scope="module")
def sims():
    with contextlib.ExitStack() as stack:
        yield {
            account: stack.enter_context(Simulator(
                "--size", size, "--page-cap", "50", "--scale", "60", "--seed", str(seed), encrypted=False,
            ))
            for seed, (account, size) in enumerate([("acme", "small"), ("globex", "300"), ("initech", "1500")], 1)
        }


@pytest.fixture(scope="module")
def airflow(tmp_path_factory, bucket, sims):
    airflow = Airflow(tmp_path_factory.mktemp("airflow"), bucket, sims)
    try:
        airflow.start()
        yield airflow
    finally:
        airflow.stop()


def assert_stored(bucket, sims):
    """What is stored of each account is what the account holds."""
    for account, sim in sims.items():
        for stream in ("tickets", "users", "organizations", "groups", "macros", "brands"):
            held = {row["row"]["id"]: row["row"] for row in sim.order("truth", stream) if not row["deleted"]}
            stored = bucket.rows(account, stream)
            missing = held.keys() - stored.keys()
            assert held and not missing, (account, stream, missing)
            for key, row in held.items():
                assert {name: stored[key].get(name) for name in row} == row, (account, stream, key)


@pytest.fixture(scope="module")
def first(airflow, bucket):
    """The first run, in which the program that reads initech is killed when it has stored its second state."""
    airflow.trigger("first")
    pid = airflow.place / "bin" / "initech.read"
    until("initech stores states", lambda: bucket.names("initech/state/00000002"))
    os.kill(int(pid.read_text()), signal.SIGKILL)
    return airflow.wait("first")


def test_each_account_is_read_though_one_fails_and_one_is_killed(airflow, bucket, sims, first):
    tasks = airflow.tasks("first")
    # Wrong credentials are not tried again, and fail nobody else.
    assert tasks == {
        "acme": ("success", 1), "globex": ("success", 1), "initech": ("success", 2), "umbrella": ("failed", 1),
    }
    assert first == "failed"
    assert_stored(bucket, sims)
    assert bucket.objects("umbrella/") == {}
    # The second try went on from what the killed one had stored.
    killed, second = bucket.runs("initech")
    assert killed["exit_code"] == -signal.SIGKILL and second["exit_code"] == 0
    assert killed["state"] >= 2 and second["state"] > killed["state"]
    assert killed["rows"]["tickets"] and second["rows"]["tickets"] < 1_500, (killed["rows"], second["rows"])


def test_the_next_run_goes_on_and_runs_never_overlap(airflow, bucket, sims, first):
    for seed, sim in enumerate(sims.values()):
        sim.order("change", seed, 60)
        sim.order("advance", UNTIL_VISIBLE)
    for run in ("second", "third"):
        airflow.trigger(run)
    for run in ("second", "third"):
        airflow.wait(run)
        assert {state for account, (state, _) in airflow.tasks(run).items() if account != "umbrella"} == {"success"}
    assert_stored(bucket, sims)
    (first_run, second_run, third_run) = bucket.runs("acme")
    tickets = [run["rows"].get("tickets", 0) for run in (first_run, second_run, third_run)]
    assert tickets[0] > 100 > tickets[1] and tickets[0] > 100 > tickets[2], tickets
    runs = airflow.ask("SELECT start_date, end_date FROM dag_run WHERE run_id IN ('second', 'third') ORDER BY start_date")
    assert runs[0][1] <= runs[1][0], runs


def test_no_secret_is_in_logs_in_the_database_or_in_the_storage(airflow, bucket, first):
    logs = [path for path in airflow.place.rglob("*") if path.is_file() and path.suffix in (".log", ".db", ".db-wal")]
    assert any("rows of" in path.read_text() for path in logs if "task_id=sync" in str(path))
    places = {str(path): path.read_bytes() for path in logs}
    places |= {name: gzip.decompress(text) if name.endswith("gz") else text for name, text in bucket.objects("").items()}
    for place, text in places.items():
        for secret in (SECRET, "another-secret-of-umbrella", "warehouse-secret"):
            assert secret.encode() not in text, (place, secret)


def in_dags_test(airflow, changes):
    """A run of a changed DAG in one process, as people try theirs, and what it logs."""
    folder = airflow.place / "changed"
    folder.mkdir(exist_ok=True)
    (folder / DAG.name).write_text(changed(DAG.read_text(), changes))
    surroundings = airflow.surroundings | {
        "AIRFLOW__CORE__DAGS_FOLDER": str(folder), "AIRFLOW_VAR_ZENDESK_ACCOUNTS": '["slow"]',
        "AIRFLOW_VAR_ZENDESK_STREAMS": "null",
        "AIRFLOW_CONN_ZENDESK_SLOW": airflow.surroundings["AIRFLOW_CONN_ZENDESK_ACME"],
        "AIRFLOW_HOME": str(folder),
    }
    told = ""
    for words in (("db", "migrate"), ("dags", "test", "zendesk_accounts")):
        told += subprocess.run(
            [BIN / "airflow", *words], env=surroundings, cwd=folder, text=True, timeout=LONGEST,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
        ).stdout
    return told


def test_a_long_read_is_cut_by_time_and_goes_on_in_the_next_run(airflow, bucket):
    # At the clock's own speed the limit of exports makes the first read last for minutes.
    with Simulator("--size", "2000", "--page-cap", "100", "--scale", "1", encrypted=False) as sim:
        (airflow.place / "bin" / "slow.url").write_text(sim.url)
        program = airflow.place / "bin" / "zendesk"
        program.write_text(PROGRAM.replace("ZENDESK_CLOCK_SCALE=60", "ZENDESK_CLOCK_SCALE=1"))
        try:
            told = in_dags_test(airflow, [("LONGEST = datetime.timedelta(minutes=50)", "LONGEST = datetime.timedelta(seconds=8)")])
        finally:
            program.write_text(PROGRAM)
    assert "The time is up" in told and "state=success" in told, told[-3000:]
    (run,) = bucket.runs("slow")
    assert run["exit_code"] == 143 and run["state"] == 1 and "ticket_events" not in run["complete"]
    (state,) = bucket.objects("slow/state/").values()
    names = {state["stream"]["stream_descriptor"]["name"] for state in json.loads(state)}
    assert "tickets" in names


@pytest.fixture(scope="module")
def module(airflow):
    """The DAG's file as a module."""
    os.environ.update({name: value for name, value in airflow.surroundings.items() if name.startswith("AIRFLOW")})
    spec = importlib.util.spec_from_file_location("zendesk_accounts", DAG)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_of_two_runs_of_one_account_one_goes_on(module):
    root = module.ObjectStoragePath("s3://aws_default@warehouse/zendesk")
    state = {"type": "STREAM", "stream": {"stream_descriptor": {"name": "tickets"}, "stream_state": {}}}
    first, second = (module.Storage(root, "twice", run) for run in ("first", "second"))
    first.save({}, {"tickets": state})
    with pytest.raises(module.AirflowException, match="Another run"):
        second.save({}, {"tickets": state | {"late": True}})
    assert module.Storage(root, "twice", "third").states == {"tickets": state}
    for _ in range(module.STATES + 3):
        first.save({}, {"tickets": state})
    names = [pathlib.PurePath(name).stem for name in root.fs.ls("warehouse/zendesk/twice/state", detail=False)]
    assert len(names) == module.STATES and max(names) == f"{module.STATES + 4:08}"
