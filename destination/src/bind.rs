//! What is done with the rows of each stream: the catalog's word first, then the config's, then the stream's own
//! name. Pure.

use std::collections::BTreeMap;

use airbyte::destination::catalog::{ConfiguredStream, Descriptor, DestinationSyncMode};

use crate::config::{Config, UnknownStreams, WrittenOperation, WrittenStream};
use crate::object::{KeyField, Object, Operation};

/// What is done with a stream.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Binding {
    Bound(Bound),
    /// No object is known for it: its rows are rejected.
    Rejected,
    /// No object is known for it: its rows are left out.
    Skipped,
}

/// A stream whose rows are written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Bound {
    pub stream: Descriptor,
    pub object: Object,
    pub operation: Operation,
    /// How a row is found; none where each row makes a ticket of its own.
    pub key: Option<KeyField>,
    /// The fields of columns that are called otherwise.
    pub renamed: BTreeMap<String, String>,
    /// The columns that its schema has.
    pub columns: Vec<String>,
}

/// Binds all streams of a catalog.
///
/// # Errors
/// What the user has to change, stream by stream.
pub fn bind(
    streams: Vec<ConfiguredStream>,
    config: &Config,
) -> Result<BTreeMap<Descriptor, Binding>, Vec<String>> {
    let mut bound = BTreeMap::new();
    let mut problems = Vec::new();
    for stream in streams {
        match of_stream(&stream, config) {
            Ok(binding) => drop(bound.insert(stream.descriptor, binding)),
            Err(why) => problems.push(format!("stream `{}`: {why}", stream.descriptor)),
        }
    }
    if problems.is_empty() { Ok(bound) } else { Err(problems) }
}

fn of_stream(stream: &ConfiguredStream, config: &Config) -> Result<Binding, String> {
    let written = config.streams.iter().find(|written| is_of(written, &stream.descriptor));
    if let Some(name) = &stream.object_name {
        let object = Object::of(name).ok_or_else(|| unknown_object(name))?;
        let operation = of_mode(stream.mode)?;
        return finish(stream, config, (object, operation), None).map(Binding::Bound);
    }
    if let Some(written) = written {
        let object = Object::of(&written.object).ok_or_else(|| unknown_object(&written.object))?;
        let operation = match written.operation {
            WrittenOperation::Insert => Operation::Insert,
            WrittenOperation::Upsert => Operation::Upsert,
            WrittenOperation::Update => Operation::Update,
            WrittenOperation::Delete => Operation::Delete,
        };
        return finish(stream, config, (object, operation), Some(written)).map(Binding::Bound);
    }
    if let Some(object) = Object::of(&stream.descriptor.name) {
        let operation = of_mode(stream.mode)?;
        return finish(stream, config, (object, operation), None).map(Binding::Bound);
    }
    match config.unknown_streams {
        UnknownStreams::Fail => Err("no object is known for it: name one in `streams`, or set \
                                     `unknown_streams` to `reject` or `skip`"
            .to_owned()),
        UnknownStreams::Reject => Ok(Binding::Rejected),
        UnknownStreams::Skip => Ok(Binding::Skipped),
    }
}

/// Whether an entry of the config is about a stream.
fn is_of(written: &WrittenStream, stream: &Descriptor) -> bool {
    written.stream == stream.name
        && written.namespace.as_ref().is_none_or(|name| stream.namespace.as_ref() == Some(name))
}

fn unknown_object(name: &str) -> String {
    format!(
        "`{name}` is no object that can be written: there are users, organizations, tickets, \
         organization_memberships and custom_object:<key>"
    )
}

fn of_mode(mode: DestinationSyncMode) -> Result<Operation, String> {
    match mode {
        DestinationSyncMode::Append => Ok(Operation::Insert),
        DestinationSyncMode::AppendDedup => Ok(Operation::Upsert),
        DestinationSyncMode::Update => Ok(Operation::Update),
        DestinationSyncMode::SoftDelete => Ok(Operation::Delete),
        DestinationSyncMode::Overwrite | DestinationSyncMode::OverwriteDedup => Err(format!(
            "its mode is `{}`, which would delete what is there: choose another mode",
            mode.name()
        )),
    }
}

fn finish(
    stream: &ConfiguredStream,
    config: &Config,
    (object, operation): (Object, Operation),
    written: Option<&WrittenStream>,
) -> Result<Bound, String> {
    if !object.operations().contains(&operation) {
        return Err(format!(
            "{} are added by `upsert` (`append_dedup`) and removed by `delete` (`soft_delete`), and `{}` is neither",
            object.name(),
            operation.name()
        ));
    }
    if operation == Operation::Delete && object.is_guarded() && !config.allow_deletes {
        return Err(format!(
            "it deletes {}: set `allow_deletes` where that is meant",
            object.name()
        ));
    }
    let renamed = written.and_then(|written| written.fields.clone()).unwrap_or_default();
    let key = match written.and_then(|written| written.match_on.as_deref()) {
        Some(name) => Some(key_of(object, operation, name)?),
        None => key_of_stream(stream, (object, operation), &renamed)?,
    };
    let (stream, columns) = (stream.descriptor.clone(), stream.columns.clone());
    Ok(Bound { stream, object, operation, key, renamed, columns })
}

