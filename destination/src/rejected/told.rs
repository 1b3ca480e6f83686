//! Decides which rejected rows are logged: the first ones of a stream one by one, the rest as a total. Pure.

use std::collections::BTreeMap;

use airbyte::destination::catalog::Descriptor;

use super::reason::Reason;

/// The rejected rows of each stream so far.
#[derive(Debug)]
pub struct Told {
    /// How many rows of a stream are logged one by one.
    most: u32,
    rejected: BTreeMap<Descriptor, u64>,
}

impl Told {
    /// Logs up to `most` rows of a stream one by one.
    #[must_use]
    pub fn of(most: u32) -> Self {
        Self { most, rejected: BTreeMap::new() }
    }

    /// The message about a rejected row. `None` if enough rows of its stream were logged.
    pub fn line(&mut self, stream: &Descriptor, key: Option<&str>, why: &Reason) -> Option<String> {
        let count = self.rejected.entry(stream.clone()).or_default();
        *count += 1;
        if *count > u64::from(self.most) {
            return None;
        }
        let field =
            why.field.as_ref().map(|field| format!(", field `{field}`")).unwrap_or_default();
        let rest = format!("{}{field}: {}", why.reason, why.message);
        Some(match key {
            Some(key) => format!("{stream}: the row with the key `{key}` is rejected: {rest}"),
            // Which column is the key is not known.
            None if why.reason == "unknown_stream" => {
                format!("{stream}: a row is rejected: {rest}")
            }
            None => format!("{stream}: a row without a key is rejected: {rest}"),
        })
    }

    /// The totals of streams that had more rejected rows.
    #[must_use]
    pub fn closing_lines(&self) -> Vec<String> {
        let more = self.rejected.iter().filter(|(_, count)| **count > u64::from(self.most));
        more.map(|(stream, count)| {
            format!(
                "{stream}: {count} rows are rejected. The first {} are listed above.",
                self.most
            )
        })
        .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn some_rows_are_told_and_the_rest_is_counted() {
        let stream = Descriptor { namespace: None, name: "a".into() };
        let why = Reason::new("not_found", Some("external_id"), "nobody has it".into());
        let mut told = Told::of(10);
        let lines = (0..12).filter_map(|_| told.line(&stream, Some("k"), &why)).collect::<Vec<_>>();
        assert_eq!(lines.len(), 10);
        assert_eq!(
            lines[0],
            "a: the row with the key `k` is rejected: not_found, field `external_id`: nobody has it"
        );
        assert_eq!(
            told.closing_lines(),
            ["a: 12 rows are rejected. The first 10 are listed above."]
        );
    }
}
