//! The loop over the pages of a segment. It judges and delivers each page, and starts the next
//! requests.

use std::time::Duration;

use super::deliver;
use super::search_windows::{counted, search_on};
use super::segment::Segment;
use super::split_windows::split_windows;
use super::window_fetchers::{Asked, Fetcher, Fetchers, Turn};
use crate::streams::{Order, ResolvedFeed};
use crate::sync::WalkError;
use crate::sync::listing::context::Context;
use crate::sync::position::ends::Verdict;
use crate::sync::records::filter;
use airbyte::message::Level;
use airbyte::stdout::Closed;
use zendesk::client::Fetched;
use zendesk::error::{ApiError, ErrorKind};
use zendesk::paging::Token;
use zendesk::timestamp;

/// How often the server may refuse a walk's token before the walk fails. It is more than once,
/// because tokens also expire while a long walk waits.
const RESTARTS: u32 = 3;

/// Walks the windows of a segment to their ends. Returns the place at the segment's end. `None`
/// when no stream reads any more.
///
/// # Errors
/// [`WalkError`] when a page cannot be read or delivered. The streams of the segment then fail with
/// it.
pub(super) async fn read(
    context: Context<'_>,
    segment: &mut Segment<'_>,
    fetchers: &mut Fetchers,
) -> Result<Option<Token>, WalkError> {
    while let Some(turn) = fetchers.next().await {
        let mut asked = match turn {
            Turn::Page(asked) => *asked,
            Turn::Counted(bounds, rows) => {
                counted(context, segment, fetchers, bounds, rows?);
                continue;
            }
        };
        let window = segment.window(asked.fetcher.number);
        let wait = match judge_end(context, segment, window, &mut asked).await? {
            End::Believed => Duration::ZERO,
            End::Later { wait } => wait,
            End::AskAgain { wait } => {
                fetchers.go_on(asked.fetcher, wait);
                continue;
            }
        };
        let Asked { mut fetcher, at, result } = asked;
        let fetched = match result {
            Ok(Some(fetched)) => fetched,
            Ok(None) => {
                let now = context.client.clock().now_unix();
                let end = segment.end_window(window, &fetcher.pager.at, now);
                if end.is_some() {
                    return Ok(end);
                }
                continue;
            }
            Err(WalkError::Api(error))
                if error.kind == ErrorKind::BadPosition
                    && at.is_servers()
                    && fetcher.restarts < RESTARTS =>
            {
                restart(context, segment, fetchers, window, &fetcher, &error).await?;
                continue;
            }
            Err(error) => return Err(error),
        };
        let now = fetched.now_unix;
        let before = segment.reached(window);
        let taken =
            Box::pin(deliver::page(context, segment, fetched, window, &at, &fetcher.pager)).await?;
        fetchers.note_page(&fetcher);
        log_notes(context, segment, &mut fetcher).await?;
        if taken.arrived || segment.reached_cursor {
            return Ok(Some(fetcher.pager.at));
        }
        if segment.nobody_reads() {
            return Ok(None);
        }
        let (number, size) = (fetcher.number, fetcher.pager.size);
        if !taken.window_ended {
            if let (Some(from), Some(to)) = (before, segment.reached(window)) {
                fetchers.note_pace(number, to.saturating_sub(from));
            }
            fetchers.go_on(fetcher, wait);
        }
        if segment.feed.windows && !segment.has_children() && !segment.has_files() {
            split_windows(context, segment, fetchers, size, now);
        }
        search_on(context, segment, fetchers);
    }
    Ok(None)
}

/// The decision about an answer that says that its listing ends or goes on.
enum End {
    Believed,
    /// The answer's rows are delivered, and the same place is requested again after a wait.
    Later {
        wait: Duration,
    },
    /// The answer has no rows, and the same place is requested again after a wait.
    AskAgain {
        wait: Duration,
    },
}

