//! The SQL with which DuckDB shows the newest rows of a stream's files. Pure.
//!
//! Source: DuckDB's documentation of `read_json`, of `glob` and of `qualify`. Numbers, times and
//! booleans are read as text and then cast with `try_cast`. A value that does not fit its column is
//! null, and the view does not fail.

use std::collections::BTreeSet;
use std::fmt::Write;

use serde_json::Value;

/// The largest row that DuckDB has to accept, in bytes. Rows are shortened to less than this.
const LARGEST_ROW_BYTES: usize = 24 << 20;

/// What the view of a stream is made from.
#[derive(Clone, Copy, Debug)]
pub struct Viewed<'v> {
    pub stream: &'v str,
    /// The folder of the stream's files, relative to the folder where DuckDB runs.
    pub folder: &'v str,
    pub key: &'v [&'v str],
    pub schema: &'v Value,
    /// The column that is not null in a row about something deleted. The view leaves such rows out.
    pub deleted_at: Option<&'v str>,
}

/// How a column is read and shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Shown {
    Text,
    Json,
    /// Read as text, and cast to this type.
    Cast(&'static str),
}

/// The SQL statement that makes the view.
#[must_use]
pub fn view(viewed: &Viewed<'_>) -> String {
    let columns = columns(viewed.schema);
    let files = quoted(&format!("{}/[0-9]*/*.jsonl.gz", viewed.folder));
    let mut text = format!("create or replace view {} as\nselect\n", name(viewed.stream));
    let (first, others): (Vec<_>, Vec<_>) =
        columns.iter().partition(|(column, _)| viewed.key.contains(&column.as_str()));
    let shown: Vec<String> = first
        .into_iter()
        .chain(others)
        .map(|(column, shown)| {
            let column = name(column);
            match shown {
                Shown::Text | Shown::Json => format!("    {column}"),
                Shown::Cast(to) => format!("    try_cast({column} as {to}) as {column}"),
            }
        })
        .collect();
    let read: Vec<String> = columns
        .iter()
        .map(|(column, shown)| {
            let kind = if *shown == Shown::Json { "json" } else { "varchar" };
            format!("{}: '{kind}'", quoted(column))
        })
        .collect();
    let key: Vec<String> = viewed.key.iter().map(|column| name(column)).collect();
    // Writing to a String cannot fail.
    let _ = write!(
        text,
        "{}\nfrom (\n    from read_json({files}, format = 'newline_delimited', compression = 'gzip',\n        \
         maximum_object_size = {LARGEST_ROW_BYTES}, columns = {{\n        \
         '_sync_generation': 'bigint', '_sync_order': 'bigint', {}}})\n    \
         where _sync_generation = (select max(try_cast(split_part(file, '/', -2) as bigint)) from glob({files}))\n    \
         qualify row_number() over (partition by {} order by _sync_order desc) = 1\n)",
        shown.join(",\n"),
        read.join(", "),
        key.join(", "),
    );
    if let Some(column) = viewed.deleted_at {
        let _ = write!(text, "\nwhere {} is null", name(column));
    }
    text.push_str(";\n");
    text
}

/// The columns of a schema. DuckDB ignores the case of names, so of several names that differ only
/// in case the first is shown.
fn columns(schema: &Value) -> Vec<(String, Shown)> {
    let mut known = BTreeSet::new();
    let properties = schema["properties"].as_object().into_iter().flatten();
    let is_first = |(name, _): &(&String, &Value)| known.insert(name.to_lowercase());
    properties.filter(is_first).map(|(name, column)| (name.clone(), shown(column))).collect()
}

/// How a column with this schema is read and shown.
fn shown(column: &Value) -> Shown {
    let kinds: Vec<&str> = match &column["type"] {
        Value::String(kind) => vec![kind.as_str()],
        Value::Array(kinds) => kinds.iter().filter_map(Value::as_str).collect(),
        _ => Vec::new(),
    };
    let kinds: Vec<&str> = kinds.into_iter().filter(|kind| *kind != "null").collect();
    match (kinds.as_slice(), column["format"].as_str()) {
        (["string"], Some("date-time")) => {
            let without_zone = column["airbyte_type"] == "timestamp_without_timezone";
            Shown::Cast(if without_zone { "timestamp" } else { "timestamptz" })
        }
        (["string"], Some("date")) => Shown::Cast("date"),
        (["string"], _) => Shown::Text,
        (["integer"], _) => Shown::Cast("bigint"),
        (["number"], _) => Shown::Cast("double"),
        (["boolean"], _) => Shown::Cast("boolean"),
        (kinds, _) if kinds.is_empty() || kinds.iter().any(|kind| is_nested(kind)) => Shown::Json,
        _ => Shown::Text,
    }
}

fn is_nested(kind: &str) -> bool {
    ["object", "array"].contains(&kind)
}

/// Quotes a name for SQL.
fn name(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

/// Quotes a text for SQL.
fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\'', "''"))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_view_shows_the_newest_row_per_key_with_the_types_of_its_schema() {
        let schema = json!({ "properties": {
            "id": { "type": ["null", "integer"] },
            "made_at": { "type": ["null", "string"], "format": "date-time" },
            "o'k\"": { "type": "string" },
            "tags": { "type": ["null", "array"] },
            "gone": { "type": ["null", "string"], "format": "date-time" },
        } });
        let text = view(&Viewed {
            stream: "things",
            folder: "things",
            key: &["id"],
            schema: &schema,
            deleted_at: Some("gone"),
        });
        for part in [
            "create or replace view \"things\" as\nselect\n    try_cast(\"id\" as bigint) as \"id\",\n",
            "try_cast(\"made_at\" as timestamptz) as \"made_at\"",
            "'o''k\"': 'varchar'",
            "\"o'k\"\"\"",
            "'tags': 'json'",
            "read_json('things/[0-9]*/*.jsonl.gz'",
            "partition by \"id\" order by _sync_order desc",
            "where \"gone\" is null;\n",
        ] {
            assert!(text.contains(part), "{part} is not in {text}");
        }
    }

    #[test]
    fn columns_are_shown_by_what_their_schema_says() {
        for (column, expected) in [
            (json!({ "type": ["null", "integer"] }), Shown::Cast("bigint")),
            (json!({ "type": "number" }), Shown::Cast("double")),
            (json!({ "type": ["boolean", "null"] }), Shown::Cast("boolean")),
            (json!({ "type": "string", "format": "date" }), Shown::Cast("date")),
            (
                json!({ "type": "string", "format": "date-time",
                    "airbyte_type": "timestamp_without_timezone" }),
                Shown::Cast("timestamp"),
            ),
            (json!({ "type": "string", "format": "uri" }), Shown::Text),
            (json!({ "type": ["null", "string", "integer"] }), Shown::Text),
            (json!({ "type": ["null", "string", "object"] }), Shown::Json),
            (json!({}), Shown::Json),
        ] {
            assert_eq!(shown(&column), expected, "{column}");
        }
    }

    #[test]
    fn names_that_differ_in_their_case_alone_are_one_column() {
        let schema = json!({ "properties": { "A": {}, "a": {}, "b": {} } });
        let names: Vec<String> = columns(&schema).into_iter().map(|(name, _)| name).collect();
        assert_eq!(names, ["A", "b"]);
    }
}
