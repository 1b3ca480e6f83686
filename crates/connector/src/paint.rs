//! Text for a person at a terminal: colours, wrapped columns, and lines of the log.

use airbyte::message::Level;
use console::{Style, Term};

/// The columns of a terminal that does not say how many it has.
const USUAL_COLUMNS: usize = 100;

/// The fewest columns in which text is wrapped. In fewer columns each line would hold one word.
const FEWEST_COLUMNS: usize = 24;

/// How text looks at a terminal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Paint {
    pub is_colored: bool,
    pub columns: usize,
}

/// What a colour means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Color {
    Good,
    Bad,
    Warning,
    Heading,
    Aside,
}

impl Paint {
    /// How text looks on stdout. `None` if stdout is not a terminal; then a program reads it.
    #[must_use]
    pub fn of_stdout() -> Option<Self> {
        Some(Term::stdout()).filter(Term::is_term).map(|term| Self::at(&term))
    }

    /// How text looks on stderr, whether it is a terminal or not.
    #[must_use]
    pub fn of_stderr() -> Self {
        Self::at(&Term::stderr())
    }

    fn at(term: &Term) -> Self {
        let variable = |name| std::env::var_os(name).filter(|value| !value.is_empty());
        // no-color.org: any text but an empty one.
        let is_plain = variable("NO_COLOR").is_some();
        let has_none = variable("TERM").is_none_or(|term| term == "dumb");
        let columns = term.size_checked().map_or(USUAL_COLUMNS, |(_, columns)| columns.into());
        Self { is_colored: term.is_term() && !is_plain && !has_none, columns }
    }

    /// The text in a colour, without characters that could steer the terminal.
    #[must_use]
    pub fn paint(self, color: Color, text: &str) -> String {
        let text = clean(text);
        if !self.is_colored {
            return text;
        }
        let style = match color {
            Color::Good => Style::new().green(),
            Color::Bad => Style::new().red(),
            Color::Warning => Style::new().yellow(),
            Color::Heading => Style::new().bold(),
            Color::Aside => Style::new().dim(),
        };
        style.force_styling(true).apply_to(text).to_string()
    }

    /// Wraps a text into lines that all begin at column `begin`, with no line break after the last.
    /// The first line has no indent, because the caller has written up to that column. A text with
    /// too little room is not wrapped.
    #[must_use]
    pub fn wrapped(self, text: &str, begin: usize) -> String {
        let text = clean(text);
        let Some(room) = self.columns.checked_sub(begin).filter(|room| *room >= FEWEST_COLUMNS)
        else {
            return text;
        };
        let mut lines: Vec<String> = Vec::new();
        for word in text.split_whitespace() {
            match lines.last_mut() {
                Some(line) if line.chars().count() + 1 + word.chars().count() <= room => {
                    line.push(' ');
                    line.push_str(word);
                }
                _ => lines.push(word.to_owned()),
            }
        }
        lines.join(&format!("\n{:begin$}", ""))
    }

    /// A line of the log: level and text.
    #[must_use]
    pub fn log(self, level: Level, text: &str) -> String {
        let (name, color) = match level {
            Level::Error => ("ERROR", Color::Bad),
            Level::Warn => ("WARN", Color::Warning),
            Level::Info => ("INFO", Color::Aside),
            Level::Debug => ("DEBUG", Color::Aside),
        };
        let level = self.paint(color, &format!("{name:<5}"));
        format!("{level}  {}\n", clean(text))
    }
}

/// The text without characters that steer a terminal or reverse the order of what it shows.
/// Zendesk's answers hold texts of other people.
#[must_use]
pub fn clean(text: &str) -> String {
    let is_steering = |character: char| {
        character.is_control()
            || matches!(character, '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
    };
    text.chars().map(|character| if is_steering(character) { ' ' } else { character }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const PLAIN: Paint = Paint { is_colored: false, columns: 40 };
    const COLORED: Paint = Paint { is_colored: true, columns: 40 };

    #[test]
    fn a_text_cannot_steer_the_terminal() {
        let text = "a\u{1b}[2Jb\r\nc\u{9b}d\u{202e}e\u{e9}";
        assert_eq!(clean(text), "a [2Jb  c d e\u{e9}");
        assert_eq!(PLAIN.paint(Color::Bad, text), clean(text));
        assert_eq!(PLAIN.log(Level::Warn, text), format!("WARN   {}\n", clean(text)));
        assert!(!PLAIN.wrapped(text, 0).contains('\u{1b}'));
        assert!(COLORED.paint(Color::Bad, "\u{1b}").ends_with(" \u{1b}[0m"));
    }

    #[test]
    fn colours_are_there_only_where_they_are_wanted() {
        assert_eq!(PLAIN.log(Level::Error, "no"), "ERROR  no\n");
        assert_eq!(COLORED.log(Level::Error, "no"), "\u{1b}[31mERROR\u{1b}[0m  no\n");
        for color in [Color::Good, Color::Bad, Color::Warning, Color::Heading, Color::Aside] {
            assert_eq!(PLAIN.paint(color, "x"), "x");
            assert_ne!(COLORED.paint(color, "x"), "x");
        }
    }

    #[test]
    fn lines_wrap_at_words_and_begin_at_their_column() {
        let text = "one two three four five six seven";
        assert_eq!(PLAIN.wrapped(text, 10), "one two three four five six\n          seven");
        assert_eq!(PLAIN.wrapped(text, 30), text);
        assert_eq!(PLAIN.wrapped(text, 50), text);
        assert_eq!(PLAIN.wrapped("", 4), "");
        let long = "x".repeat(60);
        assert_eq!(PLAIN.wrapped(&format!("a {long} b"), 1), format!("a\n {long}\n b"));
    }
}
