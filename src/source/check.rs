//! `check`: whether the credentials are somebody's, and what can be read with them. The answer is
//! one CONNECTION_STATUS; LOG lines before it say the rest.

use std::sync::Arc;

use futures_util::future::{join, join_all};
use tokio::sync::watch;
use tokio::time::{Instant, timeout_at};

use super::brands::{HelpCenters, NoHelpCenters, ask_hosts, help_centers, spokesman};
use super::endings::some;
use super::identity::{Asker, Identity, NoIdentity, TokenFacts, identity, token_facts, webhooks};
use super::name_conflicts::clash;
use super::probe::{self, Group, Reach, groups, missing_scopes, reach, unanswered};
use super::{
    Environment, PATIENCE, SETTLE_WITHIN, connect, deletions, ends_soon, failure, fallback,
    invalid_config,
};
use crate::config::Config;
use crate::protocol::emitter::{Closed, Emitter};
use crate::protocol::message::{self, ErrorTrace, Level};
use crate::streams::{Stream, registry};
use crate::zendesk::budget::Bucket;
use crate::zendesk::client::Client;
use crate::zendesk::clock::Clock;
use crate::zendesk::error::{ApiError, ErrorKind};
use crate::zendesk::site::Site;

/// Answers with one CONNECTION_STATUS. `stop` turns true when the program is to end.
///
/// # Errors
/// [`Closed`] when nobody reads the answer.
pub async fn check(
    config: Result<Vec<u8>, ErrorTrace>,
    surroundings: &Environment,
    clock: Clock,
    emitter: &Arc<Emitter>,
    stop: watch::Receiver<bool>,
) -> Result<(), Closed> {
    let failed = |message: &str| message::connection_status(Some(message));
    let parse =
        |text: Vec<u8>| Config::parse(&text).map_err(|violations| invalid_config(&violations));
    let config = match config.and_then(parse) {
        Ok(config) => Arc::new(config),
        Err(trouble) => return emitter.line(failed(&trouble.message)).await,
    };
    if let Some(warning) = ends_soon(&config.credentials) {
        emitter.log(Level::Warn, warning).await?;
    }
    let streams = registry(&config);
    if let Some(trouble) = clash(&config, &streams) {
        return emitter.line(failed(&trouble.message)).await;
    }
    if let Some(told) = deletions::warning(&config, &streams) {
        emitter.log(Level::Warn, &told).await?;
    }
    if let Some(told) = deletions::unmarked_by_default(&config, &streams) {
        emitter.log(Level::Info, &told).await?;
    }
    let client = match connect(&config, surroundings, clock, stop.clone(), emitter) {
        Ok(client) => client.impatient(),
        Err(trouble) => return emitter.line(failed(&trouble.message)).await,
    };
    let found = examine(&client, &config, emitter).await?;
    let _ = tokio::time::timeout(SETTLE_WITHIN, client.settle()).await;
    if *stop.borrow() {
        return Ok(());
    }
    emitter.line(message::connection_status(found.err().as_deref())).await
}

/// Says what there is to know, and why the check fails if it does.
async fn examine(
    client: &Client,
    config: &Config,
    emitter: &Emitter,
) -> Result<Result<(), String>, Closed> {
    let deadline = Instant::now() + PATIENCE;
    let identity = match timeout_at(deadline, Box::pin(identity(client))).await {
        Ok(Ok(identity)) => Some(identity),
        // The token is somebody's, or it would be a 401; only who it is stays unknown.
        Ok(Err(NoIdentity::Api(error))) if is_narrow(config, &error) => None,
        Ok(Err(error)) => return Ok(Err(failure::of_identity(&error, config).message)),
        Err(_) => return Ok(Err(no_answer(client, config))),
    };
    if let Some(start) = config.start.ahead_of(client.clock().now_unix()) {
        return Ok(Err(failure::of_start(start).message));
    }
    introduce(client, config, identity.as_ref(), emitter).await?;
    let token = async {
        if !config.credentials.is_oauth() {
            return None;
        }
        timeout_at(deadline, Box::pin(token_facts(client))).await.ok()?.ok().flatten()
    };
    let (token, hooks) = join(token, timeout_at(deadline, Box::pin(webhooks(client)))).await;
    if let Some(token) = &token {
        tell_token(token, emitter).await?;
    }
    match hooks {
        Ok(Ok((count, has_more))) => {
            let more = if has_more { " or more" } else { "" };
            emitter.log(Level::Info, &format!("webhooks configured: {count}{more}")).await?;
        }
        Ok(Err(error)) => {
            let told = format!("webhooks configured: not known ({})", error.detail);
            emitter.log(Level::Info, &told).await?;
        }
        Err(_) => emitter.log(Level::Info, "webhooks configured: no answer in time").await?,
    }
    let asker = Asker { identity: identity.as_ref(), token: token.as_ref() };
    streams(client, config, &asker, deadline, emitter).await
}

