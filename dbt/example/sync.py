"""Reads what the package wants into zendesk.duckdb, by PyAirbyte. Run again, it goes on from where it was.

    python dbt/example/sync.py               the simulated account of README.md
    python dbt/example/sync.py config.json   yours, with the configuration of docs/setup.md
"""

import json
import os
import pathlib
import sys

STREAMS = """tickets ticket_comments ticket_field_history ticket_schedule_assignments ticket_sla_applications users
    organizations groups brands ticket_forms ticket_fields schedules schedule_holidays sla_policies
    satisfaction_ratings""".split()

# What these options name: streams that are listed on demand, and the column that marks deleted rows.
OPTIONS = {
    "extra_streams": ["ticket_field_history", "ticket_schedule_assignments", "ticket_sla_applications"],
    "deleted_at_field": "_deleted_at",
}

SIMULATED = {
    "subdomain": "acme",
    "start_date": "2015-01-01T00:00:00Z",
    "credentials": {
        "credentials": "api_token",
        "email": "admin@example.com",
        "api_token": "simulated-admin-api-token",
    },
}


def main():
    if sys.argv[1:]:
        config = json.loads(pathlib.Path(sys.argv[1]).read_text())
    else:
        config = SIMULATED
        os.environ.setdefault("ZENDESK_BASE_URL", "http://127.0.0.1:8080")
        os.environ["NO_PROXY"] = "127.0.0.1"
    # PyAirbyte reads the environment when it is imported.
    import airbyte

    program = os.environ.get("CONNECTOR", "target/release/source-zendesk-support")
    source = airbyte.get_source(
        "source-zendesk-support", config={**config, **OPTIONS}, local_executable=program
    )
    source.select_streams(STREAMS)
    if not sys.argv[1:]:
        # How much faster than ours the account's clock is. What came before gives an account some seconds to answer.
        os.environ["ZENDESK_CLOCK_SCALE"] = "60"
    path = os.environ.get("ZENDESK_DUCKDB", "zendesk.duckdb")
    read = source.read(airbyte.caches.DuckDBCache(db_path=path))
    print(f"{read.processed_records} rows in {path}")


if __name__ == "__main__":
    main()
