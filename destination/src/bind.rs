//! Decides what happens to the rows of each stream. The catalog decides first, then the config, then the name
//! of the stream. Pure.

use std::collections::BTreeMap;
use std::sync::Arc;

use airbyte::destination::catalog::{ConfiguredStream, Descriptor, DestinationSyncMode};

use crate::audience::{self, Audience, Membership, Mode};
use crate::config::{Config, UnknownStreams, WrittenOperation, WrittenStream};
use crate::object::{KeyField, Object, Operation};

/// What happens to the rows of a stream.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Binding {
    Bound(Bound),
    /// The stream is not bound to an object: its rows are rejected.
    Rejected,
    /// The stream is not bound to an object: its rows are skipped.
    Skipped,
}

/// A stream whose rows are written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Bound {
    pub stream: Descriptor,
    pub object: Object,
    pub operation: Operation,
    /// The audience of the stream, if it has one.
    pub membership: Option<Membership>,
    /// The key that finds a row. `None` if each row creates a new ticket.
    pub key: Option<KeyField>,
    /// The field of each column that has another name than its field.
    pub renamed: BTreeMap<String, String>,
    /// The columns of the stream's schema.
    pub columns: Vec<String>,
    /// Whether the source reads the whole stream in each sync.
    pub is_full_refresh: bool,
    /// Whether a later attempt of the same job may send only the rest of the rows.
    pub is_resumable: bool,
    /// Whether the platform may be clearing the stream. It then sends no rows, and expects destinations to
    /// delete their data.
    pub may_be_cleared: bool,
}

/// Binds all streams of a catalog.
///
/// # Errors
/// What the user has to change, one message per stream.
pub fn bind(
    streams: Vec<ConfiguredStream>,
    config: &Config,
) -> Result<BTreeMap<Descriptor, Binding>, Vec<String>> {
    let mut bound = BTreeMap::new();
    let mut problems = Vec::new();
    for stream in streams {
        match of_stream(&stream, config) {
            Ok(binding) => drop(bound.insert(stream.descriptor, binding)),
            Err(why) => problems.push(format!("Stream `{}`: {why}", stream.descriptor)),
        }
    }
    problems.extend(mirrored_twice(&bound));
    if problems.is_empty() { Ok(bound) } else { Err(problems) }
}

/// Finds mirrors whose audience another stream writes too: the mirror would remove the members that the other
/// stream adds.
fn mirrored_twice(bindings: &BTreeMap<Descriptor, Binding>) -> Vec<String> {
    let memberships = || {
        bindings.iter().filter_map(|(stream, binding)| match binding {
            Binding::Bound(bound) => Some((stream, bound.membership.as_ref()?)),
            Binding::Rejected | Binding::Skipped => None,
        })
    };
    let mirrors = memberships().filter(|(_, membership)| membership.mode == Mode::Mirror);
    let clashes = mirrors.filter(|(stream, mirror)| {
        memberships()
            .any(|(other, membership)| other != *stream && membership.audience == mirror.audience)
    });
    clashes
        .map(|(stream, mirror)| {
            format!(
                "Stream `{stream}`: it mirrors the audience `{}`, and would remove the members that another \
                 stream adds to it. Use only one stream for this audience.",
                mirror.audience.slug
            )
        })
        .collect()
}

fn of_stream(stream: &ConfiguredStream, config: &Config) -> Result<Binding, String> {
    let written = config.streams.iter().find(|written| is_of(written, &stream.descriptor));
    let own = &stream.descriptor.name;
    let bound = if let Some(name) = &stream.object_name {
        finish(stream, config, by_mode(name, stream.mode, config)?, None)
    } else if let Some(written) = written {
        let does = by_operation(&written.object, written.operation, config)?;
        finish(stream, config, does, Some(written))
    } else if Object::of(own).is_some() || audience::named(own, &config.audiences).is_some() {
        finish(stream, config, by_mode(own, stream.mode, config)?, None)
    } else {
        return match config.unknown_streams {
            UnknownStreams::Fail => {
                Err("it is not bound to an object. Add it to `streams`, or set `unknown_streams` to `reject` or \
                     `skip`."
                    .to_owned())
            }
            UnknownStreams::Reject => Ok(Binding::Rejected),
            UnknownStreams::Skip => Ok(Binding::Skipped),
        };
    };
    bound.map(Binding::Bound)
}

