//! Makes columns of custom fields. One look over the member with the values finds all of them, and
//! the columns are put in front of the row as bytes. A value that does not fit its column becomes
//! null and is counted. The member itself stays as it came.

use std::collections::HashMap;
use std::sync::Arc;

use super::coerce::{Fit, of_kind};
use super::json_out::in_a_line;
use crate::streams::custom_fields::{Column, Columns, CustomFields, Kind, ToldBy};
use zendesk::edit::Text;
use zendesk::json::{Fault, Reader, Span};

/// Puts the columns of one stream in front of its rows.
#[derive(Debug)]
pub struct Filler {
    custom_fields: &'static CustomFields,
    places: Vec<ColumnPlace>,
    /// Numbers of the fields, by their names in rows.
    fields: HashMap<Vec<u8>, usize>,
    /// Names of the fields in rows, by number.
    names: Vec<Vec<u8>>,
}

/// A column as it is written.
#[derive(Debug)]
struct ColumnPlace {
    name: Arc<str>,
    /// The name with quotes and colon.
    head: Vec<u8>,
    kind: Kind,
    /// The number of the field whose value the column gets.
    field: Option<usize>,
    labels: Option<Labels>,
}

/// Buffers that are reused from row to row, so that a row allocates nothing.
#[derive(Debug, Default)]
pub struct Scratch {
    values: Vec<Option<Span>>,
    /// The fields in the order of the last row. The next row has the same order as a rule.
    order: Vec<usize>,
    /// Columns of this row whose value did not fit.
    pub coercion_failures: Vec<Arc<str>>,
}

impl Filler {
    #[must_use]
    pub fn new(columns: &Columns) -> Self {
        let mut fields: HashMap<Vec<u8>, usize> = HashMap::new();
        let mut names: Vec<Vec<u8>> = Vec::new();
        let mut places = Vec::new();
        for column in &columns.list {
            let field = column.told_as.as_deref().map(str::as_bytes).map(|name| {
                *fields.entry(name.to_vec()).or_insert_with(|| {
                    names.push(name.to_vec());
                    names.len() - 1
                })
            });
            let (name, kind) = (Arc::from(&*column.name), column.kind);
            let head = format!("{}:", in_a_line(&column.name.as_str().into())).into_bytes();
            places.push(ColumnPlace { name, head, kind, field, labels: labels(column) });
        }
        Self { custom_fields: columns.fields, places, fields, names }
    }

