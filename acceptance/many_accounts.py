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
import duckdb
import pytest
from moto.server import ThreadedMotoServer

from surroundings import DOCKER, IMAGE, ROOT, UNTIL_VISIBLE, Simulator, shown

DAG = ROOT / "examples" / "airflow" / "zendesk_accounts.py"
PAGE = "docs/many-accounts.md"
BIN = pathlib.Path(sys.executable).parent
CLIENT, SECRET = "simulated_oauth_client", "simulated-oauth-client-secret"

# umbrella has credentials that are not accepted, and initech's program is killed in the middle of its first run.
ACCOUNTS = ["acme", "globex", "initech", "umbrella"]

# What is other here than in the file that is shown: no schedule, and a state each tenth of a second.
CHANGES = [('schedule="@hourly"', "schedule=None"), ("SECONDS, BYTES = 60,", "SECONDS, BYTES = 0.1,")]

STREAMS = "tickets ticket_metrics ticket_comments users organizations groups macros brands tags articles posts".split()

STATE = {"type": "STREAM", "stream": {"stream_descriptor": {"name": "tickets"}, "stream_state": {}}}

# Nothing that is waited for takes longer.
LONGEST = 900

# Finds the simulated account by the name of the account, and notes which process reads it.
PROGRAM = """#!/bin/sh
set -eu
cd "$(dirname "$0")"
account=$1
shift
ZENDESK_BASE_URL=$(cat "$account.url")
export ZENDESK_BASE_URL
[ "$1" != read ] || export ZENDESK_CLOCK_SCALE=60
echo $$ > "$account.$1"
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


def loose(row):
    """A row whose numbers are all floating, as the simulator says large ones; what is stored is exact."""
    return json.loads(json.dumps(row), parse_int=float)


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
            messages += [json.loads(line)["record"] for line in gzip.decompress(content).splitlines()]
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
                found = loose({name: stored[key].get(name) for name in row})
                assert found == loose(row), (account, stream, key)


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


class Alone(Airflow):
    """Airflow as people try it in a terminal: no process of its own, and one account."""

    def __init__(self, place, bucket, sim, account, **surroundings):
        super().__init__(place, bucket, {"acme": sim})
        (place / "bin" / f"{account}.url").write_text(sim.url)
        self.surroundings |= {
            "AIRFLOW_VAR_ZENDESK_ACCOUNTS": json.dumps([account]),
            f"AIRFLOW_CONN_ZENDESK_{account.upper()}": self.surroundings["AIRFLOW_CONN_ZENDESK_ACME"],
        } | surroundings
        self.command("db", "migrate")

    def test(self):
        """What a run logs."""
        return self.command("dags", "test", "zendesk_accounts")


def test_a_long_read_is_cut_by_time_and_goes_on_in_the_next_run(tmp_path, bucket):
    # At the clock's own speed the limit of exports makes the first read last for minutes.
    with Simulator("--size", "2000", "--page-cap", "100", "--scale", "1", encrypted=False) as sim:
        airflow = Alone(tmp_path, bucket, sim, "slow", AIRFLOW_VAR_ZENDESK_STREAMS="null")
        program = tmp_path / "bin" / "zendesk"
        program.write_text(PROGRAM.replace("ZENDESK_CLOCK_SCALE=60", "ZENDESK_CLOCK_SCALE=1"))
        dag = tmp_path / "dags" / DAG.name
        dag.write_text(changed(dag.read_text(), [("LONGEST = datetime.timedelta(minutes=50)", "LONGEST = datetime.timedelta(seconds=8)")]))
        told = airflow.test()
    assert "The time limit is reached" in told and "state=success" in told, told[-3000:]
    (run,) = bucket.runs("slow")
    assert run["exit_code"] == 143 and run["complete"] and "ticket_events" not in run["complete"]
    states = json.loads(bucket.objects(f"slow/state/{run['state']:08}")[f"zendesk/slow/state/{run['state']:08}.json"])
    assert "tickets" in {state["stream"]["stream_descriptor"]["name"] for state in states}


@pytest.fixture(scope="module")
def module(airflow):
    """The DAG's file as a module."""
    os.environ.update({name: value for name, value in airflow.surroundings.items() if name.startswith("AIRFLOW")})
    spec = importlib.util.spec_from_file_location("zendesk_accounts", DAG)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_of_two_runs_of_one_account_one_goes_on(module):
    root, state = module.ObjectStoragePath("s3://aws_default@warehouse/zendesk"), STATE
    first, second = (module.Storage(root, "twice", run) for run in ("first", "second"))
    first.save({}, {"tickets": state})
    with pytest.raises(module.AirflowException, match="Another run"):
        second.save({}, {"tickets": state | {"late": True}})
    assert module.Storage(root, "twice", "third").states == {"tickets": state}
    for _ in range(module.STATES + 3):
        first.save({}, {"tickets": state})
    names = [pathlib.PurePath(name).stem for name in root.fs.ls("warehouse/zendesk/twice/state", detail=False)]
    assert len(names) == module.STATES and max(names) == f"{module.STATES + 4:08}"


def test_a_state_is_stored_only_after_its_rows(module, bucket, monkeypatch):
    root = module.ObjectStoragePath("s3://aws_default@warehouse/zendesk")
    storage, part = module.Storage(root, "order", "first"), module.Part()
    part.lines.write(b"{}\n")
    put = storage.put

    def broken(path, *rest, **options):
        if "/rows/" in path:
            raise OSError("the storage is out of order")
        put(path, *rest, **options)

    monkeypatch.setattr(storage, "put", broken)
    with pytest.raises(OSError, match="out of order"):
        storage.save({"tickets": part}, {"tickets": STATE})
    assert bucket.names("order/") == []


