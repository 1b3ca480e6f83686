//! Compares the streams that a person wants, for `catalog` and `sync`, with those that the account
//! offers. Pure.

use super::offered::Offered;
use crate::config::Config;
use crate::streams::{Family, Reading, ResolvedStream, registry};
use airbyte::catalog::SyncMode;
use airbyte::message::ErrorTrace;
use connector::failure::refused;

/// The most names that are suggested for an unknown name.
const MOST_NEAREST: usize = 3;

/// How similar a name must be to be suggested, from 0 to 1.
const NEAR: f64 = 0.8;

/// The chosen streams: by name, by family, or all streams if neither is named.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Selection {
    pub streams: Vec<String>,
    pub families: Vec<Family>,
    /// `None`: incremental for streams that support it.
    pub mode: Option<SyncMode>,
}

impl Selection {
    #[must_use]
    pub fn has(&self, stream: &ResolvedStream) -> bool {
        (self.streams.is_empty() && self.families.is_empty())
            || self.families.contains(&stream.family)
            || self.streams.iter().any(|name| *name == stream.name)
    }

    /// How a stream is read.
    #[must_use]
    pub fn mode_of(&self, stream: &ResolvedStream) -> SyncMode {
        match (self.mode, stream.reading()) {
            (Some(SyncMode::FullRefresh), _) | (_, Reading::FullRefreshOnly) => {
                SyncMode::FullRefresh
            }
            _ => SyncMode::Incremental,
        }
    }
}

/// The chosen streams, in the order of the documentation.
///
/// # Errors
/// The trace says which names cannot be read and why, or that no stream is left.
pub fn chosen_of<'o>(
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
        return Err(refused(&format!(
            "some of the chosen streams cannot be read: {}",
            why.join("; ")
        )));
    }
    let chosen: Vec<_> = listed.into_iter().filter(|stream| selection.has(stream)).collect();
    if chosen.is_empty() {
        return Err(refused("none of the chosen streams can be read"));
    }
    Ok(chosen)
}

/// Why a named stream is not among those that can be read.
fn why_not_there(
    name: &str,
    listed: &[&ResolvedStream],
    offered: &Offered,
    config: &Config,
) -> String {
    if offered.is_refused(name) {
        return format!("`{name}` cannot be read with these credentials (see the warning above)");
    }
    if registry(config).iter().any(|stream| stream.name == name) {
        return format!("`{name}` is not in the catalog: add it to `extra_streams`");
    }
    let nearest = nearest(name, listed.iter().map(|stream| &*stream.name));
    match nearest.as_slice() {
        [] => format!("there is no stream `{name}`: run `discover` for the list"),
        nearest => {
            let nearest: Vec<String> = nearest.iter().map(|name| format!("`{name}`")).collect();
            format!("there is no stream `{name}`: similar names are {}", nearest.join(", "))
        }
    }
}

/// The known names that are most similar to an unknown name, the most similar first.
pub(crate) fn nearest<'n>(name: &str, known: impl Iterator<Item = &'n str>) -> Vec<&'n str> {
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
