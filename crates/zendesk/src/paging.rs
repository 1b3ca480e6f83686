//! How listings go on and end, for each dialect of paging. Pure: a request and the envelope of its
//! answer say what comes next.
//!
//! Sources: Zendesk, "Pagination" and "Incremental Exports".

use super::envelope::{Envelope, parameter, query_of};
use super::timestamp;

/// The least age of a start time, in seconds. Exports withhold the most recent minute, so a younger
/// start time is refused or returns nothing.
pub const YOUNGEST_BOUND_SECONDS: i64 = 61;

/// Exports withhold rows that changed in this last time.
pub const WITHHELD_SECONDS: i64 = 60;

/// How many pages without rows may follow each other. With more a listing counts as broken.
pub const MOST_EMPTY_PAGES: u32 = 100;

/// A page with fewer rows is not full, where no page size can be requested. No page of Zendesk's is
/// known to be smaller.
const SMALLEST_FULL_PAGE: usize = 25;

/// The largest page that an export gives.
pub const LARGEST_EXPORT_PAGE: u32 = 1000;

/// Zendesk's paging dialects.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Paging {
    /// `page[size]` and `page[after]`. `meta.has_more` ends the listing. Links are never null, so
    /// they cannot end it.
    Cursor,
    /// Like `Cursor`, by `after_cursor` and without a page size. Only approval requests are known to use
    /// it. With `page[after]` they would begin again.
    AfterCursor,
    /// Like `Cursor`, with pages of a thousand rows. Cursors of searches expire after an hour
    /// (Zendesk, Export Search Results; Access Logs).
    LargeCursor,
    /// Incremental export by cursor: `start_time` once, then `cursor`. `end_of_stream` ends it, or
    /// `meta.has_more` where the answer has only that.
    ExportCursor,
    /// Incremental export by time: `start_time`. Metric events and articles have no end mark.
    ExportTime { end_mark: bool },
    /// The old dialect of audits, newest first: `limit`, then the `cursor` in `before_url`.
    Before,
    /// `page` and `per_page`. A null `next_page` ends the listing.
    Offset,
    /// No page size. There is a `next_page`, which is normally null.
    Single,
    /// From a time on: `unix_time`, which is also in `next_page`. `next_page` is null on the last
    /// page.
    Since,
    /// No start time: the `cursor` in `next_page`, until a page has the count 0. The last cursor
    /// stays valid for the next sync (Zendesk, Incremental Skill-Based Routing).
    UntilEmpty,
    /// `page_size`. The next page is requested with the query of `next_page_url`, whatever its
    /// parameters are. `next_page_url` is null on the last page (Zendesk, Omnichannel Engagements).
    NextUrl,
}

/// Where a listing goes on. Tokens are saved with their kind and never decoded.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub enum Token {
    /// Before the first page.
    #[default]
    First,
    /// Unix seconds, inclusive.
    StartTime(i64),
    /// Unix seconds, inclusive, in dialects whose parameter is `unix_time`.
    UnixTime(i64),
    Cursor(String),
    After(String),
    AfterCursor(String),
    Before(String),
    Page(u32),
    /// The whole query of a link, in place of all parameters.
    Query(String),
}

