//! Strings and free-form values that real accounts contain and that break careless readers. Each is
//! JSON text, so that a row can contain escapes and raw characters exactly as given.

use super::json::{Json, Object, object};
use super::{Seed, mix};

/// The text between the quotes. A row takes the text at its running number, so twenty consecutive
/// rows show them all.
pub(super) const TEXTS: [&str; 20] = [
    "The printer on the second floor is on fire",
    "Raw emoji \u{1f600} \u{1f469}\u{200d}\u{1f469}\u{200d}\u{1f467} \u{1f1f3}\u{1f1ff}",
    "\u{645}\u{631}\u{62d}\u{628}\u{627} and \u{5e9}\u{5dc}\u{5d5}\u{5dd}, right to left",
    "Combining cafe\u{301} n\u{303}o t\u{336}e\u{336}x\u{336}t\u{336}",
    "Line ends of Unicode\u{2028}raw\u{2029}raw\u{85}raw",
    "Line one\\nline two\\r\\nline three\\r",
    "Tab\\there, \\\"quoted\\\", a path C:\\\\temp\\\\new and a closing \\\\",
    "Zero \\u0000 in the middle",
    "Escaped emoji \\ud83d\\ude00 and \\uD83D\\uDE80",
    "",
    "{\\\"a\\\":1}",
    "\\\"generated_timestamp\\\":1,\\\"id\\\":7,\\\"updated_at\\\":\\\"1999-01-01T00:00:00Z\\\"",
    "Spaces at the end  ",
    "<\\/script><b>bold<\\/b> &amp; \\b\\f",
    "\u{feff}Byte order mark, zero\u{200b}width, no\u{a0}break",
    "1.0",
    "Beyond the basic plane \u{1d4b3} \u{20000}, \u{6f22}\u{5b57}, \u{ffff}",
    "Mail\\n{\\\"type\\\":\\\"STATE\\\",\\\"state\\\":{}}\\nend",
    "Controls \\u001f \\u001b[31m \u{7f} \u{9b}",
    "Needless escapes \\u0041\\u00e9\\u00E9, {{ticket.id}} and [0] ]}",
];

/// The indexes of texts that no system accepts as a name: control characters, line ends, the empty
/// text.
const NO_NAME: [usize; 5] = [5, 7, 9, 17, 18];

/// Longer than any buffer that a reader may reserve for a line.
const LONG_BODY_BYTES: usize = 300_000;

impl Seed<'_> {
    fn nasty_index(&self, salt: u64) -> usize {
        ((self.n + salt) % TEXTS.len() as u64) as usize
    }

    /// A free text. The salt makes two fields of one row differ.
    pub(crate) fn text(&self, salt: u64) -> Json {
        Json::raw(format!("\"{}\"", TEXTS[self.nasty_index(salt)]))
    }

    /// A short text that begins with something readable. The running number makes it unique.
    pub(crate) fn name(&self, what: &str, salt: u64) -> Json {
        let index = self.nasty_index(salt);
        let text = if NO_NAME.contains(&index) { "" } else { TEXTS[index] };
        Json::raw(format!("\"{what} {}{}{text}\"", self.n, if text.is_empty() { "" } else { " " }))
    }

    /// A text without markup. In some rows it is very long.
    pub(crate) fn body(&self, salt: u64) -> Json {
        self.long_text(salt, "", "")
    }

    /// Like `body`, in the markup that Zendesk's editors write.
    pub(crate) fn html(&self, salt: u64) -> Json {
        self.long_text(salt, "<div class=\\\"zd-comment\\\"><p>", "</p></div>")
    }

    fn long_text(&self, salt: u64, before: &str, after: &str) -> Json {
        let text = TEXTS[self.nasty_index(salt)];
        let text = if self.n.is_multiple_of(97) {
            let line = "The same line again, \u{20ac} \u{1f600} \\\"and\\\" again\\n";
            line.repeat(LONG_BODY_BYTES / line.len() + 1) + text
        } else {
            text.to_owned()
        };
        Json::raw(format!("\"{before}{text}{after}\""))
    }

    /// A value of a custom field. Sixteen consecutive rows have all types that were seen in such
    /// fields.
    pub(crate) fn free_value(&self, salt: u64) -> Json {
        match (self.n + salt) % 16 {
            0 => Json::NULL,
            1 => self.text(salt),
            2 => true.into(),
            3 => false.into(),
            4 => Json::raw("1.0"),
            5 => Json::raw("1e3"),
            6 => Json::raw("12345678901234567890123"),
            7 => "745".into(),
            8 => ["printer", "on_fire"].into(),
            9 => Json::raw("[]"),
            10 => "2012-07-23T00:00:00+00:00".into(),
            11 => "2012-07-23".into(),
            12 => Json::raw("-0.5"),
            13 => "".into(),
            14 => Json::raw("0.1000000000000000055511151231257827"),
            _ => (mix(self.random ^ salt) as i64).into(),
        }
    }

    /// The custom fields of a user or an organization: an object by field key. Some keys equal keys
    /// of the row itself, which accounts may choose.
    pub(crate) fn keyed_fields(&self, salt: u64) -> Object {
        if self.n % 6 == 5 {
            return Object::default();
        }
        object! {
            "id": self.free_value(salt),
            "updated_at": Json::from(self.at(-86_400)),
            "metric_set": Json::NULL,
            "contract_since": "2012-07-23T00:00:00+00:00",
            "seats": self.free_value(salt + 4),
            "a key \"with\" quotes\n": self.free_value(salt + 9),
            "\u{1f600}": self.text(salt + 3),
            "": self.free_value(salt + 6),
        }
    }
}
