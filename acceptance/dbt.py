"""The dbt package, on an account with timelines: two syncs into DuckDB, by PyAirbyte as the package's page shows it, and
into Postgres, then `dbt build`, whose models are compared with what the simulated account says of itself. This file has
the name of dbt's own package: what runs dbt must not find it."""

import collections
import datetime
import glob
import importlib.util
import json
import os
import pathlib
import re
import shlex
import shutil
import subprocess
import sys
import tempfile
import time

import duckdb
import psycopg
import pytest

from surroundings import CERTIFICATES, ROOT, UNTIL_VISIBLE, Output, Simulator, config

PACKAGE = ROOT / "dbt"
PLACE = pathlib.Path(tempfile.mkdtemp(prefix="acceptance-dbt-"))
TIMELINES = 110
# Limits count by the account's clock, which is faster. `example/sync.py` has the same number.
SCALE = "60"

# Nothing takes longer.
LONGEST_COMMAND = 300


def loaded(path):
    """A script of the package as a module."""
    spec = importlib.util.spec_from_file_location(path.stem, path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


SYNC = loaded(PACKAGE / "example" / "sync.py")


def surroundings(**more):
    """The environment of a command, without this folder, in which `dbt` would be this file."""
    kept = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    path = f"{pathlib.Path(sys.executable).parent}:{kept['PATH']}"
    quiet = {
        "AIRBYTE_OFFLINE_MODE": "1", "DO_NOT_TRACK": "1", "AIRBYTE_NO_UV": "1",
        "AIRBYTE_PROJECT_DIR": str(PLACE), "AIRBYTE_CACHE_ROOT": str(PLACE), "AIRBYTE_LOGGING_ROOT": str(PLACE),
        "DBT_SEND_ANONYMOUS_USAGE_STATS": "false", "DBT_LOG_PATH": str(PLACE / "logs"),
    }
    return {**kept, "PATH": path, "PYTHONDONTWRITEBYTECODE": "1", **quiet, **more}


def reaches(sim):
    """What leads a connector to the simulator."""
    authority = str(CERTIFICATES / "authority.pem")
    return {"ZENDESK_BASE_URL": sim.url, "SSL_CERT_FILE": authority}


def run(*words, cwd=ROOT, **environment):
    """Runs a command, which has to succeed."""
    ended = subprocess.run(
        words, cwd=cwd, capture_output=True, text=True, timeout=LONGEST_COMMAND, env=surroundings(**environment)
    )
    assert ended.returncode == 0, f"{words}\n{ended.stdout[-5000:]}\n{ended.stderr[-3000:]}"
    return ended.stdout


class DuckDB:
    """A file that PyAirbyte fills."""

    name = "duckdb"

    def __init__(self, sim):
        self.sim, self.path = sim, PLACE / "zendesk.duckdb"

    def sync(self):
        run(sys.executable, "dbt/example/sync.py", ZENDESK_DUCKDB=str(self.path), **reaches(self.sim))

    def environment(self):
        return {"ZENDESK_DUCKDB": str(self.path)}

    def rows(self, table):
        with duckdb.connect(str(self.path), read_only=True) as connection:
            found = connection.execute(f"select * from {table.replace('TARGET', 'main')}")
            names = [column[0] for column in found.description]
            return [dict(zip(names, row)) for row in found.fetchall()]

    def close(self):
        pass


class Postgres:
    """A server of its own, filled as Airbyte's destination does: objects and lists are jsonb, times have a zone. The
    session's zone is not UTC. PyAirbyte's own cache in Postgres writes no column that has texts and objects, as `via`
    of comments is one."""

    name = "postgres"
    port = "18433"

    def __init__(self, sim):
        self.sim, self.states = sim, []
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="acceptance-postgres-"))
        programs = pathlib.Path(sorted(glob.glob("/usr/lib/postgresql/*/bin/initdb"))[-1]).parent
        # The server refuses to run as root.
        as_user = ["runuser", "-u", "postgres", "--"] if os.getuid() == 0 else []
        if as_user:
            shutil.chown(self.folder, "postgres")
        data = str(self.folder / "data")
        subprocess.run(
            [*as_user, programs / "initdb", "-D", data, "-A", "trust", "-U", "postgres"],
            check=True, capture_output=True, cwd="/",
        )
        self.server = subprocess.Popen(
            [*as_user, programs / "postgres", "-D", data, "-p", self.port, "-k", self.folder, "-c", "fsync=off",
                "-c", "listen_addresses=127.0.0.1"],
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, cwd="/",
        )
        self.execute("alter role postgres set timezone to 'America/New_York'", "create schema airbyte")

    def connect(self):
        for _ in range(200):
            try:
                return psycopg.connect(host="127.0.0.1", port=self.port, user="postgres", dbname="postgres")
            except psycopg.OperationalError:
                assert self.server.poll() is None, "the server ended"
                time.sleep(0.1)
        raise AssertionError("the server does not answer")

    def execute(self, *statements):
        with self.connect() as connection:
            for statement in statements:
                connection.execute(statement)

    def source(self, command, scale="1", **files):
        place = pathlib.Path(tempfile.mkdtemp(prefix="read-", dir=PLACE))
        words = [os.environ["CONNECTOR"], command]
        for name, content in files.items():
            (place / f"{name}.json").write_text(json.dumps(content))
            words += [f"--{name}", place / f"{name}.json"]
        ended = subprocess.run(
            words, capture_output=True, timeout=LONGEST_COMMAND,
            env=surroundings(**reaches(self.sim), ZENDESK_CLOCK_SCALE=scale),
        )
        return Output(ended).complete()

    def sync(self):
        given = config(**{**SYNC.OPTIONS, "deleted_at_field": "_landed_deleted_at"})
        streams = {
            stream["name"]: stream for stream in self.source("discover", config=given).streams()
        }
        selected = [
            {
                "stream": streams[name], "destination_sync_mode": "append_dedup",
                "sync_mode": "incremental" if "incremental" in streams[name]["supported_sync_modes"] else "full_refresh",
            }
            for name in SYNC.STREAMS
        ]
        read = self.source("read", SCALE, config=given, catalog={"streams": selected}, state=self.states)
        states = {state["stream"]["stream_descriptor"]["name"]: state for state in [*self.states, *read.states()]}
        self.states = list(states.values())
        rows = read.rows()
        for name in SYNC.STREAMS:
            self.load(streams[name], rows[name])

    def load(self, stream, rows):
        columns = {name: column_type(schema) for name, schema in stream["json_schema"]["properties"].items()}
        key = [path[0] for path in stream["source_defined_primary_key"]]
        table = f'airbyte."{stream["name"]}"'
        declared = ", ".join(f'"{name}" {kind}' for name, kind in columns.items())
        quoted = [f'"{name}"' for name in columns]
        keys = ", ".join(f'"{name}"' for name in key)
        into = f"insert into {table} ({', '.join(quoted)}, _airbyte_extracted_at) values "
        values = ", ".join(["%s"] * len(columns))
        renewed = ", ".join(f"{name} = excluded.{name}" for name in quoted)
        with self.connect() as connection, connection.cursor() as cursor:
            cursor.execute(
                f"create table if not exists {table} ({declared}, _airbyte_extracted_at timestamptz, primary key ({keys}))"
            )
            cursor.executemany(
                f"{into} ({values}, now()) on conflict ({keys}) do update set {renewed}",
                [[cell(row.get(name), kind) for name, kind in columns.items()] for row in rows],
            )

    def environment(self):
        return {"PGHOST": "127.0.0.1", "PGPORT": self.port, "PGUSER": "postgres", "PGDATABASE": "postgres"}

    def rows(self, table):
        with self.connect() as connection:
            found = connection.execute(f"select * from {table.replace('TARGET', 'airbyte')}")
            names = [column[0] for column in found.description]
            return [dict(zip(names, row)) for row in found.fetchall()]

    def close(self):
        self.server.terminate()
        self.server.wait(30)
        shutil.rmtree(self.folder)


