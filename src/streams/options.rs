//! What the user's options change in the declarations: other listings, more columns, other
//! parameters.

use super::access::{AccessRule, Role};
use super::resolved::{ResolvedStream, ValueFilter};
use super::rows::Column;
use super::side_loads::{Comes, SideLoad};
use super::sources::Source;
use crate::config::{Config, TicketAuditsHistory, TicketsHistory};

/// Applies the configuration to a declared stream.
pub(super) fn apply(stream: ResolvedStream, config: &Config) -> ResolvedStream {
    let mut stream = stream.on_chosen_listing(config);
    if stream.deletion.is_some() {
        stream.deleted_at.clone_from(&config.deleted_at_field);
        stream.without_deleted = config.exclude_deleted;
    }
    let texts = &config.user_roles;
    let key = stream.declared.kept.filter(|_| !texts.is_empty());
    stream.kept = key.map(|key| ValueFilter { key, texts: texts.clone() });
    stream.load_beside(&config.associated_data);
    stream.is_offered |= config.extra_streams.iter().any(|name| *name == stream.name);
    stream.dated |= stream.dated_on_request && config.users_from_start_date;
    stream
}

/// The streams that already have another column of this name. The column in which Zendesk itself
/// sends the time of the deletion does not count.
#[must_use]
pub fn with_another<'s>(column: &str, streams: &'s [ResolvedStream]) -> Vec<&'s str> {
    let has = |stream: &&ResolvedStream| {
        let told = stream.deletion.is_some_and(|deletion| deletion.is_told_in(column));
        let schema = serde_json::from_slice::<serde_json::Value>(stream.schema.as_bytes())
            .unwrap_or_default();
        // Most warehouses do not tell names apart by their case.
        let is_it = |name: &str| name.eq_ignore_ascii_case(column);
        let is_there =
            schema["properties"].as_object().is_some_and(|all| all.keys().any(|name| is_it(name)))
                || stream.columns.iter().any(|added| is_it(added.name));
        stream.deleted_at.is_some() && !told && is_there
    };
    streams.iter().filter(has).map(|stream| &*stream.name).collect()
}

/// Names that more than one stream has.
#[must_use]
pub fn names_twice(streams: &[ResolvedStream]) -> Vec<&str> {
    let others = |at: usize| streams[at + 1..].iter().map(|stream| &stream.name);
    let twice = streams
        .iter()
        .enumerate()
        .filter(|(at, stream)| others(*at).any(|name| *name == stream.name));
    twice.map(|(_, stream)| &*stream.name).collect()
}

impl ResolvedStream {
    /// The stream on the listing that the user chose, if there are several.
    fn on_chosen_listing(mut self, config: &Config) -> Self {
        if let Some(chosen) = self.substitute
            && config.ticket_audits_history == TicketAuditsHistory::Events
        {
            return self.read_from(chosen);
        }
        let can_be_searched = self.fallback.is_some_and(|fallback| fallback.cursor.is_some());
        match config.tickets_history {
            TicketsHistory::Incremental => self,
            TicketsHistory::Search => self.searched().unwrap_or(self),
            TicketsHistory::SearchThenIncremental => {
                self.search_first = can_be_searched;
                self
            }
        }
    }

    /// The stream with the search in place of its own feed, for good. The search has a cursor of
    /// its own, and any agent may use it. `None` if the stream has no search.
    fn searched(&self) -> Option<Self> {
        let cursor = Some(self.fallback?.cursor?);
        let access = AccessRule { role: Role::Agent, ..self.access };
        let searched = self.on_fallback()?;
        Some(Self { cursor, access, fallback: None, is_fallback: false, ..searched })
    }

    /// Requests these side-loads, and gives each of them a column. A stream on a search gets the
    /// columns, but they stay empty: the search has no side-loads.
    fn load_beside(&mut self, names: &[String]) {
        let is_chosen = |load: &&SideLoad| names.iter().any(|name| name == load.name);
        let chosen: Vec<&SideLoad> = self.side_loads.iter().filter(is_chosen).collect();
        let columns = chosen.iter().map(|load| Column { name: load.name, schema: load.schema });
        self.columns.extend(columns);
        if self.feed.searched_key().is_some() {
            return;
        }
        for SideLoad { name: key, comes, .. } in chosen {
            self.include.push(key);
            match *comes {
                Comes::InRow(from) if from == *key => {}
                Comes::InRow(from) => {
                    self.splice.push((key, Source::Of(0, from)));
                    self.drop.push(from);
                }
                Comes::Beside(ids) => self.splice.push((key, Source::SideLoaded(key, ids))),
            }
        }
    }
}
