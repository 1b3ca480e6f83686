//! `check`: reports who is signed in, what can be written, and whether bulk imports are on. It writes nothing
//! to the account.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::sync::Arc;

use airbyte::message::{self, ErrorTrace, Level};
use airbyte::stdout::Closed;
use connector::connect::ends_soon;
use connector::environment::Environment;
use connector::failure::{invalid_config, of_identity};
use connector::identity::{Identity, TokenFacts, identity, token_facts};
use connector::patience::{PATIENCE, settle};
use connector::refusals::is_scope;
use reqwest::Method;
use serde_json::json;
use tokio::sync::watch;
use zendesk::client::Repeat;
use zendesk::clock::Clock;

use super::audiences::mark;
use super::{Out, client, store};
use crate::api::{Api, Write, refusal};
use crate::audience::MEMBER;
use crate::audience::{Audience, WrittenMark};
use crate::bind;
use crate::config::Config;
use crate::custom_object::CustomObject;
use crate::fields::{Field, all, live};
use crate::look::Look;
use crate::object::Object;
use crate::rejected::Store;
use crate::rows::no_field;

/// Answers with one CONNECTION_STATUS.
///
/// # Errors
/// [`Closed`] if stdout is closed.
pub async fn check(
    config: Result<Vec<u8>, ErrorTrace>,
    environment: &Environment,
    clock: Clock,
    out: &Arc<Out>,
    stop: watch::Receiver<bool>,
) -> Result<(), Closed> {
    let failed = |message: &str| message::connection_status(Some(message));
    let parse =
        |text: Vec<u8>| Config::parse(&text).map_err(|violations| invalid_config(&violations));
    let config = match config.and_then(parse) {
        Ok(config) => config,
        Err(trouble) => return out.line(failed(&trouble.message)).await,
    };
    if let Some(warning) = ends_soon(&config.account.credentials) {
        out.log(Level::Warn, warning).await?;
    }
    let api = match client(&config, environment, clock.clone(), stop.clone(), out) {
        Ok(client) => Arc::new(Api::new(client.impatient())),
        Err(trouble) => return out.line(failed(&trouble.message)).await,
    };
    let store = match store(&config, environment, &clock) {
        Ok(store) => store,
        Err(trouble) => return out.line(failed(&trouble.message)).await,
    };
    let examining = tokio::time::timeout(PATIENCE, Box::pin(examine(&api, &config, out)));
    // Both must answer before the platform stops waiting.
    let (examined, stored) = tokio::join!(examining, Box::pin(try_out(store)));
    let found = match examined {
        Ok(found) => found?.and(stored),
        Err(_) => Err(
            "Zendesk did not answer in time. Check the network and the subdomain, and try again."
                .to_owned(),
        ),
    };
    settle(&api.client).await;
    if *stop.borrow() {
        return Ok(());
    }
    out.line(message::connection_status(found.err().as_deref())).await
}

/// Logs what was found. The inner error says why the check fails.
async fn examine(api: &Arc<Api>, config: &Config, out: &Out) -> Result<Result<(), String>, Closed> {
    let identity = match Box::pin(identity(&api.client)).await {
        Ok(identity) => identity,
        Err(error) => return Ok(Err(of_identity(&error, &config.account).message)),
    };
    let Identity { id, role } = &identity;
    let message =
        format!("signed in to {} as user {id} with the role {role}", config.account.host());
    out.log(Level::Info, &message).await?;
    if role == "end-user" {
        return Ok(Err("The credentials belong to an end user, who cannot write. Sign in as an administrator or \
                       as an agent."
            .to_owned()));
    }
    let token = token_facts(&api.client, &config.account.credentials).await;
    let writable = scopes(token.as_ref(), &config.audiences, out).await?;
    if writable.is_empty() {
        return Ok(Err(
            "The access token has no permission to write. Sign in with the scope `read write`."
                .to_owned(),
        ));
    }
    let mut problems = streams(config);
    problems.extend(missing_custom_objects(api, config).await);
    problems.extend(Box::pin(missing_fields(api, config)).await);
    problems.extend(Box::pin(audiences(api, config)).await);
    if !problems.is_empty() {
        return Ok(Err(problems.join(" ")));
    }
    if role == "admin" {
        if writable.contains(&Some(Object::Users)) {
            road(api, out).await?;
        }
    } else {
        let message = format!(
            "the role {role} cannot write users in bulk, and can write only the notes of organizations. To \
             write everything, sign in as an administrator."
        );
        out.log(Level::Warn, &message).await?;
    }
    Ok(Ok(()))
}

/// Reports audiences of the config whose field or organization does not exist.
async fn audiences(api: &Arc<Api>, config: &Config) -> Vec<String> {
    let look = Look::new(Arc::clone(api));
    let mut problems = Vec::new();
    let mut custom: BTreeMap<Object, Vec<Field>> = BTreeMap::new();
    for audience in &config.audiences {
        let fields = match custom.entry(audience.of) {
            Entry::Occupied(known) => Ok(known.into_mut()),
            Entry::Vacant(place) => {
                Box::pin(live(api, audience.of)).await.map(|fields| place.insert(fields))
            }
        };
        let found = match fields {
            Ok(fields) => Box::pin(mark(&look, audience, fields)).await,
            Err(error) => Err(error),
        };
        match found {
            Ok(Ok(_)) => {}
            Ok(Err(why)) => {
                problems.push(format!("Audience `{}` cannot be used: {why}", audience.slug));
            }
            Err(error) => {
                let why = super::failure::of_audience(&error).message;
                if !problems.contains(&why) {
                    problems.push(why);
                }
            }
        }
    }
    problems
}

