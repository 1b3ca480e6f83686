"""PyAirbyte: check, discover, and two syncs of all streams into DuckDB with changes between, by
executable and by image, and deletions. Tables are compared with the account row by row and field by
field."""

import contextlib
import datetime
import decimal
import json
import os
import pathlib
import re
import tempfile

# Before the import: neither a registry is asked nor anybody told.
PLACE = tempfile.mkdtemp(prefix="acceptance-pyairbyte-")
os.environ.update(
    AIRBYTE_OFFLINE_MODE="1", DO_NOT_TRACK="1",
    AIRBYTE_PROJECT_DIR=PLACE, AIRBYTE_CACHE_ROOT=PLACE, AIRBYTE_LOGGING_ROOT=PLACE,
)

import airbyte as ab
import pytest
from airbyte.caches import DuckDBCache
from sqlalchemy import text

from surroundings import CERTIFICATES, IMAGE, UNTIL_VISIBLE, Simulator, config, registered

SCALE = "60"

# Identities that change without their user are seen by no incremental read, nor are children that
# change without their parent until the weekly pass; nothing here touches either.
TOUCHED = ["tickets", "users", "organizations", "groups", "articles", "posts", "brands", "macros"]


def expected(sim, stream):
    """The rows of a stream by key, with what the connector adds to them."""
    if stream in ("ticket_comments", "ticket_attachments"):
        inside = comments if stream == "ticket_comments" else attachments
        events = [event["row"] for event in sim.order("truth", "ticket_events")]
        rows = [{"row": row} for event in events for row in inside(event)]
    elif stream == "ticket_field_options":
        rows = [
            {"row": row}
            for kind in ("ticket", "user", "organization")
            for field in sim.order("truth", f"{kind}_fields")
            for row in options(kind, field["row"])
        ]
    elif stream in ("ivr_menus", "ivr_routes"):
        found = [menu for ivr in sim.order("truth", "ivrs") for menu in menus(ivr["row"])]
        if stream == "ivr_routes":
            found = [route for menu in found for route in routes(menu)]
        rows = [{"row": row} for row in found]
    else:
        rows = sim.order("truth", stream)
    for secret in SECRETS.get(stream, []):
        for row in rows:
            row["row"].pop(secret, None)
    if stream == "greetings":
        for row in rows:
            row["row"]["id"] = str(row["row"]["id"])
    if stream == "ticket_metrics":
        tickets = {str(row["row"]["id"]): row["row"] for row in sim.order("truth", "tickets")}
        for row in rows:
            row["row"]["_ab_updated_at"] = tickets[row["parent"]]["generated_timestamp"]
    for kind, parent in (("article", "source_id"), ("post", "post_id")):
        if stream == f"{kind}_comments":
            for row in (row["row"] for row in rows):
                ids = {f"{kind}_id": row[parent], "comment_id": row["id"]}
                row["_airbyte_parent_id"] = ids
    if stream in BELOW:
        for row in rows:
            parent = row["parent"]
            row["row"][BELOW[stream]] = int(parent) if parent.isdigit() else parent
    if stream == "tickets":
        rows = [row for row in rows if not row["deleted"]]
    return {key(stream, row["row"]): row["row"] for row in rows}


# Streams whose rows are told apart by something else than their id.
KEYS = {
    "tags": ["name"],
    "custom_objects": ["key"],
    "ticket_field_options": ["object_type", "field_id", "id"],
    "ticket_attachments": ["comment_id", "id"],
    "lines": ["id", "line_type"],
    "agents_activity": ["agent_id"],
    "email_notifications": ["notification_id"],
    "capacity_rule_assignees": ["agent_id", "capacity_rule_id"],
    # One object each; the time of the answer, which is their key, the account does not hold.
    **dict.fromkeys(
        (
            "account_settings",
            "talk_settings",
            "agents_overview",
            "account_overview",
            "current_queue_activity",
        ),
        [],
    ),
}

# Keys of listed rows that are in no record.
SECRETS = {"phone_numbers": ["token"], "lines": ["token"]}

# Streams whose rows get the key of the row that they are listed under.
BELOW = {
    "schedule_holidays": "schedule_id",
    "attribute_values": "attribute_id",
    "custom_object_fields": "custom_object_key",
    "custom_object_triggers": "custom_object_key",
    "custom_object_access_rules": "custom_object_key",
    "article_subscriptions": "article_id",
    "section_subscriptions": "section_id",
    "post_subscriptions": "post_id",
    "topic_subscriptions": "topic_id",
}

