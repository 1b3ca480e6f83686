//! Finds parents whose children changed although the parent did not: a listing of events names them,
//! or their counts changed. The listing is optional. If it fails, that is logged, and the weekly full
//! pass finds the changes.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::changed_counts::{self, CountSource, Counts, count, deliver_moved, name_moved};
use super::named::Named;
use super::segment::Segment;
use crate::streams::{ChangeSource, Parent, ResolvedFeed};
use crate::sync::WalkError;
use crate::sync::children::parents::values;
use crate::sync::listing::context::{Context, ends_everything};
use crate::sync::listing::member::ActiveStream;
use crate::sync::listing::pager::Pager;
use crate::sync::position::digest::Digest;
use crate::sync::position::{MARGIN_SECONDS, Position};
use airbyte::message::Level;
use zendesk::paging::Token;

/// The time from which a stream's events must be read, unix seconds. `None` while all parents are
/// read, and until that was done once.
fn since(position: &Position) -> Option<i64> {
    let all_parents = position.walk.full_pass.under_way || position.walk.full;
    position.walk.children.silent_changes.filter(|_| !all_parents)
}

/// The message for the log when silent changes cannot be found.
fn unheard(stream: &str, error: &WalkError) -> String {
    format!(
        "{stream}: the listing of changed children cannot be read ({error}). Changes that do not \
         update the parent arrive within a week."
    )
}

/// What a stream's position will note when the children of all named parents are delivered.
enum Note {
    /// Events were read up to this second.
    ReadUpTo(i64),
    Numbers(Digest, Option<i64>),
}

/// Reads the children of the parents that are named, before the walk goes on at `at`.
///
/// # Errors
/// Only what ends the whole sync.
pub async fn read(
    context: Context<'_>,
    segment: &mut Segment<'_>,
    at: &Token,
) -> Result<(), WalkError> {
    let asked = context.client.clock().now_unix().saturating_sub(MARGIN_SECONDS);
    let mut search =
        Search { context, segment, named: Named::new(at, asked), counts: None, notes: Vec::new() };
    for number in 0..search.segment.who.len() {
        let result = search.of_parents(number).await;
        search.note(number, result).await?;
    }
    for number in 0..search.segment.who.len() {
        let result = search.of_rows(number).await;
        search.note(number, result).await?;
    }
    let Search { mut named, notes, segment, .. } = search;
    named.read(context, segment).await?;
    keep(notes, segment);
    Ok(())
}

/// Notes in the positions what was read. This happens only after the children have come, and only
/// for streams that are not left behind by a kill or a refusal. Those search for the same changes
/// again.
fn keep(notes: Vec<(usize, Note)>, segment: &mut Segment<'_>) {
    for (number, note) in notes {
        let member = &mut *segment.who[number];
        let failures = &segment.refusals.failures;
        if !member.is_reading() || failures.are_among(&member.stream.feed.lineage()) {
            continue;
        }
        let walk = &mut member.position.walk;
        match note {
            Note::ReadUpTo(second) => walk.children.silent_changes = Some(second),
            Note::Numbers(digest, counted_at) => {
                walk.children.digest = digest;
                walk.children.counted_at = counted_at;
            }
        }
    }
}

/// The search for silent changes before a segment.
struct Search<'r, 's, 'm, 't> {
    context: Context<'r>,
    segment: &'s mut Segment<'m>,
    named: Named<'t>,
    /// The counts of all parents. Streams of one feed use the same counts, which are listed once.
    counts: Option<Result<Arc<Counts>, WalkError>>,
    /// What to note, with the number of the stream in its segment.
    notes: Vec<(usize, Note)>,
}

impl Search<'_, '_, '_, '_> {
    /// Keeps what a stream must note, or logs why its silent changes cannot be found.
    async fn note(
        &mut self,
        number: usize,
        result: Result<Option<Note>, WalkError>,
    ) -> Result<(), WalkError> {
        match result {
            Ok(note) => self.notes.extend(note.map(|note| (number, note))),
            Err(error) if ends_everything(&error) => return Err(error),
            Err(error) => {
                let name = &self.segment.who[number].stream.name;
                self.context.emitter.log(Level::Info, &unheard(name, &error)).await?;
            }
        }
        Ok(())
    }

