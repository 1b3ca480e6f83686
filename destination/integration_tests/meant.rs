//! Rows with difficult values. Each comes with its meaning: what the account should contain
//! afterwards, or why the row should be rejected. The meaning is never computed by the program.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value, json};
use simulator::Prng;

/// The expected result of a row.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Meant {
    /// The values of the row that the account contains afterwards.
    Written(BTreeMap<String, Value>),
    /// The reason and the field. An empty reason means that Zendesk refuses the row.
    Rejected(&'static str, &'static str),
}

/// A row and its expected result.
#[derive(Clone, Debug)]
pub(crate) struct Made {
    pub(crate) row: Value,
    pub(crate) meant: Meant,
    /// The key in lower case. `None` for a row without a key.
    pub(crate) key: Option<String>,
}

/// Makes rows.
pub(crate) struct Maker {
    pub(crate) object: &'static str,
    pub(crate) key: &'static str,
    /// The columns of a dropdown, a checkbox, an integer, a decimal and a date.
    pub(crate) custom: [String; 5],
    pub(crate) chance: Prng,
}

const TEXTS: [&str; 14] = [
    "Ünïcödé",
    "O'Brien",
    "say \"hi\"",
    "a,b;c",
    "tab\there",
    "two\nlines",
    "party 🎉",
    "日本語",
    "عربى",
    "back\\slash",
    "<b>&amp;</b>",
    "{\"json\":1}",
    "100% + 1",
    "null",
];

impl Maker {
    /// One of these values at random.
    pub(crate) fn one<T: Clone>(&mut self, of: &[T]) -> T {
        of[self.chance.below(of.len() as u64) as usize].clone()
    }

    fn text(&mut self, at: usize) -> String {
        let text = self.one(&TEXTS);
        if self.chance.below(200) == 0 {
            format!("{text} {}", "long ".repeat(4000)) + "end"
        } else {
            format!("{text} {at}")
        }
    }

    /// The key of the nth row. Many are hard to send.
    pub(crate) fn key_of(&self, at: usize) -> String {
        match (self.key, at % 12) {
            ("email", 0) => format!("a+{at}@x.test"),
            ("email", 1) => format!("o'neil{at}@x.test"),
            ("email", 2) => format!("UPPER{at}@X.test"),
            ("email", _) => format!("m{at}@x.test"),
            (_, 0) => format!("K,{at},x"),
            (_, 1) => format!("k {at} z"),
            (_, 2) => format!("K+{at}&a=b"),
            (_, 3) => format!("ключ-{at}"),
            (_, 4) => format!("\"K\"{at}"),
            (_, 5) => format!("K%2C{at}"),
            (_, 6) => format!("K/{at}?#"),
            (_, 7) => format!("{}", 10_000_000 + at),
            _ => format!("K-{at}"),
        }
    }

    /// The key of a row, in one of the spellings of the same key.
    fn written_key(&mut self, key: &str) -> Value {
        if self.key == "id" {
            return if self.chance.below(2) == 0 {
                json!(key)
            } else {
                json!(key.parse::<u64>().expect("an id is a number"))
            };
        }
        match self.chance.below(4) {
            0 => json!(key.to_uppercase()),
            1 => json!(key.to_lowercase()),
            2 if self.key == "external_id" && key.parse::<u64>().is_ok() => {
                json!(key.parse::<u64>().expect("a key of digits"))
            }
            3 if self.key != "name" => json!(format!(" {key} ")),
            _ => json!(key),
        }
    }

    /// A value for the nth custom column: as written in the row, and as it should be in the
    /// account.
    fn custom_value(&mut self, at: usize) -> (Value, Value) {
        let gold = if self.object == "tickets" { "plan_gold" } else { "gold" };
        let silver = if self.object == "tickets" { "plan_silver" } else { "silver" };
        match at {
            0 => self.one(&[
                (json!(gold), json!(gold)),
                (json!("Gold"), json!(gold)),
                (json!("Silver"), json!(silver)),
            ]),
            1 => self.one(&[
                (json!(true), json!(true)),
                (json!("yes"), json!(true)),
                (json!(1), json!(true)),
                (json!("FALSE"), json!(false)),
                (json!(0), json!(false)),
            ]),
            2 => self.one(&[
                (json!(7), json!(7)),
                (json!("8"), json!(8)),
                (json!(9.0), json!(9)),
                (json!(-3), json!(-3)),
            ]),
            3 => self.one(&[
                (json!(1.5), json!(1.5)),
                (json!("2.50"), json!(2.5)),
                (json!(3), json!(3.0)),
                (json!("1e3"), json!(1000.0)),
            ]),
            _ => self.one(&[
                (json!("2026-01-31"), json!("2026-01-31")),
                (json!("2026-02-28T10:00:00Z"), json!("2026-02-28")),
                (json!("2024-02-29 00:00:00"), json!("2024-02-29")),
            ]),
        }
    }