# Streams whose rows are shaped anew, cut, or told apart by no column. The tests in Rust compare them field by
# field; here only their number is compared.
COUNTED = """attribute_definitions dynamic_content_variants ticket_conversation_log organization_merges
    agent_statuses agent_availabilities engagements webhooks webhook_invocations targets target_failures
    app_installations oauth_clients oauth_global_clients oauth_tokens""".split()


def number(sim, stream):
    """How many rows of a stream are read of the account."""
    if stream == "dynamic_content_variants":
        return sum(len(row["row"]["variants"]) for row in sim.order("truth", "dynamic_content_items"))
    rows = sim.order("truth", stream)
    # Of other parents they are not asked for.
    for child, parents, mark in (
        ("ticket_conversation_log", "tickets", "from_messaging_channel"),
        ("organization_merges", "organizations", "deleted_at"),
    ):
        if stream == child:
            marked = {
                str(row["row"]["id"]) for row in sim.order("truth", parents) if row["row"].get(mark)
            }
            rows = [row for row in rows if row["parent"] in marked]
    return len(rows)



def key(stream, row):
    return " ".join(str(row[part]) for part in KEYS.get(stream, ["id"]))


def comments(event):
    """The comments among an event's children, with what they get from the event."""
    for child in event["child_events"]:
        if child["event_type"] == "Comment":
            keys = ("ticket_id", "timestamp", "via_reference_id")
            above = {key: event[key] for key in keys if key in event}
            yield {**child, **above}


def menus(ivr):
    """The menus of a tree, with what they get from it."""
    for menu in ivr["menus"]:
        yield {**menu, "ivr_id": ivr["id"]}


def routes(menu):
    """The routes of a menu, with what they get from it and from its tree."""
    for route in menu["routes"]:
        yield {**route, "ivr_id": menu["ivr_id"], "ivr_menu_id": menu["id"]}


def attachments(event):
    """What is attached to the comments among an event's children."""
    for comment in comments(event):
        above = {"comment_id": comment["id"]}
        above |= {key: comment[key] for key in ("ticket_id", "created_at")}
        for file in comment.get("attachments", []):
            yield {**file, **above}


def options(kind, field):
    """The options of a field, with what they get from it."""
    around = {f"field_{part}": field[part] for part in ("id", "key", "title", "type") if part in field}
    for option in field.get("custom_field_options") or []:
        yield {**option, "object_type": kind, **around}


