//! `check` says whether the credentials work, and which streams they can read. The answer is one
//! CONNECTION_STATUS. LOG lines before it hold the details. At a terminal, the streams are a table
//! and the answer is a sentence.

use std::sync::Arc;

use futures_util::future::{join_all, join4};
use tokio::sync::watch;
use tokio::time::{Instant, timeout_at};

use super::asker::Asker;
use super::brands::{HelpCenters, NoHelpCenters, ask_hosts, help_centers, spokesman};
use super::check_table::{self, table};
use super::endings::some;
use super::estimate::counts;
use super::findings::{Findings, Found, add};
use super::name_conflicts::clash;
use super::probe::{Reach, gates, missing_scopes, reach, unanswered};
use super::{Environment, connect, deletions, failure};
use crate::config::Config;
use crate::streams::{ResolvedStream, registry};
use airbyte::message::{self, ErrorTrace, Level};
use airbyte::source::emitter::Emitter;
use airbyte::stdout::Closed;
use connector::connect::ends_soon;
use connector::failure::{invalid_config, of_identity};
use connector::identity::{Identity, NoIdentity, TokenFacts, identity, token_facts, webhooks};
use connector::paint::Paint;
use connector::patience::{PATIENCE, settle};
use connector::refusals::is_scope;
use zendesk::budget::Bucket;
use zendesk::client::Client;
use zendesk::clock::Clock;
use zendesk::error::{ApiError, ErrorKind};
use zendesk::site::Site;

/// Writes one CONNECTION_STATUS. `stop` turns true when the program is to end; there is no answer
/// then.
///
/// # Errors
/// [`Closed`] when nobody reads the answer.
pub async fn check(
    config: Result<Vec<u8>, ErrorTrace>,
    environment: &Environment,
    clock: Clock,
    emitter: &Arc<Emitter>,
    stop: watch::Receiver<bool>,
) -> Result<(), Closed> {
    let terminal = environment.shared.terminal;
    let answer = |failure: Option<&str>| match terminal {
        Some(paint) => check_table::verdict(failure, paint).into_bytes(),
        None => message::connection_status(failure),
    };
    let parse =
        |text: Vec<u8>| Config::parse(&text).map_err(|violations| invalid_config(&violations));
    let config = match config.and_then(parse) {
        Ok(config) => Arc::new(config),
        Err(trouble) => return emitter.line(answer(Some(&trouble.message))).await,
    };
    if let Some(warning) = ends_soon(&config.account.credentials) {
        emitter.log(Level::Warn, warning).await?;
    }
    let streams = registry(&config);
    if let Some(trouble) = clash(&config, &streams) {
        return emitter.line(answer(Some(&trouble.message))).await;
    }
    if let Some(warning) = deletions::warning(&config, &streams) {
        emitter.log(Level::Warn, &warning).await?;
    }
    if let Some(hint) = deletions::unmarked_by_default(&config, &streams) {
        emitter.log(Level::Info, &hint).await?;
    }
    let client = match connect(&config, environment, clock, stop.clone(), emitter) {
        Ok(client) => client.impatient(),
        Err(trouble) => return emitter.line(answer(Some(&trouble.message))).await,
    };
    let found = examine(&client, &config, terminal, emitter).await?;
    settle(&client).await;
    if *stop.borrow() {
        return Ok(());
    }
    emitter.line(answer(found.err().as_deref())).await
}

