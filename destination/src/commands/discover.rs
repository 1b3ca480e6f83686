//! `discover`: prints the operations on each object, with their fields. It writes nothing to the account.
//!
//! Source: Airbyte Protocol, `DestinationCatalog`.

use std::sync::Arc;

use airbyte::message::{self, ErrorTrace, Level};
use airbyte::stdout::Closed;
use connector::environment::Environment;
use connector::failure::of_identity;
use connector::identity::identity;
use connector::patience::settle;
use serde_json::{Map, Value, json};
use tokio::sync::watch;
use zendesk::clock::Clock;
use zendesk::error::ErrorKind;

use super::audiences::mark;
use super::{Out, client, failure};
use crate::api::Api;
use crate::audience::{Audience, MEMBER, Mark, Membership, Mode};
use crate::config::Config;
use crate::custom_object::CustomObject;
use crate::fields::{Field, Fields, Place, all, live, of_audience};
use crate::look::Look;
use crate::object::{KeyField, Object, Operation};

/// Prints the catalog.
///
/// # Errors
/// [`Closed`] if stdout is closed.
pub async fn discover(
    config: &Config,
    environment: &Environment,
    clock: Clock,
    out: &Arc<Out>,
    stop: watch::Receiver<bool>,
) -> Result<Result<(), ErrorTrace>, Closed> {
    let client = match client(config, environment, clock, stop, out) {
        Ok(client) => client,
        Err(trouble) => return Ok(Err(trouble)),
    };
    let api = Api::new(client);
    if let Err(error) = Box::pin(identity(&api.client)).await {
        return Ok(Err(of_identity(&error, &config.account)));
    }
    let api = Arc::new(api);
    let look = Look::new(Arc::clone(&api));
    let mut operations = Vec::new();
    for object in Object::ALL {
        let custom = match Box::pin(live(&api, object)).await {
            Ok(custom) => custom,
            Err(error) if matches!(error.kind, ErrorKind::Forbidden | ErrorKind::NotFound) => {
                let why = &error.detail;
                let message = format!(
                    "{} are not in the catalog, because their fields cannot be listed ({why}). Check the user's \
                     role and the account's plan.",
                    object.name()
                );
                out.log(Level::Warn, &message).await?;
                continue;
            }
            Err(error) => return Ok(Err(failure::of_sync(&error, Some(object)))),
        };
        let fields = all(object, config.allow_agents, custom.clone());
        operations.extend(operations_of(&fields, object, config));
        for audience in config.audiences.iter().filter(|audience| audience.of == object) {
            match Box::pin(mark(&look, audience, &custom)).await {
                Ok(Ok(mark)) => operations.extend(operations_of_audience(&fields, audience, &mark)),
                Ok(Err(why)) => {
                    let message =
                        format!("audience `{}` is not in the catalog: {why}", audience.slug);
                    out.log(Level::Warn, &message).await?;
                }
                Err(error) => return Ok(Err(failure::of_sync(&error, Some(object)))),
            }
        }
    }
    match custom_objects(&api, config, out).await? {
        Ok(found) => operations.extend(found),
        Err(trouble) => return Ok(Err(trouble)),
    }
    settle(&api.client).await;
    out.line(message::destination_catalog(&operations)).await?;
    Ok(Ok(()))
}

/// The operations on each custom object of the account. The list is empty if the user's role may not see
/// custom objects.
async fn custom_objects(
    api: &Api,
    config: &Config,
    out: &Out,
) -> Result<Result<Vec<Value>, ErrorTrace>, Closed> {
    let is_refusal = |kind| matches!(kind, ErrorKind::Forbidden | ErrorKind::NotFound);
    let rows = match Box::pin(api.list("custom_objects", "custom_objects")).await {
        Ok(rows) => rows,
        Err(error) if is_refusal(error.kind) => {
            let why = &error.detail;
            let message = format!(
                "custom objects are not in the catalog, because they cannot be listed ({why}). Check the user's \
                 role and the account's plan."
            );
            out.log(Level::Warn, &message).await?;
            return Ok(Ok(Vec::new()));
        }
        Err(error) => return Ok(Err(failure::of_sync(&error, None))),
    };
    let mut operations = Vec::new();
    for row in rows {
        let named = row["key"].as_str().and_then(CustomObject::of_key);
        let Some(object) = named.map(Object::Records) else { continue };
        match Box::pin(live(api, object)).await {
            Ok(custom) => {
                let title = row["title_pluralized"].as_str().or(row["title"].as_str());
                let fields = all(object, config.allow_agents, custom);
                let titled = operations_of(&fields, object, config).into_iter().map(|mut entry| {
                    let does = entry["json_schema"]["description"].take();
                    let words = [title, does.as_str()].into_iter().flatten();
                    let words = words.collect::<Vec<_>>().join(". ");
                    entry["json_schema"]["description"] = words.into();
                    entry
                });
                operations.extend(titled);
            }
            Err(error) if is_refusal(error.kind) => {
                let (name, why) = (object.name(), &error.detail);
                let message = format!(
                    "{name} is not in the catalog, because its fields cannot be listed ({why}). Check the \
                     user's role and the account's plan."
                );
                out.log(Level::Warn, &message).await?;
            }
            Err(error) => return Ok(Err(failure::of_sync(&error, Some(object)))),
        }
    }
    Ok(Ok(operations))
}

