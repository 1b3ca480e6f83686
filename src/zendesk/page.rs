//! One scan of an answer: where each row lies, where the wanted members of each row lie, and the
//! envelope around them. Rows stay in the body, as Zendesk sent them.

use std::fmt;

use super::edit::Text;
use super::envelope::Envelope;
use super::json::{Fault, Reader, Span};

/// What is looked for in an answer.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Shape {
    pub lists: Vec<ListShape>,
}

/// A list of rows: the keys that lead to it, what is wanted of each row, and rows inside of rows.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ListShape {
    pub path: &'static [&'static str],
    pub wanted: Vec<&'static str>,
    pub inner: Option<InnerShape>,
    /// Whether an answer without it is sound.
    pub is_optional: bool,
}

/// Rows that lie inside each row: one object, or an array of them, under a key; and rows inside of
/// those.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct InnerShape {
    pub key: &'static str,
    pub wanted: Vec<&'static str>,
    pub inner: Option<Box<InnerShape>>,
}

impl InnerShape {
    /// Takes up what somebody else looks for in the same place.
    pub fn add(&mut self, other: Self) {
        self.wanted.extend(other.wanted);
        match (&mut self.inner, other.inner) {
            (Some(inner), Some(other)) => inner.add(*other),
            (inner @ None, other) => *inner = other,
            (Some(_), None) => {}
        }
        self.tidy();
    }

    /// Looks for everything once.
    pub fn tidy(&mut self) {
        self.wanted.sort_unstable();
        self.wanted.dedup();
        if let Some(inner) = &mut self.inner {
            inner.tidy();
        }
    }
}

/// An answer that was scanned to its end.
#[derive(Debug)]
pub struct Page {
    pub text: Text,
    pub lists: Vec<Rows>,
    pub envelope: Envelope,
}

/// The rows of one list, and the rows inside of them.
#[derive(Debug, Default)]
pub struct Rows {
    /// The keys that lead to the list.
    pub path: &'static [&'static str],
    pub rows: Vec<Row>,
    /// All rows inside of these.
    pub inner: Option<Box<Rows>>,
    wanted: Vec<&'static str>,
    members: Vec<Option<Member>>,
    /// Elements that were no objects.
    pub strays: usize,
}

/// A row's place, and for a row inside of another the index of the one around it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Row {
    pub span: Span,
    pub around: usize,
}

/// A member of a row, from its key's quote to its value's end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Member {
    pub start: usize,
    pub value: Span,
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
            Self::NoList(key) => write!(f, "the body lacks the list `{key}`"),
        }
    }
}

/// Scans a body.
///
/// # Errors
/// [`PageError`] when the body is no JSON object or lacks one of the lists.
pub fn scan(body: Vec<u8>, shape: &Shape) -> Result<Page, PageError> {
    let mut lists: Vec<Option<Rows>> = shape.lists.iter().map(|_| None).collect();
    let mut envelope = Envelope::default();
    let mut reader = Reader::new(&body);
    let scanned = scan_level(&mut reader, 0, shape, &mut lists, &mut envelope, &body);
    scanned.and_then(|()| reader.end()).map_err(|fault| match std::str::from_utf8(&body) {
        Ok(_) => PageError::NotJson(fault),
        Err(_) => PageError::NotUtf8,
    })?;
    let edits = std::mem::take(&mut reader.edits);
    // A page without rows needs no lists beside them.
    let is_empty = lists.first().is_some_and(|rows| rows.as_ref().is_some_and(Rows::is_empty));
    let mut found = Vec::new();
    for (at, (rows, wanted)) in lists.into_iter().zip(&shape.lists).enumerate() {
        match rows {
            Some(rows) => found.push(rows),
            None if wanted.is_optional => {}
            None if at > 0 && is_empty => {
                found.push(Rows { path: wanted.path, ..Rows::default() });
            }
            None => return Err(PageError::NoList(wanted.path.join("."))),
        }
    }
    let lists = found;
    Ok(Page { text: Text::new(body, edits), lists, envelope })
}

fn scan_level<'a>(
    reader: &mut Reader<'a>,
    level: usize,
    shape: &Shape,
    lists: &mut [Option<Rows>],
    envelope: &mut Envelope,
    body: &'a [u8],
) -> Result<(), Fault> {
    let at_level = |list: &ListShape, key: &[u8]| {
        list.path.get(level).is_some_and(|step| step.as_bytes() == key)
    };
    reader
        .object(level, |reader, key, _| {
            let is_array = reader.peek() == Some(b'[');
            let is_object = reader.peek() == Some(b'{');
            let ends_here = |list: &ListShape| at_level(list, key) && list.path.len() == level + 1;
            if let Some(at) = shape.lists.iter().position(ends_here).filter(|_| is_array) {
                lists[at] = Some(scan_rows(reader, level + 1, &shape.lists[at])?);
            } else if is_object
                && shape.lists.iter().any(|list| at_level(list, key) && list.path.len() > level + 1)
            {
                scan_level(reader, level + 1, shape, lists, envelope, body)?;
            } else {
                let value = reader.value(level + 1)?;
                if level == 0 {
                    envelope.take(key, value, body);
                }
            }
            Ok(())
        })
        .map(drop)
}

