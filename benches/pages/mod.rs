//! A server of listings of any length, in each of Zendesk's paging dialects. Nothing is stored: a
//! page is made from row numbers while it is sent. The server enforces no rule that costs memory or
//! time; the simulator does that.

use std::io::{self, BufRead, BufReader, BufWriter, Write};
use std::net::{TcpListener, TcpStream};
use std::ops::Range;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::Duration;

use chrono::DateTime;

/// Row 0 changed in this second, and each later row a minute after the row before. A million rows
/// end in 2022, long before now.
const FIRST_SECOND: u64 = 1_590_000_000;
const SECONDS_PER_ROW: u64 = 60;

/// Ids have ten digits, so all rows have the same length.
const FIRST_ID: u64 = 1_000_000_000;

/// Events of side conversations come in pages of this size. Events of one ticket follow each other.
const EVENTS_OF_A_PAGE: u64 = 100;
pub(crate) const EVENTS_OF_A_TICKET: u64 = 10;

/// The size of each listing.
#[derive(Clone, Copy, Default)]
pub(crate) struct Lengths {
    /// Rows of a listing that has no parent.
    pub(crate) rows: u64,
    pub(crate) row_bytes: usize,
    /// Articles, comments of each article, and votes of each comment. The same numbers hold for the
    /// tickets' side conversations.
    pub(crate) parents: u64,
    pub(crate) children: u64,
    pub(crate) grandchildren: u64,
    /// The time before each answer. It is long, so many answers are under way at once.
    pub(crate) thought: Duration,
}

/// A server that runs until this process ends.
pub(crate) struct Pages {
    pub(crate) url: String,
    /// The most requests that were answered at the same time.
    peak: Arc<AtomicUsize>,
}

impl Pages {
    pub(crate) fn serve(lengths: Lengths) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let url = format!("http://{}", listener.local_addr().expect("an address"));
        let (now, peak) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
        let most = Arc::clone(&peak);
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let (now, most) = (Arc::clone(&now), Arc::clone(&most));
                thread::spawn(move || {
                    // A client that goes away in the middle of a page has its reasons.
                    let _ = answer_all(&stream, lengths, &now, &most);
                });
            }
        });
        Self { url, peak }
    }

    pub(crate) fn peak_in_flight(&self) -> usize {
        self.peak.load(Ordering::Relaxed)
    }
}

/// A request that is being answered.
struct InFlight<'a>(&'a AtomicUsize);

impl<'a> InFlight<'a> {
    fn new(now: &'a AtomicUsize, peak: &AtomicUsize) -> Self {
        peak.fetch_max(now.fetch_add(1, Ordering::Relaxed) + 1, Ordering::Relaxed);
        Self(now)
    }
}

impl Drop for InFlight<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

/// The rows that one request asks for.
struct Asked {
    route: String,
    pairs: Vec<(String, String)>,
}

/// One answer: rows by number, and the envelope around them.
struct Page {
    key: &'static str,
    rows: Vec<u64>,
    envelope: String,
}

impl Asked {
    fn number(&self, key: &str) -> Option<u64> {
        self.pairs.iter().find(|(name, _)| name == key)?.1.parse().ok()
    }
}