/// Asks for every group of streams and tells what came of it.
async fn streams(
    client: &Client,
    config: &Config,
    asker: &Asker<'_>,
    deadline: Instant,
    emitter: &Emitter,
) -> Result<Result<(), String>, Closed> {
    let mut streams = registry(config);
    streams.retain(|stream| stream.is_offered);
    for (scope, names) in missing_scopes(&streams, asker) {
        let told = format!("the scope `{scope}` is missing for: {}", names.join(", "));
        emitter.log(Level::Warn, &told).await?;
    }
    let found = timeout_at(deadline, Box::pin(help_centers(client, config))).await;
    let found = match found {
        Ok(Ok(found)) => {
            for (level, told) in &found.told {
                emitter.log(*level, told).await?;
            }
            found
        }
        Ok(Err(why @ NoHelpCenters::Unknown { .. })) => {
            return Ok(Err(failure::of_help_centers(None, &why).message));
        }
        // The listings themselves say what there is to know.
        Ok(Err(NoHelpCenters::Unlisted(_))) | Err(_) => HelpCenters::none(),
    };
    let help_center = hosts(client, config, asker, (&streams, &found), deadline, emitter).await?;
    let help_center = help_center.as_deref();
    let groups = groups(&streams, asker);
    let probes = groups.iter().enumerate().map(|(walk, group)| async move {
        let asking = Box::pin(reach(client, group.asked, walk as u64, config, help_center));
        (group, timeout_at(deadline, asking).await.ok())
    });
    let mut readable: Vec<&str> = Vec::new();
    let mut unknown: Vec<&str> = Vec::new();
    let mut on_fallback: Vec<&str> = Vec::new();
    // Groups that are refused for the same reason are told together.
    let mut refused: Vec<(String, Vec<&str>)> = Vec::new();
    for (Group { asked, streams }, reach) in join_all(probes).await {
        let names = streams.iter().map(|stream| stream.name);
        match reach {
            Some(Reach::Readable) => readable.extend(names),
            // A query that can never be read is the config's fault, whatever else can be read.
            Some(Reach::Refused(error)) if probe::is_users_words(asked, &error) => {
                let why = failure::why_not(asked, &error, asker);
                return Ok(Err(format!("{}: {why}", asked.name)));
            }
            Some(Reach::Refused(error)) => {
                let role = asker.identity.map_or("", |identity| identity.role.as_str());
                let (by_detour, names): (Vec<&Stream>, Vec<&Stream>) =
                    streams.iter().partition(|stream| fallback::serves(stream, role, &error));
                on_fallback.extend(by_detour.iter().map(|stream| stream.name));
                if names.is_empty() {
                    continue;
                }
                let names = names.iter().map(|stream| stream.name);
                let why = failure::why_not(asked, &error, asker);
                match refused.iter_mut().find(|(known, _)| *known == why) {
                    Some((_, known)) => known.extend(names),
                    None => refused.push((why, names.collect())),
                }
            }
            Some(Reach::Unknown(_)) | None => unknown.extend(names),
        }
    }
    for (why, names) in &refused {
        let told = format!("not readable: {}: {why}", names.join(", "));
        emitter.log(Level::Warn, &told).await?;
    }
    if !readable.is_empty() {
        emitter.log(Level::Info, &format!("readable: {}", readable.join(", "))).await?;
    }
    if !on_fallback.is_empty() {
        let told = format!(
            "readable by other listings, without all that an administrator sees: {}",
            on_fallback.join(", ")
        );
        emitter.log(Level::Info, &told).await?;
    }
    if !unknown.is_empty() {
        let why = client.last_failure().map(|error| format!(" ({})", error.detail));
        let told = format!(
            "not known, because Zendesk gave no clear answer{}: {}",
            why.unwrap_or_default(),
            unknown.join(", ")
        );
        emitter.log(Level::Warn, &told).await?;
    }
    match refused.first() {
        Some((why, _)) if readable.is_empty() && on_fallback.is_empty() && unknown.is_empty() => {
            Ok(Err(format!("None of the streams can be read: {why}")))
        }
        _ => Ok(Ok(())),
    }
}

