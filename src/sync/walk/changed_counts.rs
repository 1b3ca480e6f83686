//! Finds parents whose counts of votes and comments changed. A listing of all parents shows the
//! counts, even if the parents themselves did not change.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::named::Named;
use super::segment::Segment;
use crate::streams::{ChangeSource, Feed, ResolvedFeed, ResolvedStream};
use crate::sync::WalkError;
use crate::sync::children::parents::{changed_key, values};
use crate::sync::listing::context::Context;
use crate::sync::listing::pager::{Listing, Pager};
use crate::sync::position::digest::Digest;
use crate::sync::position::{Phase, Position};
use crate::sync::records::{CameAt, RecordWriter, filter};
use airbyte::source::emitter::Batch;
use zendesk::budget::WalkId;
use zendesk::client::{Fetched, RequestStats};
use zendesk::page::Page;
use zendesk::paging::Token;

/// How many parents are remembered while their counts are listed. If there are more, a second
/// listing finds those whose counts changed.
const MOST_REMEMBERED: usize = 5_000;

/// A listing with more pages than this is read at most once a day.
const MOST_PAGES_EACH_TIME: u64 = 10;

const DAY_SECONDS: i64 = 86_400;

/// Whether to list the parents' counts, at `now` in unix seconds. A full pass that is under way has
/// its digest from its begin. A listing that took many requests is not repeated for a day.
pub(super) fn is_due(position: &Position, now: i64) -> bool {
    let walk = &position.walk;
    let in_a_pass = walk.full_pass.under_way && walk.phase == Phase::UnderWay;
    // A time in the future is no reason to wait.
    let is_rested = walk
        .children
        .counted_at
        .is_none_or(|at| !(0..DAY_SECONDS).contains(&now.saturating_sub(at)));
    !walk.full && !in_a_pass && is_rested
}

/// The source of counts: a listing of all parents of a stream, with the counts of their children
/// under these keys.
#[derive(Clone, Copy)]
pub(super) struct CountSource {
    pub feed: &'static Feed,
    pub keys: &'static [&'static str],
    /// Which key of a parent fills which placeholder.
    pub path_params: &'static [(&'static str, &'static str)],
    /// The key with the time of a parent's last change.
    pub changed: Option<&'static str>,
}

/// The name of a parent, and when it changed.
struct KnownParent {
    /// The values of the placeholders, in their order.
    name: Vec<String>,
    changed: Option<i64>,
}

/// A parent in a listing of counts.
struct CountedParent {
    parent: KnownParent,
    numbers: Vec<u8>,
}

/// The counts of all parents of a feed as digests, and the parents themselves if they are not too
/// many.
pub(super) struct Counts {
    /// The digests, by the keys of the counts. A change of one stream's counts has no effect on
    /// another stream's.
    digests: Vec<(&'static [&'static str], Digest)>,
    /// When the counts were listed, unix seconds. Only set if that took many requests.
    pub counted_at: Option<i64>,
    parents: Option<Vec<KnownParent>>,
}

impl Counts {
    /// The digest of a source's counts. Unknown if they were not listed.
    pub(super) fn digest(&self, source: CountSource) -> Digest {
        let own = self.digests.iter().find(|(keys, _)| *keys == source.keys);
        own.map(|(_, digest)| digest.clone()).unwrap_or_default()
    }
}

/// Lists all parents once, with the counts of each of these sources. All sources must have the same
/// listing.
///
/// # Errors
/// [`WalkError`] when a page cannot be read.
pub(super) async fn count(
    context: Context<'_>,
    source: CountSource,
    others: &[CountSource],
    walk: WalkId,
    tally: &mut RequestStats,
) -> Result<Counts, WalkError> {
    let mut listing = source.listing(context, &[], walk);
    listing.want(others.iter().flat_map(|other| other.keys).copied());
    let size = source.feed.page_size(context.config);
    let mut pager = Pager::new(context.client, listing, Token::First, size);
    let mut digests: Vec<(CountSource, Digest)> = Vec::new();
    for source in [source].iter().chain(others) {
        if !digests.iter().any(|(there, _)| there.keys == source.keys) {
            digests.push((*source, Digest::of_none()));
        }
    }
    let mut parents = Some(Vec::new());
    while let Some(fetched) = pager.next().await? {
        for (source, digest) in &mut digests {
            for CountedParent { parent, numbers } in source.of(&fetched.page) {
                digest.add(&parent.name.join(" "), &numbers);
            }
        }
        if let Some(parents) = &mut parents {
            parents.extend(source.of(&fetched.page).map(|counted| counted.parent));
        }
        parents = parents.filter(|parents| parents.len() <= MOST_REMEMBERED);
    }
    tally.add(pager.tally);
    context.log_notes(&mut pager).await?;
    let counted_at =
        (pager.tally.pages > MOST_PAGES_EACH_TIME).then(|| context.client.clock().now_unix());
    let digests = digests.into_iter().map(|(source, digest)| (source.keys, digest)).collect();
    Ok(Counts { digests, counted_at, parents })
}