fn answer_all(
    stream: &TcpStream,
    lengths: Lengths,
    now: &AtomicUsize,
    peak: &AtomicUsize,
) -> io::Result<()> {
    stream.set_nodelay(true)?;
    let mut writer = BufWriter::with_capacity(1 << 16, stream);
    let mut reader = BufReader::new(stream);
    loop {
        let mut first = String::new();
        if reader.read_line(&mut first)? == 0 {
            return Ok(());
        }
        let mut line = String::new();
        while reader.read_line(&mut line)? > 2 {
            line.clear();
        }
        let _in_flight = InFlight::new(now, peak);
        let asked = read(&first);
        thread::sleep(lengths.thought);
        match page(&asked, lengths) {
            Some(page) => write_page(&mut writer, &page, lengths.row_bytes)?,
            None => match asked.route.as_str() {
                "users/me" => write_body(&mut writer, ME)?,
                "brands" => write_body(&mut writer, BRANDS)?,
                "search/count" => {
                    let found = found(&asked, lengths.rows);
                    let count = format!(r#"{{"count":{}}}"#, found.end - found.start);
                    write_body(&mut writer, &count)?;
                }
                _ => write_head(&mut writer, 404, 0)?,
            },
        }
        writer.flush()?;
    }
}

const ME: &str = r#"{"user":{"id":1000000000,"role":"admin"}}"#;

const BRANDS: &str = r#"{"brands":[{"id":1,"subdomain":"acme","active":true,"has_help_center":true,"help_center_state":"enabled"}],"meta":{"has_more":false}}"#;

fn read(first_line: &str) -> Asked {
    let target = first_line.split(' ').nth(1).unwrap_or_default();
    let (path, query) = target.split_once('?').unwrap_or((target, ""));
    let route = path.trim_start_matches("/api/v2/").trim_end_matches(".json").to_owned();
    let pairs = query.split('&').filter_map(|pair| pair.split_once('='));
    let pairs = pairs.map(|(key, value)| (plain(key), plain(value))).collect();
    Asked { route, pairs }
}

/// A part of a query without escapes. These are all escapes that the program sends here.
fn plain(text: &str) -> String {
    let escapes = [
        ("+", " "),
        ("%20", " "),
        ("%3A", ":"),
        ("%3C", "<"),
        ("%3D", "="),
        ("%3E", ">"),
        ("%5B", "["),
        ("%5D", "]"),
    ];
    escapes.iter().fold(text.to_owned(), |text, (escape, plain)| text.replace(escape, plain))
}

/// The page of a listing, in the dialect that Zendesk has for it.
fn page(asked: &Asked, lengths: Lengths) -> Option<Page> {
    let Lengths { rows, parents, children, grandchildren, .. } = lengths;
    let segments: Vec<&str> = asked.route.split('/').collect();
    Some(match segments[..] {
        ["incremental", "tickets", "cursor"] => by_export_cursor(asked, "tickets", rows),
        ["incremental", "users", "cursor"] => by_export_cursor(asked, "users", rows),
        ["incremental", "ticket_events"] => by_time(asked, "ticket_events", rows, true),
        ["incremental", "organizations"] => by_time(asked, "organizations", rows, true),
        ["incremental", "ticket_metric_events"] => {
            by_time(asked, "ticket_metric_events", rows, false)
        }
        ["help_center", "incremental", "articles"] => by_time(asked, "articles", parents, false),
        ["search", "export"] => by_search(asked, rows),
        ["tickets", "side_conversations", "events"] => since(asked, rows),
        ["ticket_audits"] => newest_first(asked, rows),
        ["group_memberships"] => by_cursor(asked, "group_memberships", 0, rows),
        ["help_center", "articles", article, "comments"] => {
            let first = child(article, children)?;
            by_cursor(asked, "comments", first, children)
        }
        ["help_center", "articles", _, "comments", comment, "votes"] => {
            let first = child(comment, grandchildren)?;
            by_cursor(asked, "votes", first, grandchildren)
        }
        ["community", "posts"] => by_cursor(asked, "posts", 0, parents),
        ["community", "posts", post, "votes"] => {
            by_cursor(asked, "votes", child(post, children)?, children)
        }
        ["tickets", ticket, "side_conversations"] => {
            let first = child(ticket, children)?;
            by_offset(asked, "side_conversations", first, children)
        }
        _ => return None,
    })
}

/// The number of the first child of a parent.
fn child(parent: &str, children: u64) -> Option<u64> {
    parent.parse::<u64>().ok()?.checked_sub(FIRST_ID)?.checked_mul(children)
}

fn second(row: u64) -> u64 {
    FIRST_SECOND + row * SECONDS_PER_ROW
}

/// The first row that changed in this second or later.
fn row_from(second: u64) -> u64 {
    second.saturating_sub(FIRST_SECOND).div_ceil(SECONDS_PER_ROW)
}

fn by_export_cursor(asked: &Asked, key: &'static str, total: u64) -> Page {
    let start = asked.number("start_time").map(row_from);
    let from = asked.number("cursor").or(start).unwrap_or_default().min(total);
    let end = (from + asked.number("per_page").unwrap_or(1000)).min(total);
    let envelope = format!(r#""after_cursor":"{end}","end_of_stream":{}"#, end == total);
    Page { key, rows: (from..end).collect(), envelope }
}

fn by_time(asked: &Asked, key: &'static str, total: u64, end_mark: bool) -> Page {
    let start = asked.number("start_time").unwrap_or_default();
    let from = row_from(start).min(total);
    let end = (from + asked.number("per_page").unwrap_or(1000)).min(total);
    // The next page begins in the second of the last row, and lists it again.
    let next = if end > from { second(end - 1) } else { start };
    let mark =
        if end_mark { format!(r#","end_of_stream":{}"#, end == total) } else { String::new() };
    let envelope = format!(
        r#""next_page":"https://acme.zendesk.com/api/v2/x.json?start_time={next}","end_time":{next}{mark}"#
    );
    Page { key, rows: (from..end).collect(), envelope }
}

fn newest_first(asked: &Asked, total: u64) -> Page {
    let end = asked.number("cursor").unwrap_or(total);
    let from = end.saturating_sub(asked.number("limit").unwrap_or(100));
    let link = format!(r#""https://acme.zendesk.com/api/v2/x.json?cursor={from}""#);
    let link = if from == 0 { "null" } else { link.as_str() };
    let rows = (from..end).rev().collect();
    Page { key: "audits", rows, envelope: format!(r#""before_url":{link}"#) }
}

fn by_cursor(asked: &Asked, key: &'static str, first: u64, count: u64) -> Page {
    let from = asked.number("page[after]").unwrap_or_default().min(count);
    let end = (from + asked.number("page[size]").unwrap_or(100)).min(count);
    let envelope = format!(r#""meta":{{"has_more":{},"after_cursor":"{end}"}}"#, end < count);
    Page { key, rows: (first + from..first + end).collect(), envelope }
}

/// The rows of a search: those that changed between its bounds. The end is not included.
fn found(asked: &Asked, total: u64) -> Range<u64> {
    let query = asked.pairs.iter().find(|(name, _)| name == "query");
    let words = || query.iter().flat_map(|(_, words)| words.split(' '));
    let row_at = |bound: &str| {
        let time = words().find_map(|word| word.strip_prefix(bound))?;
        let second = DateTime::parse_from_rfc3339(time).expect("a bound is a time").timestamp();
        Some(row_from(u64::try_from(second).unwrap_or_default()).min(total))
    };
    let from = row_at("updated>=").unwrap_or_default();
    from..row_at("updated<").unwrap_or(total).max(from)
}

/// A page with the newest rows first. The cursor is the row before which the page ends.
fn by_search(asked: &Asked, total: u64) -> Page {
    let found = found(asked, total);
    let end = asked.number("page[after]").unwrap_or(found.end).clamp(found.start, found.end);
    let size = asked.number("page[size]").unwrap_or(100);
    let from = end.saturating_sub(size).max(found.start);
    let has_more = from > found.start;
    let envelope = format!(r#""meta":{{"has_more":{has_more},"after_cursor":"{from}"}}"#);
    Page { key: "results", rows: (from..end).rev().collect(), envelope }
}

/// A page of rows from a time on. The next page begins in the second of its first row, and the last
/// page has no link.
fn since(asked: &Asked, total: u64) -> Page {
    let from = row_from(asked.number("unix_time").unwrap_or_default()).min(total);
    let end = (from + EVENTS_OF_A_PAGE).min(total);
    let next = second(end);
    let link = format!(r#""https://acme.zendesk.com/api/v2/x.json?unix_time={next}""#);
    let link = if end == total { "null" } else { link.as_str() };
    Page { key: "events", rows: (from..end).collect(), envelope: format!(r#""next_page":{link}"#) }
}

fn by_offset(asked: &Asked, key: &'static str, first: u64, count: u64) -> Page {
    let number = asked.number("page").unwrap_or(1).max(1);
    let size = asked.number("per_page").unwrap_or(100);
    let from = ((number - 1) * size).min(count);
    let end = (from + size).min(count);
    let link = format!(r#""https://acme.zendesk.com/api/v2/x.json?page={}""#, number + 1);
    let link = if end == count { "null" } else { link.as_str() };
    let rows = (first + from..first + end).collect();
    Page { key, rows, envelope: format!(r#""next_page":{link}"#) }
}

fn write_head(to: &mut impl Write, status: u16, length: usize) -> io::Result<()> {
    let date = chrono::Utc::now().format("%a, %d %b %Y %H:%M:%S GMT");
    let limits = [
        "incremental-exports",
        "incremental-exports-cursor",
        "search-export",
        "side-conversations-events",
    ];
    write!(to, "HTTP/1.1 {status} .\r\nDate: {date}\r\nContent-Type: application/json\r\n")?;
    for limit in limits {
        write!(to, "zendesk-ratelimit-{limit}: total=1000000; remaining=999999; resets=60\r\n")?;
    }
    write!(to, "x-rate-limit: 1000000\r\nx-rate-limit-remaining: 999999\r\n")?;
    write!(to, "Content-Length: {length}\r\n\r\n")
}

fn write_body(to: &mut impl Write, body: &str) -> io::Result<()> {
    write_head(to, 200, body.len())?;
    to.write_all(body.as_bytes())
}

fn write_page(to: &mut impl Write, page: &Page, row_bytes: usize) -> io::Result<()> {
    let fill = "x".repeat(row_bytes.saturating_sub(row_text(0, "").len()));
    let row_length = row_text(0, &fill).len();
    let begin = format!(r#"{{"{}":["#, page.key);
    let end = format!("],{}}}", page.envelope);
    let rows = page.rows.len();
    let length = begin.len() + rows * row_length + rows.saturating_sub(1) + end.len();
    write_head(to, 200, length)?;
    to.write_all(begin.as_bytes())?;
    for (number, row) in page.rows.iter().enumerate() {
        if number > 0 {
            to.write_all(b",")?;
        }
        to.write_all(row_text(*row, &fill).as_bytes())?;
    }
    to.write_all(end.as_bytes())
}

/// A row with the keys of all resources that are served here, also of events of side conversations.
fn row_text(row: u64, fill: &str) -> String {
    let second = second(row);
    let time = DateTime::from_timestamp(second as i64, 0).unwrap_or_default();
    let time = time.format("%Y-%m-%dT%H:%M:%SZ");
    format!(
        r#"{{"id":{},"ticket_id":{},"created_at":"{time}","updated_at":"{time}","time":"{time}","timestamp":{second},"generated_timestamp":{second},"status":"open","body":"{fill}"}}"#,
        FIRST_ID + row,
        FIRST_ID + row / EVENTS_OF_A_TICKET
    )
}
