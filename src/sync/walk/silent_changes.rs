//! Finds parents whose children changed although the parent did not: a listing of events names them,
//! or their counts changed. The listing is optional. If it fails, that is logged, and the weekly full
//! pass finds the changes.

use std::collections::BTreeMap;

use xxhash_rust::xxh3::xxh3_64;

use super::changed_counts::{Counted, MOST_NAMED, Named, Numbers, needs_numbers};
use super::segment::Segment;
use crate::protocol::message::Level;
use crate::streams::{ChangeSource, Feed, Parent};
use crate::sync::WalkError;
use crate::sync::children::parents::{ParentRow, changed_key, values};
use crate::sync::listing::context::{Context, ends_everything};
use crate::sync::listing::pager::Pager;
use crate::sync::position::digest::Digest;
use crate::sync::position::frontier::Listed;
use crate::sync::position::{MARGIN_SECONDS, Position};
use crate::zendesk::paging::Token;

/// From when on a stream's events are to be read, unix seconds. None while all parents are read,
/// and before that was ever done.
fn since(position: &Position) -> Option<i64> {
    let all_parents = position.walk.pass.under_way || position.walk.full;
    position.walk.silent_changes.filter(|_| !all_parents)
}

/// A hash for a parent that events name, which differs from parent to parent and read to read.
fn mark(values: &BTreeMap<&'static str, String>, asked: i64) -> u64 {
    xxh3_64(format!("{asked} {values:?}").as_bytes())
}

/// What is logged where silent changes cannot be found.
fn unheard(stream: &str, error: &WalkError) -> String {
    format!(
        "{stream}: what tells of silent changes cannot be read ({error}); changes that do not touch the \
         parent come with the weekly pass"
    )
}

/// What a stream's position is to note once the children of all that is named are there.
enum Note {
    /// Events were read up to this second.
    Told(i64),
    Numbers(Digest),
}

