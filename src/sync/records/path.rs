//! Follows a stream's path through the rows of a scanned page, down to the stream's own rows. Pure.

use std::borrow::Cow;

use crate::streams::Step;
use zendesk::edit::Text;
use zendesk::json::{Member, Span};
use zendesk::page::{Row, Rows};

/// A row of a page.
#[derive(Clone, Copy, Debug)]
pub(super) struct Level<'p> {
    rows: &'p Rows,
    at: usize,
}

/// A row at the end of a path, and the rows around it.
#[derive(Clone, Copy, Debug)]
pub(super) struct RowPlace<'p, 'w> {
    pub(super) text: &'p Text,
    /// The row itself.
    pub(super) own: Level<'p>,
    /// The rows around it, the row of the list first.
    around: &'w [Level<'p>],
}

/// Goes through the rows at the end of a path.
pub(super) struct Walker<'p> {
    text: &'p Text,
    own: Level<'p>,
    around: Vec<Level<'p>>,
    /// The conditions of the path: a level, a key, and the text that the key must have.
    conditions: Vec<(usize, &'static str, &'static str)>,
}

impl<'p> Walker<'p> {
    /// A walker over a list of a page. `None` if the page was not scanned for the path, such as an
    /// empty page.
    pub(super) fn new(text: &'p Text, list: &'p Rows, steps: &[Step]) -> Option<Self> {
        let mut own = Level { rows: list, at: 0 };
        let (mut around, mut conditions) = (Vec::new(), Vec::new());
        for step in steps {
            match step {
                Step::Into(key) | Step::Each(key) => {
                    let rows = own.rows.inner.iter().find(|inner| inner.path == [*key])?;
                    around.push(own);
                    own = Level { rows, at: 0 };
                }
                Step::Where(key, text) => conditions.push((around.len(), *key, *text)),
            }
        }
        Some(Self { text, own, around, conditions })
    }

    /// How many elements on the path are not rows.
    pub(super) fn strays(&self) -> usize {
        self.around.iter().chain([&self.own]).map(|level| level.rows.strays).sum()
    }

    /// Calls `each` with every row whose row of the list is kept, in the order of the page.
    pub(super) fn each(mut self, keep: &[bool], mut each: impl FnMut(&RowPlace<'p, '_>)) {
        for at in 0..self.own.rows.rows.len() {
            self.own.at = at;
            let mut inside = self.own;
            for level in self.around.iter_mut().rev() {
                level.at = inside.row().around;
                inside = *level;
            }
            let place = RowPlace { text: self.text, own: self.own, around: &self.around };
            let holds =
                |(level, key, text): &(usize, &str, &str)| place.has_text(*level, key, text);
            if keep.get(inside.at) == Some(&true) && self.conditions.iter().all(holds) {
                each(&place);
            }
        }
    }
}

impl<'p> Level<'p> {
    pub(super) fn row(&self) -> &'p Row {
        &self.rows.rows[self.at]
    }

    pub(super) fn member(&self, key: &str) -> Option<Member> {
        self.rows.member(self.at, key)
    }
}

impl<'p> RowPlace<'p, '_> {
    /// The row at a level: this row or one around it.
    pub(super) fn level(&self, level: usize) -> Option<Level<'p>> {
        if level == self.around.len() { Some(self.own) } else { self.around.get(level).copied() }
    }

    pub(super) fn span(&self) -> Span {
        self.own.row().span
    }

    /// A member of the row.
    pub(super) fn member(&self, key: &str) -> Option<Member> {
        self.own.member(key)
    }

    /// A member of the row at a level.
    pub(super) fn member_of(&self, level: usize, key: &str) -> Option<Member> {
        self.level(level)?.member(key)
    }

    fn has_text(&self, level: usize, key: &str, text: &str) -> bool {
        let value = self.member_of(level, key).map(|member| self.text.raw(member.value));
        value.and_then(|value| value.strip_prefix(b"\"")?.strip_suffix(b"\""))
            == Some(text.as_bytes())
    }

    /// The bytes of a member of the row, unchanged.
    pub(super) fn raw(&self, key: &str) -> Option<&'p [u8]> {
        Some(self.text.raw(self.member(key)?.value))
    }

    /// The index in the list of the row, or of the row of the list that contains it.
    pub(super) fn listed(&self) -> usize {
        self.around.first().unwrap_or(&self.own).at
    }
}