impl Token {
    /// The name of the token's kind in a saved position.
    #[must_use]
    pub fn kind(&self) -> &'static str {
        match self {
            Self::First => "first",
            Self::StartTime(_) => "start_time",
            Self::UnixTime(_) => "unix_time",
            Self::Cursor(_) => "cursor",
            Self::After(_) => "after",
            Self::AfterCursor(_) => "after_cursor",
            Self::Before(_) => "before",
            Self::Page(_) => "page",
            Self::Query(_) => "query",
        }
    }

    /// The text of the token in a saved position.
    #[must_use]
    pub fn text(&self) -> String {
        match self {
            Self::First => String::new(),
            Self::StartTime(seconds) | Self::UnixTime(seconds) => seconds.to_string(),
            Self::Cursor(token)
            | Self::After(token)
            | Self::AfterCursor(token)
            | Self::Before(token)
            | Self::Query(token) => token.clone(),
            Self::Page(number) => number.to_string(),
        }
    }

    /// Reads a token from a saved position. `None` if the kind is unknown or the text does not fit
    /// it.
    #[must_use]
    pub fn from_saved(kind: &str, text: &str) -> Option<Self> {
        let owned = || text.to_owned();
        Some(match kind {
            "first" => Self::First,
            "start_time" => Self::StartTime(text.parse().ok()?),
            "unix_time" => Self::UnixTime(text.parse().ok()?),
            "cursor" => Self::Cursor(owned()),
            "after" => Self::After(owned()),
            "after_cursor" => Self::AfterCursor(owned()),
            "before" => Self::Before(owned()),
            "page" => Self::Page(text.parse().ok()?),
            "query" => Self::Query(owned()),
            _ => return None,
        })
    }

    /// The query parameter that requests the page at this token. `None` for the first page, and for
    /// [`Token::Query`].
    #[must_use]
    pub fn parameter(&self) -> Option<(&'static str, String)> {
        let name = match self {
            Self::First | Self::Query(_) => return None,
            Self::StartTime(_) => "start_time",
            Self::UnixTime(_) => "unix_time",
            Self::Cursor(_) | Self::Before(_) => "cursor",
            Self::After(_) => "page[after]",
            Self::AfterCursor(_) => "after_cursor",
            Self::Page(_) => "page",
        };
        Some((name, self.text()))
    }

    /// The place in words for a person. Long tokens are cut off.
    #[must_use]
    pub fn shown(&self) -> String {
        const LONGEST: usize = 60;
        let shortened = |token: &str| {
            let printable = token.chars().filter(|character| !character.is_control());
            let shown: String = printable.take(LONGEST).collect();
            let dots = if shown.len() < token.len() { "..." } else { "" };
            format!("{shown}{dots}")
        };
        match self {
            Self::First => "the first page".to_owned(),
            Self::StartTime(seconds) | Self::UnixTime(seconds) => {
                format!("the page from {} on", timestamp::to_iso(*seconds))
            }
            Self::Cursor(token)
            | Self::After(token)
            | Self::AfterCursor(token)
            | Self::Before(token) => {
                format!("the page at cursor {}", shortened(token))
            }
            Self::Page(number) => format!("page {number}"),
            Self::Query(query) => format!("the page at {}", shortened(query)),
        }
    }

    /// The query that replaces all parameters.
    #[must_use]
    pub fn query(&self) -> Option<&str> {
        if let Self::Query(query) = self { Some(query) } else { None }
    }

    /// The start time of an export by time, unix seconds. `None` for any other token.
    #[must_use]
    pub fn start_time(&self) -> Option<i64> {
        if let Self::StartTime(seconds) = self { Some(*seconds) } else { None }
    }

    /// Whether the server made this token. Then only the server knows whether it is still valid.
    #[must_use]
    pub fn is_servers(&self) -> bool {
        matches!(
            self,
            Self::Cursor(_)
                | Self::After(_)
                | Self::AfterCursor(_)
                | Self::Before(_)
                | Self::Query(_)
        )
    }
}

impl Paging {
    /// The first token of a walk, for a lower bound in unix seconds.
    #[must_use]
    pub fn start(self, bound_unix: Option<i64>) -> Token {
        match self {
            Self::ExportCursor | Self::ExportTime { .. } => {
                Token::StartTime(bound_unix.unwrap_or_default())
            }
            Self::Since => Token::UnixTime(bound_unix.unwrap_or_default()),
            Self::Cursor
            | Self::AfterCursor
            | Self::LargeCursor
            | Self::Before
            | Self::Offset
            | Self::Single
            | Self::UntilEmpty
            | Self::NextUrl => Token::First,
        }
    }

    /// Whether this dialect has such a token. Zendesk would ignore a token of another dialect and
    /// begin again.
    #[must_use]
    pub fn knows(self, token: &Token) -> bool {
        match self {
            Self::Cursor | Self::LargeCursor => matches!(token, Token::First | Token::After(_)),
            Self::AfterCursor => matches!(token, Token::First | Token::AfterCursor(_)),
            Self::ExportCursor => matches!(token, Token::StartTime(_) | Token::Cursor(_)),
            Self::ExportTime { .. } => matches!(token, Token::StartTime(_)),
            Self::Before => matches!(token, Token::First | Token::Before(_)),
            Self::Offset | Self::Single => matches!(token, Token::First | Token::Page(_)),
            Self::Since => matches!(token, Token::UnixTime(_)),
            Self::UntilEmpty => matches!(token, Token::First | Token::Cursor(_)),
            Self::NextUrl => matches!(token, Token::First | Token::Query(_)),
        }
    }

    /// The parameter for the page size, and the largest size that Zendesk documents. `None` if no
    /// size can be requested.
    #[must_use]
    pub fn size(self) -> Option<(&'static str, u32)> {
        match self {
            Self::Cursor => Some(("page[size]", 100)),
            Self::LargeCursor => Some(("page[size]", 1000)),
            Self::ExportCursor | Self::ExportTime { .. } => Some(("per_page", LARGEST_EXPORT_PAGE)),
            Self::Before => Some(("limit", 200)),
            Self::Offset => Some(("per_page", 100)),
            Self::NextUrl => Some(("page_size", 100)),
            Self::Single | Self::Since | Self::UntilEmpty | Self::AfterCursor => None,
        }
    }

