//! `discover`: what can be written, as operations on objects. It writes nothing.
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

use super::{Out, client, failure};
use crate::api::Api;
use crate::config::Config;
use crate::fields::{Field, Fields, Place, all, live};
use crate::object::{Object, Operation};

/// Prints the catalog.
///
/// # Errors
/// [`Closed`] when nobody reads it.
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
    let mut operations = Vec::new();
    for object in Object::ALL {
        let custom = match Box::pin(live(&api, object)).await {
            Ok(custom) => custom,
            Err(error) if matches!(error.kind, ErrorKind::Forbidden | ErrorKind::NotFound) => {
                let why = &error.detail;
                let message = format!(
                    "{} are left out of the catalog: their fields cannot be listed ({why})",
                    object.name()
                );
                out.log(Level::Warn, &message).await?;
                continue;
            }
            Err(error) => return Ok(Err(failure::of_sync(&error, Some(object)))),
        };
        operations.extend(operations_of(&all(object, config.allow_agents, custom), object, config));
    }
    settle(&api.client).await;
    out.line(message::destination_catalog(&operations)).await?;
    Ok(Ok(()))
}

/// The operations on an object.
#[must_use]
pub fn operations_of(fields: &Fields, object: Object, config: &Config) -> Vec<Value> {
    let all = [Operation::Insert, Operation::Upsert, Operation::Update, Operation::Delete];
    let offered = all.into_iter().filter(|one| *one != Operation::Delete || config.allow_deletes);
    offered.map(|operation| entry(fields, object, operation)).collect()
}

fn entry(fields: &Fields, object: Object, operation: Operation) -> Value {
    let mode = match operation {
        Operation::Insert => "append",
        Operation::Upsert => "append_dedup",
        Operation::Update => "update",
        Operation::Delete => "soft_delete",
    };
    let keys: Vec<&str> = object.keys_of(operation).map(crate::object::KeyField::name).collect();
    let required: &[&str] = if operation.creates() { object.required() } else { &[] };
    let offered = |field: &&Field| is_offered(field, &keys, operation);
    let property = |field: &Field| {
        let is_needed = required.contains(&&*field.name) || keys.contains(&&*field.name);
        (field.name.clone(), field.schema(!is_needed))
    };
    let properties: Map<String, Value> = fields.iter().filter(offered).map(property).collect();
    let mut entry = json!({
        "object_name": object.name(),
        "sync_mode": mode,
        "json_schema": {
            "type": "object", "additionalProperties": false, "required": required,
            "properties": properties,
        },
    });
    // A ticket that is only added needs no key.
    let needs_key = operation != Operation::Insert || object != Object::Tickets;
    if needs_key {
        entry["matching_keys"] = json!(keys.iter().map(|key| [key]).collect::<Vec<_>>());
    }
    entry
}

/// Whether an operation takes a field.
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
        let config = Config::parse(
            &text[..text.len() - 22].iter().copied().chain(*b"}").collect::<Vec<_>>(),
        )
        .unwrap();
        let users = operations_of(&all(Object::Users, false, Vec::new()), Object::Users, &config);
        assert!(users.iter().all(|operation| operation["sync_mode"] != "soft_delete"));
    }
}