/// A value as text. `None` for null and for an empty value.
pub(super) fn plain(raw: &[u8]) -> Option<Cow<'_, str>> {
    let text: Cow<'_, str> = match raw.first()? {
        b'"' => serde_json::from_slice::<String>(raw).ok()?.into(),
        _ if raw == b"null" => return None,
        _ => String::from_utf8_lossy(raw),
    };
    (!text.is_empty()).then_some(text)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::{Value, json};

    use super::*;
    use zendesk::page::{ListShape, Page, Shape, scan};

    const WANTED: [&str; 3] = ["n", "k", "a"];

    /// A page of these rows, scanned for every path of the tests.
    fn page(rows: &Value) -> Page {
        let list = |path, inner| ListShape {
            path,
            wanted: WANTED.map(Into::into).to_vec(),
            inner,
            ..ListShape::default()
        };
        let both =
            |inner: &[ListShape]| vec![list(&["a"], inner.to_vec()), list(&["b"], inner.to_vec())];
        let lists = vec![list(&["rows"], both(&both(&[])))];
        scan(json!({ "rows": rows }).to_string().into_bytes(), &Shape { lists }).unwrap()
    }

    /// For each row that a walker finds: the members of the rows at all levels, and the row's
    /// index.
    fn walked(rows: &Value, keep: &[bool], steps: &[Step]) -> Vec<(Vec<Value>, usize, usize)> {
        let page = page(rows);
        let mut found = Vec::new();
        Walker::new(&page.text, &page.lists[0], steps).unwrap().each(keep, |place| {
            let of_level = |level: usize| {
                place.level(level)?;
                let value = |key| {
                    let raw = page.text.raw(place.member_of(level, key)?.value);
                    serde_json::from_slice::<Value>(raw).ok()
                };
                Some(WANTED.map(|key| value(key).unwrap_or_default()).into_iter().collect())
            };
            let levels = (0..).map_while(of_level).collect();
            let whole: Value = serde_json::from_slice(page.text.raw(place.span())).unwrap();
            assert_eq!(whole.get("n").is_some(), place.raw("n").is_some());
            found.push((levels, place.own.row().place, place.listed()));
        });
        found
    }

    /// The same result, found by parsing the values.
    fn naive(
        (row, place): (&Value, usize),
        around: &[Value],
        steps: &[Step],
        found: &mut Vec<(Vec<Value>, usize)>,
    ) {
        if !row.is_object() {
            return;
        }
        let levels = [around, &[WANTED.map(|key| row[key].clone()).into_iter().collect()]].concat();
        // Conditions on this row stand before the next step inside.
        let conditions = steps.iter().take_while(|step| matches!(step, Step::Where(..))).count();
        let holds = |step: &Step| matches!(step, Step::Where(key, text) if row[*key] == **text);
        if !steps[..conditions].iter().all(holds) {
            return;
        }
        match &steps[conditions..] {
            [] => found.push((levels, place)),
            [Step::Into(key) | Step::Each(key), further @ ..] => match &row[*key] {
                Value::Array(elements) => {
                    for (place, element) in elements.iter().enumerate() {
                        naive((element, place), &levels, further, found);
                    }
                }
                one => naive((one, 0), &levels, further, found),
            },
            [Step::Where(..), ..] => unreachable!("conditions were counted"),
        }
    }

    #[test]
    fn rows_are_found_with_all_that_is_around_them() {
        let rows = json!([
            { "n": 1, "a": [{ "n": 2, "k": "x", "b": { "n": 3 } }, null, { "n": 4, "k": "y", "b": [{ "n": 5 }] }] },
            { "n": 6, "a": [] },
            { "n": 7, "a": { "n": 8, "k": "x", "b": [7, { "n": 9 }] }, "b": [{ "n": 10 }] },
        ]);
        let page = page(&rows);
        let numbers = |steps: &[Step], keep: &[bool]| {
            let mut found = Vec::new();
            Walker::new(&page.text, &page.lists[0], steps).unwrap().each(keep, |place| {
                let number = |level| Some(page.text.raw(place.member_of(level, "n")?.value));
                let numbers: Vec<_> = (0..).map_while(number).collect();
                found.push(String::from_utf8(numbers.join(&b" "[..])).unwrap());
            });
            found
        };
        let (each, all) = ([Step::Each("a"), Step::Each("b")], [true; 3]);
        assert_eq!(numbers(&[], &all), ["1", "6", "7"]);
        assert_eq!(numbers(&each[1..], &all), ["7 10"]);
        assert_eq!(numbers(&each, &all), ["1 2 3", "1 4 5", "7 8 9"]);
        assert_eq!(numbers(&each, &[false, true, true]), ["7 8 9"]);
        assert_eq!(numbers(&each, &[true]), ["1 2 3", "1 4 5"]);
        let of_x = [each[0], Step::Where("k", "x"), each[1]];
        assert_eq!(numbers(&of_x, &all), ["1 2 3", "7 8 9"]);
        let strays = |steps| Walker::new(&page.text, &page.lists[0], steps).unwrap().strays();
        assert_eq!((strays(&[]), strays(&each[..1]), strays(&each)), (0, 1, 2));
        assert!(Walker::new(&page.text, &page.lists[0], &[Step::Each("c")]).is_none());
    }

    /// Rows with rows inside, and elements that are not rows.
    fn rows() -> impl Strategy<Value = Value> {
        let leaf =
            prop_oneof![Just(json!(null)), Just(json!(7)), Just(json!("x")), Just(json!({}))];
        let row = leaf.prop_recursive(4, 48, 4, |inner| {
            let members = proptest::collection::hash_map("[abc]", inner.clone(), 0..3);
            let text = prop_oneof![Just("x"), Just("y"), Just("\"x")];
            let row =
                (members, proptest::option::of(text), any::<u8>()).prop_map(|(members, k, n)| {
                    let mut row = json!(members);
                    row["n"] = n.into();
                    row["k"] = k.into();
                    row
                });
            prop_oneof![row, proptest::collection::vec(inner, 0..4).prop_map(Value::from)]
        });
        proptest::collection::vec(row, 0..6).prop_map(Value::from)
    }

    fn step() -> impl Strategy<Value = Step> {
        prop_oneof![
            Just(Step::Each("a")),
            Just(Step::Into("b")),
            Just(Step::Where("k", "x")),
            Just(Step::Where("k", "y")),
        ]
    }

    proptest! {
        #[test]
        fn a_walker_finds_what_is_found_by_values(
            rows in rows(),
            steps in proptest::collection::vec(step(), 0..4),
            keep in proptest::collection::vec(any::<bool>(), 0..6),
        ) {
            let inside = steps.iter().filter(|step| !matches!(step, Step::Where(..))).count();
            prop_assume!(inside <= 2);
            let listed = rows.as_array().unwrap().iter().filter(|row| row.is_object());
            let mut expected = Vec::new();
            for (at, row) in listed.enumerate().filter(|(at, _)| keep.get(*at) == Some(&true)) {
                let place = rows.as_array().unwrap().iter().position(|one| std::ptr::eq(one, row));
                let mut found = Vec::new();
                naive((row, place.unwrap()), &[], &steps, &mut found);
                expected.extend(found.into_iter().map(|(levels, place)| (levels, place, at)));
            }
            prop_assert_eq!(walked(&rows, &keep, &steps), expected);
        }
    }
}
