//! One scan of an answer. It notes where each row is, where the wanted members of each row are, and
//! the envelope around the rows. Rows stay in the body, as Zendesk sent them.

use std::borrow::Cow;
use std::error::Error;
use std::fmt;

use xxhash_rust::xxh3::xxh3_64;

use super::edit::{Mend, MendKind, Text};
use super::envelope::Envelope;
use super::json::{Fault, Member, Reader, Span};
use super::mend::{Mended, Mending, mend};
pub use super::shape::{ListShape, Shape};

/// An answer that was scanned completely.
#[derive(Debug)]
pub struct Page {
    pub text: Text,
    pub lists: Vec<Rows>,
    pub envelope: Envelope,
    /// What was mended before the answer could be read. `None` if nothing was.
    pub mending: Option<Box<Mending>>,
}

/// The rows of one list, and the rows inside of them.
#[derive(Debug, Default)]
pub struct Rows {
    /// The keys that lead to the list.
    pub path: &'static [&'static str],
    pub rows: Vec<Row>,
    /// The rows inside of these rows, one list for each key that was looked for.
    pub inner: Vec<Rows>,
    /// The keys that are looked for in each row. Those for rows inside come first.
    wanted: Vec<Cow<'static, str>>,
    members: Vec<Option<Member>>,
    /// The number of elements that were not objects.
    pub strays: usize,
}

/// The place of a row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Row {
    pub span: Span,
    /// For a row inside of another, the index of the outer row.
    pub around: usize,
    /// Its index in its array, from 0. Elements that are not objects count too.
    pub place: usize,
}

/// Why an answer cannot be read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PageError {
    NotUtf8,
    NotJson(Fault),
    NoList(String),
}

impl fmt::Display for PageError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotUtf8 => write!(f, "the body is not UTF-8"),
            Self::NotJson(fault) => write!(f, "the body is not valid JSON: {fault}"),
            Self::NoList(key) => write!(f, "the body has no list `{key}`"),
        }
    }
}

impl Error for PageError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            Self::NotJson(fault) => Some(fault),
            Self::NotUtf8 | Self::NoList(_) => None,
        }
    }
}

/// The byte order mark of UTF-8, which some programs put in front of a text.
const BYTE_ORDER_MARK: &[u8] = b"\xEF\xBB\xBF";

/// After this many unreadable answers to one request, the next one is mended even if it differs.
const UNREADABLE_BEFORE_MENDING: u32 = 3;

/// Scans the answers to one request. An unreadable answer is an error at first, so that the caller
/// repeats the request. If the same bytes come again, they are what Zendesk has, and are mended if
/// possible. So is any answer after some unreadable ones.
#[derive(Debug, Default)]
pub struct Scanner {
    unreadable: u32,
    last: Option<u64>,
}

impl Scanner {
    /// Scans an answer.
    ///
    /// # Errors
    /// [`PageError`] when the answer cannot be read, and either must not be mended yet or cannot be
    /// mended.
    pub fn scan(&mut self, body: Vec<u8>, shape: &Shape) -> Result<Page, PageError> {
        let (why, body) = match scan_or_give_back(body, shape) {
            Ok(page) => return Ok(page),
            Err(unread) => unread,
        };
        let hash = xxh3_64(&body);
        let came_before = self.last.replace(hash) == Some(hash);
        if came_before || self.unreadable >= UNREADABLE_BEFORE_MENDING {
            let Some(Mended { body: mended, mends, mending }) = mend(&body, shape) else {
                return Err(why);
            };
            drop(body);
            let Ok(mut page) = scan_or_give_back(mended, shape) else { return Err(why) };
            page.text.add_mends(mends);
            page.mending = Some(Box::new(mending));
            return Ok(page);
        }
        self.unreadable += 1;
        Err(why)
    }
}

/// Scans a body.
///
/// # Errors
/// [`PageError`] when the body is not a JSON object or lacks one of the lists.
pub fn scan(body: Vec<u8>, shape: &Shape) -> Result<Page, PageError> {
    scan_or_give_back(body, shape).map_err(|(why, _)| why)
}

