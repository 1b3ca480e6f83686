"""Compiles the package for a warehouse that is not here: `python compile_elsewhere.py snowflake FOLDER` writes the SQL
of every model into the folder. It needs dbt-core and dbt-snowflake, dbt-bigquery, dbt-redshift or dbt-databricks. Nothing is
connected to: the tables are thought to have the columns of the schemas, in the types that Airbyte's destination makes."""

import importlib
import json
import pathlib
import sys
import tempfile

PACKAGE = pathlib.Path(__file__).resolve().parent
SCHEMAS = PACKAGE.parent / "schemas"

# Types by warehouse: text, integer, number, boolean, date, time, and JSON.
TYPES = {
    "snowflake": ["TEXT", "NUMBER", "FLOAT", "BOOLEAN", "DATE", "TIMESTAMP_TZ", "VARIANT"],
    "bigquery": ["STRING", "INT64", "NUMERIC", "BOOL", "DATE", "TIMESTAMP", "JSON"],
    "redshift": ["character varying", "bigint", "double precision", "boolean", "date",
        "timestamp with time zone", "super"],
    "databricks": ["string", "bigint", "double", "boolean", "date", "timestamp", "string"],
}

PROFILES = {
    "snowflake": {"account": "a", "user": "u", "password": "p", "warehouse": "w", "database": "db"},
    "bigquery": {"method": "oauth-secrets", "project": "db", "token": "t"},
    "redshift": {"host": "h", "user": "u", "password": "p", "port": 5439, "dbname": "db"},
    "databricks": {"host": "h", "http_path": "/p", "token": "t", "catalog": "db"},
}

# Columns that the connector or the destination adds.
ADDED = {"tickets": ["_deleted_at"]}


def kind(schema):
    kinds = schema.get("type", [])
    kinds = {one for one in ([kinds] if isinstance(kinds, str) else kinds) if one != "null"}
    if "oneOf" in schema or len(kinds) != 1 or kinds & {"object", "array"}:
        return 6
    (one,) = kinds
    if one == "string":
        return {"date": 4, "date-time": 5}.get(schema.get("format"), 0)
    return {"integer": 1, "number": 2, "boolean": 3}[one]


def columns(warehouse, stream):
    """The columns of a stream's table, by name."""
    schema = json.loads((SCHEMAS / f"{stream}.json").read_text())
    found = {name: kind(column) for name, column in schema["properties"].items()}
    found |= {name: 5 for name in [*ADDED.get(stream, []), "_airbyte_extracted_at"]}
    spelled = str.upper if warehouse == "snowflake" else str
    return {spelled(name): TYPES[warehouse][number] for name, number in found.items()}


def pretend(warehouse):
    """The adapter finds every stream's table, without asking for it."""
    module = importlib.import_module(f"dbt.adapters.{warehouse}")
    adapter, column = module.Plugin.adapter, module.Plugin.adapter.Column

    def get_relation(self, database, schema, identifier):
        is_stream = (SCHEMAS / f"{identifier}.json").exists()
        return self.Relation.create(database=database, schema=schema, identifier=identifier) if is_stream else None

    def get_columns_in_relation(self, relation):
        return [column(name, type_) for name, type_ in columns(warehouse, relation.identifier).items()]

    adapter.get_relation, adapter.get_columns_in_relation = get_relation, get_columns_in_relation


def main():
    warehouse, folder = sys.argv[1:]
    from dbt.cli.main import dbtRunner

    pretend(warehouse)
    profiles = pathlib.Path(tempfile.mkdtemp())
    schema = "dataset" if warehouse == "bigquery" else "schema"
    output = {"type": warehouse, schema: "airbyte", "threads": 1, **PROFILES[warehouse]}
    profile = {"zendesk_on_airbyte": {"target": "elsewhere", "outputs": {"elsewhere": output}}}
    (profiles / "profiles.yml").write_text(json.dumps(profile))
    ended = dbtRunner().invoke([
        "--quiet", "compile", "--no-populate-cache", "--project-dir", str(PACKAGE), "--profiles-dir", str(profiles),
        "--target-path", folder,
    ])
    if not ended.success:
        raise SystemExit(ended.exception or "a model cannot be compiled")


if __name__ == "__main__":
    main()
