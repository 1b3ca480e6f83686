//! `catalog` makes a configured catalog for `read` from the streams that `discover` would list. The
//! catalog is the only thing on stdout. Messages go to the log.

use std::sync::Arc;

use tokio::sync::watch;

use super::discover::catalog_stream;
use super::offered::{PROMPTLY, offered};
use super::selection::{Selection, chosen_of};
use super::{Environment, connect};
use crate::config::Config;
use crate::streams::{Reading, ResolvedStream};
use airbyte::catalog::{SyncMode, to_text};
use airbyte::message::{ErrorTrace, Level};
use airbyte::source::emitter::Emitter;
use airbyte::stdout::Closed;
use connector::failure::refused;
use connector::patience::settle;
use zendesk::clock::Clock;

/// Makes the configured catalog. Returns `None` if `stop` turned true, which says that the program
/// is to end.
///
/// # Errors
/// [`Closed`] when nobody reads the log.
pub async fn configured_catalog(
    config: &Arc<Config>,
    selection: &Selection,
    environment: &Environment,
    clock: Clock,
    emitter: &Arc<Emitter>,
    stop: watch::Receiver<bool>,
) -> Result<Result<Option<Vec<u8>>, ErrorTrace>, Closed> {
    let client = match connect(config, environment, clock, stop.clone(), emitter) {
        Ok(client) => client.impatient(),
        Err(trouble) => return Ok(Err(trouble)),
    };
    let found = offered(&client, config, emitter, PROMPTLY, |stream| selection.has(stream)).await?;
    settle(&client).await;
    if *stop.borrow() {
        return Ok(Ok(None));
    }
    let chosen = found.as_ref().map_err(Clone::clone);
    let chosen = match chosen.and_then(|offered| chosen_of(selection, offered, config)) {
        Ok(chosen) => chosen,
        Err(trouble) => return Ok(Err(trouble)),
    };
    if let Some(note) = read_whole(selection, &chosen) {
        emitter.log(Level::Info, &note).await?;
    }
    let entries: Vec<_> = chosen
        .into_iter()
        .map(|stream| (catalog_stream(stream), selection.mode_of(stream)))
        .collect();
    Ok(to_text(&entries)
        .map(Some)
        .map_err(|error| refused(&format!("the configured catalog cannot be written: {error}"))))
}

/// A note about streams that are read as full refresh although incremental was asked for.
fn read_whole(selection: &Selection, chosen: &[&ResolvedStream]) -> Option<String> {
    if selection.mode != Some(SyncMode::Incremental) {
        return None;
    }
    let whole = chosen.iter().filter(|stream| stream.reading() == Reading::FullRefreshOnly);
    let whole: Vec<&str> = whole.map(|stream| &*stream.name).collect();
    (!whole.is_empty()).then(|| {
        format!(
            "read as full_refresh, because these streams have no incremental read: {}",
            whole.join(", ")
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::streams::registry;

    fn streams() -> Vec<ResolvedStream> {
        let config =
            br#"{"subdomain":"acme","credentials":{"credentials":"oauth2.0","access_token":"x"}}"#;
        registry(&Config::parse(config).unwrap())
    }

    #[test]
    fn streams_without_an_incremental_read_are_read_whole_and_that_is_said() {
        let streams = streams();
        let chosen: Vec<&ResolvedStream> =
            streams.iter().filter(|stream| ["tickets", "tags"].contains(&&*stream.name)).collect();
        let of = |mode| {
            let selection = Selection { mode, ..Selection::default() };
            let modes = chosen.iter().map(|stream| selection.mode_of(stream)).collect::<Vec<_>>();
            (modes, read_whole(&selection, &chosen).is_some())
        };
        let (full, incremental) = (SyncMode::FullRefresh, SyncMode::Incremental);
        assert_eq!(of(None), (vec![incremental, full], false));
        assert_eq!(of(Some(incremental)), (vec![incremental, full], true));
        assert_eq!(of(Some(full)), (vec![full, full], false));
    }
}