def column_type(schema):
    """The type of a column as Airbyte's destination for Postgres makes it."""
    kinds = schema.get("type", [])
    kinds = {kind for kind in ([kinds] if isinstance(kinds, str) else kinds) if kind != "null"}
    if "oneOf" in schema or len(kinds) != 1 or kinds & {"object", "array"}:
        return "jsonb"
    (kind,) = kinds
    if kind == "string":
        return {"date-time": "timestamptz", "date": "date"}.get(schema.get("format"), "text")
    return {"integer": "bigint", "number": "numeric", "boolean": "boolean"}[kind]


def cell(value, kind):
    """A value as Postgres takes it: no text of it has the character NUL."""
    if kind == "jsonb":
        return None if value is None else json.dumps(value).replace("\\u0000", "")
    return value.replace("\0", "") if isinstance(value, str) else value


class Warehouse:
    """A place that a sync fills and dbt builds in, and the truth after the last build."""

    def __init__(self, place, sim):
        self.place, self.sim, self.truth = place, sim, None

    def build(self, *options, **variables):
        self.place.sync()
        self.truth = self.sim.order("history")
        last_day = self.truth["backlog_by_day"][-1]["day"]
        variables["zendesk_now"] = str(datetime.date.fromisoformat(last_day) + datetime.timedelta(days=1))
        target = PLACE / f"target-{self.place.name}"
        self.told = run(
            "dbt", "build", "--project-dir", str(PACKAGE), "--profiles-dir", str(PACKAGE), "--target", self.place.name,
            "--target-path", str(target), "--vars", json.dumps(variables), "--no-use-colors", *options,
            **self.place.environment(),
        )
        return self

    def rows(self, table):
        schema, name = table.split(".")
        return self.place.rows(f'TARGET_zendesk{schema}."{name}"')


