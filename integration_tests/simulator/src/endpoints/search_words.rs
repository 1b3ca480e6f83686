//! The words of a search query, what each requires of a row, and which queries are refused. Source:
//! Zendesk, Zendesk Support search reference. It was observed that a query is refused with 422,
//! `invalid` and a description that begins with "Invalid search". Which queries are refused is
//! assumed.

use crate::account::table::Row;
use crate::answer::Answer;
use crate::clock::parse_iso;
use crate::row_text;
use serde_json::value::RawValue;

const STATUSES: &[&str] = &["new", "open", "pending", "hold", "solved", "closed"];
const PRIORITIES: &[&str] = &["low", "normal", "high", "urgent"];

/// One word of a query.
pub(super) enum Word {
    /// `updated>=2026-01-01T00:00:00Z` and the like.
    Bound { by_update: bool, from: i64, to: i64 },
    /// `status<solved`: the positions in the field's order that match.
    Ordered { field: &'static str, order: &'static [&'static str], from: usize, to: usize },
    /// `role:agent`, `-tags:vip`.
    Field { field: String, text: String, negated: bool },
    /// Text anywhere in the row.
    Text(String),
}

impl Word {
    /// The field and the value that the word requires, if it is about a field.
    pub(super) fn field(&self) -> Option<(&str, &str)> {
        match self {
            Self::Field { field, text, negated: false } => Some((field, text)),
            _ => None,
        }
    }

    pub(super) fn holds(&self, row: &Row) -> bool {
        match self {
            Self::Bound { by_update, from, to } => {
                let second = if *by_update { row.updated_at } else { row.created_at };
                (*from..=*to).contains(&second)
            }
            Self::Ordered { field, order, from, to } => {
                let text = row_text::get_text(row.indexed(), field);
                let place = order.iter().position(|one| Some(*one) == text.as_deref());
                place.is_some_and(|place| (*from..=*to).contains(&place))
            }
            Self::Field { field, text, negated } => {
                let own = row_text::get(row.indexed(), field);
                let raw = own.or_else(|| custom(row, field)).unwrap_or_default();
                // Of a list any element.
                let has = raw.trim_matches(['[', ']']).split(',');
                has.map(|one| one.trim().trim_matches('"')).any(|one| one == text) != *negated
            }
            Self::Text(text) => row.indexed().contains(text.as_str()),
        }
    }
}

/// The value of a custom field. Fields of people and organizations are named by key, those of
/// tickets by id. Source: Zendesk, Search reference, custom fields.
fn custom<'a>(row: &'a Row, field: &str) -> Option<&'a str> {
    let text = row.indexed();
    if let Some(id) = field.strip_prefix("custom_field_") {
        let pairs: Vec<&RawValue> =
            serde_json::from_str(row_text::get(text, "custom_fields")?).ok()?;
        let pair = pairs.into_iter().find(|pair| row_text::get(pair.get(), "id") == Some(id))?;
        return row_text::get(pair.get(), "value");
    }
    let fields = ["user_fields", "organization_fields"];
    fields.iter().find_map(|fields| row_text::get(row_text::get(text, fields)?, field))
}

/// Changes a text so that the row seems to have this tag, or this value in a field with a key.
pub(super) fn pretend(text: &mut String, field: &str, value: &str) {
    if field == "tags" {
        let tags = row_text::get(text, "tags").unwrap_or("[]");
        let mut tags: Vec<String> = serde_json::from_str(tags).unwrap_or_default();
        tags.push(value.to_owned());
        return row_text::set_existing(text, "tags", &serde_json::Value::from(tags).to_string());
    }
    for at in ["user_fields", "organization_fields"] {
        let Some(mut values) = row_text::get(text, at).map(str::to_owned) else { continue };
        let raw = match value {
            "true" | "false" => value.to_owned(),
            _ => row_text::quote(value),
        };
        row_text::set(&mut values, field, &raw);
        row_text::set(text, at, &values);
    }
}

/// The words of a query. Text in quotes is one word. The type is left out.
pub(super) fn words(query: &str) -> Result<Vec<Word>, Answer> {
    if !query.matches('"').count().is_multiple_of(2) {
        return Err(invalid("a quote is not closed"));
    }
    let mut is_quoted = false;
    let edge = |character: char| {
        is_quoted ^= character == '"';
        !is_quoted && character.is_whitespace()
    };
    let words = query.split(edge).filter(|word| !word.is_empty() && !word.starts_with("type:"));
    words.map(word).collect()
}

pub(super) fn invalid(why: &str) -> Answer {
    let why = row_text::quote(&format!("Invalid search: {why}"));
    Answer::json(422, format!(r#"{{"error":"invalid","description":{why}}}"#))
}

fn word(word: &str) -> Result<Word, Answer> {
    let plain = |text: &str| text.trim_matches('"').to_owned();
    let Some(place) =
        word.find(['<', '>', ':', '=', '"']).filter(|at| !word[*at..].starts_with('"'))
    else {
        return Ok(Word::Text(plain(word)));
    };
    let (field, rest) = word.split_at(place);
    let signs = rest.len() - rest.trim_start_matches(['<', '>', ':', '=']).len();
    let (sign, text) = rest.split_at(signs);
    let (field, negated) = field.strip_prefix('-').map_or((field, false), |field| (field, true));
    let ordered = |field, order: &'static [&'static str]| {
        let known = order.iter().position(|one| *one == text);
        let at = known.ok_or_else(|| invalid(&format!("{text} is no {field}")))?;
        let last = order.len();
        // Outside of every place: nothing is less than the least.
        let (from, to) = match sign {
            ">=" => (at, last),
            ">" => (at + 1, last),
            "<=" => (0, at),
            "<" if at == 0 => (last, last),
            "<" => (0, at - 1),
            _ => (at, at),
        };
        Ok(Word::Ordered { field, order, from, to })
    };
    match field {
        "updated" | "updated_at" | "created" | "created_at" => {
            let date = if text.len() == 10 { format!("{text}T00:00:00Z") } else { text.to_owned() };
            let second = parse_iso(&date).ok_or_else(|| invalid(&format!("{text} is no date")))?;
            let (from, to) = match sign {
                ">=" => (second, i64::MAX),
                ">" => (second + 1, i64::MAX),
                "<=" => (i64::MIN, second),
                "<" => (i64::MIN, second - 1),
                _ => (second, second),
            };
            Ok(Word::Bound { by_update: field.starts_with('u'), from, to })
        }
        "status" if !negated => ordered("status", STATUSES),
        "priority" if !negated => ordered("priority", PRIORITIES),
        _ => Ok(Word::Field { field: field.to_owned(), text: plain(text), negated }),
    }
}