/// Scans a body. Returns it with the error if it cannot be read.
fn scan_or_give_back(mut body: Vec<u8>, shape: &Shape) -> Result<Page, (PageError, Vec<u8>)> {
    if body.starts_with(BYTE_ORDER_MARK) {
        body.drain(..BYTE_ORDER_MARK.len());
    }
    let mut lists: Vec<Option<Rows>> = shape.lists.iter().map(|_| None).collect();
    let mut envelope = Envelope::default();
    let mut reader = Reader::new(&body);
    let scanned = match shape.bare().filter(|_| reader.peek() == Some(b'[')) {
        Some(at) => scan_rows(&mut reader, 0, &shape.lists[at]).map(|rows| lists[at] = Some(rows)),
        None => scan_level(&mut reader, 0, shape, &mut lists, &mut envelope, &body),
    };
    let scanned = scanned.and_then(|()| reader.end());
    let (edits, halves) = (std::mem::take(&mut reader.edits), std::mem::take(&mut reader.halves));
    if let Err(fault) = scanned {
        let why = match std::str::from_utf8(&body) {
            Ok(_) => PageError::NotJson(fault),
            Err(_) => PageError::NotUtf8,
        };
        return Err((why, body));
    }
    // A page without rows needs no lists beside them.
    let is_empty = lists.first().is_some_and(|rows| rows.as_ref().is_some_and(Rows::is_empty));
    let has_one = lists
        .iter()
        .zip(&shape.lists)
        .any(|(rows, wanted)| rows.is_some() && wanted.is_one_of_several);
    let mut found = Vec::new();
    for (at, (rows, wanted)) in lists.into_iter().zip(&shape.lists).enumerate() {
        match rows {
            Some(rows) => found.push(rows),
            None if wanted.is_optional => {}
            None if (at > 0 && is_empty) || (has_one && wanted.is_one_of_several) => {
                found.push(Rows { path: wanted.path, ..Rows::default() });
            }
            None => return Err((PageError::NoList(wanted.path.join(".")), body)),
        }
    }
    // Half a surrogate pair is no character; many readers drop the whole line for it. The escape of
    // U+FFFD is as long, so that every place in the body stays what it is.
    for half in &halves {
        if let Some(digits) = body.get_mut(half + 2..half + 6) {
            digits.copy_from_slice(b"fffd");
        }
    }
    let mends = halves.into_iter().map(|at| Mend { at, kind: MendKind::Replaced }).collect();
    let text = Text::new(body, edits, mends);
    Ok(Page { text, lists: found, envelope, mending: None })
}

fn scan_level<'a>(
    reader: &mut Reader<'a>,
    level: usize,
    shape: &Shape,
    lists: &mut [Option<Rows>],
    envelope: &mut Envelope,
    body: &'a [u8],
) -> Result<(), Fault> {
    reader
        .object(level, |reader, key, _| {
            let is_array = reader.peek() == Some(b'[');
            let is_object = reader.peek() == Some(b'{');
            let ends_here = |list: &ListShape| list.has_place(level, key, true);
            let list = shape.lists.iter().position(ends_here);
            let holds_rows = |at: &usize| is_array || (is_object && shape.lists[*at].is_object);
            if let Some(at) = list.filter(holds_rows) {
                let rows = scan_rows(reader, level + 1, &shape.lists[at])?;
                // What lies at one place is not lost to an empty list at the other.
                let is_held = lists[at].as_ref().is_some_and(|held| !held.is_empty());
                if !(is_held && rows.is_empty()) {
                    lists[at] = Some(rows);
                }
            } else if is_object && shape.lists.iter().any(|list| list.has_place(level, key, false))
            {
                scan_level(reader, level + 1, shape, lists, envelope, body)?;
            } else {
                let halves = reader.halves.len();
                let value = reader.value(level + 1)?;
                if level == 0 {
                    // A link that is not whole leads nowhere.
                    if reader.halves.len() > halves && Envelope::reads(key) {
                        return Err(Fault { at: value.start, what: "a link is not a text" });
                    }
                    envelope.take(key, value, body);
                }
            }
            Ok(())
        })
        .map(drop)
}

fn scan_rows(reader: &mut Reader<'_>, depth: usize, shape: &ListShape) -> Result<Rows, Fault> {
    let mut rows = Rows::looking_for(shape);
    if reader.peek() == Some(b'{') {
        scan_row(reader, depth, &shape.inner, (0, 0), &mut rows)?;
    } else {
        scan_array(reader, depth, &shape.inner, 0, &mut rows)?;
    }
    Ok(rows)
}

fn scan_array(
    reader: &mut Reader<'_>,
    depth: usize,
    inner: &[ListShape],
    around: usize,
    rows: &mut Rows,
) -> Result<Span, Fault> {
    let mut place = 0;
    reader.array(depth, |reader| {
        if reader.peek() == Some(b'{') {
            scan_row(reader, depth + 1, inner, (around, place), rows)?;
        } else {
            rows.strays += 1;
            reader.value(depth + 1)?;
        }
        place += 1;
        Ok(())
    })
}