@pytest.fixture(scope="module")
def sim():
    with Simulator("--timelines", str(TIMELINES), "--scale", SCALE) as sim:
        yield sim


@pytest.fixture(scope="module")
def places(sim):
    places = [DuckDB(sim), Postgres(sim)]
    yield {place.name: Warehouse(place, sim) for place in places}
    for place in places:
        place.close()


STAGES = ["first sync", "second sync"]
NAMES = ["duckdb", "postgres"]


@pytest.fixture(scope="module", params=[(stage, name) for stage in STAGES for name in NAMES], ids=" ".join)
def built(request, sim, places):
    """A warehouse after each sync."""
    stage, name = request.param
    warehouse = places[name]
    if stage == STAGES[1] and name == NAMES[0]:
        # Between the syncs, hours apart, all kinds of things happen.
        missing = {"create", "delete", "solve", "reopen", "reply", "schedule"}
        for round_number in range(100):
            happened = sim.order("timelines", "step", "5")
            missing -= {words.split()[0] for words in happened}
            sim.order("advance", "17000")
            if not missing and round_number > 10:
                break
        assert not missing, missing
        sim.order("advance", UNTIL_VISIBLE)
    return warehouse.build(*(["--exclude", "resource_type:seed"] if stage == STAGES[1] else []))


def moment(value):
    """A time as the truth writes it."""
    return value and value.strftime("%Y-%m-%dT%H:%M:%SZ")


def assert_same(found, wanted):
    """Two lists of rows, in any order."""
    found, wanted = collections.Counter(found), collections.Counter(wanted)
    extra, missing = found - wanted, wanted - found
    assert not extra and not missing, f"extra {list(extra.items())[:5]}, missing {list(missing.items())[:5]}"
    assert wanted


def test_all_nodes_and_tests_pass_without_a_warning(built):
    done = re.search(r"PASS=(\d+) WARN=0 ERROR=0 SKIP=0", built.told)
    assert done and int(done[1]) > 150, built.told[-1500:]


SLA_FIELDS = ["first_reply_time", "next_reply_time", "agent_work_time", "requester_wait_time", "sla_policy"]


def test_events_are_the_history_of_fields(built):
    wanted = {}
    for row in built.truth["ticket_field_history"]:
        # The rows are in order: of several in one second the last one stays.
        place = row["ticket_id"], row["field_name"], row["updated"]
        wanted[place] = (*place, row["value"], row["user_id"], row["kind"])
    found = [
        (row["ticket_id"], row["field_name"], moment(row["updated"]), row["value"], row["user_id"], row["kind"])
        for row in built.rows("_intermediate.zendesk_field_values")
        if row["is_last_in_second"] and row["kind"] != "first"
    ]
    assert_same(found, wanted.values())