    fn has_name(&self) -> bool {
        self.object != "tickets"
    }

    /// The fields that a row needs to create something.
    fn required(&mut self, at: usize) -> Map<String, Value> {
        let text = self.one(&TEXTS);
        let fields = match self.object {
            "tickets" => {
                json!({ "subject": format!("{text} {at}"), "description": "It is broken" })
            }
            // Names of organizations are keys of their own.
            "organizations" => json!({ "name": format!("{text} of {at}") }),
            _ => json!({ "name": format!("{text} {at}") }),
        };
        fields.as_object().cloned().expect("an object of fields")
    }

    /// A valid row with this key. With `is_whole` it has everything that a create needs.
    pub(crate) fn good(&mut self, key: &str, at: usize, is_whole: bool) -> Made {
        let mut row = Map::new();
        let mut meant = BTreeMap::new();
        if is_whole {
            row = self.required(at);
            meant.extend(row.clone().into_iter().filter(|(name, _)| name != "description"));
        }
        let optional: &[&str] = if self.has_name() { &["details", "notes"] } else { &[] };
        for name in optional {
            match self.chance.below(4) {
                0 => drop(row.insert((*name).to_owned(), Value::Null)),
                1 => {
                    let text = self.text(at);
                    row.insert((*name).to_owned(), json!(text));
                    meant.insert((*name).to_owned(), json!(text));
                }
                _ => {}
            }
        }
        for number in 0..5 {
            if self.chance.below(3) == 0 {
                let (written, value) = self.custom_value(number);
                row.insert(self.custom[number].clone(), written);
                meant.insert(self.custom[number].clone(), value);
            }
        }
        if self.chance.below(3) == 0 {
            let tag = format!("t{}", self.chance.below(4));
            let written = self.one(&[
                json!([tag.to_uppercase()]),
                json!(format!("{tag}, both")),
                json!([tag, null]),
            ]);
            meant.insert(
                "tags".into(),
                match &written {
                    Value::String(_) => json!([tag, "both"]),
                    _ => json!([tag]),
                },
            );
            row.insert("tags".into(), written);
        }
        let written = self.written_key(key);
        row.insert(self.key.into(), written);
        if self.key == "name" {
            meant.remove("name");
        }
        Made {
            row: Value::Object(row),
            meant: Meant::Written(meant),
            key: Some(key.to_lowercase()),
        }
    }