fn scan_row(
    reader: &mut Reader<'_>,
    depth: usize,
    inner: &[ListShape],
    (around, place): (usize, usize),
    rows: &mut Rows,
) -> Result<Span, Fault> {
    let (number, first) = (rows.rows.len(), rows.members.len());
    rows.members.resize(first + rows.wanted.len(), None);
    let span = reader.object(depth, |reader, key, quote| {
        let Some(at) = rows.wanted.iter().position(|wanted| wanted.as_bytes() == key) else {
            return reader.value(depth + 1).map(drop);
        };
        let value = match (inner.get(at), rows.inner.get_mut(at)) {
            (Some(shape), Some(rows)) => scan_inner(reader, depth + 1, &shape.inner, number, rows)?,
            _ => reader.value(depth + 1)?,
        };
        rows.members[first + at] = Some(Member { start: quote, value });
        Ok(())
    })?;
    rows.rows.push(Row { span, around, place });
    Ok(span)
}

/// Reads the value that holds inner rows: one object, or an array of objects.
fn scan_inner(
    reader: &mut Reader<'_>,
    depth: usize,
    inner: &[ListShape],
    around: usize,
    rows: &mut Rows,
) -> Result<Span, Fault> {
    match reader.peek() {
        Some(b'{') => scan_row(reader, depth, inner, (around, 0), rows),
        Some(b'[') => scan_array(reader, depth, inner, around, rows),
        _ => reader.value(depth),
    }
}

impl Page {
    /// The list under these keys.
    #[must_use]
    pub fn list(&self, path: &[&str]) -> Option<&Rows> {
        self.lists.iter().find(|list| list.path == path)
    }
}

impl Rows {
    fn looking_for(shape: &ListShape) -> Self {
        let inner: Vec<Self> = shape.inner.iter().map(Self::looking_for).collect();
        let keys = inner.iter().map(|inner| inner.path.last().copied().unwrap_or_default());
        let mut wanted: Vec<Cow<'static, str>> = keys.map(Cow::Borrowed).collect();
        for key in &shape.wanted {
            if !wanted.contains(key) {
                wanted.push(key.clone());
            }
        }
        Self { path: shape.path, wanted, inner, ..Self::default() }
    }

