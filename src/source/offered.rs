//! The streams that an account offers, for `discover`, `catalog` and `sync`. A stream that needs a
//! plan, a feature, a role or a scope is probed with one small request. Only a definite refusal of
//! Zendesk's leaves it out. Platforms remove streams that a catalog lacks, so there is no answer
//! while the contents of the catalog are not known.

use std::borrow::Cow;
use std::sync::Arc;
use std::time::Duration;

use futures_util::future::{join, join_all};
use tokio::time::{Instant, timeout_at};

use super::asker::Asker;
use super::brands::{NoHelpCenters, ask_hosts, candidates, help_centers, spokesman};
use super::custom_objects::custom_objects;
use super::name_conflicts::clash;
use super::probe::{Group, Reach, gates, reach};
use super::{failure, fields};
use crate::config::Config;
use crate::streams::{ResolvedStream, registry, registry_with};
use airbyte::message::{ErrorTrace, Level};
use airbyte::source::emitter::Emitter;
use airbyte::stdout::Closed;
use connector::failure::of_identity;
use connector::identity::{Identity, NoIdentity, TokenFacts, identity, token_facts};
use connector::refusals::is_last_word;
use zendesk::budget::Bucket;
use zendesk::client::Client;
use zendesk::error::ErrorKind;
use zendesk::site::Site;

/// How long the caller waits for the streams.
#[derive(Clone, Copy, Debug)]
pub struct Within {
    /// The time for all probes together. Streams that have not answered by then stay in.
    pub probes: Duration,
    /// The time for the lists of custom fields.
    pub columns: Duration,
}

/// The times of a command that a person waits for. Saving new tokens may take some more time, and
/// the answer still comes within thirty seconds.
pub const PROMPTLY: Within =
    Within { probes: Duration::from_secs(14), columns: Duration::from_secs(13) };

/// The streams that the configuration offers, with what the account adds and refuses.
#[derive(Debug)]
pub struct Offered {
    streams: Vec<ResolvedStream>,
    /// The names of the streams that Zendesk definitely refuses.
    refused: Vec<Cow<'static, str>>,
}

impl Offered {
    /// The streams that can be read, as far as is known.
    #[must_use]
    pub fn listed(&self) -> Vec<&ResolvedStream> {
        self.streams.iter().filter(|stream| !self.is_refused(&stream.name)).collect()
    }

    /// Whether Zendesk definitely refuses a stream.
    #[must_use]
    pub fn is_refused(&self, name: &str) -> bool {
        self.refused.iter().any(|refused| refused == name)
    }
}

/// Asks which streams the account offers. Only the wanted streams are probed, and only they get
/// columns for their custom fields.
///
/// # Errors
/// [`Closed`] when nobody reads the log.
pub async fn offered(
    client: &Client,
    config: &Config,
    emitter: &Emitter,
    within: Within,
    is_wanted: impl Fn(&ResolvedStream) -> bool,
) -> Result<Result<Offered, ErrorTrace>, Closed> {
    let mut streams = registry(config);
    if let Some(trouble) = clash(config, &streams) {
        return Ok(Err(trouble));
    }
    streams.retain(|stream| stream.is_offered && is_wanted(stream));
    let asking = custom_objects(client, config, within.probes);
    let refusing = Box::pin(refusals(client, config, &streams, within.probes, emitter));
    let (refused, objects) = join(refusing, Box::pin(asking)).await;
    let refused = refused?;
    let objects = objects.map_err(|error| failure::of_objects(&error));
    let (refused, objects) = match refused.and_then(|refused| Ok((refused, objects?))) {
        Ok(known) => known,
        Err(trouble) => return Ok(Err(trouble)),
    };
    let mut streams = registry_with(config, &objects);
    if let Some(trouble) = clash(config, &streams) {
        return Ok(Err(trouble));
    }
    streams.retain(|stream| stream.is_offered);
    let is_listed = |stream: &ResolvedStream| is_wanted(stream) && !refused.contains(&stream.name);
    let columns =
        fields::columns_now(client, config, &streams, is_listed, Some(within.columns)).await;
    for (at, columns) in columns {
        match columns {
            Ok(columns) => streams[at].with_columns(columns),
            // Platforms take a catalog without the columns for their end.
            Err(error) => return Ok(Err(failure::of_fields(&streams[at], &streams, &error))),
        }
    }
    Ok(Ok(Offered { streams, refused }))
}