def test_what_the_page_shows_reads_two_accounts(tmp_path, bucket, sims):
    airflow = Alone(tmp_path, bucket, sims["acme"], "acme")
    (tmp_path / "dags" / DAG.name).unlink()
    program = tmp_path / "bin" / "source-zendesk-support"
    program.write_text(PROGRAM.replace("account=$1\nshift\n", "account=acme\n"))
    program.chmod(0o755)
    # All that the page's commands set is set by them.
    for name in list(airflow.surroundings):
        if name.startswith(("AIRFLOW_VAR", "AIRFLOW_CONN_ZENDESK")):
            del airflow.surroundings[name]
    airflow.surroundings["AIRFLOW_VAR_ZENDESK_STREAMS"] = json.dumps(["groups", "tickets"])
    clients = {f"{account}_CLIENT_{kind}": value for account in ("ACME", "GLOBEX") for kind, value in (("ID", CLIENT), ("SECRET", SECRET))}
    path = f"{tmp_path}/bin:{airflow.surroundings['PATH']}"
    (script,) = shown(PAGE, "sh airflow")
    # Every simulated account has the subdomain acme, and this run has a place of its own in the bucket.
    script = script.replace("--conn-host globex", "--conn-host acme").replace("warehouse/zendesk", "warehouse/zendesk/page")
    ran = subprocess.run(
        ["sh", "-euc", script], cwd=ROOT, env=airflow.surroundings | clients | {"PATH": path}, timeout=LONGEST,
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
    )
    assert ran.returncode == 0 and SECRET not in ran.stdout, ran.stdout[-3000:]
    for account in ("acme", "globex"):
        (run,) = bucket.runs(f"page/{account}")
        assert set(run["rows"]) == set(run["complete"]) == {"groups", "tickets"}
    # The option in the connection's extra is in force, and so deleted tickets are marked there.
    marked = {account: row.keys() for account in ("acme", "globex") for row in bucket.rows(f"page/{account}", "tickets").values()}
    assert "_ab_cdc_deleted_at" in marked["globex"] and "_ab_cdc_deleted_at" not in marked["acme"]


def test_the_query_of_the_page_gives_the_newest_row_of_each_ticket(bucket, first, tmp_path):
    accounts = ["acme", "globex", "initech"]
    for account in accounts:
        for name, content in bucket.objects(f"{account}/rows/tickets/").items():
            place = tmp_path / "warehouse" / name
            place.parent.mkdir(parents=True, exist_ok=True)
            place.write_bytes(content)
    (query,) = shown(PAGE, "sql accounts")
    found = duckdb.sql(query.replace("s3://warehouse", str(tmp_path / "warehouse")))
    names = [column[0] for column in found.description]
    rows = collections.defaultdict(dict)
    for row in found.fetchall():
        row = dict(zip(names, row))
        assert row["id"] not in rows[row["account"]], "a ticket is there twice"
        rows[row["account"]][row["id"]] = row["subject"]
    assert set(rows) == set(accounts)
    for account in accounts:
        assert rows[account] == {key: row["subject"] for key, row in bucket.rows(account, "tickets").items()}


def test_a_container_may_read_each_account(tmp_path, bucket, sims):
    (program,) = shown(PAGE, "json airflow")
    program = json.loads(program)
    assert program[-1].startswith("source-zendesk-support:")
    here = ["--network", "host", "--env", f"ZENDESK_BASE_URL={sims['acme'].url}"]
    words = [DOCKER, *program[1:2], *here, *program[2:-1], IMAGE]
    given = {"AIRFLOW_VAR_ZENDESK_PROGRAM": json.dumps(words), "AIRFLOW_VAR_ZENDESK_STREAMS": '["groups"]'}
    told = Alone(tmp_path, bucket, sims["acme"], "contained", **given).test()
    assert "state=success" in told, told[-3000:]
    (run,) = bucket.runs("contained")
    assert run["complete"] == ["groups"] and bucket.rows("contained", "groups")


def test_the_pod_of_the_page_fits_the_dag(tmp_path):
    (code,) = shown(PAGE, "python")
    (tmp_path / "zendesk_pods.py").write_text(changed(DAG.read_text(), [
        ("\n\n@dag(", f"\n\n{code}\n\n@dag("),
        ("max_active_tis_per_dag=AT_ONCE,", "max_active_tis_per_dag=AT_ONCE, executor_config=POD,"),
    ]))
    # The pod that the executor would make of the task.
    text = """if True:
        import json
        from kubernetes.client import ApiClient, models as k8s
        from airflow.providers.cncf.kubernetes.pod_generator import PodGenerator
        import zendesk_pods
        config = zendesk_pods.zendesk_accounts().get_task("sync").partial_kwargs["executor_config"]
        base = k8s.V1Container(name="base", image="airflow", args=["run"])
        base = k8s.V1Pod(spec=k8s.V1PodSpec(containers=[base]))
        pod = PodGenerator.reconcile_pods(base, PodGenerator.from_obj(config))
        print(json.dumps(ApiClient().sanitize_for_serialization(pod)["spec"]["containers"]))"""
    surroundings = {**os.environ, "AIRFLOW_HOME": str(tmp_path), "PYTHONPATH": str(tmp_path)}
    told = subprocess.check_output([sys.executable, "-c", text], env=surroundings, text=True, timeout=LONGEST)
    (container,) = json.loads(told.splitlines()[-1])
    assert container["args"] == ["run"] and container["image"].startswith("registry.example.com/")
    assert container["resources"]["limits"]["memory"] == "768Mi"