/// Judges what an answer says about the end of its window.
async fn judge_end(
    context: Context<'_>,
    segment: &mut Segment<'_>,
    window: usize,
    Asked { fetcher, at, result }: &mut Asked,
) -> Result<End, WalkError> {
    let listed = result.as_ref().ok().map(|page| listed(&segment.feed, page.as_ref()));
    let Some(Listed { rows, last }) = listed.filter(|_| fetcher.pager.ended) else {
        fetcher.doubts = 0;
        return Ok(End::Believed);
    };
    match segment.judge_end(window, last, fetcher.doubts) {
        Verdict::Believed => Ok(End::Believed),
        Verdict::BeforeTheAim => {
            let why = format!(
                "{}: the listing ended before the position of another stream that reads it. The \
                 next sync continues from where it ended.",
                segment.names()
            );
            context.emitter.log(Level::Warn, &why).await?;
            segment.leave_aim();
            Ok(End::Believed)
        }
        verdict @ (Verdict::AskAgain(wait) | Verdict::AskUntilLaterOnesEnd(wait)) => {
            fetcher.doubts += u32::from(verdict == Verdict::AskAgain(wait));
            fetcher.pager.ended = false;
            if rows > 0 {
                return Ok(End::Later { wait });
            }
            fetcher.pager.at = at.clone();
            Ok(End::AskAgain { wait })
        }
        Verdict::Contradicted(known) => {
            let path = format!("/api/v2/{}", segment.feed.path());
            let (at, known) = (last.max(segment.reached(window)), Some(known));
            Err(WalkError::EndedEarly { path, at, known })
        }
    }
}

/// Starts a window again from a place that Zendesk knows.
async fn restart(
    context: Context<'_>,
    segment: &mut Segment<'_>,
    fetchers: &mut Fetchers,
    window: usize,
    fetcher: &Fetcher,
    error: &ApiError,
) -> Result<(), Closed> {
    let start = segment.restart(window);
    let names = segment.names();
    let whence = match start.bounds.is_empty() {
        true if segment.feed.order == Order::ByCursor => {
            "all of it is read again, and its rows come a second time"
        }
        true => "the listing is read again from the saved time",
        false => "its time range is read again",
    };
    let why = format!(
        "{names}: Zendesk no longer knows the saved place in the listing \
        ({error}); {whence}"
    );
    context.emitter.log(Level::Warn, &why).await?;
    let size = segment.feed.page_size(context.config);
    fetchers.start(start, size, fetcher.restarts + 1);
    Ok(())
}

/// Logs the fetcher's notes about a page.
async fn log_notes(
    context: Context<'_>,
    segment: &mut Segment<'_>,
    fetcher: &mut Fetcher,
) -> Result<(), Closed> {
    context.log_notes(&mut fetcher.pager).await?;
    for second in fetcher.pager.cut_short.drain(..) {
        segment.note_cut_short(second);
        // At once, because whoever ends the process now would hear of it never.
        let why = format!(
            "{}: more rows changed in the second {} than one page can hold. The rest of them are \
             missing, and reading continues with the next second.",
            segment.names(),
            timestamp::to_iso(second)
        );
        context.emitter.log(Level::Warn, &why).await?;
    }
    Ok(())
}

/// What a page lists.
struct Listed {
    rows: usize,
    /// The time of the page's last row with a time.
    last: Option<i64>,
}

/// What an answer lists. The answer may have no page.
fn listed(feed: &ResolvedFeed, fetched: Option<&Fetched>) -> Listed {
    let list = fetched.and_then(|fetched| Some((fetched, fetched.page.lists.first()?)));
    let Some((Fetched { page, .. }, list)) = list else { return Listed { rows: 0, last: None } };
    let time = |key| (0..list.rows.len()).rev().find_map(|row| filter::time(page, list, row, key));
    Listed { rows: list.rows.len() + list.strays, last: feed.time_key().and_then(time) }
}
