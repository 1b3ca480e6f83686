//! The counts that parents have of their children: number of votes, their sum, number of comments.
//! If the counts of a parent differ from those of the last read, its children changed, even if the
//! parent did not. Only a digest is kept, of one size for any number of parents. So some parents
//! are named that did not change, and very rarely one is missed. Pure.

use xxhash_rust::xxh3::xxh3_64;

/// Buckets of a digest. If there are as many parents as buckets, a changed parent names one other
/// on average. With ten times as many parents, it names ten.
const BUCKETS: usize = 512;

/// Hexadecimal digits of a bucket.
const DIGITS: usize = 4;

/// For each bucket, the sum of hashes over its parents. Empty when nothing is known.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Digest(Vec<u16>);

impl Digest {
    /// The digest of an empty listing. It differs from an unknown digest.
    #[must_use]
    pub fn of_none() -> Self {
        Self(vec![0; BUCKETS])
    }

    /// Adds a parent with this `id`. `numbers` are its counts as they are in the row.
    pub fn add(&mut self, id: &str, numbers: &[u8]) {
        let hash = xxh3_64(&[id.as_bytes(), b" ", numbers].concat());
        if let Some(sum) = self.0.get_mut(bucket(id)) {
            // The low bits of the sum of all: the order of the listing does not matter.
            *sum = sum.wrapping_add((hash & 0xffff) as u16);
        }
    }

    #[must_use]
    pub fn is_known(&self) -> bool {
        !self.0.is_empty()
    }

    /// Whether the counts of this parent, or of another parent in its bucket, differ from those in
    /// `since`.
    #[must_use]
    pub fn has_moved(&self, since: &Self, id: &str) -> bool {
        self.0.get(bucket(id)) != since.0.get(bucket(id))
    }

    /// The digest as the text of a saved position.
    #[must_use]
    pub fn text(&self) -> String {
        self.0.iter().map(|sum| format!("{sum:04x}")).collect()
    }

    /// Reads a digest of a saved position. A malformed text counts as unknown.
    #[must_use]
    pub fn from_text(text: &str) -> Self {
        if text.len() != BUCKETS * DIGITS {
            return Self::default();
        }
        let chunks = text.as_bytes().chunks(DIGITS);
        let sums: Option<Vec<u16>> = chunks
            .map(|chunk| u16::from_str_radix(std::str::from_utf8(chunk).ok()?, 16).ok())
            .collect();
        Self(sums.unwrap_or_default())
    }
}

fn bucket(id: &str) -> usize {
    (xxh3_64(id.as_bytes()) % BUCKETS as u64) as usize
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(parents: &[(&str, &str)]) -> Digest {
        let mut digest = Digest::of_none();
        parents.iter().for_each(|(id, numbers)| digest.add(id, numbers.as_bytes()));
        digest
    }

    #[test]
    fn a_parent_whose_numbers_moved_is_named_and_the_order_does_not_matter() {
        let before = of(&[("1", "3 2"), ("2", "0 0"), ("3", "7 7")]);
        assert_eq!(before, of(&[("3", "7 7"), ("1", "3 2"), ("2", "0 0")]));
        let after = of(&[("1", "3 2"), ("2", "1 1"), ("3", "7 7")]);
        assert!(after.has_moved(&before, "2"));
        assert!(!after.has_moved(&before, "1") && !after.has_moved(&before, "3"));
        // Nothing was known, so everything is news.
        assert!(after.has_moved(&Digest::default(), "1"));
    }

    #[test]
    fn of_many_parents_few_are_named_that_did_not_move_and_the_size_is_bounded() {
        let parents: Vec<String> = (0..20_000).map(|id| id.to_string()).collect();
        let mut before = Digest::of_none();
        let mut after = Digest::of_none();
        for id in &parents {
            before.add(id, b"1 1");
            after.add(id, if id == "777" { b"2 2" } else { b"1 1" });
        }
        let named: Vec<&String> =
            parents.iter().filter(|id| after.has_moved(&before, id)).collect();
        assert!(named.contains(&&"777".to_owned()) && named.len() < 100, "{}", named.len());
        assert_eq!(after.text().len(), BUCKETS * DIGITS);
        assert_eq!(Digest::from_text(&after.text()), after);
    }

    #[test]
    fn a_malformed_text_is_nothing_known() {
        let good = Digest::of_none().text();
        for bad in ["", "zz", &good[1..], &good.replace('0', "g"), &good.repeat(2), "\u{e9}\u{e9}"]
        {
            assert!(!Digest::from_text(bad).is_known(), "{bad}");
        }
        assert!(Digest::from_text(&good).is_known());
    }
}