    /// The key of a row that holds the values.
    #[must_use]
    pub fn at(&self) -> &'static str {
        self.custom_fields.at
    }

    /// Appends the columns of a row, whose custom values are at `values`. A comma comes first if
    /// anything was written since `start`.
    pub fn put(
        &self,
        text: &Text,
        values: Option<Span>,
        start: usize,
        scratch: &mut Scratch,
        out: &mut Vec<u8>,
    ) {
        scratch.coercion_failures.clear();
        scratch.values.clear();
        scratch.values.resize(self.names.len(), None);
        if let Some(values) = values {
            // The body was scanned already; what is no list of values has none.
            let _ = self.find(text, values, scratch);
        }
        for ColumnPlace { name, head, kind, field, labels } in &self.places {
            if out.len() > start {
                out.push(b',');
            }
            out.extend_from_slice(head);
            let value = field.and_then(|field| scratch.values[field]);
            let Some(value) = value else {
                out.extend_from_slice(b"null");
                continue;
            };
            let raw = text.raw(value);
            let fitting = match labels {
                Some(labels) => labels_of(labels, *kind, raw),
                None => of_kind(*kind, raw),
            };
            match fitting {
                Fit::AsItStands => text.copy(out, value),
                Fit::Written(written) => out.extend_from_slice(written.as_bytes()),
                Fit::Null => out.extend_from_slice(b"null"),
                Fit::Misfit => {
                    out.extend_from_slice(b"null");
                    scratch.coercion_failures.push(Arc::clone(name));
                }
            }
        }
    }

    /// The columns that the last row filled, and where their values are.
    pub fn filled(&self, scratch: &Scratch) -> impl Iterator<Item = (&str, Span)> {
        self.places.iter().filter_map(|place| {
            let value = scratch.values.get(place.field?).copied().flatten()?;
            Some((&*place.name, value))
        })
    }

    /// Finds where the fields' values are.
    fn find(&self, text: &Text, values: Span, scratch: &mut Scratch) -> Result<(), Fault> {
        let raw = text.raw(values);
        let mut reader = Reader::new(raw);
        let mut place = 0;
        let mut note = |name: &[u8], value: Span| {
            let known = scratch.order.get(place).copied();
            let field = known.filter(|field| self.names[*field] == name);
            let field = field.or_else(|| self.field(name));
            if let Some(field) = field {
                let (start, end) = (values.start + value.start, values.start + value.end);
                scratch.values[field] = Some(Span { start, end });
                match scratch.order.get_mut(place) {
                    Some(known) => *known = field,
                    None => scratch.order.push(field),
                }
                place += 1;
            }
        };
        match self.custom_fields.told_by {
            ToldBy::Key => reader
                .object(0, |reader, key, _| {
                    let value = reader.value(1)?;
                    note(key, value);
                    Ok(())
                })
                .map(drop),
            ToldBy::Id => reader
                .array(0, |reader| {
                    if reader.peek() != Some(b'{') {
                        return reader.value(1).map(drop);
                    }
                    let (mut id, mut value) = (None, None);
                    reader.object(1, |reader, key, _| {
                        let span = reader.value(2)?;
                        match key {
                            b"id" => id = Some(span),
                            b"value" => value = Some(span),
                            _ => {}
                        }
                        Ok(())
                    })?;
                    if let (Some(id), Some(value)) = (id, value) {
                        note(id.of(raw), value);
                    }
                    Ok(())
                })
                .map(drop),
        }
    }

    fn field(&self, name: &[u8]) -> Option<usize> {
        if let Some(field) = self.fields.get(name) {
            return Some(*field);
        }
        // A key may be spelled with escapes.
        let spelled = name.contains(&b'\\').then(|| unescaped(name)).flatten()?;
        self.fields.get(spelled.as_bytes()).copied()
    }
}

/// The text between the quotes of a JSON string, without its escapes.
fn unescaped(inner: &[u8]) -> Option<String> {
    serde_json::from_slice(&[b"\"", inner, b"\""].concat()).ok()
}

/// Labels by tag, as JSON that is safe in a line.
type Labels = HashMap<String, String>;

fn labels(column: &Column) -> Option<Labels> {
    let labels = column.labels.as_ref()?.iter();
    let written = labels.map(|(tag, label)| (tag.clone(), in_a_line(&label.as_str().into())));
    Some(written.collect())
}

/// What a column of labels gets for a value of tags. `raw` is the value as it is in the row. A
/// value that does not fit gives null here; the column of tags reports it.
fn labels_of<'a>(labels: &'a Labels, kind: Kind, raw: &[u8]) -> Fit<'a> {
    if of_kind(kind, raw) != Fit::AsItStands {
        return Fit::Null;
    }
    let label = |raw: &[u8]| {
        let inner = raw.strip_prefix(b"\"").and_then(|raw| raw.strip_suffix(b"\""));
        inner.and_then(|tag| {
            let tag = std::str::from_utf8(tag).ok()?;
            labels.get(tag).map(String::as_str).or_else(|| {
                let spelled = tag.contains('\\').then(|| unescaped(tag.as_bytes())).flatten()?;
                labels.get(spelled.as_str()).map(String::as_str)
            })
        })
    };
    if kind == Kind::Text {
        return label(raw).map_or(Fit::Null, |label| Fit::Written(label.into()));
    }
    let mut written = String::from("[");
    let mut reader = Reader::new(raw);
    let read = reader.array(0, |reader| {
        if written.len() > 1 {
            written.push(',');
        }
        written.push_str(label(reader.value(1)?.of(raw)).unwrap_or("null"));
        Ok(())
    });
    written.push(']');
    read.map_or(Fit::Null, |_| Fit::Written(written.into()))
}