def rounded(value):
    """A value whose numbers are what PyAirbyte keeps of them."""
    if isinstance(value, dict):
        return {key: rounded(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [rounded(inner) for inner in value]
    is_number = isinstance(value, (int, float)) and not isinstance(value, bool)
    return float(value) if is_number else value


def same(stored, sent):
    """Whether a cell holds what was sent, in the type that its column has."""
    if sent is None or stored is None:
        return stored is None and sent in (None, "")
    if isinstance(sent, (dict, list)):
        return rounded(json.loads(stored) if isinstance(stored, str) else stored) == rounded(sent)
    if isinstance(stored, datetime.datetime):
        moment = datetime.datetime.fromisoformat(sent.replace("Z", "+00:00"))
        aware = stored if stored.tzinfo else stored.replace(tzinfo=datetime.timezone.utc)
        return aware == moment
    if isinstance(sent, (int, float)) and isinstance(stored, (int, float, decimal.Decimal)):
        return float(stored) == float(sent)
    return stored == sent or str(stored) == json.dumps(sent) or str(stored) == str(sent)


def table(cache, stream):
    # PyAirbyte leaves letters, digits and underscores of a name.
    name = re.sub(r"\W", "_", stream)
    with cache.get_sql_engine().connect() as connection:
        rows = connection.execute(text(f'SELECT * FROM {cache.schema_name}."{name}"'))
        return [dict(row._mapping) for row in rows]


def differences(stream, stored, wanted):
    """Where the rows of a table are not those of the account, both by key."""
    found = []
    if stored.keys() != wanted.keys():
        found.append(f"{stream}: keys {sorted(stored.keys() ^ wanted.keys())[:9]}")
    for name in stored.keys() & wanted.keys():
        row, cells = wanted[name], stored[name]
        found += [
            f"{stream} {name}.{field}: {cells[field.lower()]!r}, not {value!r}"
            for field, value in row.items()
            if field.lower() in cells and not same(cells[field.lower()], value)
        ]
        if not any(field.lower() in cells for field in row):
            found.append(f"{stream} {name} has no field")
    return found


def differences_of_all(sim, cache, streams):
    found = []
    for stream in streams:
        stored = table(cache, stream)
        if stream in COUNTED:
            count = number(sim, stream)
            if len(stored) != count:
                found.append(f"{stream}: {len(stored)} rows, not {count}")
        else:
            stored = {key(stream, row): row for row in stored}
            found += differences(stream, stored, expected(sim, stream))
    return found


@contextlib.contextmanager
def connector(way, **options):
    """PyAirbyte's source over the executable, the image or the wheel, and its simulator."""
    brands = ("--help-centers", "2")
    with Simulator("--size", "small", "--page-cap", "50", "--scale", SCALE, *brands) as sim:
        os.environ["ZENDESK_BASE_URL"] = sim.url
        os.environ["ZENDESK_CLOCK_SCALE"] = SCALE
        if way == "image":
            # `bin/docker` says where certificates are there.
            how = {"docker_image": IMAGE}
            os.environ.pop("SSL_CERT_FILE", None)
        else:
            how = {"local_executable": os.environ["CONNECTOR"]}
            if way == "wheel":
                how = {"pip_url": os.environ["WHEEL"], "install_root": pathlib.Path(PLACE)}
            os.environ["SSL_CERT_FILE"] = str(CERTIFICATES / "authority.pem")
        yield ab.get_source("source-zendesk-support", config=config(**options), **how), sim


# Tables cost more time than reading; what differs between the ways shows on a few.
SOME = "tickets ticket_metrics ticket_comments users user_identities organizations tags groups"


@pytest.mark.parametrize("way", ["executable", "image"])
def test_two_syncs_make_the_account(way):
    two_syncs_make_the_account(way)


def two_syncs_make_the_account(way):
    with connector(way) as (source, sim):
        source.check()
        streams = source.get_available_streams()
        assert set(streams) == registered()
        if way != "executable":
            streams = SOME.split()
        source.select_streams(streams)
        cache = DuckDBCache(db_path=pathlib.Path(PLACE) / f"{way}.duckdb")
        first = source.read(cache)
        found = differences_of_all(sim, cache, streams)
        assert not found, f"{len(found)}: {found[:20]}"

        touched = {stream: sim.order("touch", stream, 3) for stream in TOUCHED if stream in streams}
        assert all(touched.values())
        sim.order("advance", UNTIL_VISIBLE)
        second = source.read(cache)
        found = differences_of_all(sim, cache, streams)
        assert not found, f"{len(found)}: {found[:20]}"
        # Only what is new came: the second sync went on from the state of the first.
        assert 0 < second.processed_records < first.processed_records / 2


@pytest.mark.parametrize("column", ["_ab_cdc_deleted_at", "_landed_deleted_at"])
def test_what_was_deleted_is_marked_and_stays_whole(column):
    streams = ["tickets", "users", "organizations", "groups"]
    with connector("executable", deleted_at_field=column) as (source, sim):
        source.select_streams(streams)
        cache = DuckDBCache(db_path=pathlib.Path(PLACE) / f"{column}.duckdb")
        source.read(cache)
        before = {
            stream: {key(stream, row): row for row in table(cache, stream)} for stream in streams
        }
        deleted = {stream: set(sim.order("delete", stream, 3)) for stream in streams}
        sim.order("advance", UNTIL_VISIBLE)
        source.read(cache)
        for stream in streams:
            stored = {key(stream, row): row for row in table(cache, stream)}
            truth = {key(stream, row["row"]): row for row in sim.order("truth", stream)}
            rows = {name: row["row"] for name, row in truth.items()}
            found = differences(stream, stored, rows)
            assert not found, f"{len(found)}: {found[:20]}"
            assert len(deleted[stream]) == 3
            assert all(before[stream][name][column] is None for name in deleted[stream])
            for name, row in rows.items():
                # Where Zendesk tells no time of the deletion, it is the row's last change.
                time = row.get("deleted_at") or row["updated_at"]
                wanted = time if truth[name]["deleted"] else None
                assert same(stored[name][column], wanted), (stream, name, stored[name][column])
            for name in deleted[stream]:
                emptied = [
                    field
                    for field, value in before[stream][name].items()
                    if value is not None and stored[name][field] is None
                ]
                assert not emptied, (stream, name, emptied)
