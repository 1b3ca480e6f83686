//! `catalog`: a configured catalog for `read`, made of what `discover` would list. It is the only thing on
//! stdout; what there is to say goes to the log.

use std::sync::Arc;

use tokio::sync::watch;

use super::discover::catalog_stream;
use super::offered::{Offered, offered};
use super::{Environment, connect};
use crate::config::Config;
use crate::streams::{Family, Reading, ResolvedStream, registry};
use airbyte::catalog::{SyncMode, to_text};
use airbyte::message::{ErrorTrace, Level};
use airbyte::source::emitter::Emitter;
use airbyte::stdout::Closed;
use connector::failure::refused;
use connector::patience::settle;
use zendesk::clock::Clock;

/// How many names are offered in place of one that is not known.
const MOST_NEAREST: usize = 3;

/// How near a name must be, from 0 to 1, to be offered in place of another.
const NEAR: f64 = 0.8;

/// What is chosen: streams by name, whole families, or everything where neither is named.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Selection {
    pub streams: Vec<String>,
    pub families: Vec<Family>,
    /// None: incremental where a stream has it.
    pub mode: Option<SyncMode>,
}

impl Selection {
    fn has(&self, stream: &ResolvedStream) -> bool {
        (self.streams.is_empty() && self.families.is_empty())
            || self.families.contains(&stream.family)
            || self.streams.iter().any(|name| *name == stream.name)
    }

    /// How a stream is read.
    fn mode_of(&self, stream: &ResolvedStream) -> SyncMode {
        match (self.mode, stream.reading()) {
            (Some(SyncMode::FullRefresh), _) | (_, Reading::FullRefreshOnly) => {
                SyncMode::FullRefresh
            }
            _ => SyncMode::Incremental,
        }
    }
}

/// Makes the configured catalog. There is none when the program is to end, which is when `stop` turns true.
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
    let found = offered(&client, config, emitter, |stream| selection.has(stream)).await?;
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

/// The streams that are chosen, in the order of the documentation.
fn chosen_of<'o>(
    selection: &Selection,
    offered: &'o Offered,
    config: &Config,
) -> Result<Vec<&'o ResolvedStream>, ErrorTrace> {
    let listed = offered.listed();
    let mut why: Vec<String> = Vec::new();
    for name in &selection.streams {
        if listed.iter().any(|stream| *stream.name == *name) {
            continue;
        }
        why.push(why_not_there(name, &listed, offered, config));
    }
    if !why.is_empty() {
        return Err(refused(&format!("the configured catalog cannot be made: {}", why.join("; "))));
    }
    let chosen: Vec<_> = listed.into_iter().filter(|stream| selection.has(stream)).collect();
    if chosen.is_empty() {
        return Err(refused(
            "the configured catalog would be empty: none of the chosen streams can be read",
        ));
    }
    Ok(chosen)
}

/// Why a stream that was named is not among those that can be read.
fn why_not_there(
    name: &str,
    listed: &[&ResolvedStream],
    offered: &Offered,
    config: &Config,
) -> String {
    if offered.is_refused(name) {
        return format!("`{name}` cannot be read with these credentials, for the reason above");
    }
    if registry(config).iter().any(|stream| stream.name == name) {
        return format!("`{name}` is offered to those who name it in `extra_streams`");
    }
    let nearest = nearest(name, listed.iter().map(|stream| &*stream.name));
    match nearest.as_slice() {
        [] => format!("there is no stream `{name}`; `discover` lists those that there are"),
        nearest => {
            let nearest: Vec<String> = nearest.iter().map(|name| format!("`{name}`")).collect();
            format!("there is no stream `{name}`; the nearest are {}", nearest.join(", "))
        }
    }
}

/// The known names that are most like one that is not known, the nearest first.
fn nearest<'n>(name: &str, known: impl Iterator<Item = &'n str>) -> Vec<&'n str> {
    let name = name.trim().to_lowercase().replace(['-', ' '], "_");
    let is_part = |known: &str| name.len() > 2 && known.contains(&name);
    let near = |known: &str| {
        strsim::jaro_winkler(&name, known).max(if is_part(known) { NEAR } else { 0.0 })
    };
    let mut near: Vec<(f64, &str)> = known.map(|known| (near(known), known)).collect();
    near.retain(|(nearness, _)| *nearness >= NEAR);
    near.sort_by(|(one, _), (other, _)| other.total_cmp(one));
    near.into_iter().map(|(_, known)| known).take(MOST_NEAREST).collect()
}

/// That some streams are read whole although they are wished for incrementally.
fn read_whole(selection: &Selection, chosen: &[&ResolvedStream]) -> Option<String> {
    if selection.mode != Some(SyncMode::Incremental) {
        return None;
    }
    let whole = chosen.iter().filter(|stream| stream.reading() == Reading::FullRefreshOnly);
    let whole: Vec<&str> = whole.map(|stream| &*stream.name).collect();
    (!whole.is_empty()).then(|| {
        format!("full_refresh, because there is no incremental read of them: {}", whole.join(", "))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn streams() -> Vec<ResolvedStream> {
        let config =
            br#"{"subdomain":"acme","credentials":{"credentials":"oauth2.0","access_token":"x"}}"#;
        registry(&Config::parse(config).unwrap())
    }

    #[test]
    fn a_name_that_is_not_known_gets_the_nearest() {
        let streams = streams();
        let of = |name: &str| nearest(name, streams.iter().map(|stream| &*stream.name));
        assert_eq!(of("tickts")[0], "tickets");
        assert_eq!(of("Tickets")[0], "tickets");
        assert_eq!(of("ticket-metrics")[0], "ticket_metrics");
        assert_eq!(of("organisations")[0], "organizations");
        assert!(of("audit").contains(&"audit_logs"));
        assert_eq!(of("zzzzzz"), [""; 0]);
        assert_eq!(of(""), [""; 0]);
        assert!(streams.iter().all(|stream| of(&stream.name)[0] == stream.name));
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

    #[test]
    fn streams_and_families_add_up_and_nothing_is_everything() {
        let streams = streams();
        let count =
            |selection: &Selection| streams.iter().filter(|stream| selection.has(stream)).count();
        let of_family = |family| streams.iter().filter(|stream| stream.family == family).count();
        let talk = Selection { families: vec![Family::Talk], ..Selection::default() };
        assert_eq!(count(&talk), of_family(Family::Talk));
        let both = Selection { streams: vec!["tickets".into()], ..talk };
        assert_eq!(count(&both), of_family(Family::Talk) + 1);
        assert_eq!(count(&Selection::default()), streams.len());
    }
}
