//! What is looked for in an answer: which lists of rows, and which members of each row.

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