/// Asks every brand's host whether its help center can be read, and tells of those that cannot.
/// Returns the one that speaks for all.
async fn hosts(
    client: &Client,
    config: &Config,
    asker: &Asker<'_>,
    (streams, found): (&[Stream], &HelpCenters),
    deadline: Instant,
    emitter: &Emitter,
) -> Result<Option<Arc<Site>>, Closed> {
    let HelpCenters { sites, .. } = found;
    let of_brands = || streams.iter().filter(|stream| stream.feed.is_of_brands());
    let Some(asked) = of_brands().next().filter(|_| sites.len() > 1) else {
        return Ok(sites.first().cloned());
    };
    // Half of the time and half of the pool are for what is asked afterwards.
    let most = client.known_limit(Bucket::Account);
    let most = most.unwrap_or(Bucket::HelpCenter.documented_per_minute()) / 2;
    let mut hosts = sites.clone();
    hosts.sort_by_key(|site| found.not_enabled(site).is_none());
    let unasked = hosts.split_off(hosts.len().min(usize::try_from(most).unwrap_or(1).max(1)));
    let now = Instant::now();
    let deadline = now + deadline.saturating_duration_since(now) / 2;
    let answers = ask_hosts(client, config, &hosts, streams, deadline).await;
    // Hosts that are refused for the same reason are told together.
    let mut refused: Vec<(String, Vec<&str>)> = Vec::new();
    let mut absent: Vec<((&str, &str), Vec<&str>)> = Vec::new();
    let mut unknown: Vec<&str> = Vec::new();
    for (site, reach) in &answers {
        match (reach, found.not_enabled(site)) {
            (Some(Reach::Readable), _) => {}
            (Some(Reach::Refused(error)), Some(state)) if error.kind == ErrorKind::NotFound => {
                add(&mut absent, (state, error.detail.as_str()), site.name());
            }
            (Some(Reach::Refused(error)), _) => {
                let why = failure::why_not_brand(asked, error, asker);
                add(&mut refused, why, site.name());
            }
            (Some(Reach::Unknown(_)) | None, _) => unknown.push(site.name()),
        }
    }
    for ((state, detail), hosts) in absent {
        let told = failure::left_out(&some(&hosts), state, detail, "every sync");
        emitter.log(Level::Warn, &told).await?;
    }
    for (why, hosts) in refused {
        let told = format!("help centers that cannot be read: {}: {why}", some(&hosts));
        emitter.log(Level::Warn, &told).await?;
    }
    if !unknown.is_empty() {
        let told = format!(
            "help centers that gave no answer in time, so that it is not known whether they can be read: {}",
            some(&unknown)
        );
        emitter.log(Level::Warn, &told).await?;
    }
    if !unasked.is_empty() {
        let told = format!(
            "help centers that were not asked, because more requests would use up the limit: {}",
            unasked.len()
        );
        emitter.log(Level::Info, &told).await?;
    }
    Ok(spokesman(&answers, sites))
}

fn add<'h, K: PartialEq>(groups: &mut Vec<(K, Vec<&'h str>)>, key: K, host: &'h str) {
    match groups.iter_mut().find(|(known, _)| *known == key) {
        Some((_, hosts)) => hosts.push(host),
        None => groups.push((key, vec![host])),
    }
}

/// Says who is signed in where, and what the plan allows.
async fn introduce(
    client: &Client,
    config: &Config,
    identity: Option<&Identity>,
    emitter: &Emitter,
) -> Result<(), Closed> {
    let account = format!("{}.zendesk.com", config.subdomain);
    let told = match identity {
        Some(Identity { id, role }) => {
            format!("signed in to {account} as user {id} with the role {role}")
        }
        None => format!(
            "signed in to {account}; who it is and in which role needs the scope `users:read`"
        ),
    };
    emitter.log(Level::Info, &told).await?;
    let told = match client.known_limit(Bucket::Account) {
        Some(limit) => {
            format!("the plan allows {limit} requests a minute, to all programs together")
        }
        None => "Zendesk does not say how many requests a minute the plan allows".to_owned(),
    };
    emitter.log(Level::Info, &told).await
}

async fn tell_token(token: &TokenFacts, emitter: &Emitter) -> Result<(), Closed> {
    let end = token.expires_at.as_deref().map_or_else(
        || "the access token has no end".to_owned(),
        |end| format!("the access token ends at {end}"),
    );
    let scopes = if token.scopes.is_empty() { "all".to_owned() } else { token.scopes.join(" ") };
    emitter.log(Level::Info, &format!("{end}; its scopes: {scopes}")).await
}

/// A refusal that only says that an access token is for other things.
fn is_narrow(config: &Config, error: &ApiError) -> bool {
    config.credentials.is_oauth() && failure::is_scope(error)
}

/// Why there was no answer in time, as far as the last try tells.
fn no_answer(client: &Client, config: &Config) -> String {
    let error = client.last_failure().unwrap_or_else(|| unanswered(client, "users/me.json"));
    failure::of_identity(&NoIdentity::Api(error), config).message
}