fn key_of(object: Object, operation: Operation, name: &str) -> Result<KeyField, String> {
    let names = || {
        let names: Vec<&str> = object.keys_of(operation).map(KeyField::name).collect();
        names.join(", ")
    };
    object.keys_of(operation).find(|key| key.name() == name).ok_or_else(|| {
        format!(
            "`{name}` is no key by which {} are found for this: there are {}",
            object.name(),
            names()
        )
    })
}

/// The key that the primary key names, or one that the columns hold.
fn key_of_stream(
    stream: &ConfiguredStream,
    (object, operation): (Object, Operation),
    renamed: &BTreeMap<String, String>,
) -> Result<Option<KeyField>, String> {
    let named = |column: &str| renamed.get(column).map_or(column, String::as_str).to_owned();
    if object == Object::OrganizationMemberships {
        return pair_of_stream(stream, (object, operation), renamed).map(Some);
    }
    match stream.primary_key.as_slice() {
        [path] if path.len() == 1 => {
            let name = named(&path[0]);
            // What the warehouse calls its key says nothing of Zendesk where rows are only added.
            let is_plain = stream.object_name.is_none() && operation == Operation::Insert;
            match key_of(object, operation, &name) {
                Err(_) if is_plain => Ok(of_columns(stream, (object, operation), renamed)),
                key => key.map(Some),
            }
        }
        [] if operation == Operation::Insert => {
            Ok(of_columns(stream, (object, operation), renamed))
        }
        [] => of_columns(stream, (object, operation), renamed).map(Some).ok_or_else(|| {
            "it has no key by which its rows are found: choose a primary key, or write `match_on`"
                .to_owned()
        }),
        _ => Err(
            "its primary key has several fields, and one finds a row in Zendesk: write `match_on`"
                .to_owned(),
        ),
    }
}

/// The key of a stream of memberships: the two fields of its primary key, or two that are among its columns.
fn pair_of_stream(
    stream: &ConfiguredStream,
    (object, operation): (Object, Operation),
    renamed: &BTreeMap<String, String>,
) -> Result<KeyField, String> {
    let name = |path: &Vec<String>| match path.as_slice() {
        [column] => Some(renamed.get(column).unwrap_or(column).clone()),
        _ => None,
    };
    let primary: Vec<String> = stream.primary_key.iter().filter_map(name).collect();
    let is_it = |key: &KeyField| {
        let fields = key.fields();
        primary.len() == fields.len()
            && fields.iter().all(|field| primary.iter().any(|one| one == field))
    };
    // What the warehouse calls its key says nothing of Zendesk where the catalog names no object.
    let of_columns = || match stream.object_name {
        Some(_) => None,
        None => of_columns(stream, (object, operation), renamed),
    };
    object.keys_of(operation).find(is_it).or_else(of_columns).ok_or_else(|| {
        "its key is no pair of fields that name a user and an organization: make one the primary key, such as \
         user_external_id and organization_external_id, or write `match_on`"
            .to_owned()
    })
}

/// The first key for which there is a column.
fn of_columns(
    stream: &ConfiguredStream,
    (object, operation): (Object, Operation),
    renamed: &BTreeMap<String, String>,
) -> Option<KeyField> {
    let is_there = |field: &str| {
        stream
            .columns
            .iter()
            .any(|column| renamed.get(column).map_or(column.as_str(), String::as_str) == field)
    };
    let has = |key: &KeyField| key.fields().into_iter().all(is_there);
    let found = object.keys_of(operation).find(has);
    // Each row without a key makes a ticket; of the others nothing is created without one.
    let usual = (object != Object::Tickets).then(|| object.keys()[0]);
    found.or(usual.filter(|_| stream.columns.is_empty()))
}

#[cfg(test)]
mod tests {
    use airbyte::destination::catalog::parse;

    use super::*;

