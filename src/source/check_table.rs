//! Shows what `check` found to a person at a terminal: a line for each stream, by family. Pure.

use std::fmt::Write;

use indicatif::HumanCount;

use super::by_family::families;
use super::findings::{Findings, Found};
use crate::streams::ResolvedStream;
use connector::paint::{Color, Paint};
use zendesk::error::ApiError;

/// The line below the table that says how the check ended. `failure` is the reason if it failed.
#[must_use]
pub fn verdict(failure: Option<&str>, paint: Paint) -> String {
    match failure {
        None => paint.paint(Color::Good, "✓ The check succeeded.") + "\n",
        Some(why) => {
            format!(
                "{} {}\n",
                paint.paint(Color::Bad, "✗ The check failed:"),
                paint.wrapped(why, 0)
            )
        }
    }
}

/// A line for each stream: whether it can be read, about how many rows it has if that is known, and
/// the reason if it cannot be read. `last_failure` is the reason why some streams have no clear
/// answer.
#[must_use]
pub fn table(
    streams: &[ResolvedStream],
    findings: &Findings<'_>,
    rows: &[(&str, u64)],
    last_failure: Option<&ApiError>,
    paint: Paint,
) -> String {
    let names = streams.iter().map(|stream| stream.name.chars().count());
    let counts: Vec<(&str, String)> =
        rows.iter().map(|(name, rows)| (*name, HumanCount(*rows).to_string())).collect();
    let widths = counts.iter().map(|(_, rows)| rows.len());
    let (longest, widest) = (names.max().unwrap_or_default(), widths.max().unwrap_or_default());
    let reason_at = "  ✓ ".chars().count() + longest + 2 + widest + 2;
    let mut reasons = Reasons { unclear: unclear(last_failure), said: Vec::new() };
    let mut text = String::new();
    for (title, members) in families(&streams.iter().collect::<Vec<_>>(), paint) {
        // Writing to a String cannot fail.
        let _ = writeln!(text, "{title}");
        for stream in members {
            let found = findings.of(&stream.name).unwrap_or(Found::Unknown);
            let (mark, color) = match found {
                Found::Readable | Found::OnFallback => ("✓", Color::Good),
                Found::Unknown => ("?", Color::Warning),
                Found::Refused(_) => ("✗", Color::Bad),
            };
            let rows = counts.iter().find(|(name, _)| *name == stream.name);
            let rows = rows.map_or("", |(_, rows)| rows);
            let reason = reasons.of(found, &stream.name);
            let reason = paint.wrapped(&reason, reason_at);
            let mark = paint.paint(color, mark);
            let line = format!("  {mark} {:<longest$}  {rows:>widest$}  {reason}", stream.name);
            let _ = writeln!(text, "{}", line.trim_end());
        }
    }
    let is_readable = |stream: &&ResolvedStream| {
        matches!(findings.of(&stream.name), Some(Found::Readable | Found::OnFallback))
    };
    let readable = streams.iter().filter(is_readable).count();
    let sum = format!("{readable} of {} streams can be read.", streams.len());
    let of_rows = match rows {
        [] => "",
        _ => " The row counts are estimates for a first read, where Zendesk gives a count.",
    };
    let _ = writeln!(text, "\n{}", paint.wrapped(&format!("{sum}{of_rows}"), 0));
    text
}

/// Why there is no clear answer.
fn unclear(last_failure: Option<&ApiError>) -> String {
    let why = last_failure.map(|error| format!(" ({})", error.detail));
    format!("Zendesk gave no clear answer{}", why.unwrap_or_default())
}

/// The reasons. Each is written in full at the first stream that has it. Later streams refer to
/// that one.
struct Reasons<'f> {
    unclear: String,
    said: Vec<(Found<'f>, String)>,
}

