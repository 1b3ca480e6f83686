//! Adds the custom fields that a test needs, and their values in rows. Sources: Zendesk, "Ticket
//! Fields", "User Fields", "Organization Fields".

use super::Account;
use crate::row_text::{get, quote};

/// A custom field to be added.
#[derive(Debug, Clone)]
pub struct CustomField {
    /// The type as Zendesk names it: `tagger`, `checkbox`, ...
    pub kind: &'static str,
    /// The key of the field among users and organizations. Ticket fields have none.
    pub key: String,
    pub title: Option<String>,
    pub active: bool,
    /// The options: tags and their labels.
    pub options: Vec<(String, String)>,
    /// The target of a lookup, such as `zen:user`.
    pub target: Option<&'static str>,
    /// The tag that a checkbox adds.
    pub tag: Option<&'static str>,
    /// The pattern that values of a `regexp` field must match.
    pub pattern: Option<&'static str>,
}

impl CustomField {
    /// An active field without options.
    pub fn new(kind: &'static str, key: &str, title: &str) -> Self {
        let (key, title) = (key.to_owned(), Some(title.to_owned()));
        Self {
            kind,
            key,
            title,
            active: true,
            options: Vec::new(),
            target: None,
            tag: None,
            pattern: None,
        }
    }

    /// The same field with these options: tags and their labels.
    pub fn with_options(mut self, options: &[(&str, &str)]) -> Self {
        let option = |(tag, label): &(&str, &str)| ((*tag).to_owned(), (*label).to_owned());
        self.options = options.iter().map(option).collect();
        self
    }

    /// The same checkbox with this tag.
    pub fn with_tag(self, tag: &'static str) -> Self {
        Self { tag: Some(tag), ..self }
    }

    /// The same field with this pattern.
    pub fn with_pattern(self, pattern: &'static str) -> Self {
        Self { pattern: Some(pattern), ..self }
    }

    /// The same lookup with this target, such as `zen:user`.
    pub fn with_target(self, target: &'static str) -> Self {
        Self { target: Some(target), ..self }
    }
}

/// The listing of the fields of a resource, and the key in its rows that holds their values.
fn places(of: &str) -> (&'static str, &'static str) {
    match of {
        "tickets" => ("ticket_fields", "custom_fields"),
        "users" => ("user_fields", "user_fields"),
        "organizations" => ("organization_fields", "organization_fields"),
        _ => panic!("{of} have no custom fields"),
    }
}

impl Account {
    /// Adds custom fields of tickets, users or organizations and returns their ids.
    pub fn add_fields(&mut self, of: &str, fields: &[CustomField]) -> Vec<u64> {
        let (listing, _) = places(of);
        let mut ids = Vec::new();
        for field in fields {
            let key = self.create(listing);
            let text = |text: &str| quote(text);
            self.edit(listing, &key, |row| {
                row.set("type", &text(field.kind));
                row.set("title", &field.title.as_deref().map_or("null".into(), text));
                row.set("raw_title", &text("{{dc.title}}"));
                row.set("active", &field.active.to_string());
                row.set_existing("removable", "true");
                row.set_existing("system", "false");
                match field.tag {
                    Some(tag) => row.set("tag", &text(tag)),
                    None => row.set_existing("tag", "null"),
                }
                row.set("regexp_for_validation", &field.pattern.map_or("null".into(), text));
                // Only what users and organizations hold is called by a key.
                let own = if of == "tickets" { "null".into() } else { text(&field.key) };
                row.set("key", &own);
                row.set("relationship_target_type", &field.target.map_or("null".into(), text));
                let option = |(at, (tag, label)): (usize, &(String, String))| {
                    let id = row.number + 1 + at as u64;
                    let (tag, label) = (text(tag), text(label));
                    format!("{{\"id\":{id},\"name\":{label},\"raw_name\":{label},\"value\":{tag}}}")
                };
                let options: Vec<_> = field.options.iter().enumerate().map(option).collect();
                if matches!(field.kind, "tagger" | "dropdown" | "multiselect") {
                    row.set("custom_field_options", &format!("[{}]", options.join(",")));
                } else {
                    row.text = crate::row_text::without(&row.text, "custom_field_options");
                }
                ids.push(row.number);
            });
        }
        ids
    }

    /// Removes all fields of tickets, users or organizations.
    pub fn remove_fields(&mut self, of: &str) {
        let (listing, _) = places(of);
        self.keys(listing).iter().for_each(|key| self.delete(listing, key));
    }

    /// Gives every row a value for each of its fields, in the order of the listing. `value` gets
    /// the positions of the row and of the field. It returns raw JSON, or `None` if the row should
    /// not have the field.
    pub fn fill_fields(&mut self, of: &str, value: impl Fn(usize, usize) -> Option<String>) {
        let (listing, at) = places(of);
        let named = |key: &String| {
            let text = &self.row(listing, key).expect("a listed field").text;
            let named =
                if of == "tickets" { key.as_str() } else { get(text, "key").expect("a key") };
            named.to_owned()
        };
        let fields: Vec<String> = self.keys(listing).iter().map(named).collect();
        for (number, key) in self.keys(of).iter().enumerate() {
            let values = fields.iter().enumerate().filter_map(|(field, named)| {
                let value = value(number, field)?;
                Some(match of {
                    "tickets" => format!("{{\"id\":{named},\"value\":{value}}}"),
                    _ => format!("{named}:{value}"),
                })
            });
            let values = values.collect::<Vec<_>>().join(",");
            let raw = if of == "tickets" { format!("[{values}]") } else { format!("{{{values}}}") };
            self.set_field(of, key, at, &raw);
        }
    }
}