fn scan_rows(reader: &mut Reader<'_>, depth: usize, shape: &ListShape) -> Result<Rows, Fault> {
    let inner = shape.inner.as_ref();
    let mut rows = Rows::looking_for(&shape.wanted, inner);
    rows.path = shape.path;
    scan_array(reader, depth, inner, 0, &mut rows)?;
    Ok(rows)
}

fn scan_array(
    reader: &mut Reader<'_>,
    depth: usize,
    inner: Option<&InnerShape>,
    around: usize,
    rows: &mut Rows,
) -> Result<Span, Fault> {
    reader.array(depth, |reader| {
        if reader.peek() == Some(b'{') {
            scan_row(reader, depth + 1, inner, around, rows).map(drop)
        } else {
            rows.strays += 1;
            reader.value(depth + 1).map(drop)
        }
    })
}

fn scan_row(
    reader: &mut Reader<'_>,
    depth: usize,
    inner: Option<&InnerShape>,
    around: usize,
    rows: &mut Rows,
) -> Result<Span, Fault> {
    let (number, first) = (rows.rows.len(), rows.members.len());
    rows.members.resize(first + rows.wanted.len(), None);
    let span = reader.object(depth, |reader, key, quote| {
        let value = match (inner, &mut rows.inner) {
            (Some(shape), Some(rows)) if shape.key.as_bytes() == key => {
                scan_inner(reader, depth + 1, shape.inner.as_deref(), number, rows)?
            }
            _ => reader.value(depth + 1)?,
        };
        if let Some(at) = rows.wanted.iter().position(|wanted| wanted.as_bytes() == key) {
            rows.members[first + at] = Some(Member { start: quote, value });
        }
        Ok(())
    })?;
    rows.rows.push(Row { span, around });
    Ok(span)
}

/// Takes the value that holds inner rows: one object, or an array of objects.
fn scan_inner(
    reader: &mut Reader<'_>,
    depth: usize,
    inner: Option<&InnerShape>,
    around: usize,
    rows: &mut Rows,
) -> Result<Span, Fault> {
    match reader.peek() {
        Some(b'{') => scan_row(reader, depth, inner, around, rows),
        Some(b'[') => scan_array(reader, depth, inner, around, rows),
        _ => reader.value(depth),
    }
}

impl Page {
    /// The list that these keys lead to.
    #[must_use]
    pub fn list(&self, path: &[&str]) -> Option<&Rows> {
        self.lists.iter().find(|list| list.path == path)
    }
}

impl Rows {
    fn looking_for(wanted: &[&'static str], inner: Option<&InnerShape>) -> Self {
        let inner = inner.map(|inner| Self::looking_for(&inner.wanted, inner.inner.as_deref()));
        Self { wanted: wanted.to_vec(), inner: inner.map(Box::new), ..Self::default() }
    }

    /// Whether the list held nothing at all.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty() && self.strays == 0
    }

    /// A wanted member of the row at `index`.
    #[must_use]
    pub fn member(&self, index: usize, key: &str) -> Option<Member> {
        let at = self.wanted.iter().position(|wanted| *wanted == key)?;
        self.members.get(index * self.wanted.len() + at).copied().flatten()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shape() -> Shape {
        let innermost = InnerShape { key: "toys", wanted: vec!["n"], inner: None };
        let inner =
            InnerShape { key: "kids", wanted: vec!["id"], inner: Some(Box::new(innermost)) };
        Shape {
            lists: vec![
                ListShape {
                    path: &["rows"],
                    wanted: vec!["id", "at"],
                    inner: Some(inner),
                    is_optional: false,
                },
                ListShape { path: &["deep", "all"], ..ListShape::default() },
            ],
        }
    }

    #[test]
    fn rows_members_inner_rows_and_envelope_are_found_in_any_order() {
        let body = r#"{"count":1,"deep":{"x":{"id":9},"all":[{"id":4}]},"rows":[
            {"nested":{"id":1,"at":2},"at":7,"kids":[{"id":5,"toys":[]},null,{"toys":[{"n":1},{"n":2}],"id":6}],"id":3},{},{"kids":{"id":8},"kids2":null}
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
        let kids = rows.inner.as_deref().unwrap();
        let told: Vec<_> =
            (0..3).map(|at| (kids.rows[at].around, text(kids.member(at, "id")))).collect();
        assert_eq!(told, [(0, "5".into()), (0, "6".into()), (2, "8".into())]);
        let toys = kids.inner.as_deref().unwrap();
        let told: Vec<_> =
            (0..2).map(|at| (toys.rows[at].around, text(toys.member(at, "n")))).collect();
        assert_eq!((told, toys.rows.len()), (vec![(1, "1".into()), (1, "2".into())], 2));
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
}
