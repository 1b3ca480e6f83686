//! Custom objects: the kinds of an account, their fields, and one stream of records for each kind.
//! `discover` finds the kinds. After that, a stream's name says all that a read must know.

use std::borrow::Cow;

use serde_json::{Value, json};

use super::access::{ANY_AGENT, AccessRule};
use super::cursor::{Cursor, CursorFormat};
use super::deletion::{Deletion, DeletionMarker};
use super::family::Family;
use super::feed::{Feed, Order, Parent};
use super::prose::prose;
use super::resolved::ResolvedStream;
use super::resolved_feed::{FeedWords, ResolvedFeed};
use super::schema::schema;
use super::sources::Source;
use super::stream::Stream;
use zendesk::budget::Bucket;
use zendesk::paging::Paging;

/// The prefix of the names of streams of records. The object's key follows.
const RECORDS_OF: &str = "custom_object_records_";

/// Zendesk's keys are shorter. A longer text is not a key.
const LONGEST_KEY: usize = 200;

/// The text that replaces every value of a deleted record.
const DELETED: &str = "[DELETED]";

/// The kinds of custom objects of an account.
pub static CUSTOM_OBJECTS: Feed =
    Feed::listing("custom_objects", "custom_objects.json", &["custom_objects"]);

/// The fields of one kind.
pub static CUSTOM_OBJECT_FIELDS: Feed = Feed {
    query: &[("include_standard_fields", "true")],
    parent: Some(Parent::of(&CUSTOM_OBJECTS, &[("custom_object_key", "key")])),
    ..Feed::listing(
        "custom_object_fields",
        "custom_objects/{custom_object_key}/fields.json",
        &["custom_object_fields"],
    )
};

pub(super) const OBJECTS: AccessRule = AccessRule { feature: Some("custom objects"), ..ANY_AGENT };
pub(super) const SCOPE: &str = "custom_objects:read";

pub(super) fn streams() -> Vec<Stream> {
    vec![
        Stream {
            primary_key: &["key"],
            cursor: Cursor::UPDATED,
            access: OBJECTS,
            scope: SCOPE,
            documentation: prose(
                "https://developer.zendesk.com/api-reference/custom-data/custom-objects/custom_objects/",
            ),
            about: prose("Kinds of custom objects."),
            limitations: prose("Deleted kinds; a full refresh drops them."),
            ..Stream::listed("custom_objects", &CUSTOM_OBJECTS, schema!("custom_objects"))
        },
        Stream {
            splice: &[("custom_object_key", Source::Filled("custom_object_key"))],
            access: OBJECTS,
            scope: SCOPE,
            documentation: prose(
                "https://developer.zendesk.com/api-reference/custom-data/custom-objects/custom_object_fields/",
            ),
            about: prose("Fields of every kind of custom object, with the options to choose from."),
            limitations: prose("There is no incremental read."),
            ..Stream::listed(
                "custom_object_fields",
                &CUSTOM_OBJECT_FIELDS,
                schema!("custom_object_fields"),
            )
        },
    ]
}

/// The records of one kind. The object's key completes the feed's name and fills its path.
static RECORDS: Feed = Feed {
    paging: Paging::ExportCursor,
    order: Order::ByTime("updated_at"),
    buckets: &[Bucket::Account, Bucket::Incremental],
    ..Feed::listing(
        RECORDS_OF,
        "incremental/custom_objects/{custom_object_key}/cursor",
        &["custom_object_records"],
    )
};

/// A kind of custom object that the account has.
#[derive(Clone, Debug)]
pub struct CustomObject {
    key: String,
    /// The fields of its records, as Zendesk lists them.
    fields: Vec<Value>,
}

