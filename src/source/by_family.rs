//! Shows the streams to a person at a terminal who chooses among them: by family, with modes and
//! needs.

use std::fmt::Write;

use crate::streams::{Family, Reading, ResolvedStream};
use connector::paint::{Color, Paint};

/// The streams by family, one line each: the name, whether the stream can be read incrementally,
/// and who may read it.
#[must_use]
pub fn by_family(streams: &[&ResolvedStream], paint: Paint) -> String {
    let longest =
        streams.iter().map(|stream| stream.name.chars().count()).max().unwrap_or_default();
    let mut text = String::new();
    for (title, members) in families(streams, paint) {
        // Writing to a String cannot fail.
        let _ = writeln!(text, "{title}");
        for stream in members {
            let mode = match stream.reading() {
                Reading::FullRefreshOnly => "full refresh",
                _ => "incremental",
            };
            let begin = 2 + longest + 2 + 12 + 2;
            let needs = paint.wrapped(&stream.access.to_string(), begin);
            let _ = writeln!(text, "  {:<longest$}  {mode:<12}  {needs}", stream.name);
        }
    }
    text
}

/// The families that have streams. Each comes with its painted title, which counts its streams.
pub fn families<'s>(
    streams: &[&'s ResolvedStream],
    paint: Paint,
) -> impl Iterator<Item = (String, Vec<&'s ResolvedStream>)> {
    Family::ALL.into_iter().filter_map(move |family| {
        let members = streams.iter().copied().filter(|stream| stream.family == family);
        let members: Vec<_> = members.collect();
        let title = format!("{} ({})", family.title(), members.len());
        (!members.is_empty()).then(|| (paint.paint(Color::Heading, &title), members))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Config;
    use crate::streams::registry;

    const PLAIN: Paint = Paint { is_colored: false, columns: 1000 };

    #[test]
    fn every_stream_has_a_line_below_its_family() {
        let config =
            br#"{"subdomain":"acme","credentials":{"credentials":"oauth2.0","access_token":"x"}}"#;
        let streams = registry(&Config::parse(config).unwrap());
        let text = by_family(&streams.iter().collect::<Vec<_>>(), PLAIN);
        for stream in &streams {
            let line = text
                .lines()
                .find(|line| line.trim_start().starts_with(&format!("{} ", stream.name)));
            assert!(line.is_some_and(|line| line.ends_with(&stream.access.to_string())), "{text}");
        }
        let families: Vec<&str> = text.lines().filter(|line| !line.starts_with(' ')).collect();
        assert_eq!(families.len(), Family::ALL.len(), "{families:?}");
        assert_eq!(text.lines().count(), streams.len() + families.len());
    }
}
