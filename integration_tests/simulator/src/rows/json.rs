//! JSON as text that keeps the order of its keys. A parsed value would lose what the rows need:
//! `1.0` and `1e3` as they are spelled, integers that are too long for any machine type, characters
//! written as `\u` escapes, white space between tokens.

/// A piece of valid JSON, as text.
#[derive(Clone, Debug)]
pub(crate) struct Json(String);

impl Json {
    pub(crate) const NULL: Json = Json(String::new());

    /// Text that is JSON already. It is kept byte by byte.
    pub(crate) fn raw(text: impl Into<String>) -> Json {
        Json(text.into())
    }

    /// The text that is written. An empty text means null, so that `NULL` can be a constant.
    pub(crate) fn as_str(&self) -> &str {
        if self.0.is_empty() { "null" } else { &self.0 }
    }
}

impl From<&str> for Json {
    fn from(text: &str) -> Json {
        Json(serde_json::to_string(text).expect("a string is always JSON"))
    }
}

impl From<String> for Json {
    fn from(text: String) -> Json {
        Json::from(text.as_str())
    }
}

macro_rules! from_display {
    ($($kind:ty),*) => { $(impl From<$kind> for Json {
        fn from(value: $kind) -> Json {
            Json(value.to_string())
        }
    })* };
}
from_display!(bool, i32, i64, u64);

impl<T: Into<Json>> From<Option<T>> for Json {
    fn from(value: Option<T>) -> Json {
        value.map_or(Json::NULL, Into::into)
    }
}

impl<T: Into<Json>> From<Vec<T>> for Json {
    fn from(items: Vec<T>) -> Json {
        let items: Vec<Json> = items.into_iter().map(Into::into).collect();
        let items: Vec<&str> = items.iter().map(Json::as_str).collect();
        Json(format!("[{}]", items.join(",")))
    }
}

impl<T: Into<Json>, const N: usize> From<[T; N]> for Json {
    fn from(items: [T; N]) -> Json {
        Json::from(Vec::from(items))
    }
}

impl From<Object> for Json {
    fn from(object: Object) -> Json {
        Json(object.text())
    }
}

/// An object that keeps its keys in the order they were put in.
#[derive(Clone, Debug, Default)]
pub(crate) struct Object(Vec<(String, Json)>);

impl Object {
    pub(crate) fn with(mut self, key: impl Into<String>, value: impl Into<Json>) -> Object {
        self.0.push((key.into(), value.into()));
        self
    }

    /// Adds the key only if `present` is true. Otherwise the key is absent, not null.
    pub(crate) fn with_if(self, present: bool, key: &str, value: impl Into<Json>) -> Object {
        if present { self.with(key, value) } else { self }
    }

    /// Adds the keys of `other` after those of this object.
    pub(crate) fn and(mut self, other: Object) -> Object {
        self.0.extend(other.0);
        self
    }

    pub(crate) fn reversed(mut self) -> Object {
        self.0.reverse();
        self
    }

    /// Moves one key to the end, so that it comes after any nested key of the same name.
    pub(crate) fn with_last(mut self, key: &str) -> Object {
        self.0.sort_by_key(|(name, _)| name == key);
        self
    }

    pub(crate) fn text(&self) -> String {
        debug_assert!(self.keys_differ(), "a key twice in {:?}", self.0);
        let mut text = String::from("{");
        for (index, (key, value)) in self.0.iter().enumerate() {
            if index > 0 {
                text.push(',');
            }
            text.push_str(Json::from(key.as_str()).as_str());
            text.push(':');
            text.push_str(value.as_str());
        }
        text.push('}');
        text
    }

    fn keys_differ(&self) -> bool {
        let keys: std::collections::BTreeSet<_> = self.0.iter().map(|(key, _)| key).collect();
        keys.len() == self.0.len()
    }
}

/// `object! { "id": 1, "name": "Support" }`, for any values that turn into `Json`.
macro_rules! object {
    ($($key:literal : $value:expr),* $(,)?) => {
        $crate::rows::json::Object::default()$(.with($key, $value))*
    };
}
pub(crate) use object;

/// Adds white space between the tokens of a JSON text, and changes nothing within them.
pub(crate) fn spread_out(json: &str, line_end: &str, indent: &str) -> String {
    let mut text = String::with_capacity(json.len() * 2);
    let (mut depth, mut in_string, mut escaped) = (0, false, false);
    for character in json.chars() {
        if in_string {
            text.push(character);
            (in_string, escaped) = match character {
                '"' if !escaped => (false, false),
                '\\' => (true, !escaped),
                _ => (true, false),
            };
            continue;
        }
        let opens = matches!(character, '{' | '[');
        let closes = matches!(character, '}' | ']');
        depth = if closes { depth - 1 } else { depth };
        if closes {
            text.push_str(line_end);
            text.push_str(&indent.repeat(depth));
        }
        text.push(character);
        depth = if opens { depth + 1 } else { depth };
        if opens || character == ',' {
            text.push_str(line_end);
            text.push_str(&indent.repeat(depth));
        } else if character == ':' {
            text.push(' ');
        }
        in_string = character == '"';
    }
    text
}