/// The operations on an object.
#[must_use]
pub fn operations_of(fields: &Fields, object: Object, config: &Config) -> Vec<Value> {
    let may_delete = config.allow_deletes || !object.is_guarded();
    let offered = object.operations().iter().copied();
    let offered = offered.filter(|one| *one != Operation::Delete || may_delete);
    let mode = |operation| match operation {
        Operation::Insert => "append",
        Operation::Upsert => "append_dedup",
        Operation::Update => "update",
        Operation::Delete => "soft_delete",
    };
    let one = |operation| entry(fields, object, operation, (object.name(), mode(operation)));
    offered.map(one).collect()
}

/// The operations on an audience, and on its mirror.
#[must_use]
pub fn operations_of_audience(
    fields: &Fields,
    audience: &Arc<Audience>,
    mark: &Mark,
) -> Vec<Value> {
    let modes = [
        (Mode::Add, "append"),
        (Mode::Upsert, "append_dedup"),
        (Mode::Add, "update"),
        (Mode::Remove, "soft_delete"),
        (Mode::Mirror, "append_dedup"),
    ];
    let one = |(does, mode): (Mode, &str)| {
        let membership = Membership { audience: Arc::clone(audience), mode: does };
        let (operation, name) = (membership.operation(), membership.object_name());
        let fields = of_audience(fields, &membership, mark);
        let mut entry = entry(&fields, audience.of, operation, (&name, mode));
        if does == Mode::Remove
            && let Some(properties) = entry["json_schema"]["properties"].as_object_mut()
        {
            properties.remove(MEMBER);
        }
        entry
    };
    modes.into_iter().map(one).collect()
}

fn entry(
    fields: &Fields,
    object: Object,
    operation: Operation,
    (name, mode): (&str, &str),
) -> Value {
    let alternatives: Vec<Vec<&str>> = object.keys_of(operation).map(KeyField::fields).collect();
    let keys: Vec<&str> = alternatives.iter().flatten().copied().collect();
    // Zendesk may assign the names of records.
    let is_there = |name: &&str| fields.find(name).is_some();
    let required: Vec<&str> = match operation.creates() {
        true => object.required().iter().copied().filter(is_there).collect(),
        false => Vec::new(),
    };
    let offered = |field: &&Field| is_offered(field, &keys, operation);
    let property = |field: &Field| {
        let is_needed = required.contains(&&*field.name)
            || keys.contains(&&*field.name)
            || matches!(field.place, Place::Mark(_));
        (field.name.clone(), field.schema(!is_needed))
    };
    let properties: Map<String, Value> = fields.iter().filter(offered).map(property).collect();
    let mut entry = json!({
        "object_name": name,
        "sync_mode": mode,
        "json_schema": {
            "type": "object", "additionalProperties": false, "required": required,
            "properties": properties,
        },
    });
    // A ticket that is only inserted needs no key.
    let needs_key = operation != Operation::Insert || object != Object::Tickets;
    if needs_key {
        entry["matching_keys"] = json!(alternatives);
    }
    if let Some(does) = described(object, operation) {
        entry["json_schema"]["description"] = does.into();
    }
    entry
}

/// Describes an operation whose name does not say enough.
fn described(object: Object, operation: Operation) -> Option<&'static str> {
    match (object, operation) {
        (Object::OrganizationMemberships, Operation::Upsert) => {
            Some("Adds users to organizations. The users keep their other organizations")
        }
        (Object::OrganizationMemberships, Operation::Delete) => Some(
            "Removes users from organizations. Their open tickets lose that organization, and no user is \
             deleted",
        ),
        (Object::Records(_), Operation::Delete) => {
            Some("Deletes records, even without `allow_deletes`. Zendesk does not restore them")
        }
        _ => None,
    }
}