def test_fields_held_these_values_from_when_on(built):
    fields = ["status", "priority", "group_id", "assignee_id"]
    found, wanted = collections.defaultdict(list), collections.defaultdict(list)
    for row in built.rows(".ticket_field_history"):
        if row["field_name"] in fields:
            found[row["ticket_id"], row["field_name"]].append((moment(row["updated"]), row["value"]))
    for row in built.truth["field_values"]:
        wanted[row["ticket_id"], row["field_name"]].append((row["at"], row["value"]))

    def told(values):
        """A field that was empty at first has no value, which no row need say."""
        return [
            (*place, *value)
            for place, rows in values.items()
            for number, value in enumerate(sorted(rows))
            if number or value[1] is not None
        ]

    assert_same(told(found), told(wanted))


def test_slas_are_in_the_history_and_in_their_table(built):
    applied = [row for row in built.truth["ticket_sla_applications"] if not row["deleted"]]
    assert len(applied) < len(built.truth["ticket_sla_applications"]), "no target was withdrawn"
    wanted = {
        (row["ticket_id"], row["metric"], row["applied_at"], row["target"], row["in_business_hours"])
        for row in applied
        if row["metric"] in SLA_FIELDS
    }
    history = [row for row in built.rows(".ticket_field_history") if row["field_name"] in SLA_FIELDS]
    found = []
    for row in history:
        if row["field_name"] != "sla_policy":
            target = json.loads(row["value"])
            found.append((
                row["ticket_id"], row["field_name"], moment(row["updated"]), target["minutes"],
                target["in_business_hours"],
            ))
    assert_same(found, wanted)
    titles = {(row["ticket_id"], row["applied_at"], row["sla_policy_title"]) for row in applied}
    found = [
        (row["ticket_id"], moment(row["updated"]), row["value"])
        for row in history
        if row["field_name"] == "sla_policy"
    ]
    assert_same(found, titles)
    policies = {(row["ticket_id"], row["sla_policy_id"], row["applied_at"]) for row in applied}
    found = [
        (row["ticket_id"], row["sla_policy_id"], moment(row["policy_applied_at"]))
        for row in built.rows(".ticket_sla_policy")
    ]
    assert_same(found, policies)


def test_tickets_had_these_schedules(built):
    wanted = {}
    for row in built.truth["ticket_schedule_assignments"]:
        wanted[row["ticket_id"], row["created_at"]] = row["schedule_id"]
    found = [
        ((row["ticket_id"], moment(row["created_at"])), row["schedule_id"])
        for row in built.rows(".ticket_schedule")
    ]
    assert_same(found, wanted.items())


def test_tickets_have_their_people(built):
    names = ["id", "requester_id", "requester_name", "organization_id", "organization_name", "status"]
    found = [
        (*(row[name] for name in names), moment(row["created_at"]), row["is_deleted"])
        for row in built.rows("_answers.zendesk_tickets")
    ]
    wanted = [
        (*(row[name] for name in names), row["created_at"], row["deleted"]) for row in built.truth["tickets"]
    ]
    assert_same(found, wanted)


def test_replies_and_resolutions_took_so_long(built):
    names = [
        f"{measure}{unit}_minutes"
        for measure in ("first_reply", "first_resolution", "full_resolution")
        for unit in ("", "_business")
    ]
    names += ["replies", "reopens"]
    found = {row["ticket_id"]: row for row in built.rows("_answers.zendesk_ticket_times")}
    wanted = {row["id"]: row for row in built.truth["tickets"]}
    assert found.keys() == wanted.keys()
    wrong = [
        (ticket, name, found[ticket][name], row[name])
        for ticket, row in wanted.items()
        for name in names
        if found[ticket][name] != row[name]
    ]
    assert not wrong, f"{len(wrong)}: {wrong[:10]}"
    # The account has what makes the two differ.
    assert any(row["first_reply_minutes"] != row["first_reply_business_minutes"] for row in wanted.values())


def test_so_many_tickets_were_open(built):
    found = [(str(row["day"]), row["open_tickets"]) for row in built.rows("_answers.zendesk_backlog_by_day")]
    assert_same(found, [(row["day"], row["open"]) for row in built.truth["backlog_by_day"]])