impl<'f> Reasons<'f> {
    fn of(&mut self, found: Found<'f>, name: &str) -> String {
        let reason = match found {
            Found::Readable => return String::new(),
            Found::OnFallback => {
                "through another listing, with less data than an administrator \
                gets"
            }
            Found::Unknown => self.unclear.as_str(),
            Found::Refused(why) => why,
        };
        match self.said.iter().find(|(said, _)| *said == found) {
            Some((_, first)) => format!("same as {first}"),
            None => {
                self.said.push((found, name.to_owned()));
                reason.to_owned()
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Config;
    use crate::source::asker::Asker;
    use crate::source::probe::{Group, Reach};
    use crate::streams::registry;
    use connector::identity::Identity;
    use zendesk::error::ErrorKind;

    const PLAIN: Paint = Paint { is_colored: false, columns: 1000 };

    fn streams(names: &[&str]) -> Vec<ResolvedStream> {
        let config =
            br#"{"subdomain":"acme","credentials":{"credentials":"oauth2.0","access_token":"x"}}"#;
        let mut streams = registry(&Config::parse(config).unwrap());
        streams.retain(|stream| names.contains(&&*stream.name));
        streams
    }

    fn error(kind: ErrorKind, detail: &str) -> ApiError {
        let (request, detail) = (String::new(), detail.to_owned());
        ApiError { kind, status: None, request, detail, again_in: None, is_zendesks: true }
    }

    #[test]
    fn each_stream_has_a_line_with_its_rows_or_its_reason() {
        let streams = streams(&[
            "tickets",
            "ticket_audits",
            "users",
            "oauth_clients",
            "oauth_tokens",
            "brands",
        ]);
        let identity = Identity { id: 1, role: "agent".into() };
        let asker = Asker { identity: Some(&identity), token: None };
        let mut findings = Findings::default();
        for stream in &streams {
            let group = Group { asked: stream, streams: vec![stream] };
            let reach = match &*stream.name {
                "oauth_clients" | "oauth_tokens" => {
                    Some(Reach::Refused(error(ErrorKind::Forbidden, "no\u{1b}[2Jway")))
                }
                "brands" => None,
                _ => Some(Reach::Readable { rows: None }),
            };
            findings.add(&group, reach, &asker).unwrap();
        }
        let rows = [("tickets", 36_000), ("users", 7)];
        let last = error(ErrorKind::Unavailable, "no answer in time");
        let table = table(&streams, &findings, &rows, Some(&last), PLAIN);
        let lines: Vec<&str> = table.lines().collect();
        assert!(lines.contains(&"  ✓ tickets        36,000"), "{table}");
        assert!(lines.contains(&"  ✓ ticket_audits"), "{table}");
        assert!(lines.contains(&"  ✓ users               7"), "{table}");
        let brands = "  ? brands                 Zendesk gave no clear answer (no answer in time)";
        assert!(lines.contains(&brands), "{table}");
        let refused = ["  ✗ oauth_clients ", "  ✗ oauth_tokens "]
            .map(|begin| lines.iter().find(|line| line.starts_with(begin)).unwrap());
        let mut reasons = refused.map(|line| line.chars().skip(27).collect::<String>());
        reasons.sort_by_key(String::len);
        assert!(reasons[0].starts_with("same as "), "{table}");
        assert!(reasons[1].contains("the role `agent` may not read it (no [2Jway)"), "{table}");
        assert!(lines.contains(&"People (1)"), "{table}");
        assert!(
            table.contains("\n\n3 of 6 streams can be read. The row counts are estimates"),
            "{table}"
        );
    }

    #[test]
    fn a_verdict_is_a_line() {
        assert_eq!(verdict(None, PLAIN), "✓ The check succeeded.\n");
        assert_eq!(verdict(Some("so."), PLAIN), "✗ The check failed: so.\n");
        let colored = Paint { is_colored: true, ..PLAIN };
        assert!(verdict(Some("so."), colored).starts_with("\u{1b}[31m✗"));
    }
}