/// Asks Zendesk, and logs what the user should know. The inner `Err` says why the check fails.
async fn examine(
    client: &Client,
    config: &Config,
    terminal: Option<Paint>,
    emitter: &Emitter,
) -> Result<Result<(), String>, Closed> {
    let deadline = Instant::now() + PATIENCE;
    let token = token_facts(client, &config.account.credentials);
    let (identity, token, hooks, found) = join4(
        timeout_at(deadline, Box::pin(identity(client))),
        timeout_at(deadline, Box::pin(token)),
        timeout_at(deadline, Box::pin(webhooks(client))),
        timeout_at(deadline, Box::pin(help_centers(client, config))),
    )
    .await;
    let identity = match identity {
        Ok(Ok(identity)) => Some(identity),
        // The token is somebody's, or it would be a 401; only who it is stays unknown.
        Ok(Err(NoIdentity::Api(error))) if is_narrow(config, &error) => None,
        Ok(Err(error)) => return Ok(Err(of_identity(&error, &config.account).message)),
        Err(_) => return Ok(Err(no_answer(client, config))),
    };
    if let Some(start) = config.start.ahead_of(client.clock().now_unix()) {
        return Ok(Err(failure::of_start(start).message));
    }
    introduce(client, config, identity.as_ref(), emitter).await?;
    let token = token.ok().flatten();
    if let Some(token) = &token {
        report_token(token, emitter).await?;
    }
    match hooks {
        Ok(Ok((count, has_more))) => {
            let more = if has_more { " or more" } else { "" };
            emitter.log(Level::Info, &format!("webhooks configured: {count}{more}")).await?;
        }
        Ok(Err(error)) => {
            let message = format!("webhooks configured: not known ({})", error.detail);
            emitter.log(Level::Info, &message).await?;
        }
        Err(_) => emitter.log(Level::Info, "webhooks configured: no answer in time").await?,
    }
    let asker = Asker { identity: identity.as_ref(), token: token.as_ref() };
    let mut streams = registry(config);
    streams.retain(|stream| stream.is_offered);
    let probing = probe(client, config, &asker, (&streams, found.ok()), deadline, emitter);
    let findings = match Box::pin(probing).await? {
        Ok(findings) => findings,
        Err(why) => return Ok(Err(why)),
    };
    let last_failure = client.last_failure();
    match terminal {
        None => {
            for (level, message) in findings.messages(last_failure.as_ref()) {
                emitter.log(level, &message).await?;
            }
        }
        Some(paint) => {
            let readable =
                |stream: &&ResolvedStream| findings.of(&stream.name) == Some(Found::Readable);
            let readable = streams.iter().filter(readable);
            let mut rows = Box::pin(counts(client, config, readable, deadline)).await;
            rows.extend(&findings.rows);
            let table = table(&streams, &findings, &rows, last_failure.as_ref(), paint);
            emitter.line(table.into_bytes()).await?;
        }
    }
    Ok(findings.verdict())
}

/// Probes every group of streams, and logs what there is to know about scopes and help centers. The
/// inner `Err` says why the check fails, whatever the other probes say.
async fn probe<'s>(
    client: &Client,
    config: &Config,
    asker: &Asker<'_>,
    (streams, found): (&'s [ResolvedStream], Option<Result<HelpCenters, NoHelpCenters>>),
    deadline: Instant,
    emitter: &Emitter,
) -> Result<Result<Findings<'s>, String>, Closed> {
    for (scope, names) in missing_scopes(streams, asker) {
        let message = format!(
            "the access token lacks the scope `{scope}` for these streams: {}. \
            Sign in with that scope, or leave the streams out.",
            names.join(", ")
        );
        emitter.log(Level::Warn, &message).await?;
    }
    let found = match tell_of_help_centers(found, emitter).await? {
        Ok(found) => found,
        Err(why) => return Ok(Err(why)),
    };
    let help_center = hosts(client, config, asker, (streams, &found), deadline, emitter).await?;
    let help_center = help_center.as_deref();
    let gates = gates(streams, asker);
    let probes = gates.iter().map(|gate| {
        gate.ask(async |asked| {
            let asking = Box::pin(reach(client, asked, config, help_center));
            timeout_at(deadline, asking).await.ok()
        })
    });
    let mut findings = Findings::default();
    for (group, reach) in join_all(probes).await.into_iter().flatten() {
        if let Err(why) = findings.add(group, reach, asker) {
            return Ok(Err(why));
        }
    }
    Ok(Ok(findings))
}