impl CustomObject {
    /// The object with this key. `None` if the text cannot be a key.
    #[must_use]
    pub fn new(key: &str, fields: Vec<Value>) -> Option<Self> {
        let is_key = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b':');
        let is_one = !key.is_empty() && key.len() <= LONGEST_KEY && key.bytes().all(is_key);
        is_one.then(|| Self { key: key.to_owned(), fields })
    }

    /// The object whose stream of records has this name, in a saved catalog. `None` if it is
    /// another stream. A read does not need the fields of the records, so the object has none.
    #[must_use]
    pub fn of_stream(name: &str) -> Option<Self> {
        Self::new(name.strip_prefix(RECORDS_OF)?, Vec::new())
    }

    /// An example object, whose stream of records the docs describe.
    #[cfg(test)]
    pub(super) fn any() -> Self {
        Self { key: "{key}".to_owned(), fields: Vec::new() }
    }

    /// The stream of this object's records.
    pub(super) fn records(&self) -> ResolvedStream {
        let declared = Stream {
            cursor: Cursor::of("updated_at", CursorFormat::Unix),
            deletion: Deletion::by(DeletionMarker::Text("name", DELETED)),
            scope: SCOPE,
            documentation: prose(
                "https://developer.zendesk.com/api-reference/ticketing/ticket-management/incremental_exports/",
            ),
            about: prose(
                "Records of one kind of custom object. `discover` lists a stream for each kind \
                 in the account. The values of a deleted record are `[DELETED]`. Zendesk keeps \
                 deleted records for thirty days.",
            ),
            limitations: prose(
                "Photos, which are not in the export. Records that were deleted more than thirty \
                 days before the read; a full refresh drops them.",
            ),
            ..Stream::listed(RECORDS_OF, &RECORDS, schema!("custom_object_records"))
        };
        let name = format!("{RECORDS_OF}{}", self.key);
        let words = FeedWords {
            name: name.clone(),
            path: RECORDS.path.replace("{custom_object_key}", &self.key),
            query: Vec::new(),
        };
        ResolvedStream {
            name: Cow::Owned(name),
            feed: ResolvedFeed::with_words(&RECORDS, words),
            schema: Cow::Owned(schema(&self.fields)),
            ..ResolvedStream::declared(declared, Family::CustomObjects)
        }
    }
}

/// The schema of records with these fields. Every field of a deleted record holds a text.
fn schema(fields: &[Value]) -> String {
    let text = schema!("custom_object_records");
    // The file is part of the program and tested.
    let mut schema: Value = serde_json::from_slice(text.as_bytes()).unwrap_or_default();
    let own = &mut schema["properties"]["custom_object_fields"]["properties"];
    *own = json!({});
    for field in fields {
        // Standard fields are columns of the record itself.
        let key = field["key"].as_str().filter(|key| !key.starts_with("standard::"));
        let Some(key) = key else { continue };
        own[key] = match field["type"].as_str().unwrap_or_default() {
            "checkbox" => json!({ "type": ["null", "boolean", "string"] }),
            "integer" => json!({ "type": ["null", "integer", "string"] }),
            "decimal" => json!({ "type": ["null", "number", "string"] }),
            "multiselect" => {
                json!({ "type": ["null", "array", "string"], "items": { "type": ["null", "string"] } })
            }
            "text" | "textarea" | "regexp" | "date" | "dropdown" | "tagger" | "lookup" => {
                json!({ "type": ["null", "string"] })
            }
            _ => json!({}),
        };
        let described = field["title"].as_str().filter(|title| *title != key);
        if let Some(title) = described {
            own[key]["description"] = title.into();
        }
    }
    schema.to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_of_records_leads_back_to_its_object_and_to_no_other_path() {
        let path = |object: &CustomObject| object.records().feed.path().to_owned();
        let car = CustomObject::new("car", Vec::new()).unwrap();
        assert_eq!(path(&car), "incremental/custom_objects/car/cursor");
        for key in ["car", "standard::it_asset"] {
            let object = CustomObject::new(key, Vec::new()).unwrap();
            let named = CustomObject::of_stream(&object.records().name).unwrap();
            assert_eq!(path(&named), path(&object));
        }
        for hostile in ["", "../users", "a/b", "a?b", "a b", "a%2e", "\u{e9}", &"a".repeat(201)] {
            assert!(CustomObject::new(hostile, Vec::new()).is_none(), "{hostile}");
        }
        assert!(CustomObject::of_stream("tickets").is_none());
    }

    #[test]
    fn a_schema_has_the_fields_of_its_object_and_takes_deleted_records_too() {
        let fields = [
            json!({ "key": "standard::name", "type": "text", "title": "Name" }),
            json!({ "key": "seats", "type": "integer", "title": "Seats" }),
            json!({ "key": "colours", "type": "multiselect", "title": "colours" }),
            json!({ "key": "odd", "type": "of tomorrow" }),
            json!({ "type": "text" }),
        ];
        let schema: Value = serde_json::from_str(&schema(&fields)).unwrap();
        let own = &schema["properties"]["custom_object_fields"];
        let names: Vec<&String> = own["properties"].as_object().unwrap().keys().collect();
        assert_eq!(names, ["colours", "odd", "seats"]);
        assert_eq!(own["properties"]["seats"]["description"], "Seats");
        let validator = jsonschema::draft7::new(&schema).unwrap();
        for seats in [json!(5), json!("[DELETED]"), json!(null)] {
            let record = json!({ "id": "01", "custom_object_fields": { "seats": seats } });
            assert!(validator.is_valid(&record), "{record}");
        }
        assert!(!validator.is_valid(&json!({ "custom_object_fields": { "seats": [1] } })));
    }
}
