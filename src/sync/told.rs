//! Parents that a listing of events names, or whose numbers moved: their children changed although
//! they did not. The listing is read where it answers and is never the only road, so its failure is
//! told and costs nothing but waiting for the weekly pass.

use std::collections::{BTreeMap, BTreeSet};

use xxhash_rust::xxh3::xxh3_64;

use super::WalkError;
use super::children::ends_everything;
use super::frontier::Listed;
use super::numbers::Digest;
use super::pager::{Listing, Pager};
use super::parents::{ParentRow, changed_key, values};
use super::position::{MARGIN_SECONDS, Phase, Position};
use super::reader::{Member, Reader};
use super::sift;
use super::stretch::Stretch;
use crate::protocol::message::Level;
use crate::streams::{Feed, Parent, Told};
use crate::zendesk::paging::Token;

/// From when on a stream's events are to be read, unix seconds. None while all parents are read,
/// and before that was ever done.
fn since(position: &Position) -> Option<i64> {
    let all_parents = position.walk.pass.under_way || position.walk.full;
    position.walk.told.filter(|_| !all_parents)
}

/// A hash for a parent that events name, which differs from parent to parent and read to read.
fn mark(values: &BTreeMap<&'static str, String>, asked: i64) -> u64 {
    xxh3_64(format!("{asked} {values:?}").as_bytes())
}

/// Parents that are named for a stream, and what its position is to note once their children are
/// there.
struct Heard {
    named: BTreeSet<BTreeMap<&'static str, String>>,
    note: Note,
}

enum Note {
    /// Events were read up to this second.
    Told(i64),
    Numbers(Digest),
}

