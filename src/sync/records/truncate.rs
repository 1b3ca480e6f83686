//! Cuts the largest texts of a row that is larger than platforms accept. Pure.
//!
//! Source: the platform's limit is 20 MB per record.

use zendesk::json::{Fault, Reader, Span};

/// The largest row that is passed on whole, in bytes. The line around it needs some more bytes.
pub const LARGEST_ROW_BYTES: usize = 19_990_000;

/// Cuts the largest texts out of a row until it is small enough. Returns the new row and the fields
/// that were cut. `None` if the row fits or has no text to cut.
#[must_use]
pub fn shrink(row: &[u8], largest: usize) -> Option<(Vec<u8>, Vec<String>)> {
    let mut row = row.to_vec();
    let mut truncated = Vec::new();
    while row.len() > largest {
        let mut best = None;
        let mut reader = Reader::new(&row);
        largest_text(&mut reader, 0, "", &mut best).ok()?;
        let (field, span) = best?;
        row.splice(span.start..span.end, *b"null");
        truncated.push(field);
    }
    (!truncated.is_empty()).then_some((row, truncated))
}

/// Finds the largest text inside a value. Its path has dots.
fn largest_text(
    reader: &mut Reader<'_>,
    depth: usize,
    path: &str,
    best: &mut Option<(String, Span)>,
) -> Result<(), Fault> {
    let below = |key: &str| if path.is_empty() { key.to_owned() } else { format!("{path}.{key}") };
    match reader.peek() {
        Some(b'{') => reader
            .object(depth, |reader, key, _| {
                largest_text(reader, depth + 1, &below(&String::from_utf8_lossy(key)), best)
            })
            .map(drop),
        Some(b'[') => {
            let mut index = 0;
            let array = reader.array(depth, |reader| {
                index += 1;
                largest_text(reader, depth + 1, &below(&(index - 1).to_string()), best)
            });
            array.map(drop)
        }
        Some(b'"') => {
            let span = reader.value(depth)?;
            let size = span.end - span.start;
            // A text no longer than `null` is no gain.
            if size > 6 && best.as_ref().is_none_or(|(_, best)| size > best.end - best.start) {
                *best = Some((path.to_owned(), span));
            }
            Ok(())
        }
        _ => reader.value(depth).map(drop),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_largest_texts_go_until_the_row_fits() {
        let row = br#"{"id":7,"a":"12345678901234567890","b":[{"c":"123456789012345678901234567890"}],"d":"1234567"}"#;
        let (small, cut) = shrink(row, 60).unwrap();
        assert_eq!(small, br#"{"id":7,"a":null,"b":[{"c":null}],"d":"1234567"}"#);
        assert_eq!(cut, ["b.0.c", "a"]);
        assert_eq!(shrink(row, row.len()), None);
        assert_eq!(shrink(br#"{"id":[1,2,3,4,5,6]}"#, 5), None);
    }
}