/// Logs what the user should know about where help centers are read. Returns no hosts if the brands
/// could not be listed in time; the probes of the listings then show the reason.
async fn tell_of_help_centers(
    found: Option<Result<HelpCenters, NoHelpCenters>>,
    emitter: &Emitter,
) -> Result<Result<HelpCenters, String>, Closed> {
    match found {
        Some(Ok(found)) => {
            for (level, message) in &found.messages {
                emitter.log(*level, message).await?;
            }
            Ok(Ok(found))
        }
        Some(Err(why @ NoHelpCenters::Unknown { .. })) => {
            Ok(Err(failure::of_help_centers(None, &why).message))
        }
        Some(Err(NoHelpCenters::Unlisted(_))) | None => Ok(Ok(HelpCenters::none())),
    }
}

/// Asks the hosts of the brands whether their help centers can be read, and logs those that cannot.
/// Returns the host whose answer counts for all.
async fn hosts(
    client: &Client,
    config: &Config,
    asker: &Asker<'_>,
    (streams, found): (&[ResolvedStream], &HelpCenters),
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
    // Hosts that are refused for the same reason are reported together.
    let mut refused: Vec<(String, Vec<&str>)> = Vec::new();
    let mut absent: Vec<((&str, &str), Vec<&str>)> = Vec::new();
    let mut unknown: Vec<&str> = Vec::new();
    for (site, reach) in &answers {
        match (reach, found.not_enabled(site)) {
            (Some(Reach::Readable { .. }), _) => {}
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
        let message = failure::left_out(&some(&hosts), state, detail, "every sync");
        emitter.log(Level::Warn, &message).await?;
    }
    for (why, hosts) in refused {
        let message = format!("help centers that cannot be read: {}: {why}", some(&hosts));
        emitter.log(Level::Warn, &message).await?;
    }
    if !unknown.is_empty() {
        let message = format!(
            "help centers that did not answer in time, so the check does not know whether they \
             can be read: {}",
            some(&unknown)
        );
        emitter.log(Level::Warn, &message).await?;
    }
    if !unasked.is_empty() {
        let message = format!(
            "help centers that were not checked, because more requests would use up the rate \
             limit: {}",
            unasked.len()
        );
        emitter.log(Level::Info, &message).await?;
    }
    Ok(spokesman(&answers, sites))
}

/// Logs who is signed in to which account, and how many requests the plan allows.
async fn introduce(
    client: &Client,
    config: &Config,
    identity: Option<&Identity>,
    emitter: &Emitter,
) -> Result<(), Closed> {
    let account = format!("{}.zendesk.com", config.account.subdomain);
    let message = match identity {
        Some(Identity { id, role }) => {
            format!("signed in to {account} as user {id} with the role {role}")
        }
        None => format!(
            "signed in to {account}; the user and the role are not known without the scope \
             `users:read`"
        ),
    };
    emitter.log(Level::Info, &message).await?;
    let message = match client.known_limit(Bucket::Account) {
        Some(limit) => {
            format!("the plan allows {limit} requests a minute, shared by all programs")
        }
        None => "Zendesk does not say how many requests a minute the plan allows".to_owned(),
    };
    emitter.log(Level::Info, &message).await
}

async fn report_token(token: &TokenFacts, emitter: &Emitter) -> Result<(), Closed> {
    let end = token.expires_at.as_deref().map_or_else(
        || "the access token does not expire".to_owned(),
        |end| format!("the access token expires at {end}"),
    );
    let scopes = if token.scopes.is_empty() { "all".to_owned() } else { token.scopes.join(" ") };
    emitter.log(Level::Info, &format!("{end}; its scopes: {scopes}")).await
}

/// Whether a refusal only says that the access token is for other things.
fn is_narrow(config: &Config, error: &ApiError) -> bool {
    config.account.credentials.is_oauth() && is_scope(error)
}

/// Why there was no answer in time: the last failed request shows it, if there is one.
fn no_answer(client: &Client, config: &Config) -> String {
    let error = client.last_failure().unwrap_or_else(|| unanswered(client, "users/me.json"));
    of_identity(&NoIdentity::Api(error), &config.account).message
}