impl Context<'_> {
    /// Reads the children of the parents that are named, before the walk goes on at `at`.
    pub(in crate::sync) async fn silent_changes(
        self,
        stretch: &mut Segment<'_>,
        at: &Token,
    ) -> Result<(), WalkError> {
        let asked = self.client.clock().now_unix().saturating_sub(MARGIN_SECONDS);
        let mut named = Named::new();
        let mut heard = Vec::new();
        // Streams of one feed look at the same numbers, which are listed once.
        let mut counted: Option<Result<Counted, WalkError>> = None;
        let walk = stretch.walk;
        for number in 0..stretch.who.len() {
            let member = &mut *stretch.who[number];
            if !member.is_reading() {
                continue;
            }
            // What is named is the root's row, of whatever depth the stream is.
            let top = member.stream.feed.lineage().first().and_then(|feed| feed.parent.as_ref());
            let Some(parent) = top else { continue };
            let result = match parent.told_by {
                None => continue,
                Some(ChangeSource::Events(feed)) => {
                    self.events(stretch, number, (feed, parent), &mut named, (at, asked)).await
                }
                Some(ChangeSource::Numbers { feed, keys }) if needs_numbers(&member.position) => {
                    let numbers = Numbers {
                        feed,
                        keys,
                        fills: parent.fills,
                        changed: changed_key(member.stream),
                    };
                    if counted.is_none() {
                        counted = Some(self.digest(numbers, walk, &mut member.report.tally).await);
                    }
                    match &counted {
                        Some(Ok(counted)) => {
                            let added = self.moved(
                                stretch,
                                number,
                                (numbers, counted),
                                &mut named,
                                (at, asked),
                            );
                            added.await.map(|()| Some(Note::Numbers(counted.digest.clone())))
                        }
                        Some(Err(error)) => Err(error.clone()),
                        None => continue,
                    }
                }
                Some(ChangeSource::Numbers { .. }) => continue,
            };
            match result {
                Ok(None) => {}
                Ok(Some(note)) => heard.push((number, note)),
                Err(error) if ends_everything(&error) => return Err(error),
                Err(error) => {
                    let name = stretch.who[number].stream.name;
                    self.emitter.log(Level::Info, &unheard(name, &error)).await?;
                }
            }
        }
        for number in 0..stretch.who.len() {
            let member = &mut *stretch.who[number];
            let Some(numbers) = Numbers::of_rows(member.stream) else { continue };
            // Only a listing that is read anyway says so.
            let is_listed = counted.is_some() || std::ptr::eq(numbers.feed, member.stream.feed);
            if !is_listed || !member.is_reading() || !needs_numbers(&member.position) {
                continue;
            }
            if counted.is_none() {
                counted = Some(self.digest(numbers, walk, &mut member.report.tally).await);
            }
            let result = match &counted {
                None => continue,
                Some(Err(error)) => Err(error.clone()),
                Some(Ok(counted)) => {
                    let delivered = self.deliver_moved(stretch, number, (numbers, counted)).await;
                    delivered.map(|()| Note::Numbers(counted.digest.clone()))
                }
            };
            match result {
                Ok(note) => heard.push((number, note)),
                Err(error) if ends_everything(&error) => return Err(error),
                Err(error) => {
                    let name = stretch.who[number].stream.name;
                    self.emitter.log(Level::Info, &unheard(name, &error)).await?;
                }
            }
        }
        self.named(stretch, &mut named, (at, asked)).await?;
        // Only now, and only where the children came: whoever a kill or a refusal left behind asks
        // for the same again.
        for (number, note) in heard {
            let member = &mut *stretch.who[number];
            let failures = &stretch.refusals.failures;
            if !member.is_reading() || failures.are_among(&member.stream.feed.lineage()) {
                continue;
            }
            let walk = &mut member.position.walk;
            match note {
                Note::Told(second) => walk.silent_changes = Some(second),
                Note::Numbers(digest) => walk.digest = digest,
            }
        }
        Ok(())
    }

    /// Reads the children of all that is named so far.
    pub(in crate::sync) async fn named(
        self,
        stretch: &mut Segment<'_>,
        named: &mut Named,
        (at, asked): (&Token, i64),
    ) -> Result<(), WalkError> {
        // They stand before everything that the walk still lists. Their hashes hold in this
        // stretch alone: after a kill there may be news of those that were finished.
        let parent = |values| ParentRow {
            listed: Listed { hash: mark(&values, asked), time: None, own: None, page: at.clone() },
            changed: None,
            values,
        };
        while !named.is_empty() {
            let some = std::iter::from_fn(|| named.pop_first()).take(MOST_NAMED);
            let parents = some.map(parent).collect();
            let seen = stretch.seen();
            let now = self.client.clock().now_unix();
            self.children(stretch, parents, (at.clone(), None), now).await?;
            self.judge_refusals(stretch, false).await?;
            // The walk goes on where it stood.
            stretch.resume(at, &seen);
        }
        Ok(())
    }

    /// Adds the parents that a listing of events names. When they are many, the children of the
    /// first are read before the next events are asked for.
    async fn events(
        self,
        stretch: &mut Segment<'_>,
        number: usize,
        (feed, parent): (&'static Feed, &'static Parent),
        named: &mut Named,
        (at, asked): (&Token, i64),
    ) -> Result<Option<Note>, WalkError> {
        let member = &mut *stretch.who[number];
        let Some(since) = since(&member.position) else {
            // The walk reads every parent from now on; later events are news.
            member.position.walk.silent_changes.get_or_insert(asked);
            return Ok(None);
        };
        let mut listing = self.listing(feed, feed.path.to_owned(), &[], stretch.walk);
        let keys: Vec<&'static str> = parent.fills.iter().map(|(name, _)| *name).collect();
        listing.want(keys.iter().copied());
        let size = feed.page_size(self.config);
        let start = feed.paging.start(Some(since));
        let mut pager = Pager::new(self.client, &listing, start, size);
        let told = loop {
            let fetched = match pager.next().await {
                Ok(Some(fetched)) => fetched,
                Ok(None) => break Ok(Some(Note::Told(asked))),
                Err(error) => break Err(error),
            };
            let Some(list) = fetched.page.lists.first() else { continue };
            named.extend((0..list.rows.len()).map(|row| {
                let told = values(&fetched.page, list, row, &keys);
                let of_parent = parent
                    .fills
                    .iter()
                    .filter_map(|(name, key)| told.get(name).map(|value| (*key, value.clone())));
                of_parent.collect::<BTreeMap<&'static str, String>>()
            }));
            // The slot goes back before children are asked for.
            drop(fetched);
            if named.len() >= MOST_NAMED {
                self.named(stretch, named, (at, asked)).await?;
                if !stretch.who[number].is_reading() {
                    break Ok(None);
                }
            }
        };
        stretch.who[number].report.tally.add(pager.tally);
        for (level, note) in pager.notes.drain(..) {
            self.emitter.log(level, &note).await?;
        }
        told
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parents_that_events_name_are_told_apart() {
        let values = |id: &str| BTreeMap::from([("id", id.to_owned())]);
        assert_ne!(mark(&values("1"), 7), mark(&values("2"), 7));
        assert_ne!(mark(&values("1"), 7), mark(&values("1"), 8));
    }

    #[test]
    fn events_are_asked_for_once_all_parents_were_read_and_not_while_they_are() {
        let mut position = Position::default();
        assert_eq!(since(&position), None);
        position.walk.silent_changes = Some(7);
        assert_eq!(since(&position), Some(7));
        position.walk.pass.under_way = true;
        assert_eq!(since(&position), None);
    }
}