impl Reader<'_> {
    /// Reads the children of the parents that are named, before the walk goes on at `at`.
    pub(super) async fn told(self, stretch: &mut Stretch<'_>, at: &Token) -> Result<(), WalkError> {
        let now = self.client.clock().now_unix();
        let asked = now.saturating_sub(MARGIN_SECONDS);
        let mut named = BTreeSet::new();
        let mut heard = Vec::new();
        let walk = stretch.walk;
        for number in 0..stretch.who.len() {
            let member = &mut *stretch.who[number];
            let Some(parent) = member.stream.feed.parent.as_ref() else { continue };
            let result = match parent.told_by {
                None => continue,
                Some(Told::Events(feed)) => self.events(member, feed, parent, walk, asked).await,
                Some(Told::Numbers { feed, keys }) => {
                    self.numbers(member, (feed, keys), parent, walk).await
                }
            };
            match result {
                Ok(None) => {}
                Ok(Some(Heard { named: more, note })) => {
                    named.extend(more);
                    heard.push((number, note));
                }
                Err(error) if ends_everything(&error) => return Err(error),
                Err(error) => {
                    let why = format!(
                        "{}: what tells of silent changes cannot be read ({error}); changes that do not touch the parent come with the weekly pass",
                        member.stream.name
                    );
                    self.emitter.log(Level::Info, &why).await?;
                }
            }
        }
        if !named.is_empty() {
            // They stand before everything that the walk still lists. Their hashes hold in this
            // stretch alone: after a kill there may be news of those that were finished.
            let parent = |values| ParentRow {
                listed: Listed { hash: mark(&values, asked), time: None, page: at.clone() },
                changed: None,
                values,
            };
            let parents = named.into_iter().map(parent).collect();
            let seen = stretch.seen();
            self.children(stretch, parents, (at.clone(), None), now).await?;
            // The walk goes on where it stood.
            stretch.resume(at, &seen);
        }
        // Only now: a kill before this asks for the same again.
        for (number, note) in heard {
            let walk = &mut stretch.who[number].position.walk;
            match note {
                Note::Told(second) => walk.told = Some(second),
                Note::Numbers(digest) => walk.numbers = digest,
            }
        }
        Ok(())
    }

    /// Parents that a listing of events names.
    async fn events(
        self,
        member: &mut Member,
        feed: &'static Feed,
        parent: &'static Parent,
        walk: u64,
        asked: i64,
    ) -> Result<Option<Heard>, WalkError> {
        let Some(since) = since(&member.position) else {
            // The walk reads every parent from now on; later events are news.
            member.position.walk.told.get_or_insert(asked);
            return Ok(None);
        };
        let mut listing = Listing::new(feed, feed.path.to_owned(), &[], walk, self.config);
        let keys: Vec<&'static str> = parent.fills.iter().map(|(name, _)| *name).collect();
        listing.want(keys.iter().copied());
        let size = feed.page_size(self.config);
        let start = feed.paging.start(Some(since));
        let mut pager = Pager::new(self.client, &listing, start, size);
        let mut named = BTreeSet::new();
        let told = loop {
            let Some(fetched) = pager.next().await.transpose() else { break Ok(()) };
            let fetched = match fetched {
                Ok(fetched) => fetched,
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
        };
        member.report.tally.add(pager.tally);
        told.map(|()| Some(Heard { named, note: Note::Told(asked) }))
    }

    /// Parents whose numbers moved since the last read, but for those that the walk lists as
    /// changed.
    async fn numbers(
        self,
        member: &mut Member,
        (feed, keys): (&'static Feed, &'static [&'static str]),
        parent: &'static Parent,
        walk: u64,
    ) -> Result<Option<Heard>, WalkError> {
        let position = &member.position;
        let all_parents = position.walk.pass.under_way || position.walk.full;
        if position.walk.full || all_parents && position.walk.phase == Phase::UnderWay {
            // The pass has its digest from when it began.
            return Ok(None);
        }
        let changed_key = changed_key(member.stream);
        let fills: Vec<&'static str> = parent.fills.iter().map(|(_, key)| *key).collect();
        let mut listing = Listing::new(feed, feed.path.to_owned(), &[], walk, self.config);
        listing.want(fills.iter().chain(keys).copied().chain(changed_key));
        let size = feed.page_size(self.config);
        let mut pager = Pager::new(self.client, &listing, Token::First, size);
        let mut digest = Digest::of_none();
        let mut unchanged: Vec<Vec<String>> = Vec::new();
        let read = loop {
            let Some(fetched) = pager.next().await.transpose() else { break Ok(()) };
            let fetched = match fetched {
                Ok(fetched) => fetched,
                Err(error) => break Err(error),
            };
            let page = &fetched.page;
            let Some(list) = page.lists.first() else { continue };
            for row in 0..list.rows.len() {
                let named = values(page, list, row, &fills);
                let named: Vec<String> =
                    fills.iter().filter_map(|key| named.get(key).cloned()).collect();
                let numbers: Vec<&[u8]> = keys
                    .iter()
                    .map(|key| list.member(row, key).map_or(&b""[..], |at| page.text.raw(at.value)))
                    .collect();
                digest.add(&named.join(" "), &numbers.join(&b' '));
                let changed = changed_key.and_then(|key| sift::time(page, list, row, key));
                let lower = position.walk.cursor.or(position.flat);
                if changed.zip(lower).is_some_and(|(changed, lower)| changed < lower) {
                    unchanged.push(named);
                }
            }
        };
        let known = &position.walk.numbers;
        // The first digest comes with a pass over all parents.
        let moved = |named: &Vec<String>| {
            known.is_known() && !all_parents && digest.has_moved(known, &named.join(" "))
        };
        let named = unchanged.iter().filter(|named| moved(named)).map(|named| {
            fills.iter().copied().zip(named.iter().cloned()).collect::<BTreeMap<_, _>>()
        });
        let named = named.collect();
        member.report.tally.add(pager.tally);
        read.map(|()| Some(Heard { named, note: Note::Numbers(digest) }))
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
        position.walk.told = Some(7);
        assert_eq!(since(&position), Some(7));
        position.walk.pass.under_way = true;
        assert_eq!(since(&position), None);
    }
}