/// The streams that Zendesk definitely refuses. Each is logged with the reason. The inner `Err`
/// says why nothing can be read with these credentials.
async fn refusals(
    client: &Client,
    config: &Config,
    streams: &[ResolvedStream],
    within: Duration,
    emitter: &Emitter,
) -> Result<Result<Vec<Cow<'static, str>>, ErrorTrace>, Closed> {
    let deadline = Instant::now() + within;
    let site = help_center(client, config, streams, deadline);
    let (facts, site) = join(facts(client, config, deadline), Box::pin(site)).await;
    let (identity, token) = match facts {
        Facts::Known { identity, token } => (identity, token),
        Facts::Unknown { message } => {
            emitter.log(Level::Warn, &message).await?;
            return Ok(Ok(Vec::new()));
        }
        Facts::Stopped => return Ok(Ok(Vec::new())),
        Facts::Hopeless(trouble) => return Ok(Err(trouble)),
    };
    let site = match site {
        Ok(site) => site,
        Err(trouble) => return Ok(Err(trouble)),
    };
    let main = site.as_deref();
    let asker = Asker { identity: identity.as_ref(), token: token.as_ref() };
    let gates = gates(streams, &asker);
    let gated = gates.iter().filter(|gate| is_gated(gate.asked(), &asker, main.is_some()));
    let probes = gated.map(|gate| {
        gate.ask(async |asked| {
            timeout_at(deadline, Box::pin(reach(client, asked, config, main))).await.ok()
        })
    });
    let mut left_out = Vec::new();
    for (Group { asked, streams }, reach) in join_all(probes).await.into_iter().flatten() {
        if let Some(Reach::Refused(error)) = reach
            && is_last_word(&error)
        {
            let why = failure::why_not(asked, &error, &asker);
            for stream in streams {
                let message = format!("{} is left out: {why}", stream.name);
                emitter.log(Level::Warn, &message).await?;
            }
            left_out.extend(streams.iter().map(|stream| stream.name.clone()));
        }
    }
    Ok(Ok(left_out))
}

/// What is known about the user and the token.
enum Facts {
    Known {
        identity: Option<Identity>,
        token: Option<TokenFacts>,
    },
    /// Zendesk gave no answer about the user. All streams are listed, because probes would only
    /// take time.
    Unknown {
        message: String,
    },
    /// The program was asked to end, so nobody waits for the streams.
    Stopped,
    /// Nothing can be read with these credentials.
    Hopeless(ErrorTrace),
}

/// Asks who is signed in, and what the access token allows.
async fn facts(client: &Client, config: &Config, deadline: Instant) -> Facts {
    let token = token_facts(client, &config.account.credentials);
    match timeout_at(deadline, Box::pin(join(identity(client), token))).await {
        Ok((Ok(identity), token)) => Facts::Known { identity: Some(identity), token },
        Ok((Err(NoIdentity::Api(error)), token)) if error.kind == ErrorKind::Forbidden => {
            Facts::Known { identity: None, token }
        }
        Ok((Err(NoIdentity::Api(error)), _)) if error.kind == ErrorKind::Stopped => Facts::Stopped,
        Ok((Err(error), _)) => {
            let trouble = of_identity(&error, &config.account);
            if error.is_hopeless() {
                return Facts::Hopeless(trouble);
            }
            let why = trouble.message;
            Facts::Unknown {
                message: format!(
                    "all streams are listed, because the program could not check \
                    which of them can be read: {why}"
                ),
            }
        }
        Err(_) => Facts::Unknown {
            message: "all streams are listed, because Zendesk did not answer in time".to_owned(),
        },
    }
}

/// The host whose answers count for the streams of help centers. `None` if no host is known.
async fn help_center(
    client: &Client,
    config: &Config,
    streams: &[ResolvedStream],
    deadline: Instant,
) -> Result<Option<Arc<Site>>, ErrorTrace> {
    let sites = match timeout_at(deadline, Box::pin(help_centers(client, config))).await {
        Ok(Ok(found)) => candidates(&found),
        Ok(Err(why @ NoHelpCenters::Unknown { .. })) => {
            return Err(failure::of_help_centers(None, &why));
        }
        // Where help centers are read is not known, so nothing that they answer counts.
        Ok(Err(NoHelpCenters::Unlisted(_))) | Err(_) => Vec::new(),
    };
    // One brand whose help center is not there is no reason to leave its streams out.
    let answers = match sites.as_slice() {
        [_, _, ..] => Box::pin(ask_hosts(client, config, &sites, streams, deadline)).await,
        _ => Vec::new(),
    };
    Ok(spokesman(&answers, &sites))
}

/// Whether a stream may be out of reach, so that it must be probed.
fn is_gated(stream: &ResolvedStream, asker: &Asker<'_>, has_help_center: bool) -> bool {
    if stream.feed.is_of_brands() && !has_help_center {
        return false;
    }
    // An export that is refused for the role is no reason to leave its streams out.
    let is_export = stream.feed.buckets.contains(&Bucket::Incremental);
    stream.access.plan.is_some()
        || stream.access.feature.is_some()
        || (asker.may_lack_role(stream) && !is_export)
        || !asker.covers(stream)
}