    fn bound(stream: &str, options: &str) -> Result<Binding, String> {
        let config = format!(
            r#"{{"subdomain":"acme","credentials":{{"credentials":"oauth2.0","access_token":"x"}}{options}}}"#
        );
        let config = Config::parse(config.as_bytes()).unwrap();
        let streams = parse(format!(r#"{{"streams":[{stream}]}}"#).as_bytes()).unwrap();
        let bound = bind(streams, &config).map_err(|problems| problems.join("; "));
        bound.map(|bound| bound.into_values().next().unwrap())
    }

    fn shown(stream: &str, options: &str) -> String {
        match bound(stream, options) {
            Ok(Binding::Bound(bound)) => format!(
                "{} {} by {}",
                bound.operation.name(),
                bound.object.name(),
                bound.key.map_or("none", KeyField::name)
            ),
            other => format!("{other:?}"),
        }
    }

    #[test]
    fn the_catalog_goes_first_then_the_config_then_the_name() {
        let activation = r#"{"stream":{"name":"dim","namespace":"a"},"destination_sync_mode":"append_dedup","destination_object_name":"users","primary_key":[["email"]]}"#;
        let plain = r#"{"stream":{"name":"dim","namespace":"a","json_schema":{"properties":{"cid":{},"external_id":{}}}},"destination_sync_mode":"append","primary_key":[["cid"]]}"#;
        let options = r#","streams":[{"stream":"dim","object":"organizations","operation":"upsert","fields":{"cid":"external_id"}}]"#;
        assert_eq!(shown(activation, options), "upsert users by email");
        assert_eq!(shown(plain, options), "upsert organizations by external_id");
        for (mode, key, expected) in [
            ("append", "[]", "insert tickets by none"),
            ("append", r#"[["id"]]"#, "insert tickets by none"),
            ("append", r#"[["external_id"]]"#, "insert tickets by external_id"),
            ("append_dedup", r#"[["id"]]"#, "upsert tickets by id"),
            ("update", r#"[["external_id"]]"#, "update tickets by external_id"),
        ] {
            let stream = format!(
                r#"{{"stream":{{"name":"tickets"}},"destination_sync_mode":"{mode}","primary_key":{key}}}"#
            );
            assert_eq!(shown(&stream, ""), expected, "{mode} {key}");
        }
    }

    #[test]
    fn memberships_go_by_the_two_fields_of_the_key_or_by_two_columns() {
        let activation = |mode: &str, key: &str| {
            format!(
                r#"{{"stream":{{"name":"dim"}},"destination_sync_mode":"{mode}","primary_key":{key},
                "destination_object_name":"organization_memberships"}}"#
            )
        };
        let plain = |mode: &str, key: &str, columns: &str| {
            format!(
                r#"{{"stream":{{"name":"organization_memberships","json_schema":{{"properties":{columns}}}}},
                "destination_sync_mode":"{mode}","primary_key":{key}}}"#
            )
        };
        let ids = r#"[["organization_id"],["user_id"]]"#;
        let columns = r#"{"id":{},"user_email":{},"organization_name":{},"user_id":{}}"#;
        let match_on = r#","streams":[{"stream":"organization_memberships","object":"organization_memberships",
            "operation":"delete","match_on":"user_id+organization_name"}]"#;
        for (stream, options, expected) in [
            (
                activation("append_dedup", ids),
                "",
                "upsert organization_memberships by user_id+organization_id",
            ),
            (
                activation("soft_delete", ids),
                "",
                "delete organization_memberships by user_id+organization_id",
            ),
            (
                plain("append_dedup", r#"[["id"]]"#, columns),
                "",
                "upsert organization_memberships by user_email+organization_name",
            ),
            (
                plain("append_dedup", "[]", columns),
                match_on,
                "delete organization_memberships by user_id+organization_name",
            ),
        ] {
            assert_eq!(shown(&stream, options), expected);
        }
        for (stream, culprit) in [
            (activation("append", ids), "`insert`"),
            (activation("update", ids), "`update`"),
            (activation("append_dedup", r#"[["user_id"]]"#), "no pair"),
            (activation("append_dedup", r#"[["user_id"],["user_email"]]"#), "no pair"),
            (plain("append_dedup", r#"[["id"]]"#, r#"{"user_id":{}}"#), "no pair"),
        ] {
            let why = bound(&stream, "").unwrap_err();
            assert!(why.contains(culprit) && why.contains("stream `"), "{why}");
        }
    }

    #[test]
    fn what_cannot_be_bound_names_stream_and_option() {
        let stream = |name: &str, mode: &str, key: &str| {
            format!(
                r#"{{"stream":{{"name":"{name}"}},"destination_sync_mode":"{mode}","primary_key":{key}}}"#
            )
        };
        for (stream, options, culprit) in [
            (stream("dim", "append", "[]"), "", "`unknown_streams`"),
            (stream("users", "overwrite", "[]"), "", "`overwrite`"),
            (stream("users", "soft_delete", r#"[["id"]]"#), "", "`allow_deletes`"),
            (stream("tickets", "update", "[]"), "", "`match_on`"),
            (stream("users", "update", r#"[["a"],["b"]]"#), "", "several fields"),
            (stream("users", "update", r#"[["phone"]]"#), "", "`phone`"),
            (
                stream("dim", "append", "[]"),
                r#","streams":[{"stream":"dim","object":"views","operation":"insert"}]"#,
                "`views`",
            ),
        ] {
            let why = bound(&stream, options).unwrap_err();
            assert!(why.contains(culprit) && why.contains("stream `"), "{why}");
        }
        let unknown = stream("dim", "append", "[]");
        assert_eq!(bound(&unknown, r#","unknown_streams":"reject""#), Ok(Binding::Rejected));
        assert_eq!(bound(&unknown, r#","unknown_streams":"skip""#), Ok(Binding::Skipped));
        let delete = stream("custom_object:car", "soft_delete", r#"[["id"]]"#);
        assert_eq!(shown(&delete, ""), "delete custom_object:car by id", "it needs no option");
        let delete = stream("users", "soft_delete", r#"[["id"]]"#);
        assert_eq!(shown(&delete, r#","allow_deletes":true"#), "delete users by id");
    }
}