    /// Whether the list had no element at all.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty() && self.strays == 0
    }

    /// A wanted member of the row at `index`. `None` if the row does not have it.
    #[must_use]
    pub fn member(&self, index: usize, key: &str) -> Option<Member> {
        let at = self.wanted.iter().position(|wanted| *wanted == key)?;
        self.members.get(index * self.wanted.len() + at).copied().flatten()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_is_found_at_any_of_its_places_and_may_be_the_answer_itself() {
        const PLACES: &[&[&str]] = &[&["data"], &[]];
        let list = ListShape {
            path: &["rows"],
            wanted: vec!["id".into()],
            or_at: PLACES,
            ..ListShape::default()
        };
        let shape = Shape { lists: vec![list] };
        for (body, rows) in [
            (r#"{"rows":[{"id":1},{"id":2}]}"#, 2),
            (r#"{"count":2,"data":[{"id":1},{"id":2}]}"#, 2),
            (r#" [{"id":1}]"#, 1),
            ("[]", 0),
            (r#"{"rows":[{"id":1}],"data":[]}"#, 1),
            (r#"{"rows":[],"data":[{"id":1}]}"#, 1),
        ] {
            let page = scan(body.into(), &shape).unwrap();
            assert_eq!(page.list(&["rows"]).unwrap().rows.len(), rows, "{body}");
        }
        for body in [r#"{"others":[]}"#, "7", "[{]"] {
            assert!(scan(body.into(), &shape).is_err(), "{body}");
        }
        let without = Shape { lists: vec![ListShape { path: &["rows"], ..ListShape::default() }] };
        assert!(scan(b"[]".to_vec(), &without).is_err());
        let mut scanner = Scanner::default();
        let odd = r#"[{"id":1},{"id":NaN}]"#;
        assert!(scanner.scan(odd.into(), &shape).is_err());
        assert_eq!(scanner.scan(odd.into(), &shape).unwrap().lists[0].rows.len(), 2);
    }

    fn shape() -> Shape {
        let list = |path, wanted: &[&'static str]| {
            let wanted = wanted.iter().map(|key| (*key).into()).collect();
            ListShape { path, wanted, ..ListShape::default() }
        };
        let kids = ListShape { inner: vec![list(&["toys"], &["n"])], ..list(&["kids"], &["id"]) };
        let pets = list(&["pets"], &[]);
        Shape {
            lists: vec![
                ListShape { inner: vec![kids, pets], ..list(&["rows"], &["id", "at"]) },
                list(&["deep", "all"], &[]),
            ],
        }
    }

    #[test]
    fn rows_members_inner_rows_and_envelope_are_found_in_any_order() {
        let body = r#"{"count":1,"deep":{"x":{"id":9},"all":[{"id":4}]},"rows":[
            {"nested":{"id":1,"at":2},"at":7,"kids":[{"id":5,"toys":[]},null,{"toys":[{"n":1},{"n":2}],"id":6}],"id":3},{"pets":[{}]},{"kids":{"id":8},"kids2":null}
            ],"end_of_stream":false,"next_page":"http:\/\/x","meta":{"has_more":true}}"#;
        let page = scan(body.as_bytes().to_vec(), &shape()).unwrap();
        let rows = &page.lists[0];
        let text = |member: Option<Member>| {
            String::from_utf8(member.unwrap().value.of(body.as_bytes()).to_vec()).unwrap()
        };
        assert_eq!(rows.rows.len(), 3);
        assert_eq!(
            (text(rows.member(0, "id")), text(rows.member(0, "at"))),
            ("3".into(), "7".into())
        );
        assert_eq!(rows.member(1, "id"), None);
        let [kids, pets] = &rows.inner[..] else { panic!("{rows:?}") };
        let found: Vec<_> =
            (0..3).map(|at| (kids.rows[at].around, text(kids.member(at, "id")))).collect();
        assert_eq!(found, [(0, "5".into()), (0, "6".into()), (2, "8".into())]);
        assert_eq!((kids.rows[1].place, kids.rows[2].place), (2, 0));
        assert_eq!((pets.path, pets.rows.len(), pets.rows[0].around), (&["pets"][..], 1, 1));
        let toys = &kids.inner[0];
        let found: Vec<_> =
            (0..2).map(|at| (toys.rows[at].around, text(toys.member(at, "n")))).collect();
        assert_eq!((found, toys.rows.len()), (vec![(1, "1".into()), (1, "2".into())], 2));
        assert_eq!((rows.strays, kids.strays, page.lists[1].rows.len()), (0, 1, 1));
        assert_eq!(page.envelope.next_page.as_deref(), Some("http://x"));
        assert_eq!(
            (page.envelope.end_of_stream, page.envelope.has_more),
            (Some(false), Some(true))
        );
    }

    #[test]
    fn a_body_without_its_list_or_without_sense_is_an_error() {
        let error = |body: &str| scan(body.as_bytes().to_vec(), &shape()).unwrap_err();
        assert_eq!(error(r#"{"rows":[{}]}"#), PageError::NoList("deep.all".into()));
        let empty = scan(br#"{"rows":[]}"#.to_vec(), &shape()).unwrap();
        assert!(empty.list(&["deep", "all"]).unwrap().is_empty());
        assert_eq!(error(r#"{"rows":null,"deep":{"all":[]}}"#), PageError::NoList("rows".into()));
        for body in ["", "[]", "<html>", "{\"rows\":[", "null"] {
            assert!(matches!(error(body), PageError::NotJson(_)), "{body}");
        }
        assert_eq!(scan(vec![b'{', 0xFF], &shape()).unwrap_err(), PageError::NotUtf8);
    }

    #[test]
    fn of_several_lists_one_may_be_missing_and_not_all() {
        let list = |path| ListShape { path, is_one_of_several: true, ..ListShape::default() };
        let shape = Shape { lists: vec![list(&["default"]), list(&["custom"])] };
        for (body, rows) in [
            (r#"{"default":[{"id":1}],"custom":[{"id":2}]}"#, (1, 1)),
            (r#"{"default":[{"id":1}]}"#, (1, 0)),
            (r#"{"default":[{"id":1}],"custom":null}"#, (1, 0)),
            (r#"{"custom":[{"id":2},{"id":3}]}"#, (0, 2)),
        ] {
            let page = scan(body.into(), &shape).unwrap();
            assert_eq!((page.lists[0].rows.len(), page.lists[1].rows.len()), rows, "{body}");
        }
        assert!(scan(r#"{"others":[]}"#.into(), &shape).is_err());
    }

    #[test]
    fn an_object_is_the_only_row_where_one_is_looked_for() {
        let list = |is_object| ListShape {
            path: &["settings"],
            wanted: vec!["id".into()],
            is_object,
            ..ListShape::default()
        };
        let scanned = |body: &str, is_object| {
            scan(body.as_bytes().to_vec(), &Shape { lists: vec![list(is_object)] })
        };
        let body = r#"{"settings":{"id":7,"voice":{"id":8}},"next_page":null}"#;
        let page = scanned(body, true).unwrap();
        let [row] = &page.lists[0].rows[..] else { panic!("{page:?}") };
        assert_eq!(page.text.raw(row.span), br#"{"id":7,"voice":{"id":8}}"#);
        assert_eq!(page.text.raw(page.lists[0].member(0, "id").unwrap().value), b"7");
        let is_lacking = |body, is_object| {
            scanned(body, is_object).unwrap_err() == PageError::NoList("settings".into())
        };
        assert!(is_lacking(body, false), "a list is no object");
        assert!(is_lacking(r#"{"settings":null}"#, true) && is_lacking("{}", true));
        let rows = scanned(r#"{"settings":[{"id":1},{"id":2}]}"#, true).unwrap();
        assert_eq!(rows.lists[0].rows.len(), 2, "an array is taken all the same");
    }

    #[test]
    fn half_a_surrogate_pair_becomes_a_replacement_character_where_it_stands() {
        let body = r#"{"rows":[{"id":"a\ud83d","at":"\ude00 \ud83d\ude00"}],"deep":{"all":[]}}"#;
        let page = scan(body.as_bytes().to_vec(), &shape()).unwrap();
        let id = page.lists[0].member(0, "id").unwrap().value;
        assert_eq!(page.text.raw(id), br#""a\ufffd""#);
        assert_eq!(page.text.mends(id).len(), 1);
        assert_eq!(page.text.mends(page.lists[0].rows[0].span).len(), 2);
        serde_json::from_slice::<serde_json::Value>(&page.text.body).unwrap();
        assert!(scan(br#"{"rows":[]}"#.to_vec(), &shape()).unwrap().text.is_as_sent());
        let link = r#"{"rows":[],"next_page":"\ud83d"}"#;
        assert!(matches!(
            scan(link.as_bytes().to_vec(), &shape()),
            Err(PageError::NotJson(Fault { what: "a link is not a text", .. }))
        ));
    }

    #[test]
    fn a_byte_order_mark_in_front_is_no_part_of_a_body() {
        let page =
            scan(b"\xEF\xBB\xBF{\"rows\":[{\"id\":1}],\"deep\":{\"all\":[]}}".to_vec(), &shape());
        assert_eq!(page.unwrap().lists[0].rows.len(), 1);
    }

    #[test]
    fn what_cannot_be_read_is_mended_when_it_comes_again() {
        let body = |number: u32| {
            let mut body = br#"{"rows":[{"id":1,"x":"latin "#.to_vec();
            body.push(0xE9);
            body.extend(format!(r#""}}],"deep":{{"all":[{number}]}}}}"#).into_bytes());
            body
        };
        let mut scanner = Scanner::default();
        assert_eq!(scanner.scan(body(1), &shape()).unwrap_err(), PageError::NotUtf8);
        let page = scanner.scan(body(1), &shape()).unwrap();
        assert_eq!(
            page.text.raw(page.lists[0].rows[0].span),
            "{\"id\":1,\"x\":\"latin \u{fffd}\"}".as_bytes()
        );
        assert_eq!(page.text.mends(page.lists[0].rows[0].span).len(), 1);
        assert_eq!(page.mending.unwrap().kept, 1);
        // Answers that differ elsewhere are how Zendesk has it too, after some of them.
        let mut scanner = Scanner::default();
        let answers: Vec<bool> =
            (0..5).map(|number| scanner.scan(body(number), &shape()).is_ok()).collect();
        assert_eq!(answers, [false, false, false, true, true]);
        let mut scanner = Scanner::default();
        let is_read = |scanner: &mut Scanner, body: &str| {
            scanner.scan(body.as_bytes().to_vec(), &shape()).is_ok()
        };
        for body in ["", "<html>", r#"{"count":0}"#, r#"{"rows":[{"id":1}"#] {
            for _ in 0..8 {
                assert!(!is_read(&mut scanner, body), "{body}");
            }
        }
    }
}
