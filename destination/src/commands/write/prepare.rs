//! What happens before the first row is read: sign in, bind the streams, read the custom fields.

use std::collections::BTreeMap;
use std::sync::Arc;

use airbyte::destination::catalog::{ConfiguredStream, Descriptor};
use airbyte::message::{ErrorTrace, Level};
use airbyte::stdout::Closed;
use connector::connect::ends_soon;
use connector::environment::Environment;
use connector::failure::of_identity;
use connector::identity::{Identity, identity};
use tokio::sync::watch;
use zendesk::clock::Clock;
use zendesk::error::{ApiError, ErrorKind};

use super::batches::Batches;
use super::mirrors::Mirrors;
use crate::api::Api;
use crate::bind::{Binding, bind};
use crate::commands::audiences::mark;
use crate::commands::{Out, client, failure};
use crate::config::Config;
use crate::fields::{Field, all, live, of_audience};
use crate::look::Look;
use crate::object::Object;
use crate::rows::Layout;

/// What a sync starts with.
pub(super) struct Prepared {
    pub(super) api: Arc<Api>,
    pub(super) identity: Identity,
    pub(super) batches: Batches,
    pub(super) mirrors: Mirrors,
}

pub(super) async fn prepare(
    config: &Config,
    catalog: Vec<ConfiguredStream>,
    environment: &Environment,
    clock: Clock,
    out: &Arc<Out>,
    stop: watch::Receiver<bool>,
) -> Result<Result<Prepared, ErrorTrace>, Closed> {
    let bindings = match bind(catalog, config) {
        Ok(bindings) => bindings,
        Err(problems) => return Ok(Err(failure::of_binding(&problems))),
    };
    if let Some(warning) = ends_soon(&config.account.credentials) {
        out.log(Level::Warn, warning).await?;
    }
    let client = match client(config, environment, clock, stop, out) {
        Ok(client) => client,
        Err(trouble) => return Ok(Err(trouble)),
    };
    let api = Arc::new(Api::new(client));
    let identity = match Box::pin(identity(&api.client)).await {
        Ok(identity) => identity,
        Err(error) => return Ok(Err(of_identity(&error, &config.account))),
    };
    let custom = match custom_fields(&api, &bindings).await {
        Ok(custom) => custom,
        Err(trouble) => return Ok(Err(trouble)),
    };
    let look = Look::new(Arc::clone(&api));
    let (mut batches, mut mirrors) = (Batches::default(), Mirrors::default());
    let mut problems = Vec::new();
    for (stream, binding) in bindings {
        let bound = match binding {
            Binding::Bound(bound) => bound,
            Binding::Rejected => {
                batches.reject(stream);
                continue;
            }
            Binding::Skipped => {
                let message = format!(
                    "{stream}: it is not bound to an object, and its rows are skipped (`unknown_streams` is \
                     `skip`). To write them, add it to `streams`."
                );
                out.log(Level::Warn, &message).await?;
                batches.skip(stream);
                continue;
            }
        };
        let custom = custom.get(&bound.object).cloned().unwrap_or_default();
        let mark = match &bound.membership {
            Some(membership) => match Box::pin(mark(&look, &membership.audience, &custom)).await {
                Ok(Ok(mark)) => Some(mark),
                Ok(Err(why)) => {
                    let slug = &membership.audience.slug;
                    problems.push(format!("Audience `{slug}` cannot be used: {why}"));
                    continue;
                }
                Err(error) => return Ok(Err(failure::of_sync(&error, Some(bound.object)))),
            },
            None => None,
        };
        let mut fields = all(bound.object, config.allow_agents, custom);
        if let (Some(membership), Some(mark)) = (&bound.membership, &mark) {
            fields = of_audience(&fields, membership, mark);
        }
        match Layout::new(bound, fields, config.null_handling) {
            Ok(layout) => {
                let layout = layout.with_modes(config.tags_mode, config.organization_mode);
                mirrors.bind(&batches.bind(layout));
            }
            Err(problem) => problems.push(problem),
        }
    }
    if !problems.is_empty() {
        return Ok(Err(failure::of_binding(&problems)));
    }
    Ok(Ok(Prepared { api, identity, batches, mirrors }))
}

/// The custom fields of each object that the streams write.
async fn custom_fields(
    api: &Api,
    bindings: &BTreeMap<Descriptor, Binding>,
) -> Result<BTreeMap<Object, Vec<Field>>, ErrorTrace> {
    let mut custom = BTreeMap::new();
    for binding in bindings.values() {
        let Binding::Bound(bound) = binding else { continue };
        if custom.contains_key(&bound.object) {
            continue;
        }
        let fields = Box::pin(live(api, bound.object)).await;
        let trouble = |error: ApiError| match (error.kind, bound.object) {
            (ErrorKind::NotFound, Object::Records(object)) => {
                let stream = bound.stream.to_string();
                failure::of_binding(&[failure::no_custom_object(&stream, object.key())])
            }
            _ => failure::of_sync(&error, Some(bound.object)),
        };
        custom.insert(bound.object, fields.map_err(trouble)?);
    }
    Ok(custom)
}