/// Reports why rejected rows cannot be stored.
async fn try_out(store: Option<Store>) -> Result<(), String> {
    let Some(store) = store else { return Ok(()) };
    store.try_out().await.map_err(|why| super::failure::of_store(&why).message)
}

/// Reports streams of the config whose object, operation or key is not valid.
fn streams(config: &Config) -> Vec<String> {
    let refused = config.streams.iter().filter_map(|stream| {
        let why = bind::check(stream, config).err()?;
        Some(format!("Stream `{}`: {why}", stream.stream))
    });
    refused.collect()
}

/// Reports columns that the config maps to fields which do not exist.
async fn missing_fields(api: &Api, config: &Config) -> Vec<String> {
    let mut known = BTreeMap::new();
    let mut problems = Vec::new();
    for stream in &config.streams {
        let Ok(object) = bind::check(stream, config) else { continue };
        let renamed = stream.fields.iter().flatten().collect::<Vec<_>>();
        if renamed.is_empty() {
            continue;
        }
        if let Entry::Vacant(place) = known.entry(object) {
            let custom = Box::pin(live(api, object)).await;
            // If they cannot be listed, `write` reports it.
            place.insert(custom.ok().map(|custom| all(object, config.allow_agents, custom)));
        }
        let Some(Some(fields)) = known.get(&object) else { continue };
        let has_member = stream.object.starts_with("audience");
        for (column, field) in renamed {
            if fields.find(field).is_none() && !(has_member && field.as_str() == MEMBER) {
                problems.push(no_field(&stream.stream, column, field, object));
            }
        }
    }
    problems
}

/// Reports streams of the config whose custom object does not exist in the account.
async fn missing_custom_objects(api: &Api, config: &Config) -> Vec<String> {
    let mut problems = Vec::new();
    for stream in &config.streams {
        let Some(object) = CustomObject::named(&stream.object) else { continue };
        let path = format!("custom_objects/{}", object.key());
        // Any other answer is about permissions or the network, and says nothing about the object.
        if let Ok(reply) = api.get(&path, Vec::new()).await
            && reply.status == 404
        {
            problems.push(super::failure::no_custom_object(&stream.stream, object.key()));
        }
    }
    problems
}

/// Returns the objects that the token may write, as far as its scopes are known. `None` stands for custom
/// objects. Logs missing scopes.
async fn scopes(
    token: Option<&TokenFacts>,
    audiences: &[Arc<Audience>],
    out: &Out,
) -> Result<Vec<Option<Object>>, Closed> {
    let granted = token.map(|token| token.scopes.as_slice()).unwrap_or_default();
    let has = |name: &str, verb: &str| {
        granted.is_empty()
            || granted.iter().any(|scope| scope == verb || *scope == format!("{name}:{verb}"))
    };
    let mut writable = Vec::new();
    let objects = Object::ALL.map(|object| (Some(object), object.name(), object.scope()));
    let all = objects.into_iter().chain([(None, "custom objects", "custom_objects")]);
    for (object, name, scope) in all {
        let missing = ["read", "write"].into_iter().filter(|verb| !has(scope, verb));
        let missing: Vec<String> =
            missing.map(|verb| format!("the scope `{scope}:{verb}`")).collect();
        if missing.is_empty() {
            writable.push(object);
            continue;
        }
        let message = format!(
            "{name} cannot be written, because the access token lacks {}. Sign in with the scope `read write`.",
            missing.join(" and ")
        );
        out.log(Level::Warn, &message).await?;
    }
    let is_searched =
        |audience: &Arc<Audience>| !matches!(audience.by, WrittenMark::Organization(_));
    if !has("", "read") && audiences.iter().any(is_searched) {
        let message = "audiences cannot be mirrored, because the search that lists their members needs the \
                       scope `read`. Sign in with the scope `read write`.";
        out.log(Level::Warn, message).await?;
    }
    Ok(writable)
}

/// Logs whether users can be created in bulk. It sends a request that creates no users.
async fn road(api: &Api, out: &Out) -> Result<(), Closed> {
    let body = json!({ "users": [] });
    let write = Write {
        method: Method::POST,
        path: "users/create_many",
        query: Vec::new(),
        body: Some(&body),
        repeat: Repeat::Safe,
        bucket: None,
    };
    let (level, message) = match api.write(write).await {
        Ok(reply) if reply.status == 403 => {
            let error = refusal(&reply, "POST /api/v2/users/create_many");
            let why = if is_scope(&error) { "a scope is missing" } else { error.detail.as_str() };
            (
                Level::Warn,
                format!(
                    "bulk imports are off ({why}), so new users are created one by one, within the account's \
                     rate limit. Ask Zendesk's support to turn bulk imports on."
                ),
            )
        }
        Ok(_) => {
            (Level::Info, "bulk imports are on: users are created a hundred at a time".to_owned())
        }
        Err(error) => {
            let detail = error.detail;
            (Level::Warn, format!("could not find out whether bulk imports are on ({detail})"))
        }
    };
    out.log(level, &message).await
}
