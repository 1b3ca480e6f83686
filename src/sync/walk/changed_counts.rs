//! Parents whose numbers of votes and comments moved: a listing of all of them says so, though they
//! themselves did not change.

use std::collections::{BTreeMap, BTreeSet};

use super::segment::Segment;
use crate::protocol::emitter::{Batch, unix_ms};
use crate::streams::{ChangeSource, Feed, Stream};
use crate::sync::WalkError;
use crate::sync::children::parents::values;
use crate::sync::listing::context::Context;
use crate::sync::listing::pager::{Listing, Pager};
use crate::sync::position::digest::Digest;
use crate::sync::position::{Phase, Position};
use crate::sync::records::{RecordWriter, filter};
use crate::zendesk::client::{Fetched, RequestStats};
use crate::zendesk::page::Page;
use crate::zendesk::paging::Token;

/// How many parents are named before their children are read. There may be as many as events, so
/// that no more are kept; one that later events name again is read again.
pub(in crate::sync) const MOST_NAMED: usize = 1000;

/// How many parents are remembered while their numbers are listed. Where there are more, those that
/// moved are found by listing them once more.
const MOST_REMEMBERED: usize = 5_000;

/// Whether the parents' numbers are to be looked at. A pass under way has its digest from when it
/// began.
pub(super) fn needs_numbers(position: &Position) -> bool {
    let walk = &position.walk;
    let in_a_pass = walk.pass.under_way && walk.phase == Phase::UnderWay;
    !walk.full && !in_a_pass
}

/// A listing of all parents of a stream, with the numbers of their children under these keys.
#[derive(Clone, Copy)]
pub(in crate::sync) struct Numbers {
    pub feed: &'static Feed,
    pub keys: &'static [&'static str],
    /// Which key of a parent fills which placeholder.
    pub fills: &'static [(&'static str, &'static str)],
    /// The key that tells when a parent changed.
    pub changed: Option<&'static str>,
}

/// A parent as such a listing has it.
struct Numbered {
    /// What names it, in the order of the placeholders.
    name: Vec<String>,
    changed: Option<i64>,
    numbers: Vec<u8>,
}

/// All parents of a feed: the digest of their numbers, and what names them and when they changed,
/// where they are not too many.
pub(in crate::sync) struct Counted {
    pub digest: Digest,
    parents: Option<Vec<(Vec<String>, Option<i64>)>>,
}

impl Context<'_> {
    /// All parents with the numbers of their children.
    pub(in crate::sync) async fn digest(
        self,
        numbers: Numbers,
        walk: u64,
        tally: &mut RequestStats,
    ) -> Result<Counted, WalkError> {
        let listing = self.numbered(numbers, walk);
        let size = numbers.feed.page_size(self.config);
        let mut pager = Pager::new(self.client, &listing, Token::First, size);
        let mut digest = Digest::of_none();
        let mut parents = Some(Vec::new());
        while let Some(fetched) = pager.next().await? {
            for Numbered { name, changed, numbers } in numbers.of(&fetched.page) {
                digest.add(&name.join(" "), &numbers);
                if let Some(parents) = &mut parents {
                    parents.push((name, changed));
                }
            }
            parents = parents.filter(|parents| parents.len() <= MOST_REMEMBERED);
        }
        tally.add(pager.tally);
        for (level, note) in pager.notes.drain(..) {
            self.emitter.log(level, &note).await?;
        }
        Ok(Counted { digest, parents })
    }

    fn numbered(self, numbers: Numbers, walk: u64) -> Listing {
        self.listing(numbers.feed, numbers.feed.path.to_owned(), &[], walk).of(numbers)
    }

    /// Adds the parents whose numbers moved since the last read, but for those that the walk lists
    /// as changed.
    pub(in crate::sync) async fn moved(
        self,
        stretch: &mut Segment<'_>,
        number: usize,
        (numbers, counted): (Numbers, &Counted),
        named: &mut Named,
        (at, asked): (&Token, i64),
    ) -> Result<(), WalkError> {
        let Some(moved) = Moved::since(&stretch.who[number].position, &counted.digest) else {
            return Ok(());
        };
        if let Some(parents) = &counted.parents {
            let moved = parents.iter().filter(|(name, changed)| moved.has(name, *changed));
            named.extend(moved.map(|(name, _)| numbers.values(name)));
            return Ok(());
        }
        let listing = self.numbered(numbers, stretch.walk);
        let size = numbers.feed.page_size(self.config);
        let mut pager = Pager::new(self.client, &listing, Token::First, size);
        while let Some(fetched) = pager.next().await? {
            let listed = numbers.of(&fetched.page);
            let listed = listed.filter(|parent| moved.has(&parent.name, parent.changed));
            named.extend(listed.map(|parent| numbers.values(&parent.name)));
            // The slot goes back before children are asked for.
            drop(fetched);
            if named.len() >= MOST_NAMED {
                self.named(stretch, named, (at, asked)).await?;
                if !stretch.who[number].is_reading() {
                    break;
                }
            }
        }
        stretch.who[number].report.tally.add(pager.tally);
        Ok(())
    }
}

impl Listing {
    /// The same, with all that numbers are made of looked up.
    fn of(mut self, Numbers { keys, fills, changed, .. }: Numbers) -> Self {
        let fills = fills.iter().map(|(_, key)| *key);
        self.want(fills.chain(keys.iter().copied()).chain(changed));
        self
    }
}