def test_agents_did_so_much(built):
    names = ["user_id", "public_comments", "private_comments", "solved"]
    found = [
        (str(row["day"]), *(int(row[name]) for name in names))
        for row in built.rows("_answers.zendesk_agent_work_by_day")
    ]
    wanted = [(row["day"], *(row[name] for name in names)) for row in built.truth["agent_work_by_day"]]
    assert_same(found, wanted)


def test_so_many_were_content(built):
    found = [
        (str(row["month"]), int(row["good"]), int(row["bad"]))
        for row in built.rows("_answers.zendesk_satisfaction_by_month")
    ]
    wanted = [(row["month"], row["good"], row["bad"]) for row in built.truth["satisfaction_by_month"]]
    assert_same(found, wanted)


class OtherDuckDB(DuckDB):
    """The same rows as a destination writes them that appends, with a prefix, of few streams: each row came before with
    other texts."""

    streams = ["tickets", "ticket_comments", "ticket_field_history", "users", "groups"]
    texts = {"tickets": "subject", "ticket_comments": "body", "ticket_field_history": "value", "users": "role", "groups": "name"}

    def __init__(self, place):
        self.sim, self.filled, self.path = place.sim, place.path, PLACE / "other.duckdb"

    def sync(self):
        with duckdb.connect(str(self.path)) as connection:
            connection.execute(f"attach '{self.filled}' as filled (read_only)")
            for name in self.streams:
                table = f"filled.main.{name}"
                formerly = "_airbyte_extracted_at - interval '1 day' as _airbyte_extracted_at"
                connection.execute(
                    f"""create table "zd_{'people' if name == 'users' else name}" as select * from {table} union all
                    select * replace (concat('old ', {self.texts[name]}) as {self.texts[name]}, {formerly}) from {table}"""
                )
            connection.execute("alter table zd_tickets drop column via")


def test_other_tables_old_rows_and_streams_that_are_missing(places, sim):
    known = places["duckdb"]
    if known.truth is None:
        known.build()
    other = Warehouse(OtherDuckDB(known.place), sim).build(
        "--exclude", "resource_type:test",
        airbyte_prefix="zd_", airbyte_appended=True, airbyte_tables={"users": "zd_people"}
    )
    lacking = {"_fivetran_synced"}
    for table in (".ticket", ".user", ".ticket_comment", "_intermediate.zendesk_field_values"):
        wanted = [{name: row[name] for name in row if not name.startswith("via_")} for row in known.rows(table)]
        found = [{name: row[name] for name in row if not name.startswith("via_")} for row in other.rows(table)]
        assert_same(*(
            [tuple(sorted((name, str(row[name])) for name in row.keys() - lacking)) for row in rows]
            for rows in (found, wanted)
        ))
    for table in (".organization", ".schedule", ".ticket_sla_policy", ".audit_log", ".domain_name"):
        assert other.rows(table) == []
    # Without a schedule every minute counts.
    times = other.rows("_answers.zendesk_ticket_times")
    assert all(row["first_reply_minutes"] == row["first_reply_business_minutes"] for row in times)


