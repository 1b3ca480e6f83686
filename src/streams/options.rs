//! What the user's options make of the declarations: other roads, more columns, other parameters.

use super::access::{AccessRule, Role};
use super::cursor::{Cursor, Former};
use super::rows::Column;
use super::side_loads::{Comes, SideLoad};
use super::sources::Source;
use super::stream::{Stream, ValueFilter};
use crate::config::{Config, TicketAuditsHistory, TicketsHistory};

/// Makes the streams those of a configuration.
pub(super) fn apply(streams: &mut [Stream], config: &Config) {
    for stream in streams.iter_mut().filter(|stream| stream.can_be_searched()) {
        match config.tickets_history {
            TicketsHistory::Incremental => {}
            TicketsHistory::Search => stream.be_searched(),
            TicketsHistory::SearchThenIncremental => stream.search_first = true,
        }
    }
    if config.ticket_audits_history == TicketAuditsHistory::Events {
        streams.iter_mut().for_each(Stream::be_substituted);
    }
    let column: Option<&'static str> = config.deleted_at_field.clone().map(|name| &*name.leak());
    for stream in streams.iter_mut().filter(|stream| stream.deletion.is_some()) {
        stream.deleted_at = column;
        stream.without_deleted = config.exclude_deleted;
    }
    let roles: Vec<&'static str> =
        config.user_roles.iter().map(|role| &*role.clone().leak()).collect();
    let roles: &'static [&'static str] = roles.leak();
    for stream in streams.iter_mut() {
        stream.kept = stream.kept.map(|kept| ValueFilter { texts: roles, ..kept });
        stream.load_beside(&config.associated_data);
        stream.is_offered |= config.extra_streams.iter().any(|name| name == stream.name);
        stream.dated |= stream.dated_on_request && config.users_from_start_date;
    }
}

/// Streams that have a column of the chosen name already, one that tells something else.
#[must_use]
pub fn with_another(column: &str, streams: &[Stream]) -> Vec<&'static str> {
    let has = |stream: &&Stream| {
        let told = stream.deletion.is_some_and(|deletion| deletion.is_told_in(column));
        let schema = serde_json::from_str::<serde_json::Value>(stream.schema).unwrap_or_default();
        let is_there = schema["properties"].get(column).is_some()
            || stream.columns.iter().any(|added| added.name == column);
        stream.deleted_at.is_some() && !told && is_there
    };
    streams.iter().filter(has).map(|stream| stream.name).collect()
}

/// Names that several streams have.
#[must_use]
pub fn names_twice(streams: &[Stream]) -> Vec<&'static str> {
    let others = |at: usize| streams[at + 1..].iter().map(|stream| stream.name);
    let twice = streams
        .iter()
        .enumerate()
        .filter(|(at, stream)| others(*at).any(|name| name == stream.name));
    twice.map(|(_, stream)| stream.name).collect()
}
impl Stream {
    /// Whether its rows can be had from a search.
    fn can_be_searched(&self) -> bool {
        self.fallback.is_some_and(|fallback| fallback.feed.searched_key().is_some())
    }

    /// Takes the listing that the user may choose, if there is one.
    fn be_substituted(&mut self) {
        if let Some(chosen) = self.substitute.take() {
            *self = self.read_from(chosen);
        }
    }

    /// Leaves the stream's own feed for good: the search has a cursor of its own, and any agent
    /// may use it.
    fn be_searched(&mut self) {
        let key = self.fallback.and_then(|fallback| fallback.feed.searched_key());
        let (Some(searched), Some(field), Some(cursor)) = (self.on_fallback(), key, self.cursor)
        else {
            return;
        };
        // What the export has brought is there, and newer than what the index has of it.
        let formerly = [Former { key: cursor.field, at_most: None }];
        let formerly = Vec::leak(formerly.to_vec());
        let cursor = Some(Cursor { field, formerly, ..cursor });
        let access = AccessRule { role: Role::Agent, ..self.access };
        *self = Self { cursor, access, fallback: None, is_fallback: false, ..searched };
    }

    /// Asks for these side-loads, and gives each its column. Where the stream is read by another
    /// listing than its own, which has none, the columns are there and empty.
    fn load_beside(&mut self, names: &[String]) {
        let chosen: Vec<&SideLoad> = self
            .side_loads
            .iter()
            .filter(|load| names.iter().any(|name| name == load.name))
            .collect();
        if chosen.is_empty() {
            return;
        }
        let columns = chosen.iter().map(|load| Column { name: load.name, schema: (load.schema)() });
        self.columns.extend(columns);
        if self.feed.searched_key().is_some() {
            return;
        }
        let include = self.include.iter().copied().chain(chosen.iter().map(|load| load.name));
        let mut splice = self.splice.to_vec();
        let mut drop = self.drop.to_vec();
        for SideLoad { name: key, comes, .. } in chosen.iter().copied() {
            match *comes {
                Comes::InRow(from) if from == *key => {}
                Comes::InRow(from) => {
                    splice.push((*key, Source::Of(0, from)));
                    drop.push(from);
                }
                Comes::Beside(ids) => splice.push((*key, Source::SideLoaded(key, ids))),
            }
        }
        // They live as long as the literals that they are made of.
        self.include = include.collect::<Vec<_>>().leak();
        self.splice = splice.leak();
        self.drop = drop.leak();
    }
}