impl Context<'_> {
    /// Delivers the rows of a stream whose numbers moved, but for those that the walk lists as
    /// changed.
    pub(super) async fn deliver_moved(
        self,
        stretch: &mut Segment<'_>,
        number: usize,
        (numbers, counted): (Numbers, &Counted),
    ) -> Result<(), WalkError> {
        let member = &mut *stretch.who[number];
        let stream = member.stream;
        let Some(moved) = Moved::since(&member.position, &counted.digest) else { return Ok(()) };
        let is_known = |parents: &Vec<(Vec<String>, Option<i64>)>| {
            !parents.iter().any(|(name, changed)| moved.has(name, *changed))
        };
        if counted.parents.as_ref().is_some_and(is_known) {
            return Ok(());
        }
        let path = numbers.feed.path.to_owned();
        let listing = self.listing(numbers.feed, path, &[stream], stretch.walk).of(numbers);
        let size = numbers.feed.page_size(self.config);
        let mut pager = Pager::new(self.client, &listing, Token::First, size);
        let framer = RecordWriter::new(stream);
        while let Some(fetched) = pager.next().await? {
            let Fetched { page, slot, .. } = fetched;
            let keep: Vec<bool> =
                numbers.of(&page).map(|row| moved.has(&row.name, row.changed)).collect();
            let mut batch = Batch::default();
            let framed = framer.frame(&page, &keep, &stretch.fills, unix_ms(), &mut batch.lines);
            drop(page);
            let member = &mut *stretch.who[number];
            member.report.note(&framed);
            batch.parts.push(member.part(framed.rows));
            self.emitter.batch(batch).await?;
            drop(slot);
        }
        stretch.who[number].report.tally.add(pager.tally);
        Ok(())
    }
}

impl Numbers {
    /// The numbers of a stream's own rows.
    pub(super) fn of_rows(stream: &'static Stream) -> Option<Self> {
        let ChangeSource::Numbers { feed, keys } = stream.counted_by? else { return None };
        let changed = stream.cursor.map(|cursor| cursor.field);
        Some(Self { feed, keys, fills: &[("id", "id")], changed })
    }

    /// The parents of a page.
    fn of(self, page: &Page) -> impl Iterator<Item = Numbered> {
        let Self { keys, fills, changed, .. } = self;
        let fills: Vec<&'static str> = fills.iter().map(|(_, key)| *key).collect();
        let list = page.lists.first();
        let rows =
            list.into_iter().flat_map(|list| (0..list.rows.len()).map(move |row| (list, row)));
        rows.map(move |(list, row)| {
            let named = values(page, list, row, &fills);
            let value =
                |key: &&str| list.member(row, key).map_or(&b""[..], |at| page.text.raw(at.value));
            Numbered {
                name: fills.iter().filter_map(|key| named.get(key).cloned()).collect(),
                changed: changed.and_then(|key| filter::time(page, list, row, key)),
                numbers: keys.iter().map(value).collect::<Vec<_>>().join(&b' '),
            }
        })
    }

    /// A parent by what the paths of its children need.
    fn values(self, name: &[String]) -> BTreeMap<&'static str, String> {
        let keys = self.fills.iter().map(|(_, key)| *key);
        keys.zip(name.iter().cloned()).collect()
    }
}

/// Which parents' numbers moved since a stream's last read.
struct Moved<'d> {
    before: Digest,
    now: &'d Digest,
    /// The walk lists what changed from here on, unix seconds.
    lower: i64,
}

impl<'d> Moved<'d> {
    /// None where nothing can be compared, or nothing moved: the first digest comes with a pass over
    /// all parents.
    fn since(position: &Position, now: &'d Digest) -> Option<Self> {
        let before = position.walk.digest.clone();
        let compares = before.is_known() && !position.walk.pass.under_way && before != *now;
        let lower = position.walk.cursor_at_start.or(position.cursor)?;
        compares.then_some(Self { before, now, lower })
    }

    fn has(&self, name: &[String], changed: Option<i64>) -> bool {
        changed.is_some_and(|changed| changed < self.lower)
            && self.now.has_moved(&self.before, &name.join(" "))
    }
}

/// Parents by what the paths of their children need of them.
pub(super) type Named = BTreeSet<BTreeMap<&'static str, String>>;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_looked_at_when_a_pass_begins_and_not_in_its_middle() {
        let mut position = Position::default();
        assert!(needs_numbers(&position));
        position.walk.pass.under_way = true;
        assert!(needs_numbers(&position));
        position.walk.phase = Phase::UnderWay;
        assert!(!needs_numbers(&position));
        position.walk.pass.under_way = false;
        assert!(needs_numbers(&position));
        position.walk.full = true;
        assert!(!needs_numbers(&position));
    }

    #[test]
    fn parents_whose_numbers_moved_are_named_unless_the_walk_lists_them() {
        let digest = |numbers: &[(&str, &str)]| {
            let mut digest = Digest::of_none();
            numbers.iter().for_each(|(id, numbers)| digest.add(id, numbers.as_bytes()));
            digest
        };
        let (before, after) = (
            digest(&[("1", "0"), ("2", "0"), ("3", "0")]),
            digest(&[("1", "0"), ("2", "1"), ("3", "1")]),
        );
        let mut position = Position { cursor: Some(100), ..Position::default() };
        assert!(Moved::since(&position, &before).is_none(), "nothing was known");
        position.walk.digest = before.clone();
        assert!(Moved::since(&position, &before).is_none(), "nothing moved");
        let moved = Moved::since(&position, &after).unwrap();
        let has = |id: &str, changed| moved.has(&[id.to_owned()], Some(changed));
        // The third changed itself, and the walk brings its children.
        assert_eq!((has("1", 5), has("2", 5), has("3", 200)), (false, true, false));
        position.walk.pass.under_way = true;
        assert!(Moved::since(&position, &after).is_none(), "all are read anyway");
    }
}
