//! The schema of every message that a source writes. The schemas are closed: a key that is not
//! listed is a complaint. The protocol itself allows other keys, but a misspelt key would be lost.
//!
//! Source: Airbyte Protocol 0.18.

use jsonschema::Validator;
use serde_json::{Value, json};

/// The years 2020 to 2100 in milliseconds. Times in seconds or microseconds are outside this range.
const MS_RANGE: (u64, u64) = (1_577_836_800_000, 4_102_444_800_000);

/// A message type: its `type`, the key of its body, and its closed schema.
pub(crate) struct Shape {
    pub(crate) name: &'static str,
    pub(crate) body: &'static str,
    pub(crate) validator: Validator,
}

/// The messages that a source may write.
pub(crate) fn shapes() -> Vec<Shape> {
    let descriptor = || object(&[("name", text())], &[]);
    let state = object(
        &[
            ("type", json!({ "const": "STREAM" })),
            (
                "stream",
                object(
                    &[
                        ("stream_descriptor", descriptor()),
                        ("stream_state", json!({ "type": "object", "minProperties": 1 })),
                    ],
                    &[],
                ),
            ),
            ("sourceStats", object(&[("recordCount", json!({ "type": "number" }))], &[])),
        ],
        &[],
    );
    let control = object(
        &[
            ("type", json!({ "const": "CONNECTOR_CONFIG" })),
            ("emitted_at", ms()),
            ("connectorConfig", object(&[("config", json!({ "type": "object" }))], &[])),
        ],
        &[],
    );
    let change = object(
        &[
            ("field", text()),
            ("change", one_of(&["NULLED", "TRUNCATED"])),
            ("reason", one_of(&["SOURCE_RECORD_SIZE_LIMITATION", "SOURCE_FIELD_SIZE_LIMITATION"])),
        ],
        &[],
    );
    let meta = object(&[("changes", json!({ "type": "array", "items": change }))], &[]);
    let record = object(
        &[
            ("stream", text()),
            ("data", json!({ "type": "object", "minProperties": 1 })),
            (
                "emitted_at",
                json!({ "type": "integer", "minimum": MS_RANGE.0, "maximum": MS_RANGE.1 }),
            ),
        ],
        &[("meta", meta)],
    );
    let log = object(
        &[
            ("level", one_of(&["FATAL", "ERROR", "WARN", "INFO", "DEBUG", "TRACE"])),
            ("message", text()),
        ],
        &[("stack_trace", text())],
    );
    let status = object(&[("status", one_of(&["SUCCEEDED", "FAILED"]))], &[("message", text())]);
    let catalog =
        object(&[("streams", json!({ "type": "array", "items": stream(), "minItems": 1 }))], &[]);
    let bodies = [
        ("SPEC", "spec", spec()),
        ("CONNECTION_STATUS", "connectionStatus", status),
        ("CATALOG", "catalog", catalog),
        ("RECORD", "record", record),
        ("STATE", "state", state),
        ("LOG", "log", log),
        ("TRACE", "trace", trace(&descriptor())),
        ("CONTROL", "control", control),
    ];
    let shape = |(name, body, schema): (&'static str, &'static str, Value)| {
        let whole = object(&[("type", json!({ "const": name })), (body, schema)], &[]);
        let validator = jsonschema::draft7::new(&whole).expect("the shape is a schema");
        Shape { name, body, validator }
    };
    bodies.into_iter().map(shape).collect()
}

fn spec() -> Value {
    let anything = json!({});
    object(
        &[
            (
                "connectionSpecification",
                json!({ "type": "object", "required": ["properties", "type"] }),
            ),
            ("protocol_version", json!({ "type": "string", "pattern": r"^0\.[0-9]+\.[0-9]+$" })),
        ],
        &[
            ("documentationUrl", text()),
            ("changelogUrl", text()),
            ("supportsIncremental", json!({ "type": "boolean" })),
            ("supported_destination_sync_modes", json!({ "type": "array" })),
            ("advanced_auth", anything),
        ],
    )
}

fn stream() -> Value {
    let path = json!({ "type": "array", "items": { "type": "string" }, "minItems": 1 });
    object(
        &[
            ("name", text()),
            ("json_schema", json!({ "type": "object", "required": ["properties", "type"] })),
            (
                "supported_sync_modes",
                json!({ "type": "array", "minItems": 1, "uniqueItems": true,
                        "items": { "enum": ["full_refresh", "incremental"] } }),
            ),
            ("is_resumable", json!({ "type": "boolean" })),
        ],
        &[
            ("source_defined_cursor", json!({ "type": "boolean" })),
            ("default_cursor_field", path.clone()),
            ("source_defined_primary_key", json!({ "type": "array", "items": path })),
            ("is_file_based", json!({ "type": "boolean" })),
        ],
    )
}

fn trace(descriptor: &Value) -> Value {
    let reason = object(
        &[("type", json!({ "const": "RATE_LIMITED" }))],
        &[("rate_limited", object(&[], &[("quota_reset", ms())]))],
    );
    let status = object(
        &[
            ("stream_descriptor", descriptor.clone()),
            ("status", one_of(&["STARTED", "RUNNING", "COMPLETE", "INCOMPLETE"])),
        ],
        &[("reasons", json!({ "type": "array", "items": reason, "minItems": 1, "maxItems": 1 }))],
    );
    let error = object(
        &[
            ("message", text()),
            ("failure_type", one_of(&["config_error", "transient_error", "system_error"])),
        ],
        &[
            ("internal_message", text()),
            ("stack_trace", text()),
            ("stream_descriptor", descriptor.clone()),
        ],
    );
    let estimate = object(
        &[
            ("name", text()),
            ("type", json!({ "const": "STREAM" })),
            ("row_estimate", json!({ "type": "integer", "minimum": 0 })),
        ],
        &[("byte_estimate", json!({ "type": "integer", "minimum": 0 }))],
    );
    let of_type = |name: &str, body: &str, schema: Value| {
        object(&[("type", json!({ "const": name })), ("emitted_at", ms()), (body, schema)], &[])
    };
    // Told apart by if and then, because a failed oneOf would not say what is wrong.
    json!({
        "type": "object",
        "required": ["type"],
        "properties": { "type": { "enum": ["ERROR", "STREAM_STATUS", "ESTIMATE"] } },
        "if": { "properties": { "type": { "const": "ERROR" } } },
        "then": of_type("ERROR", "error", error),
        "else": {
            "if": { "properties": { "type": { "const": "ESTIMATE" } } },
            "then": of_type("ESTIMATE", "estimate", estimate),
            "else": of_type("STREAM_STATUS", "stream_status", status),
        },
    })
}

/// A closed object schema with required and optional keys.
fn object(required: &[(&str, Value)], optional: &[(&str, Value)]) -> Value {
    let names: Vec<&str> = required.iter().map(|(name, _)| *name).collect();
    let all = required.iter().chain(optional);
    let properties: serde_json::Map<String, Value> =
        all.map(|(name, schema)| ((*name).to_owned(), schema.clone())).collect();
    json!({ "type": "object", "required": names, "properties": properties, "additionalProperties": false })
}

fn text() -> Value {
    json!({ "type": "string", "minLength": 1 })
}

fn ms() -> Value {
    json!({ "type": "number", "minimum": MS_RANGE.0, "maximum": MS_RANGE.1 })
}

fn one_of(words: &[&str]) -> Value {
    json!({ "enum": words })
}