# Of each table written by hand: its columns, and its rows.
BY_HAND = {
    "users": ("id bigint, name varchar, role varchar", [(1, "Ann 'the' \"agent\"", "agent"), (2, "Ben", None)]),
    "groups": ("id bigint, name varchar", []),
    "tickets": (
        "id bigint, status varchar, created_at timestamp, updated_at timestamp, requester_id bigint, _deleted_at timestamp",
        [
            # Imported, from long ago.
            (1, "closed", "1970-01-02", "2026-01-05", 2, None),
            # Deleted in the second of its last change, and deleted without any change.
            (2, "deleted", "2026-01-05", "2026-01-06 10:00:00", 2, "2026-01-06 10:00:00"),
            (3, "open", "2026-01-05", "2026-01-07", 2, "2026-01-07"),
            (4, "open", "2026-01-05 08:00:00", "2026-01-05 08:00:00", 2, None),
            # The older row of one ticket, which the destination wrote at the same time as the newer.
            (4, "solved", "2026-01-05 08:00:00", "2026-01-05 13:00:00", 2, None),
        ],
    ),
    "ticket_comments": (
        "id bigint, ticket_id bigint, author_id bigint, public boolean, created_at timestamp",
        [
            (1, 4, 1, True, "2026-01-05 07:00:00"),
            (2, 4, 2, True, "2026-01-05 09:00:00"),
            (3, 4, 1, True, "2026-01-05 12:00:00"),
        ],
    ),
    "ticket_field_history": (
        """id varchar, ticket_event_id bigint, ticket_id bigint, field_name varchar, value varchar, previous_value varchar,
        kind varchar, updated timestamp, user_id bigint""",
        [
            ("1-status", 1, 2, "status", "new", None, "create", "2026-01-05", 2),
            ("2-status", 2, 2, "status", "open", "new", "change", "2026-01-06 10:00:00", 1),
            ("3-status", 3, 4, "status", "solved", "open", "change", "2026-01-05 13:00:00", 1),
            # A ticket whose row is not there, with an event from before the oldest one.
            ("4-status", 4, 9, "status", "open", None, "create", "1970-01-01", 2),
            ("5-status", 5, 9, "status", "deleted", "open", "change", "2026-01-08", 1),
        ],
    ),
    # Monday from 9 to 15, in two intervals that overlap, and two that are empty.
    "schedules": (
        "id bigint, name varchar, time_zone varchar, created_at timestamp, intervals json",
        [
            (1, "first", "UTC", "2020-01-01", "[]"),
            (
                2, "second", "UTC", "2020-01-02",
                """[{"start_time": 1980, "end_time": 2160}, {"start_time": 2040, "end_time": 2340},
                {"start_time": 2100, "end_time": 2100}, {"start_time": 1970, "end_time": 1930}]""",
            ),
        ],
    ),
    # The last of those from before the ticket's creation counts.
    "ticket_schedule_assignments": (
        "id bigint, ticket_id bigint, schedule_id bigint, created_at timestamp",
        [
            (1, 4, 2, "2026-01-05 07:59:59"), (2, 4, 1, "2026-01-05 07:59:57"), (3, 4, 1, "2026-01-05 07:59:58"),
        ],
    ),
}


class ByHand(DuckDB):
    """Tables of a destination that appends, with what no simulated account has."""

    def __init__(self):
        self.path = PLACE / "by-hand.duckdb"

    def sync(self):
        with duckdb.connect(str(self.path)) as connection:
            for name, (columns, rows) in BY_HAND.items():
                connection.execute(
                    f"create table {name} ({columns}, _airbyte_extracted_at timestamp default timestamp '2026-01-31')"
                )
                places = ", ".join("?" * len(columns.split(",")))
                names = ", ".join(column.split()[0] for column in columns.split(","))
                for row in rows:
                    connection.execute(f"insert into {name} ({names}) values ({places})", row)


def test_tables_that_no_account_of_the_simulator_has():
    place = ByHand()
    place.sync()
    # Before the last day with events: business time is counted beyond it.
    given = {"zendesk_now": "2026-01-05", "airbyte_appended": True}
    words = ["dbt", "build", "--project-dir", PACKAGE, "--profiles-dir", PACKAGE, "--target-path", PLACE / "target-by-hand"]
    run(*map(str, words), "--vars", json.dumps(given), **place.environment())
    times = {row["ticket_id"]: row for row in place.rows("TARGET_zendesk_answers.zendesk_ticket_times")}
    # From 9 to 12, and to 13.
    assert (times[4]["first_reply_minutes"], times[4]["first_reply_business_minutes"]) == (240, 180)
    assert (times[4]["full_resolution_minutes"], times[4]["full_resolution_business_minutes"]) == (300, 240)
    run(*map(str, words), "--vars", json.dumps({**given, "zendesk_now": "2026-01-10"}), **place.environment())
    days = {str(row["day"]): row["open_tickets"] for row in place.rows("TARGET_zendesk_answers.zendesk_backlog_by_day")}
    assert (min(days), max(days)) == ("1970-01-02", "2026-01-09")
    found = [days[day] for day in ("1970-01-02", "2026-01-04", "2026-01-05", "2026-01-06", "2026-01-07", "2026-01-08")]
    # The ticket without a row, then with it the two that are deleted later.
    assert found == [1, 1, 3, 2, 1, 0]