    /// Names the parents of a stream whose children changed although the parents did not.
    async fn of_parents(&mut self, number: usize) -> Result<Option<Note>, WalkError> {
        let member = &*self.segment.who[number];
        // What is named is the root's row, of whatever depth the stream is.
        let top = member.stream.feed.lineage().first().and_then(ResolvedFeed::parent);
        let Some(parent) = top.filter(|_| member.is_reading()) else { return Ok(None) };
        match parent.told_by {
            Some(ChangeSource::Events(feed)) => self.events(number, feed.into(), parent).await,
            Some(ChangeSource::Numbers { .. }) if self.is_due(member) => {
                let Some(source) = CountSource::of_parents(&member.stream) else { return Ok(None) };
                let counts = self.counts(number, source).await?;
                let Self { context, segment, named, .. } = self;
                name_moved(*context, segment, number, source, &counts, named).await?;
                Ok(Some(Note::Numbers(counts.digest(source), counts.counted_at)))
            }
            Some(ChangeSource::Numbers { .. }) | None => Ok(None),
        }
    }

    /// Delivers the rows of a stream whose own counts changed.
    async fn of_rows(&mut self, number: usize) -> Result<Option<Note>, WalkError> {
        let member = &*self.segment.who[number];
        let Some(source) = CountSource::of_rows(&member.stream) else { return Ok(None) };
        // Only a listing that is read anyway says so.
        let listing = ResolvedFeed::from(source.feed);
        let is_listed = self.counts.is_some() || listing == member.stream.feed;
        if !is_listed || !member.is_reading() || !self.is_due(member) {
            return Ok(None);
        }
        let counts = self.counts(number, source).await?;
        deliver_moved(self.context, self.segment, number, source, &counts).await?;
        Ok(Some(Note::Numbers(counts.digest(source), counts.counted_at)))
    }

    fn is_due(&self, member: &ActiveStream) -> bool {
        changed_counts::is_due(&member.position, self.context.client.clock().now_unix())
    }

    /// The counts of all parents. They are listed once, with everything that any stream of the
    /// segment needs.
    async fn counts(
        &mut self,
        number: usize,
        source: CountSource,
    ) -> Result<Arc<Counts>, WalkError> {
        if let Some(counts) = &self.counts {
            return counts.clone();
        }
        let members = self.segment.who.iter().map(|member| &member.stream);
        let looked_at = members
            .flat_map(|stream| [CountSource::of_parents(stream), CountSource::of_rows(stream)]);
        let others: Vec<CountSource> = looked_at.flatten().collect();
        let walk = self.segment.walk;
        let tally = &mut self.segment.who[number].report.tally;
        let counts = count(self.context, source, &others, walk, tally).await.map(Arc::new);
        self.counts.insert(counts).clone()
    }

    /// Adds the parents that a listing of events names. If they are many, the children of the first
    /// ones are read before the next events are requested.
    async fn events(
        &mut self,
        number: usize,
        feed: ResolvedFeed,
        parent: &'static Parent,
    ) -> Result<Option<Note>, WalkError> {
        let Self { context, segment, named, .. } = self;
        let member = &mut *segment.who[number];
        let Some(since) = since(&member.position) else {
            // The walk reads every parent from now on; later events are news.
            member.position.walk.children.silent_changes.get_or_insert(named.asked);
            return Ok(None);
        };
        let mut listing = context.listing(&feed, feed.path().to_owned(), &[], segment.walk);
        let keys: Vec<&'static str> = parent.fills.iter().map(|(name, _)| *name).collect();
        listing.want(keys.iter().copied());
        let size = feed.page_size(context.config);
        let start = feed.paging.start(Some(since));
        let mut pager = Pager::new(context.client, listing, start, size);
        let result = loop {
            let fetched = match pager.next().await {
                Ok(Some(fetched)) => fetched,
                Ok(None) => break Ok(Some(Note::ReadUpTo(named.asked))),
                Err(error) => break Err(error),
            };
            let Some(list) = fetched.page.lists.first() else { continue };
            let stream = &segment.who[number].stream;
            named.extend(
                stream,
                (0..list.rows.len()).map(|row| {
                    let values = values(&fetched.page, list, row, &keys);
                    let of_parent = parent.fills.iter().filter_map(|(name, key)| {
                        values.get(name).map(|value| (*key, value.clone()))
                    });
                    of_parent.collect::<BTreeMap<&'static str, String>>()
                }),
            );
            // The slot goes back before children are asked for.
            drop(fetched);
            if named.is_full() {
                named.read(*context, segment).await?;
                if !segment.who[number].is_reading() {
                    break Ok(None);
                }
            }
        };
        segment.who[number].report.tally.add(pager.tally);
        context.log_notes(&mut pager).await?;
        result
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn events_are_asked_for_once_all_parents_were_read_and_not_while_they_are() {
        let mut position = Position::default();
        assert_eq!(since(&position), None);
        position.walk.children.silent_changes = Some(7);
        assert_eq!(since(&position), Some(7));
        position.walk.full_pass.under_way = true;
        assert_eq!(since(&position), None);
    }
}