/// Whether the operation accepts the field.
fn is_offered(field: &Field, keys: &[&str], operation: Operation) -> bool {
    let is_key = keys.contains(&&*field.name);
    match field.place {
        _ if operation == Operation::Delete => is_key,
        Place::Id => is_key,
        Place::Description | Place::AtCreation => operation.creates(),
        Place::Comment => operation != Operation::Insert,
        _ => true,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn memberships_are_added_and_removed_and_records_have_names_unless_these_are_given() {
        let text =
            br#"{"subdomain":"acme","credentials":{"credentials":"oauth2.0","access_token":"x"}}"#;
        let config = Config::parse(text).unwrap();
        let of = |object, fields| operations_of(&all(object, false, fields), object, &config);
        let modes = |operations: &[Value]| -> Vec<String> {
            operations.iter().map(|one| one["sync_mode"].as_str().unwrap().to_owned()).collect()
        };
        let memberships = of(Object::OrganizationMemberships, Vec::new());
        assert_eq!(modes(&memberships), ["append_dedup", "soft_delete"]);
        let usual = json!(["user_external_id", "organization_external_id"]);
        for one in &memberships {
            assert_eq!(
                (&one["matching_keys"][0], &one["json_schema"]["required"]),
                (&usual, &json!([]))
            );
            assert_eq!(one["json_schema"]["properties"].as_object().unwrap().len(), 6);
        }
        let car = Object::of("custom_object:car").unwrap();
        let records = of(car, Vec::new());
        assert_eq!(modes(&records), ["append", "append_dedup", "update", "soft_delete"]);
        assert_eq!(records[1]["matching_keys"], json!([["external_id"], ["id"]]));
        assert_eq!(records[1]["json_schema"]["required"], json!([]));
        let name = all(Object::Organizations, false, Vec::new());
        let name = name.find("name").and_then(|at| name.get(at)).cloned();
        let named = of(car, name.into_iter().collect());
        assert_eq!(named[0]["json_schema"]["required"], json!(["name"]));
        assert_eq!(named[0]["json_schema"]["properties"]["name"]["type"], "string");
        assert_eq!(named[3]["json_schema"]["properties"].as_object().unwrap().len(), 2);
    }

    #[test]
    fn each_pair_is_offered_once_with_its_keys_and_what_it_needs() {
        let text = br#"{"subdomain":"acme","credentials":{"credentials":"oauth2.0","access_token":"x"},"allow_deletes":true}"#;
        let config = Config::parse(text).unwrap();
        let of = |object| operations_of(&all(object, false, Vec::new()), object, &config);
        let users = of(Object::Users);
        assert_eq!(users.len(), 4);
        assert_eq!(users[0]["matching_keys"], json!([["external_id"], ["email"]]));
        assert_eq!(users[1]["json_schema"]["required"], json!(["name"]));
        assert_eq!(users[1]["json_schema"]["properties"]["external_id"]["type"], "string");
        assert_eq!(
            users[2]["json_schema"]["properties"]["name"]["type"],
            json!(["null", "string"])
        );
        let deleted: Vec<&String> =
            users[3]["json_schema"]["properties"].as_object().unwrap().keys().collect();
        assert_eq!(deleted, ["email", "external_id", "id"]);
        let tickets = of(Object::Tickets);
        assert_eq!(tickets[0]["matching_keys"], Value::Null);
        assert_eq!(tickets[0]["json_schema"]["required"], json!(["subject", "description"]));
        let names =
            |at: usize, name: &str| !tickets[at]["json_schema"]["properties"][name].is_null();
        assert!(names(0, "description") && !names(0, "comment") && !names(0, "id"));
        assert!(!names(2, "description") && names(2, "comment") && names(2, "id"));
        let audiences = br#"{"subdomain":"acme","credentials":{"credentials":"oauth2.0","access_token":"x"},"audiences":[{"slug":"vip","as":{"tag":"vip"}}]}"#;
        let vip = Config::parse(audiences).unwrap().audiences.remove(0);
        let fields = all(Object::Users, false, Vec::new());
        let offered = operations_of_audience(&fields, &vip, &Mark::Tag("vip".into()));
        let shown: Vec<String> = offered
            .iter()
            .map(|entry| {
                let properties = &entry["json_schema"]["properties"];
                format!(
                    "{} {} member:{} name:{}",
                    entry["object_name"].as_str().unwrap(),
                    entry["sync_mode"].as_str().unwrap(),
                    properties["member"]["type"],
                    properties["name"]["type"]
                )
            })
            .collect();
        assert_eq!(
            shown,
            [
                r#"audience:vip append member:"boolean" name:null"#,
                r#"audience:vip append_dedup member:"boolean" name:"string""#,
                r#"audience:vip update member:"boolean" name:null"#,
                r#"audience:vip soft_delete member:null name:null"#,
                r#"audience_mirror:vip append_dedup member:"boolean" name:null"#,
            ]
        );
        assert_eq!(offered[0]["matching_keys"], json!([["external_id"], ["email"], ["id"]]));
        let config = Config::parse(
            &text[..text.len() - 22].iter().copied().chain(*b"}").collect::<Vec<_>>(),
        )
        .unwrap();
        let users = operations_of(&all(Object::Users, false, Vec::new()), Object::Users, &config);
        assert!(users.iter().all(|operation| operation["sync_mode"] != "soft_delete"));
    }
}