    /// Whether a listing can go on in the middle after an interruption. Offsets shift when rows are
    /// inserted or deleted, and links of some listings are not documented. Such listings start
    /// again.
    #[must_use]
    pub fn resumes(self) -> bool {
        !matches!(self, Self::Offset | Self::Single | Self::NextUrl)
    }

    /// Whether the same place may be requested with another page size.
    #[must_use]
    pub fn size_may_change(self) -> bool {
        !matches!(
            self,
            Self::Offset
                | Self::Single
                | Self::Since
                | Self::AfterCursor
                | Self::UntilEmpty
                | Self::NextUrl
        )
    }
}

/// What [`step`] needs to know of an answer.
#[derive(Clone, Copy, Debug)]
pub struct Answer<'a> {
    pub envelope: &'a Envelope,
    /// The number of listed rows, before any filter.
    pub rows: usize,
    /// The page size that was requested.
    pub asked: u32,
    /// Whether no larger page may be requested.
    pub is_largest: bool,
    /// Zendesk's time, unix seconds.
    pub now_unix: i64,
    /// For an export by time: up to which time the page reaches, by more than its last rows. The
    /// last row may have changed while the page was made. Then its time is far later than its
    /// place.
    pub borne_out: Option<i64>,
    /// The number of pages without rows directly before this one.
    pub empty_before: u32,
}

/// What comes after a page.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Step {
    Next(Token),
    /// The listing has ended. The next sync goes on at the token.
    End(Token),
    /// A full page of one second that leads to itself. Request a larger page.
    AskLarger,
    /// The same at the largest page size. Go on at the token, and report the second, unix seconds.
    SkipSecond(Token, i64),
    /// The listing neither ends nor goes on. The text says why.
    Broken(&'static str),
}

/// Decides what comes after a page. `at` is the token that was requested.
#[must_use]
pub fn step(paging: Paging, at: &Token, answer: Answer<'_>) -> Step {
    let step = step_of(paging, at, answer);
    // A link may lead from one empty page to the next for ever.
    let is_empty = answer.rows == 0 && matches!(step, Step::Next(_));
    if is_empty && answer.empty_before >= MOST_EMPTY_PAGES {
        return Step::Broken("the listing returned 100 empty pages in a row and did not end");
    }
    step
}

fn step_of(paging: Paging, at: &Token, answer: Answer<'_>) -> Step {
    let envelope = answer.envelope;
    let link = |link: &Option<String>, name| link.as_deref().and_then(|link| parameter(link, name));
    match paging {
        Paging::AfterCursor => {
            by_cursor(at, envelope.has_more, envelope.after_cursor.clone().map(Token::AfterCursor))
        }
        Paging::Cursor | Paging::LargeCursor => {
            // Some listings (jira/links) name a whole link where others name a cursor.
            let after = envelope.after_cursor.clone();
            let after = after.map(|after| parameter(&after, "page[after]").unwrap_or(after));
            let after = after.or_else(|| link(&envelope.links_next, "page[after]"));
            by_cursor(at, envelope.has_more, after.map(Token::After))
        }
        Paging::ExportCursor => {
            let after = envelope.after_cursor.clone();
            let next = after.or_else(|| link(&envelope.after_url, "cursor")).map(Token::Cursor);
            // The export of custom object records says the same in `meta`.
            let ended = envelope.end_of_stream.or(envelope.has_more.map(|more| !more));
            match (ended, next) {
                (Some(true), next) => Step::End(next.unwrap_or_else(|| at.clone())),
                (None, None) => Step::End(at.clone()),
                (Some(false), None) => Step::Broken("it has not ended but has no cursor"),
                (_, Some(next)) => onward(at, next),
            }
        }
        Paging::ExportTime { end_mark } => export_time(end_mark, at, answer),
        Paging::Before => match link(&envelope.before_url, "cursor") {
            // An empty page ends it only where its link does not lead on.
            Some(next) if answer.rows > 0 || *at != Token::Before(next.clone()) => {
                onward(at, Token::Before(next))
            }
            _ => Step::End(Token::First),
        },
        Paging::Since => {
            let Some(next) = &envelope.next_page else { return Step::End(at.clone()) };
            let time = parameter(next, "unix_time").and_then(|time| time.parse().ok());
            match (time, at) {
                (Some(time), Token::UnixTime(here)) if time > *here => {
                    Step::Next(Token::UnixTime(time))
                }
                // The last rows are of that very second. Nothing can be behind a page that is not full.
                (Some(time), Token::UnixTime(here))
                    if time == *here && answer.rows < SMALLEST_FULL_PAGE =>
                {
                    Step::End(at.clone())
                }
                (Some(_), _) => Step::Broken("its next page is not after this one"),
                (None, _) => Step::Broken("its next page has no time"),
            }
        }
        Paging::UntilEmpty => until_empty(at, answer),
        Paging::NextUrl => {
            let next = envelope.next_page_url.as_ref().filter(|link| !link.is_empty());
            let Some(next) = next else { return Step::End(Token::First) };
            match query_of(next) {
                Some(query) => onward(at, Token::Query(query.to_owned())),
                None => Step::Broken("its next page has no parameters"),
            }
        }
        Paging::Offset | Paging::Single => {
            let Some(next) = &envelope.next_page else { return Step::End(Token::First) };
            let page = parameter(next, "page").and_then(|page| page.parse().ok());
            let here = if let Token::Page(page) = at { *page } else { 1 };
            match page {
                Some(page) if page > here => Step::Next(Token::Page(page)),
                Some(_) => Step::Broken("its next page is not after this one"),
                None => Step::Broken("its next page has no number"),
            }
        }
    }
}

