//! Which streams `check` found readable, and what it says about the others. Pure.

use super::asker::Asker;
use super::probe::{Group, Reach, has_all_listed};
use super::refusals::is_users_words;
use super::{failure, fallback};
use crate::streams::ResolvedStream;
use airbyte::message::Level;
use zendesk::error::ApiError;

/// What the probes of all groups of streams found.
#[derive(Debug, Default)]
pub struct Findings<'s> {
    readable: Vec<&'s str>,
    /// The number of rows of some streams.
    pub rows: Vec<(&'s str, u64)>,
    unknown: Vec<&'s str>,
    on_fallback: Vec<&'s str>,
    /// Each reason, with the streams that Zendesk refuses for it.
    refused: Vec<(String, Vec<&'s str>)>,
}

/// What was found about a stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Found<'f> {
    Readable,
    /// It can be read from another listing, which has less.
    OnFallback,
    /// Zendesk gave no clear answer.
    Unknown,
    /// The reason, and what to do.
    Refused(&'f str),
}

impl<'s> Findings<'s> {
    /// Adds what a probe found about a group. `reach` is `None` if there was no answer in time.
    ///
    /// # Errors
    /// Why the check fails, whatever else can be read: Zendesk refuses a query that the user wrote.
    pub fn add(
        &mut self,
        group: &Group<'s>,
        reach: Option<Reach>,
        asker: &Asker<'_>,
    ) -> Result<(), String> {
        let Group { asked, streams } = group;
        let names = streams.iter().map(|stream| &*stream.name);
        match reach {
            Some(Reach::Readable { rows }) => {
                self.readable.extend(names);
                if let Some(rows) = rows {
                    let listed = streams
                        .iter()
                        .filter(|stream| stream.feed == asked.feed && has_all_listed(stream));
                    self.rows.extend(listed.map(|stream| (&*stream.name, rows)));
                }
            }
            Some(Reach::Refused(error)) if is_users_words(asked, &error) => {
                let why = failure::why_not(asked, &error, asker);
                return Err(format!("{}: {why}", asked.name));
            }
            Some(Reach::Refused(error)) => self.refuse(group, &error, asker),
            Some(Reach::Unknown(_)) | None => self.unknown.extend(names),
        }
        Ok(())
    }

    fn refuse(&mut self, group: &Group<'s>, error: &ApiError, asker: &Asker<'_>) {
        let role = asker.identity.map_or("", |identity| identity.role.as_str());
        let (on_fallback, refused): (Vec<&ResolvedStream>, Vec<&ResolvedStream>) =
            group.streams.iter().partition(|stream| fallback::serves(stream, role, error));
        self.on_fallback.extend(on_fallback.iter().map(|stream| &*stream.name));
        for stream in refused {
            add(&mut self.refused, failure::why_not(group.asked, error, asker), &stream.name);
        }
    }

    /// What the probes found about a stream. `None` if no probe was about it.
    #[must_use]
    pub fn of(&self, stream: &str) -> Option<Found<'_>> {
        let is_among = |names: &[&str]| names.contains(&stream);
        if let Some((why, _)) = self.refused.iter().find(|(_, names)| is_among(names)) {
            return Some(Found::Refused(why));
        }
        [
            (&self.readable, Found::Readable),
            (&self.on_fallback, Found::OnFallback),
            (&self.unknown, Found::Unknown),
        ]
        .into_iter()
        .find_map(|(names, found)| is_among(names).then_some(found))
    }

    /// What to log. `last_failure` is the reason why some streams have no clear answer.
    #[must_use]
    pub fn messages(&self, last_failure: Option<&ApiError>) -> Vec<(Level, String)> {
        let mut messages = Vec::new();
        for (why, names) in &self.refused {
            messages.push((Level::Warn, format!("not readable: {}: {why}", names.join(", "))));
        }
        if !self.readable.is_empty() {
            messages.push((Level::Info, format!("readable: {}", self.readable.join(", "))));
        }
        if !self.on_fallback.is_empty() {
            let message = format!(
                "readable through other listings, with less data than an administrator gets: {}",
                self.on_fallback.join(", ")
            );
            messages.push((Level::Info, message));
        }
        if !self.unknown.is_empty() {
            let why = last_failure.map(|error| format!(" ({})", error.detail));
            let message = format!(
                "could not be checked, because Zendesk gave no clear answer{}: {}",
                why.unwrap_or_default(),
                self.unknown.join(", ")
            );
            messages.push((Level::Warn, message));
        }
        messages
    }

    /// Whether the check succeeds: at least one stream can be read, or perhaps can.
    ///
    /// # Errors
    /// Why none of the streams can be read.
    pub fn verdict(&self) -> Result<(), String> {
        let some_may_be_read = [&self.readable, &self.on_fallback, &self.unknown]
            .iter()
            .any(|names| !names.is_empty());
        match self.refused.first() {
            Some((why, _)) if !some_may_be_read => {
                Err(format!("None of the streams can be read: {why}"))
            }
            _ => Ok(()),
        }
    }
}

/// Adds a name to the group with this key.
pub fn add<'n, K: PartialEq>(groups: &mut Vec<(K, Vec<&'n str>)>, key: K, name: &'n str) {
    match groups.iter_mut().find(|(known, _)| *known == key) {
        Some((_, names)) => names.push(name),
        None => groups.push((key, vec![name])),
    }
}
