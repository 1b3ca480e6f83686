"""Rows of customers as the platform sends them to the destination, and what it says of them."""

import json


def catalog(mode="append_dedup", key="external_id"):
    """One stream of customers that the connection binds to users."""
    return {
        "streams": [
            {
                "stream": {"name": "customers", "namespace": "warehouse", "json_schema": {}},
                "sync_mode": "incremental",
                "destination_sync_mode": mode,
                "destination_object_name": "users",
                "primary_key": [[key]],
                "generation_id": 1,
                "minimum_generation_id": 0,
                "sync_id": 1,
            }
        ]
    }


def customers(count):
    return [
        {"external_id": f"c-{at}", "name": f"Ann {at}", "email": f"ann{at}@shop.example", "notes": "n"}
        for at in range(count)
    ]


def messages(rows, every=100):
    """The rows as the platform sends them, with a state behind so many and behind the last."""
    lines, since = [], 0
    for at, row in enumerate(rows, 1):
        record = {"stream": "customers", "namespace": "warehouse", "data": row, "emitted_at": 1}
        lines.append({"type": "RECORD", "record": record})
        since += 1
        if at % every == 0 or at == len(rows):
            state = {
                "type": "STREAM",
                "stream": {
                    "stream_descriptor": {"name": "customers", "namespace": "warehouse"},
                    "stream_state": {"at": at},
                },
                "sourceStats": {"recordCount": float(since)},
                "id": at,
            }
            lines.append({"type": "STATE", "state": state})
            since = 0
    return "".join(json.dumps(line) + "\n" for line in lines).encode()


def counts(output):
    """What came of the rows, over all states."""
    found = {}
    for message in output.of_type("STATE"):
        stats = dict(message["state"]["destinationStats"])
        more = stats.pop("additionalStats", {})
        for name, count in (stats | more).items():
            found[name] = found.get(name, 0) + int(count)
    return {name: count for name, count in found.items() if count}