/// Keeps the cursor after the last page, because later rows are listed after it. A page without
/// rows that leads nowhere also ends the listing, whatever its count says: the count may be of all
/// rows. The place then stays where it is, so that nothing is lost.
fn until_empty(at: &Token, answer: Answer<'_>) -> Step {
    let envelope = answer.envelope;
    let link = envelope.next_page.as_deref();
    let next = link.and_then(|link| parameter(link, "cursor")).map(Token::Cursor);
    let counts = envelope.count.is_some_and(|count| count > 0);
    let leads_on = next.as_ref().is_some_and(|next| next != at);
    match next {
        next if answer.rows == 0 && !(counts && leads_on) => {
            Step::End(next.unwrap_or_else(|| at.clone()))
        }
        Some(next) => onward(at, next),
        // Nothing tells what is behind these rows, which come again.
        None => Step::End(at.clone()),
    }
}

fn by_cursor(at: &Token, has_more: Option<bool>, next: Option<Token>) -> Step {
    match (has_more, next) {
        (Some(false), _) | (None, None) => Step::End(Token::First),
        (Some(true), None) => Step::Broken("it has more but gives no cursor"),
        (_, Some(next)) => onward(at, next),
    }
}

fn onward(at: &Token, next: Token) -> Step {
    if *at == next {
        Step::Broken("its next link leads to the same page")
    } else {
        Step::Next(next)
    }
}