def test_a_required_stream_that_is_missing_is_named(sim):
    place = DuckDB(sim)
    place.path = PLACE / "empty.duckdb"
    with pytest.raises(AssertionError, match="extra_streams"):
        run(
            "dbt", "run", "--select", "zendesk_field_values", "--project-dir", str(PACKAGE), "--profiles-dir",
            str(PACKAGE), "--target-path", str(PLACE / "target-duckdb"), **place.environment(),
        )


def blocks(page):
    """The fenced blocks of the package's page, by their fence."""
    found = collections.defaultdict(list)
    for fence, text in re.findall(r"^```([^\n]+)\n(.*?)^```$", page, flags=re.DOTALL | re.MULTILINE):
        found[fence].append(text)
    return found


def test_six_commands_draw_a_chart(tmp_path):
    (text,) = blocks((PACKAGE / "README.md").read_text())["sh dbt"]
    build, serve, install, sync, models, draw = text.splitlines()
    wanted = (ROOT / "acceptance" / "requirements" / "dbt.in").read_text()
    for package in shlex.split(install)[2:]:
        assert re.search(rf"^{re.split('[<=]', package)[0]}==", wanted, flags=re.MULTILINE), package
    # In a folder that looks like the checkout, with the programs that are tested.
    programs = {"source-zendesk-support": os.environ["CONNECTOR"], "zendesk-simulator": os.environ["SIMULATOR"]}
    assert re.findall(r"--package (\S+)", build) == ["source-zendesk-support", "simulator"]
    (tmp_path / "target" / "release").mkdir(parents=True)
    (tmp_path / "dbt").symlink_to(PACKAGE)
    for name, program in programs.items():
        shutil.copy(program, tmp_path / "target" / "release" / name)
    for number in ("--port 8080", "--timelines 400"):
        assert number in serve
    serve = serve.replace("--port 8080", "--port 18434").replace("--timelines 400", "--timelines 60")
    answers = "until curl --silent --output /dev/null http://127.0.0.1:18434; do kill -0 $server; sleep 0.1; done"
    lines = [serve, "server=$!", "trap 'kill $server' EXIT", answers, sync, models, draw]
    run(
        "sh", "-euc", "\n".join(lines), cwd=tmp_path, ZENDESK_BASE_URL="http://127.0.0.1:18434",
        DBT_TARGET_PATH=str(tmp_path / "models"),
    )
    drawn = (tmp_path / "chart.png").read_bytes()
    assert drawn.startswith(b"\x89PNG") and len(drawn) > 20_000
    assert (PACKAGE / "chart.png").stat().st_size < 60_000


def test_the_page_names_what_the_package_has():
    page = (PACKAGE / "README.md").read_text()
    read = set()
    for path in [PACKAGE / "dbt_project.yml", *PACKAGE.glob("m*/**/*.sql"), *PACKAGE.glob("models/**/*.yml")]:
        read |= set(re.findall(r"\bvar\('(\w+)'", path.read_text()))
    assert set(re.findall(r"^\| `(\w+)` \| [^|]*\|[^|]*\|$", page, flags=re.MULTILINE)) - {
        path.stem for path in PACKAGE.glob("models/answers/*.sql")
    } == read
    answers = {path.stem for path in PACKAGE.glob("models/answers/*.sql")}
    assert {name for name in answers if f"| `{name}` |" in page} == answers
    for stream in SYNC.STREAMS:
        assert f"`{stream}`" in page, stream
    for target in re.findall(r"\]\(([^)#]+)[^)]*\)", page):
        assert target.startswith("https://") or (PACKAGE / target).exists(), target
    # Only the first is run. The others are for projects and warehouses that are not here.
    assert set(blocks(page)) == {"sh dbt", "yml packages.yml", "yml dbt_project.yml", "sh packages", "sh elsewhere"}


def test_seeds_are_those_of_the_tz_database():
    made = loaded(PACKAGE / "make_seeds.py").seeds()
    for name, text in made.items():
        assert (PACKAGE / "seeds" / name).read_text() == text, f"make_seeds.py makes another {name}"
    assert len(made["rails_time_zones.csv"].splitlines()) == 1 + 151
