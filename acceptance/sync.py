"""`sync --into`: its views in DuckDB are the account, row by row and field by field, after a first sync, and
after changes and deletions with a kill in the middle."""

import json
import os
import pathlib
import subprocess
import tempfile

import duckdb

from pyairbyte import TOUCHED, differences, expected, key
from surroundings import LONGEST_RUN, UNTIL_VISIBLE, Simulator, config, registered

SCALE = "600"

MARKED = ["users", "organizations", "groups"]

# Streams of every kind, which are compared with the account. The tests in Rust compare all.
COMPARED = """tickets ticket_metrics ticket_comments ticket_attachments users user_identities organizations
    groups tags macros brands ticket_fields ticket_field_options articles article_comments posts
    post_comments satisfaction_ratings custom_objects custom_object_fields schedule_holidays deleted_tickets
    account_settings lines""".split()


def sync(sim, place, kill_after=None):
    """Syncs all streams into a folder, and returns the exit code."""
    (place / "config.json").write_text(json.dumps(config()))
    command = [os.environ["CONNECTOR"], "sync", "--config", place / "config.json"]
    around = {"ZENDESK_BASE_URL": sim.url, "ZENDESK_CLOCK_SCALE": SCALE, "NO_PROXY": "127.0.0.1"}
    with (place / "log").open("ab") as log:
        process = subprocess.Popen(
            [*command, "--into", place / "filed"], stdout=log, env={**os.environ, **around}
        )
        try:
            return process.wait(kill_after or LONGEST_RUN)
        except subprocess.TimeoutExpired:
            process.kill()
            return process.wait()


def views(place):
    """DuckDB within the folder, with the views. The rows of each, by names in small letters."""
    os.chdir(place / "filed")
    connection = duckdb.connect()
    connection.execute("set timezone = 'UTC'")
    connection.execute(pathlib.Path("views.sql").read_text())
    names = "select view_name from duckdb_views() where not internal"
    names = [name for (name,) in connection.execute(names).fetchall()]
    found = {}
    for name in names:
        rows = connection.execute(f'select * from "{name}"')
        columns = [column.lower() for column, *_ in rows.description]
        found[name] = [dict(zip(columns, row)) for row in rows.fetchall()]
    return found


def differences_of_all(sim, place, streams):
    shown, found = views(place), []
    if shown.keys() != streams:
        found.append(f"views: {sorted(shown.keys() ^ streams)[:9]}")
    found += [f"{stream}: no rows" for stream, rows in shown.items() if not rows]
    for stream in COMPARED:
        wanted = expected(sim, stream)
        if stream in MARKED:
            for row in sim.order("truth", stream):
                if row["deleted"]:
                    wanted.pop(key(stream, row["row"]), None)
        stored = {key(stream, row): row for row in shown[stream]}
        if len(stored) != len(shown[stream]):
            found.append(f"{stream}: keys stand twice")
        if stream == "ticket_metrics":
            # No listing tells that those of a deleted ticket are gone.
            stored = {name: row for name, row in stored.items() if name in wanted}
        found += differences(stream, stored, wanted)
    return found


def test_the_views_are_the_account():
    place = pathlib.Path(tempfile.mkdtemp(prefix="acceptance-sync-"))
    brands = ("--help-centers", "2")
    with Simulator("--size", "small", "--scale", SCALE, *brands, encrypted=False) as sim:
        assert sync(sim, place) == 0, (place / "log").read_text()[-2000:]
        found = differences_of_all(sim, place, registered())
        assert not found, f"{len(found)}: {found[:20]}"

        for stream in TOUCHED:
            assert sim.order("touch", stream, 3)
        for stream in ["tickets", *MARKED]:
            assert len(sim.order("delete", stream, 3)) == 3
        sim.order("advance", UNTIL_VISIBLE)
        sync(sim, place, kill_after=2)
        assert sync(sim, place) == 0, (place / "log").read_text()[-2000:]
        found = differences_of_all(sim, place, registered())
        assert not found, f"{len(found)}: {found[:20]}"
        tickets = views(place)["tickets"]
        assert all(row["created_at"].tzinfo for row in tickets)