    /// A row that should be rejected, with a key that no other row has. `creates` says whether a
    /// valid row with this key would create something.
    pub(crate) fn bad(&mut self, at: usize, creates: bool) -> Made {
        let key = match self.key {
            "email" => format!("bad{at}@x.test"),
            "id" => format!("{}", 900_000_000_000_000_u64 + at as u64),
            _ => format!("BAD-{at}"),
        };
        let mut row = self.required(at);
        row.insert(self.key.into(), json!(key));
        let set = |mut row: Map<String, Value>, name: &str, value: Value, why: Meant| {
            row.insert(name.to_owned(), value);
            (Value::Object(row), why)
        };
        let text = if self.has_name() { "name" } else { "subject" };
        let custom = self.custom.clone();
        let field = |at: usize, reason| {
            Meant::Rejected(reason, ["plan", "vip", "seats", "arr", "renewal"][at])
        };
        let missing = Meant::Rejected("missing_key", self.key);
        let wrong = Meant::Rejected("invalid_value", text);
        let (row, meant) = match at % 14 {
            0 => (json!({}), missing),
            1 => set(row, self.key, Value::Null, missing),
            2 if self.key == "external_id" => set(row, self.key, json!("   "), missing),
            3 => set(row, text, json!({ "a": 1 }), wrong),
            4 => set(row, text, json!(["x"]), wrong),
            5 => set(row, &custom[0], json!("platinum"), field(0, "invalid_option")),
            6 => set(row, &custom[2], json!("many"), field(2, "invalid_value")),
            7 => set(row, &custom[3], json!("12,5"), field(3, "invalid_value")),
            8 => set(row, &custom[4], json!("31.01.2026"), field(4, "invalid_value")),
            9 => set(row, &custom[1], json!("maybe"), field(1, "invalid_value")),
            10 => set(row, "tags", json!(["two words"]), Meant::Rejected("invalid_value", "tags")),
            11 if self.object == "users" => set(
                row,
                "email",
                json!("no body@x.test"),
                Meant::Rejected("invalid_value", "email"),
            ),
            12 if self.object == "users" && creates => {
                set(row, "email", json!(format!("nodot{at}@x")), Meant::Rejected("", "email"))
            }
            13 if creates && self.object != "tickets" && self.key != "name" => (
                json!({ self.key: key, "notes": "no name" }),
                Meant::Rejected("missing_field", "name"),
            ),
            _ => set(row, &custom[2], json!(1.5), field(2, "invalid_value")),
        };
        Made { row, meant, key: None }
    }
}

/// The values that the account contains for each key after all rows. Later values replace earlier
/// ones, and tags are combined.
pub(crate) fn ends(made: &[Made]) -> BTreeMap<String, BTreeMap<String, Value>> {
    let mut ends: BTreeMap<String, BTreeMap<String, Value>> = BTreeMap::new();
    for Made { meant, key, .. } in made {
        let (Meant::Written(values), Some(key)) = (meant, key) else { continue };
        let end = ends.entry(key.clone()).or_default();
        for (name, value) in values {
            let value = match (name.as_str(), end.get(name)) {
                ("tags", Some(before)) => both(before, value),
                _ => value.clone(),
            };
            end.insert(name.clone(), value);
        }
    }
    ends
}

fn both(one: &Value, other: &Value) -> Value {
    let all = [one, other].into_iter().flat_map(|tags| tags.as_array().into_iter().flatten());
    let all: BTreeSet<&str> = all.filter_map(Value::as_str).collect();
    json!(all)
}

/// Why a row of the account is not as expected. `None` if it is.
pub(crate) fn misses(
    row: &Value,
    custom: &[String; 5],
    meant: &BTreeMap<String, Value>,
) -> Option<String> {
    for (name, value) in meant {
        let current = match custom.iter().position(|column| column == name) {
            Some(_) if row["custom_fields"].is_array() => {
                let id: u64 = name.rsplit('_').next()?.parse().ok()?;
                let fields = row["custom_fields"].as_array()?;
                fields
                    .iter()
                    .find(|field| field["id"] == id)
                    .map_or(Value::Null, |field| field["value"].clone())
            }
            Some(_) => {
                let key = name.trim_start_matches("custom_");
                [&row["user_fields"][key], &row["organization_fields"][key]]
                    .into_iter()
                    .find(|one| !one.is_null())
                    .cloned()
                    .unwrap_or_default()
            }
            None => row[name].clone(),
        };
        if !is_same(name, &current, value) {
            return Some(format!("{name} is {current} and was meant to be {value}"));
        }
    }
    None
}

/// Whether Zendesk's value equals the expected one, in the form that Zendesk gives it.
fn is_same(name: &str, current: &Value, meant: &Value) -> bool {
    if name == "tags" {
        let current: BTreeSet<&str> =
            current.as_array().into_iter().flatten().filter_map(Value::as_str).collect();
        return meant
            .as_array()
            .expect("tags are texts")
            .iter()
            .all(|tag| current.contains(tag.as_str().expect("tags are texts")));
    }
    let number = |value: &Value| value.as_f64().or_else(|| value.as_str()?.parse().ok());
    match (current, meant) {
        (Value::String(current), Value::String(meant)) if name.contains("renewal") => {
            current.starts_with(meant.as_str())
        }
        (_, Value::Number(_)) => number(current) == number(meant),
        (Value::Null, Value::Bool(false)) => true,
        _ => current == meant,
    }
}