/// The object, and what is done with it.
struct Does {
    object: Object,
    operation: Operation,
    membership: Option<Membership>,
}

/// The binding of a stream whose catalog names the object and the mode.
fn by_mode(name: &str, mode: DestinationSyncMode, config: &Config) -> Result<Does, String> {
    use DestinationSyncMode::{Append, AppendDedup, Overwrite, OverwriteDedup, SoftDelete, Update};
    let Some((audience, is_mirror)) = audience::named(name, &config.audiences).transpose()? else {
        let object = Object::of(name).ok_or_else(|| unknown_object(name))?;
        let operation = match mode {
            Append => Operation::Insert,
            AppendDedup => Operation::Upsert,
            Update => Operation::Update,
            SoftDelete => Operation::Delete,
            Overwrite | OverwriteDedup => {
                return Err(format!(
                    "its mode is `{}`, which would delete existing data. Choose another mode.",
                    mode.name()
                ));
            }
        };
        return Ok(Does { object, operation, membership: None });
    };
    let mode = match (is_mirror, mode) {
        (true, AppendDedup) | (_, Overwrite | OverwriteDedup) => Mode::Mirror,
        (false, Append | Update) => Mode::Add,
        (false, AppendDedup) => Mode::Upsert,
        (false, SoftDelete) => Mode::Remove,
        (true, Append | Update | SoftDelete) => {
            return Err(format!(
                "its mode is `{}`, which a mirror does not accept. Choose `append_dedup`.",
                mode.name()
            ));
        }
    };
    Ok(Does::to(audience, mode))
}

/// The binding of a stream whose config names the object and the operation.
fn by_operation(name: &str, operation: WrittenOperation, config: &Config) -> Result<Does, String> {
    use WrittenOperation::{Add, Delete, Insert, Mirror, Remove, Update, Upsert};
    let Some((audience, is_mirror)) = audience::named(name, &config.audiences).transpose()? else {
        let object = Object::of(name).ok_or_else(|| unknown_object(name))?;
        let operation = match operation {
            Insert => Operation::Insert,
            Upsert => Operation::Upsert,
            Update => Operation::Update,
            Delete => Operation::Delete,
            Add | Remove | Mirror => {
                return Err(format!(
                    "`add`, `remove` and `mirror` work only for audiences, and `{name}` is not an audience. \
                     Choose another operation."
                ));
            }
        };
        return Ok(Does { object, operation, membership: None });
    };
    let mode = match operation {
        Mirror => Mode::Mirror,
        _ if is_mirror => return Err(format!("`{name}` accepts only the operation `mirror`.")),
        Add | Insert | Update => Mode::Add,
        Upsert => Mode::Upsert,
        Remove | Delete => Mode::Remove,
    };
    Ok(Does::to(audience, mode))
}

impl Does {
    fn to(audience: &Arc<Audience>, mode: Mode) -> Self {
        let membership = Membership { audience: Arc::clone(audience), mode };
        let (object, operation) = (audience.of, membership.operation());
        Self { object, operation, membership: Some(membership) }
    }
}

/// Whether this entry of the config belongs to the stream.
fn is_of(written: &WrittenStream, stream: &Descriptor) -> bool {
    written.stream == stream.name
        && written.namespace.as_ref().is_none_or(|name| stream.namespace.as_ref() == Some(name))
}

