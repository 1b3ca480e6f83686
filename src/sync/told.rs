//! Parents that a listing of events names: their children changed although they did not. The
//! listing is read where it answers and is never the only road, so its failure is told and costs
//! nothing but waiting for the weekly pass.

use std::collections::{BTreeMap, BTreeSet};

use xxhash_rust::xxh3::xxh3_64;

use super::WalkError;
use super::children::ends_everything;
use super::frontier::Listed;
use super::pager::{Listing, Pager};
use super::parents::{ParentRow, values};
use super::position::{MARGIN_SECONDS, Position};
use super::reader::{Member, Reader};
use super::stretch::Stretch;
use crate::protocol::message::Level;
use crate::streams::{Feed, Parent};
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

impl Member {
    /// The events that tell of this stream's changes, and the parent they name.
    fn told_by(&self) -> Option<(&'static Feed, &'static Parent)> {
        let parent = self.stream.feed.parent.as_ref()?;
        parent.told_by.map(|events| (events, parent))
    }
}

impl Reader<'_> {
    /// Reads the children of the parents that events name, before the walk goes on at `at`.
    pub(super) async fn told(self, stretch: &mut Stretch<'_>, at: &Token) -> Result<(), WalkError> {
        let now = self.client.clock().now_unix();
        let asked = now.saturating_sub(MARGIN_SECONDS);
        let mut named = BTreeSet::new();
        let mut heard = Vec::new();
        for number in 0..stretch.who.len() {
            let member = &mut *stretch.who[number];
            let Some((feed, parent)) = member.told_by() else { continue };
            let Some(since) = since(&member.position) else {
                // The walk reads every parent from now on; later events are news.
                member.position.walk.told.get_or_insert(asked);
                continue;
            };
            let mut listing =
                Listing::new(feed, feed.path.to_owned(), &[], stretch.walk, self.config);
            let keys: Vec<&'static str> = parent.fills.iter().map(|(name, _)| *name).collect();
            listing.want(keys.iter().copied());
            let size = feed.page_size(self.config);
            let start = feed.paging.start(Some(since));
            let mut pager = Pager::new(self.client, &listing, start, size);
            let told = loop {
                match pager.next().await {
                    Ok(Some(fetched)) => {
                        let Some(list) = fetched.page.lists.first() else { continue };
                        named.extend((0..list.rows.len()).map(|row| {
                            let told = values(&fetched.page, list, row, &keys);
                            let of_parent = parent.fills.iter().filter_map(|(name, key)| {
                                told.get(name).map(|value| (*key, value.clone()))
                            });
                            of_parent.collect::<BTreeMap<&'static str, String>>()
                        }));
                    }
                    Ok(None) => break Ok(()),
                    Err(error) if ends_everything(&error) => return Err(error),
                    Err(error) => break Err(error),
                }
            };
            member.report.tally.add(pager.tally);
            match told {
                Ok(()) => heard.push(number),
                Err(error) => {
                    let why = format!(
                        "{}: its events cannot be read ({error}); changes that do not touch the parent come with the weekly pass",
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
        // Only now: a kill before this asks for the same events again.
        for number in heard {
            stretch.who[number].position.walk.told = Some(asked);
        }
        Ok(())
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