/// Adds the parents whose counts changed since a stream's last read. Parents that the walk lists as
/// changed are left out.
///
/// # Errors
/// [`WalkError`] when a page cannot be read, or when an error ends the whole sync.
pub(super) async fn name_moved(
    context: Context<'_>,
    segment: &mut Segment<'_>,
    number: usize,
    source: CountSource,
    counts: &Counts,
    named: &mut Named<'_>,
) -> Result<(), WalkError> {
    let now = counts.digest(source);
    let Some(moved) = Moved::since(&segment.who[number].position, &now) else { return Ok(()) };
    let stream = Arc::clone(&segment.who[number].stream);
    if let Some(parents) = &counts.parents {
        let moved = parents.iter().filter(|parent| moved.has(parent));
        named.extend(&stream, moved.map(|parent| source.values(&parent.name)));
        return Ok(());
    }
    let listing = source.listing(context, &[], segment.walk);
    let size = source.feed.page_size(context.config);
    let mut pager = Pager::new(context.client, listing, Token::First, size);
    while let Some(fetched) = pager.next().await? {
        let listed = source.of(&fetched.page).map(|counted| counted.parent);
        let listed = listed.filter(|parent| moved.has(parent));
        named.extend(&stream, listed.map(|parent| source.values(&parent.name)));
        // The slot goes back before children are asked for.
        drop(fetched);
        if named.is_full() {
            named.read(context, segment).await?;
            if !segment.who[number].is_reading() {
                break;
            }
        }
    }
    segment.who[number].report.tally.add(pager.tally);
    Ok(())
}

/// Delivers the rows of a stream whose own counts changed. Rows that the walk lists as changed are
/// left out.
///
/// # Errors
/// [`WalkError`] when a page cannot be read or delivered.
pub(super) async fn deliver_moved(
    context: Context<'_>,
    segment: &mut Segment<'_>,
    number: usize,
    source: CountSource,
    counts: &Counts,
) -> Result<(), WalkError> {
    let member = &mut *segment.who[number];
    let stream = Arc::clone(&member.stream);
    let now = counts.digest(source);
    let Some(moved) = Moved::since(&member.position, &now) else { return Ok(()) };
    let none_moved = |parents: &Vec<KnownParent>| !parents.iter().any(|parent| moved.has(parent));
    if counts.parents.as_ref().is_some_and(none_moved) {
        return Ok(());
    }
    let listing = source.listing(context, &[&stream], segment.walk);
    let size = source.feed.page_size(context.config);
    let mut pager = Pager::new(context.client, listing, Token::First, size);
    let writer = RecordWriter::new(&stream);
    while let Some(fetched) = pager.next().await? {
        let Fetched { page, slot, now_unix, .. } = fetched;
        let came_at = CameAt::now(now_unix);
        let keep: Vec<bool> = source.of(&page).map(|row| moved.has(&row.parent)).collect();
        let mut batch = Batch::default();
        let path_params = &segment.path_params;
        let written = writer.write(&page, &keep, path_params, came_at, &mut batch.lines);
        drop(page);
        let member = &mut *segment.who[number];
        member.report.note(&written);
        batch.parts.push(member.part(written.rows));
        context.emitter.batch(batch).await?;
        drop(slot);
    }
    segment.who[number].report.tally.add(pager.tally);
    Ok(())
}

impl CountSource {
    /// The source of the counts that a stream's parents have of its rows. `None` if they have none.
    pub(super) fn of_parents(stream: &ResolvedStream) -> Option<Self> {
        // What is named is the root's row, of whatever depth the stream is.
        let lineage = stream.feed.lineage();
        let parent = lineage.first().and_then(ResolvedFeed::parent)?;
        let ChangeSource::Numbers { feed, keys } = parent.told_by? else { return None };
        Some(Self { feed, keys, path_params: parent.fills, changed: changed_key(stream) })
    }

