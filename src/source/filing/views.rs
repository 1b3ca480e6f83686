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
    /// The folder of the generation that is shown, relative to the folder where DuckDB runs.
    pub folder: &'v str,
    pub key: &'v [&'v str],
    pub schema: &'v Value,
    /// The column that is not null in a row about something deleted. The view leaves such rows out.
    pub deleted_at: Option<&'v str>,
}

/// The columns that every filed row has besides those of its schema.
const OURS: [&str; 2] = ["_sync_generation", "_sync_order"];

/// How a column is read and shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Shown {
    Text,
    Json,
    /// Read as text, and cast to this type.
    Cast(&'static str),
}

/// The SQL statement that makes the view. It reads the files of one folder, so that a query that has
/// begun sees one generation, whatever is filed meanwhile.
#[must_use]
pub fn view(viewed: &Viewed<'_>) -> String {
    let columns = columns(viewed.schema, viewed.key);
    let files = quoted(&format!("{}/*.jsonl.gz", viewed.folder));
    let mut text = format!("create or replace view {} as\nselect\n", name(viewed.stream));
    let shown: Vec<String> = columns
        .iter()
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
/// in case one is shown: the key's, or the first.
fn columns(schema: &Value, key: &[&str]) -> Vec<(String, Shown)> {
    let mut known: BTreeSet<String> = OURS.map(str::to_owned).into();
    let properties = schema["properties"].as_object().into_iter().flatten();
    let (of_key, others): (Vec<_>, Vec<_>) =
        properties.partition(|(name, _)| key.contains(&name.as_str()));
    let is_first = |(name, _): &(&String, &Value)| known.insert(name.to_lowercase());
    let columns = of_key.into_iter().chain(others).filter(is_first);
    columns.map(|(name, column)| (name.clone(), shown(column))).collect()
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
            folder: "things/00000003",
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
            "read_json('things/00000003/*.jsonl.gz'",
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
        let schema = json!({ "properties": { "A": {}, "a": {}, "b": {}, "_Sync_order": {} } });
        let of = |key: &[&str]| {
            columns(&schema, key).into_iter().map(|(name, _)| name).collect::<Vec<String>>()
        };
        assert_eq!(of(&[]), ["A", "b"]);
        assert_eq!(of(&["a"]), ["a", "b"], "a key is there in any case");
    }
}