/// Checks an entry of `streams` as far as this is possible without a catalog. Returns the object of the stream.
///
/// # Errors
/// What the user has to change.
pub fn check(written: &WrittenStream, config: &Config) -> Result<Object, String> {
    let does = by_operation(&written.object, written.operation, config)?;
    allow(&does, config)?;
    if let Some(name) = &written.match_on {
        key_of(does.object, does.operation, name)?;
    }
    Ok(does.object)
}

/// Whether the object has the operation, and the config allows it.
fn allow(does: &Does, config: &Config) -> Result<(), String> {
    let Does { object, operation, .. } = does;
    if !object.operations().contains(operation) {
        return Err(format!(
            "{} accept only `upsert` (`append_dedup`) and `delete` (`soft_delete`), not `{}`.",
            object.name(),
            operation.name()
        ));
    }
    if *operation == Operation::Delete && object.is_guarded() && !config.allow_deletes {
        return Err(format!(
            "it deletes {}, and `allow_deletes` is off. Set `allow_deletes` if you want this.",
            object.name()
        ));
    }
    Ok(())
}

fn unknown_object(name: &str) -> String {
    format!(
        "`{name}` is not an object. Use users, organizations, tickets, organization_memberships, \
         `custom_object:` with the key of an object, or `audience:` or `audience_mirror:` with the slug of an \
         audience."
    )
}

fn finish(
    configured: &ConfiguredStream,
    config: &Config,
    does: Does,
    written: Option<&WrittenStream>,
) -> Result<Bound, String> {
    allow(&does, config)?;
    let Does { object, operation, membership } = does;
    let renamed = written.and_then(|written| written.fields.clone()).unwrap_or_default();
    let key = match written.and_then(|written| written.match_on.as_deref()) {
        Some(name) => Some(key_of(object, operation, name)?),
        None => key_of_stream(configured, (object, operation), &renamed)?,
    };
    let (stream, columns) = (configured.descriptor.clone(), configured.columns.clone());
    let (is_full_refresh, is_resumable) = (configured.is_full_refresh, configured.is_resumable);
    // Source: Airbyte's platform, `JobCreator`, whose clearing writes `overwrite` into the catalog. No object of
    // data activation is offered that mode.
    let may_be_cleared = configured.object_name.is_some()
        && matches!(
            configured.mode,
            DestinationSyncMode::Overwrite | DestinationSyncMode::OverwriteDedup
        );
    Ok(Bound {
        stream,
        object,
        operation,
        membership,
        key,
        renamed,
        columns,
        is_full_refresh,
        is_resumable,
        may_be_cleared,
    })
}

fn key_of(object: Object, operation: Operation, name: &str) -> Result<KeyField, String> {
    let names = || {
        let names: Vec<&str> = object.keys_of(operation).map(KeyField::name).collect();
        names.join(", ")
    };
    object.keys_of(operation).find(|key| key.name() == name).ok_or_else(|| {
        format!(
            "`{name}` is not a key of {} for this operation. Use one of: {}.",
            object.name(),
            names()
        )
    })
}

/// The key from the stream's primary key, or else from its columns.
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
            // If rows are only inserted, the name of the warehouse's key does not have to be a key in
            // Zendesk.
            let is_plain = stream.object_name.is_none() && operation == Operation::Insert;
            match key_of(object, operation, &name) {
                Err(_) if is_plain => Ok(of_columns(stream, (object, operation), renamed)),
                key => key.map(Some),
            }
        }
        [] if operation == Operation::Insert => {
            Ok(of_columns(stream, (object, operation), renamed))
        }
        [] => of_columns(stream, (object, operation), renamed)
            .map(Some)
            .ok_or_else(|| "it has no key. Choose a primary key, or set `match_on`.".to_owned()),
        _ => {
            Err("its primary key has several fields, but Zendesk needs one. Set `match_on`."
                .to_owned())
        }
    }
}