    /// The source of the counts in a stream's own rows. `None` if it has none.
    pub(super) fn of_rows(stream: &ResolvedStream) -> Option<Self> {
        let ChangeSource::Numbers { feed, keys } = stream.counted_by? else { return None };
        let changed = stream.cursor.map(|cursor| cursor.field);
        Some(Self { feed, keys, path_params: &[("id", "id")], changed })
    }

    /// The listing of the parents. It looks up their names, counts and times.
    fn listing(self, context: Context<'_>, streams: &[&ResolvedStream], walk: WalkId) -> Listing {
        let Self { feed, keys, path_params, changed } = self;
        let feed = ResolvedFeed::from(feed);
        let mut listing = context.listing(&feed, feed.path().to_owned(), streams, walk);
        let names = path_params.iter().map(|(_, key)| *key);
        listing.want(names.chain(keys.iter().copied()).chain(changed));
        listing
    }

    /// The parents of a page.
    fn of(self, page: &Page) -> impl Iterator<Item = CountedParent> {
        let Self { keys, path_params, changed, .. } = self;
        let names: Vec<&'static str> = path_params.iter().map(|(_, key)| *key).collect();
        let list = page.lists.first();
        let rows =
            list.into_iter().flat_map(|list| (0..list.rows.len()).map(move |row| (list, row)));
        rows.map(move |(list, row)| {
            let named = values(page, list, row, &names);
            let value =
                |key: &&str| list.member(row, key).map_or(&b""[..], |at| page.text.raw(at.value));
            CountedParent {
                parent: KnownParent {
                    name: names.iter().filter_map(|key| named.get(key).cloned()).collect(),
                    changed: changed.and_then(|key| filter::time(page, list, row, key)),
                },
                numbers: keys.iter().map(value).collect::<Vec<_>>().join(&b' '),
            }
        })
    }

    /// The values that the paths of a parent's children need.
    fn values(self, name: &[String]) -> BTreeMap<&'static str, String> {
        let keys = self.path_params.iter().map(|(_, key)| *key);
        keys.zip(name.iter().cloned()).collect()
    }
}

/// Decides which parents' counts changed since a stream's last read.
struct Moved<'d> {
    before: Digest,
    now: &'d Digest,
    /// The walk lists changes from this time on, unix seconds.
    lower: i64,
}

impl<'d> Moved<'d> {
    /// `None` if there is nothing to compare, or if nothing changed. The first digest comes with a
    /// full pass over all parents.
    fn since(position: &Position, now: &'d Digest) -> Option<Self> {
        let before = position.walk.children.digest.clone();
        let compares = before.is_known()
            && now.is_known()
            && !position.walk.full_pass.under_way
            && before != *now;
        let lower = position.walk.cursor_at_start.or(position.cursor)?;
        compares.then_some(Self { before, now, lower })
    }

    fn has(&self, KnownParent { name, changed }: &KnownParent) -> bool {
        changed.is_some_and(|changed| changed < self.lower)
            && self.now.has_moved(&self.before, &name.join(" "))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_looked_at_when_a_pass_begins_and_not_in_its_middle() {
        let mut position = Position::default();
        let now = 1_700_000_000;
        assert!(is_due(&position, now));
        position.walk.full_pass.under_way = true;
        assert!(is_due(&position, now));
        position.walk.phase = Phase::UnderWay;
        assert!(!is_due(&position, now));
        position.walk.full_pass.under_way = false;
        assert!(is_due(&position, now));
        position.walk.full = true;
        assert!(!is_due(&position, now));
    }

    #[test]
    fn a_long_listing_of_numbers_waits_for_a_day() {
        let mut position = Position::default();
        let now = 1_700_000_000;
        for (counted_at, expected) in [
            (now, false),
            (now - DAY_SECONDS + 1, false),
            (now - DAY_SECONDS, true),
            // A clock that ran ahead.
            (now + 1, true),
            (i64::MIN, true),
        ] {
            position.walk.children.counted_at = Some(counted_at);
            assert_eq!(is_due(&position, now), expected, "{counted_at}");
        }
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
        position.walk.children.digest = before.clone();
        assert!(Moved::since(&position, &before).is_none(), "nothing moved");
        let moved = Moved::since(&position, &after).unwrap();
        let has = |id: &str, changed| {
            moved.has(&KnownParent { name: vec![id.to_owned()], changed: Some(changed) })
        };
        // The third changed itself, and the walk brings its children.
        assert_eq!((has("1", 5), has("2", 5), has("3", 200)), (false, true, false));
        position.walk.full_pass.under_way = true;
        assert!(Moved::since(&position, &after).is_none(), "all are read anyway");
    }
}
