//! The messages of a dry run: what would happen to the first rows of each kind, by key. Pure.

use std::collections::BTreeMap;

use airbyte::destination::catalog::Descriptor;
use airbyte::destination::ledger::{Counts, Move, Settled};

/// How many rows of each kind are shown per stream.
pub(super) const MOST_SHOWN: u32 = 20;

/// What would happen to a row.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Kind {
    Create,
    Update,
    Leave,
    Delete,
    Mark,
    Unmark,
}

impl Kind {
    /// The kinds of a settled row. Rejected rows have messages of their own.
    fn of(settled: Settled, moved: Option<Move>) -> impl Iterator<Item = Self> {
        let written = match settled {
            Settled::Created => Some(Self::Create),
            Settled::Updated => Some(Self::Update),
            Settled::Unchanged => Some(Self::Leave),
            Settled::Deleted => Some(Self::Delete),
            Settled::Skipped | Settled::Rejected => None,
        };
        let moved = moved.map(|moved| match moved {
            Move::Joined => Self::Mark,
            Move::Left => Self::Unmark,
        });
        written.into_iter().chain(moved)
    }
}

/// How many rows of each kind were shown per stream.
#[derive(Debug, Default)]
pub(super) struct Report(BTreeMap<(Descriptor, Kind), u32>);

impl Report {
    /// The messages about one row. Empty if enough rows of its kinds were shown. `fields` are the fields that
    /// would be written.
    pub(super) fn lines(
        &mut self,
        stream: &Descriptor,
        key: Option<&str>,
        came: (Settled, Option<Move>),
        fields: &[String],
    ) -> Vec<String> {
        let row = key.map_or_else(|| "a row without a key".to_owned(), |key| format!("`{key}`"));
        let kinds = Kind::of(came.0, came.1);
        let shown = kinds.filter(|kind| {
            let count = self.0.entry((stream.clone(), *kind)).or_default();
            *count += 1;
            *count <= MOST_SHOWN
        });
        let fields = fields.join(", ");
        let words = |kind: Kind| match kind {
            Kind::Create => format!("would create {row} with {fields}"),
            Kind::Update => format!("would update {row}: {fields}"),
            Kind::Leave => format!("would leave {row} unchanged"),
            Kind::Delete => format!("would delete {row}"),
            Kind::Mark => format!("would mark {row}"),
            Kind::Unmark => format!("would unmark {row}"),
        };
        shown.map(|kind| format!("{stream}: {}", words(kind))).collect()
    }
}

/// The messages about members that the mirror would remove.
pub(super) fn removed(stream: &Descriptor, ids: &[u64]) -> Vec<String> {
    let shown = ids.iter().zip(0..MOST_SHOWN);
    shown.map(|(id, _)| format!("{stream}: would unmark the member {id}")).collect()
}

/// The counts of a stream as text.
pub(super) fn words(counts: Counts, dry_run: bool) -> String {
    let Counts { created, updated, unchanged, deleted, skipped, rejected, .. } = counts;
    let (marked, unmarked) = (counts.members_added, counts.members_removed);
    let mut words = if dry_run {
        format!(
            "would create {created}, update {updated}, leave {unchanged} unchanged, reject {rejected}, mark \
             {marked}, unmark {unmarked}"
        )
    } else {
        format!("{created} created, {updated} updated, {unchanged} unchanged, {rejected} rejected")
    };
    if marked + unmarked > 0 && !dry_run {
        words.push_str(&format!(", {marked} marked, {unmarked} unmarked"));
    }
    if deleted > 0 {
        words.push_str(&match dry_run {
            true => format!(", delete {deleted}"),
            false => format!(", {deleted} deleted"),
        });
    }
    if skipped > 0 {
        words.push_str(&match dry_run {
            true => format!(", skip {skipped}"),
            false => format!(", {skipped} skipped"),
        });
    }
    words
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn twenty_of_each_kind_are_shown_by_their_keys() {
        let stream = Descriptor { namespace: None, name: "a".into() };
        let mut report = Report::default();
        let fields = ["member".to_owned(), "name".to_owned()];
        let marked = (Settled::Updated, Some(Move::Joined));
        let lines = report.lines(&stream, Some("u1"), marked, &fields);
        assert_eq!(lines, ["a: would update `u1`: member, name", "a: would mark `u1`"]);
        for _ in 0..30 {
            report.lines(&stream, None, (Settled::Updated, None), &fields);
        }
        assert_eq!(report.lines(&stream, Some("u2"), marked, &fields), ["a: would mark `u2`"]);
        let left = (Settled::Unchanged, None);
        assert_eq!(report.lines(&stream, Some("u3"), left, &[]), ["a: would leave `u3` unchanged"]);
    }
}