/// The key of a stream of memberships: two fields from its primary key, or else from its columns.
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
    // If the catalog names no object, the warehouse's key does not have to be a key in Zendesk.
    let of_columns = || match stream.object_name {
        Some(_) => None,
        None => of_columns(stream, (object, operation), renamed),
    };
    object.keys_of(operation).find(is_it).or_else(of_columns).ok_or_else(|| {
        "its key must be two fields, one for the user and one for the organization. Make them the primary key, \
         such as user_external_id and organization_external_id, or set `match_on`."
            .to_owned()
    })
}

/// The first key whose columns the stream has.
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
    // A row without a key creates a ticket. Other objects cannot be created without a key.
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
            (activation("append_dedup", r#"[["user_id"]]"#), "must be two fields"),
            (activation("append_dedup", r#"[["user_id"],["user_email"]]"#), "must be two fields"),
            (plain("append_dedup", r#"[["id"]]"#, r#"{"user_id":{}}"#), "must be two fields"),
        ] {
            let why = bound(&stream, "").unwrap_err();
            assert!(why.contains(culprit) && why.contains("Stream `"), "{why}");
        }
    }

    #[test]
    fn each_mode_of_an_audience_has_its_operation() {
        let options = r#","audiences":[{"slug":"vip","as":{"tag":"vip"}}]"#;
        let does = |object: &str, mode: &str| {
            let stream = format!(
                r#"{{"stream":{{"name":"dim"}},"destination_sync_mode":"{mode}","destination_object_name":"{object}","primary_key":[["email"]]}}"#
            );
            match bound(&stream, options) {
                Ok(Binding::Bound(bound)) => {
                    let mode = bound.membership.unwrap().mode;
                    format!("{mode:?} by {}", bound.operation.name())
                }
                other => format!("{other:?}"),
            }
        };
        for (object, mode, expected) in [
            ("audience:vip", "update", "Add by update"),
            ("audience:vip", "append", "Add by update"),
            ("audience:vip", "append_dedup", "Upsert by upsert"),
            ("audience:vip", "soft_delete", "Remove by update"),
            ("audience:vip", "overwrite", "Mirror by update"),
            ("audience_mirror:vip", "append_dedup", "Mirror by update"),
        ] {
            assert_eq!(does(object, mode), expected, "{object} {mode}");
        }
        assert!(does("audience_mirror:vip", "soft_delete").contains("`append_dedup`"));
        assert!(does("audience:gold", "update").contains("`gold`"));
    }

    #[test]
    fn a_mirror_has_its_audience_alone() {
        let config = r#"{"subdomain":"acme","credentials":{"credentials":"oauth2.0","access_token":"x"},
            "audiences":[{"slug":"vip","as":{"tag":"vip"}},{"slug":"new","as":{"tag":"new"}}]}"#;
        let config = Config::parse(config.as_bytes()).unwrap();
        let bound = |objects: [&str; 2]| {
            let streams: Vec<String> = objects
                .iter()
                .enumerate()
                .map(|(at, object)| {
                    format!(
                        r#"{{"stream":{{"name":"s{at}"}},"destination_sync_mode":"append_dedup","destination_object_name":"{object}","primary_key":[["id"]]}}"#
                    )
                })
                .collect();
            let catalog = format!(r#"{{"streams":[{}]}}"#, streams.join(","));
            bind(parse(catalog.as_bytes()).unwrap(), &config)
        };
        let problems = bound(["audience_mirror:vip", "audience:vip"]).unwrap_err();
        assert!(problems[0].contains("`s0`") && problems[0].contains("`vip`"), "{problems:?}");
        assert_eq!(bound(["audience_mirror:vip", "audience_mirror:vip"]).unwrap_err().len(), 2);
        assert!(bound(["audience_mirror:vip", "audience_mirror:new"]).is_ok());
        assert!(bound(["audience:vip", "audience:vip"]).is_ok());
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
            assert!(why.contains(culprit) && why.contains("Stream `"), "{why}");
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