fn export_time(end_mark: bool, at: &Token, answer: Answer<'_>) -> Step {
    let envelope = answer.envelope;
    let here = if let Token::StartTime(seconds) = at { *seconds } else { 0 };
    let linked = envelope.next_page.as_deref().and_then(|link| parameter(link, "start_time"));
    let linked = linked.and_then(|seconds| seconds.parse::<i64>().ok());
    // A position never moves backwards, whatever a link says.
    let named = linked.or(envelope.end_time).map(|next| next.max(here));
    // It goes on from where the rows bear out, and lists the last of them again. Where all of them
    // are of one second, only the link leads on.
    let borne_out = answer.borne_out.filter(|borne_out| *borne_out > here);
    let next = named.map(|next| borne_out.map_or(next, |borne_out| next.min(borne_out)));
    let mark = if end_mark { envelope.end_of_stream } else { None };
    let ended = match mark {
        Some(mark) => mark,
        None if end_mark => named.is_none(),
        None => envelope.next_page.is_none() || answer.rows == 0 && named <= Some(here),
    };
    // The next sync goes on before what is withheld yet. A page without rows moves nothing.
    let withheld = answer.now_unix.saturating_sub(WITHHELD_SECONDS);
    let rest = named.filter(|_| answer.rows > 0).map_or(here, |end| end.min(withheld).max(here));
    let rest = Token::StartTime(rest);
    let Some(next) = next.filter(|_| !ended) else {
        if mark == Some(false) {
            return Step::Broken("it has not ended but has no next start");
        }
        return Step::End(rest);
    };
    if answer.now_unix.saturating_sub(next) < YOUNGEST_BOUND_SECONDS {
        return Step::End(Token::StartTime(next.min(withheld).max(here)));
    }
    let full = u32::try_from(answer.rows).unwrap_or(u32::MAX) >= answer.asked;
    let only_last_is_later = answer.borne_out.is_some() && borne_out.is_none();
    if next > here && !(only_last_is_later && full && !answer.is_largest) {
        return Step::Next(Token::StartTime(next));
    }
    match mark {
        _ if full && !answer.is_largest => Step::AskLarger,
        _ if full => Step::SkipSecond(Token::StartTime(here.saturating_add(1)), here),
        Some(false) => Step::Broken("its next link leads to the same page"),
        _ => Step::End(rest),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: i64 = 1_000_000;

    /// One row of a table: dialect, token, rows of 100 asked, envelope, what comes next.
    fn check(paging: Paging, at: Token, rows: usize, envelope: Envelope, expected: &Step) {
        let answer = Answer {
            envelope: &envelope,
            rows,
            asked: 100,
            is_largest: false,
            now_unix: NOW,
            borne_out: None,
            empty_before: 0,
        };
        assert_eq!(&step(paging, &at, answer), expected, "{paging:?} {envelope:?}");
    }

    fn link(query: &str) -> Option<String> {
        Some(format!("https://x.zendesk.com/api/v2/y.json?{query}"))
    }

    #[test]
    fn an_export_by_cursor_may_say_in_meta_that_it_has_ended() {
        let envelope = |has_more, cursor: &str| Envelope {
            has_more: Some(has_more),
            after_cursor: Some(cursor.to_owned()),
            ..Envelope::default()
        };
        let cursor = |token: &str| Token::Cursor(token.into());
        let at = || cursor("a");
        check(Paging::ExportCursor, at(), 9, envelope(true, "b"), &Step::Next(cursor("b")));
        check(Paging::ExportCursor, at(), 9, envelope(false, "b"), &Step::End(cursor("b")));
        check(Paging::ExportCursor, at(), 0, envelope(false, "a"), &Step::End(cursor("a")));
    }

    #[test]
    fn a_cursor_listing_ends_by_its_mark_alone() {
        let envelope = |has_more, after: Option<&str>| Envelope {
            has_more,
            after_cursor: after.map(str::to_owned),
            ..Envelope::default()
        };
        let after = |token: &str| Token::After(token.into());
        let end = Step::End(Token::First);
        check(Paging::Cursor, Token::First, 9, envelope(Some(false), Some("b")), &end);
        check(
            Paging::Cursor,
            Token::First,
            0,
            envelope(Some(true), Some("b")),
            &Step::Next(after("b")),
        );
        check(Paging::Cursor, Token::First, 9, envelope(None, Some("b")), &Step::Next(after("b")));
        check(Paging::Cursor, Token::First, 9, envelope(None, None), &end);
        let whole = link("page%5Bafter%5D=5000");
        let next = Step::Next(after("5000"));
        check(Paging::Cursor, Token::First, 9, envelope(Some(true), whole.as_deref()), &next);
        check(
            Paging::Cursor,
            after("b"),
            9,
            envelope(Some(true), Some("b")),
            &Step::Broken("its next link leads to the same page"),
        );
        check(
            Paging::Cursor,
            after("b"),
            9,
            envelope(Some(true), None),
            &Step::Broken("it has more but gives no cursor"),
        );
        let linked = Envelope {
            has_more: Some(true),
            links_next: link("page%5Bafter%5D=c%3D"),
            ..Envelope::default()
        };
        check(Paging::Cursor, after("b"), 9, linked, &Step::Next(after("c=")));
    }

    #[test]
    fn a_listing_by_after_cursor_ends_by_its_mark_and_goes_on_by_that_name() {
        let envelope = |has_more, after: Option<&str>| Envelope {
            has_more,
            after_cursor: after.map(str::to_owned),
            ..Envelope::default()
        };
        let (paging, end) = (Paging::AfterCursor, Step::End(Token::First));
        let after = Token::AfterCursor("b".into());
        check(paging, Token::First, 9, envelope(Some(false), Some("b")), &end);
        check(paging, Token::First, 9, envelope(None, None), &end);
        let next = Step::Next(after.clone());
        check(paging, Token::First, 9, envelope(Some(true), Some("b")), &next);
        let itself = Step::Broken("its next link leads to the same page");
        check(paging, after.clone(), 9, envelope(Some(true), Some("b")), &itself);
        let nowhere = Step::Broken("it has more but gives no cursor");
        check(paging, after.clone(), 9, envelope(Some(true), None), &nowhere);
        assert_eq!(after.parameter(), Some(("after_cursor", "b".to_owned())));
        assert!(!paging.knows(&Token::After("b".into())) && paging.size().is_none());
    }

    #[test]
    fn a_listing_from_a_time_on_ends_without_a_link_and_only_goes_forward() {
        let envelope = |query: Option<&str>| Envelope {
            next_page: query.and_then(link),
            ..Envelope::default()
        };
        let at = |seconds| Token::UnixTime(seconds);
        check(Paging::Since, at(5), 9, envelope(None), &Step::End(at(5)));
        check(Paging::Since, at(5), 0, envelope(Some("unix_time=7")), &Step::Next(at(7)));
        // Its last row is listed again, as the time is inclusive.
        check(Paging::Since, at(5), 1, envelope(Some("unix_time=5")), &Step::End(at(5)));
        check(Paging::Since, at(5), 0, envelope(Some("unix_time=5")), &Step::End(at(5)));
        let again = Step::Broken("its next page is not after this one");
        check(Paging::Since, at(5), 25, envelope(Some("unix_time=5")), &again);
        check(Paging::Since, at(5), 9, envelope(Some("unix_time=4")), &again);
        let nowhere = Step::Broken("its next page has no time");
        check(Paging::Since, at(5), 9, envelope(Some("page=2")), &nowhere);
    }

    #[test]
    fn a_listing_until_it_is_empty_keeps_its_last_cursor_and_ends_by_a_count_of_none() {
        let envelope = |count, query: Option<&str>| Envelope {
            count,
            next_page: query.and_then(link),
            ..Envelope::default()
        };
        let at = |token: &str| Token::Cursor(token.into());
        let paging = Paging::UntilEmpty;
        check(paging, Token::First, 9, envelope(Some(9), Some("cursor=b")), &Step::Next(at("b")));
        check(paging, at("b"), 0, envelope(Some(0), Some("cursor=b")), &Step::End(at("b")));
        check(paging, at("b"), 0, envelope(Some(0), Some("cursor=c")), &Step::End(at("c")));
        check(paging, at("b"), 0, envelope(None, None), &Step::End(at("b")));
        check(paging, Token::First, 0, envelope(Some(0), None), &Step::End(Token::First));
        check(paging, at("b"), 2, envelope(Some(2), None), &Step::End(at("b")));
        check(paging, at("b"), 0, envelope(Some(2), Some("cursor=c")), &Step::Next(at("c")));
        let itself = Step::Broken("its next link leads to the same page");
        check(paging, at("b"), 2, envelope(Some(2), Some("cursor=b")), &itself);
        check(paging, at("b"), 0, envelope(Some(2), None), &Step::End(at("b")));
        check(paging, at("b"), 0, envelope(Some(2), Some("cursor=b")), &Step::End(at("b")));
        assert!(paging.knows(&at("b")) && !paging.knows(&Token::StartTime(5)));
    }

    #[test]
    fn a_link_of_unknown_parameters_is_followed_by_its_whole_query() {
        let envelope = |query: Option<&str>| Envelope {
            next_page_url: query.and_then(link),
            ..Envelope::default()
        };
        let at = Token::Query("page_size=5&p=2".into());
        let next = Step::Next(at.clone());
        check(Paging::NextUrl, Token::First, 9, envelope(Some("page_size=5&p=2")), &next);
        check(Paging::NextUrl, Token::First, 0, envelope(Some("page_size=5&p=2")), &next);
        check(Paging::NextUrl, at.clone(), 9, envelope(None), &Step::End(Token::First));
        let empty = Envelope { next_page_url: Some(String::new()), ..Envelope::default() };
        check(Paging::NextUrl, at.clone(), 9, empty, &Step::End(Token::First));
        let itself = Step::Broken("its next link leads to the same page");
        check(Paging::NextUrl, at.clone(), 9, envelope(Some("page_size=5&p=2")), &itself);
        let bare = Envelope { next_page_url: Some("https://x".into()), ..Envelope::default() };
        let nowhere = Step::Broken("its next page has no parameters");
        check(Paging::NextUrl, at.clone(), 9, bare, &nowhere);
        assert_eq!((at.query(), at.parameter()), (Some("page_size=5&p=2"), None));
    }

    #[test]
    fn an_export_by_cursor_keeps_its_last_cursor() {
        let envelope = |end_of_stream, after: Option<&str>| Envelope {
            end_of_stream,
            after_cursor: after.map(str::to_owned),
            ..Envelope::default()
        };
        let cursor = |token: &str| Token::Cursor(token.into());
        let start = Token::StartTime(5);
        check(
            Paging::ExportCursor,
            start.clone(),
            0,
            envelope(Some(false), Some("b")),
            &Step::Next(cursor("b")),
        );
        check(
            Paging::ExportCursor,
            start.clone(),
            9,
            envelope(None, Some("b")),
            &Step::Next(cursor("b")),
        );
        check(
            Paging::ExportCursor,
            cursor("b"),
            9,
            envelope(Some(true), Some("b")),
            &Step::End(cursor("b")),
        );
        check(
            Paging::ExportCursor,
            start.clone(),
            0,
            envelope(Some(true), None),
            &Step::End(start.clone()),
        );
        check(Paging::ExportCursor, start.clone(), 0, envelope(None, None), &Step::End(start));
        check(
            Paging::ExportCursor,
            cursor("b"),
            0,
            envelope(Some(false), None),
            &Step::Broken("it has not ended but has no cursor"),
        );
        check(
            Paging::ExportCursor,
            cursor("b"),
            9,
            envelope(Some(false), Some("b")),
            &Step::Broken("its next link leads to the same page"),
        );
    }

    #[test]
    fn an_export_by_time_with_a_mark_ends_by_it_alone() {
        let paging = Paging::ExportTime { end_mark: true };
        let envelope = |end_of_stream, next: Option<i64>| Envelope {
            end_of_stream,
            next_page: next.and_then(|next| link(&format!("start_time={next}"))),
            end_time: next,
            ..Envelope::default()
        };
        let at = Token::StartTime;
        check(paging, at(5), 0, envelope(Some(false), Some(9)), &Step::Next(at(9)));
        check(paging, at(5), 100, envelope(Some(true), Some(9)), &Step::End(at(9)));
        check(paging, at(5), 100, envelope(Some(true), Some(3)), &Step::End(at(5)));
        check(paging, at(5), 0, envelope(Some(true), None), &Step::End(at(5)));
        check(paging, at(5), 9, envelope(None, Some(9)), &Step::Next(at(9)));
        check(paging, at(5), 9, envelope(None, None), &Step::End(at(5)));
        check(paging, at(5), 100, envelope(Some(false), Some(NOW - 60)), &Step::End(at(NOW - 60)));
        check(paging, at(5), 100, envelope(Some(false), Some(5)), &Step::AskLarger);
        check(
            paging,
            at(5),
            9,
            envelope(Some(false), Some(5)),
            &Step::Broken("its next link leads to the same page"),
        );
        check(
            paging,
            at(5),
            9,
            envelope(Some(false), None),
            &Step::Broken("it has not ended but has no next start"),
        );
    }

    #[test]
    fn an_export_by_time_without_a_mark_ends_by_standing_still_on_a_short_page() {
        let paging = Paging::ExportTime { end_mark: false };
        let envelope = |next: Option<i64>| Envelope {
            next_page: next.and_then(|next| link(&format!("start_time={next}"))),
            end_time: next,
            ..Envelope::default()
        };
        let at = Token::StartTime;
        check(paging, at(5), 100, envelope(Some(9)), &Step::Next(at(9)));
        check(paging, at(5), 3, envelope(Some(9)), &Step::Next(at(9)));
        check(paging, at(5), 3, envelope(Some(5)), &Step::End(at(5)));
        check(paging, at(5), 0, envelope(Some(9)), &Step::Next(at(9)));
        check(paging, at(5), 0, envelope(Some(5)), &Step::End(at(5)));
        check(paging, at(5), 3, envelope(None), &Step::End(at(5)));
        check(paging, at(5), 100, envelope(Some(5)), &Step::AskLarger);
        let full = envelope(Some(5));
        let answer = Answer {
            envelope: &full,
            rows: 1000,
            asked: 1000,
            is_largest: true,
            now_unix: NOW,
            borne_out: None,
            empty_before: 0,
        };
        assert_eq!(step(paging, &at(5), answer), Step::SkipSecond(at(6), 5));
    }

    #[test]
    fn old_dialects_end_by_a_null_link() {
        let before = |query: Option<&str>| Envelope {
            before_url: query.and_then(link),
            ..Envelope::default()
        };
        let next = Token::Before("b".into());
        check(Paging::Before, Token::First, 9, before(Some("cursor=b")), &Step::Next(next.clone()));
        check(Paging::Before, Token::First, 0, before(Some("cursor=b")), &Step::Next(next.clone()));
        check(Paging::Before, next.clone(), 0, before(Some("cursor=b")), &Step::End(Token::First));
        check(Paging::Before, next.clone(), 0, before(None), &Step::End(Token::First));
        check(
            Paging::Before,
            next.clone(),
            9,
            before(Some("cursor=b")),
            &Step::Broken("its next link leads to the same page"),
        );
        check(Paging::Before, next, 9, before(None), &Step::End(Token::First));
        let pages = |query: Option<&str>| Envelope {
            next_page: query.and_then(link),
            ..Envelope::default()
        };
        check(Paging::Offset, Token::First, 9, pages(Some("page=2")), &Step::Next(Token::Page(2)));
        check(Paging::Offset, Token::Page(2), 9, pages(None), &Step::End(Token::First));
        check(
            Paging::Offset,
            Token::Page(2),
            9,
            pages(Some("page=2")),
            &Step::Broken("its next page is not after this one"),
        );
        check(Paging::Single, Token::First, 9, pages(None), &Step::End(Token::First));
    }

    #[test]
    fn an_export_by_time_goes_on_from_where_more_rows_than_the_last_bear_out() {
        let step_from = |here, borne_out, mark, named| {
            let envelope = Envelope {
                end_of_stream: mark,
                next_page: link(&format!("start_time={named}")),
                ..Envelope::default()
            };
            let (asked, is_largest, now_unix, empty_before) = (100, false, NOW, 0);
            let answer = Answer {
                envelope: &envelope,
                rows: 100,
                asked,
                is_largest,
                now_unix,
                borne_out,
                empty_before,
            };
            let paging = Paging::ExportTime { end_mark: mark.is_some() };
            step(paging, &Token::StartTime(here), answer)
        };
        let at = Token::StartTime;
        for mark in [None, Some(false)] {
            assert_eq!(step_from(5, Some(8), mark, 90_000), Step::Next(at(8)));
            assert_eq!(step_from(5, Some(8), mark, 7), Step::Next(at(7)));
            // The last row changed just now, and the rest is of long ago.
            assert_eq!(step_from(5, Some(8), mark, NOW - 3), Step::Next(at(8)));
            // All rows but the last are of the second that was asked for.
            assert_eq!(step_from(5, Some(5), mark, 9), Step::AskLarger);
            assert_eq!(step_from(5, None, mark, 9), Step::Next(at(9)));
        }
        // At the end all rows were read; those of the last minute come next time.
        assert_eq!(step_from(5, Some(8), Some(true), 90_000), Step::End(at(90_000)));
        assert_eq!(step_from(5, Some(8), Some(true), NOW - 3), Step::End(at(NOW - 60)));
        assert_eq!(step_from(NOW - 9, None, Some(true), NOW - 3), Step::End(at(NOW - 9)));
    }

    #[test]
    fn empty_pages_that_lead_on_are_followed_up_to_a_bound() {
        let cursor = Some("n".to_owned());
        let listings = [
            (Paging::Cursor, Envelope { has_more: Some(true), ..Envelope::default() }),
            (Paging::AfterCursor, Envelope { has_more: Some(true), ..Envelope::default() }),
            (Paging::LargeCursor, Envelope { has_more: Some(true), ..Envelope::default() }),
            (Paging::ExportCursor, Envelope { end_of_stream: Some(false), ..Envelope::default() }),
            (
                Paging::ExportTime { end_mark: true },
                Envelope { end_of_stream: Some(false), ..Envelope::default() },
            ),
            (Paging::ExportTime { end_mark: false }, Envelope::default()),
            (Paging::Before, Envelope::default()),
            (Paging::Offset, Envelope::default()),
            (Paging::Since, Envelope::default()),
            (Paging::UntilEmpty, Envelope { count: Some(5), ..Envelope::default() }),
            (Paging::NextUrl, Envelope::default()),
        ];
        for (paging, envelope) in listings {
            let links = link("start_time=9&page=9&unix_time=9&cursor=n");
            let envelope = Envelope {
                after_cursor: cursor.clone(),
                before_url: links.clone(),
                next_page_url: links.clone(),
                next_page: links,
                ..envelope
            };
            let at = paging.start(Some(5));
            let after = |empty_before| {
                let (envelope, borne_out) = (&envelope, None);
                let answer = Answer {
                    envelope,
                    rows: 0,
                    asked: 100,
                    is_largest: false,
                    now_unix: NOW,
                    borne_out,
                    empty_before,
                };
                step(paging, &at, answer)
            };
            for empty_before in [0, MOST_EMPTY_PAGES - 1] {
                assert!(matches!(after(empty_before), Step::Next(_)), "{paging:?}");
            }
            assert!(matches!(after(MOST_EMPTY_PAGES), Step::Broken(_)), "{paging:?}");
        }
    }

    #[test]
    fn places_are_shown_in_words() {
        for (token, shown) in [
            (Token::First, "the first page"),
            (Token::StartTime(1_700_000_000), "the page from 2023-11-14T22:13:20Z on"),
            (Token::Page(3), "page 3"),
            (Token::After("a=\n".into()), "the page at cursor a=..."),
        ] {
            assert_eq!(token.shown(), shown);
        }
        assert!(Token::Cursor("x".repeat(1000)).shown().len() < 100);
    }

    #[test]
    fn tokens_survive_being_saved() {
        for token in [
            Token::First,
            Token::StartTime(-7),
            Token::Cursor("a".into()),
            Token::After("b".into()),
            Token::AfterCursor("b".into()),
            Token::Before("c".into()),
            Token::Page(3),
            Token::Query("p=2".into()),
        ] {
            assert_eq!(Token::from_saved(token.kind(), &token.text()), Some(token));
        }
        assert_eq!(Token::from_saved("start_time", "soon"), None);
        assert_eq!(Token::from_saved("new", ""), None);
    }
}
