//! The windows of a segment and their fetchers: where each starts, which window is split for one
//! more fetcher, and which window ends the segment.

use std::time::Duration;

use super::segment::Segment;
use super::window_fetchers::{Fetchers, Start};
use crate::sync::listing::context::Context;
use crate::sync::position::Place;
use crate::sync::position::places::Trail;
use crate::sync::position::search_bounds::{Bounds, Rest};
use crate::sync::position::windows::{self, WindowSpan};
use zendesk::client::PageSize;
use zendesk::paging::Token;

/// The part of a search that no fetcher reads and that is not being counted.
#[derive(Clone, Copy, Debug)]
pub struct Uncounted {
    pub bounds: Bounds,
    /// The length of the window before it, in seconds.
    pub length_before: Option<i64>,
}

/// Splits windows until there are as many fetchers as workers, or until no window is worth it.
pub(super) fn split_windows(
    context: Context<'_>,
    segment: &mut Segment<'_>,
    fetchers: &mut Fetchers,
    size: PageSize,
    now: i64,
) {
    loop {
        let spans = segment.spans(now, |number| fetchers.pace(number));
        let Some((window, second)) = windows::next_split(&spans, context.config.account.workers)
        else {
            return;
        };
        let start = segment.split(window, second);
        fetchers.start(start, size, 0);
    }
}

impl Segment<'_> {
    /// Where fetchers start: one for each window that is being read.
    pub fn open_windows(&self) -> Vec<Start> {
        let Some(member) = self.walking() else { return Vec::new() };
        // With children a search is read window by window.
        let at_once =
            if member.position.is_search() && self.has_children() { 1 } else { usize::MAX };
        let windows = member.position.windows().enumerate().take(self.windows_read().min(at_once));
        windows
            .filter(|(_, window)| !window.done)
            .map(|(number, window)| self.start(number, window.place.token.clone()))
            .collect()
    }

    /// How many windows are being read or done.
    pub fn windows_read(&self) -> usize {
        self.fetchers.len() - usize::from(self.rest.is_some())
    }

    /// The part of a search that no fetcher reads and that is not being counted.
    pub fn uncounted(&self) -> Option<Uncounted> {
        let last = self.fetchers.len().checked_sub(1)?;
        let rest = self.rest.filter(|rest| !rest.is_counted)?;
        let bounds = self.walking()?.position.bounds(last)?;
        Some(Uncounted { bounds, length_before: rest.length_before })
    }

    /// How long pages took in earlier segments.
    pub fn page_time(&self) -> Option<Duration> {
        self.walking()?.page_time
    }

    /// The range of time that each open window still has to read. `now` is how far the feed goes.
    pub fn spans(&self, now: i64, page_seconds: impl Fn(u32) -> Option<i64>) -> Vec<WindowSpan> {
        let Some(member) = self.walking() else { return Vec::new() };
        let feed_end = self.aim.until.unwrap_or(now);
        let windows = member.position.windows().zip(&self.fetchers);
        windows
            .filter(|(window, _)| !window.done)
            .map(|(window, fetcher)| {
                let until = window.until.unwrap_or(feed_end);
                // The last row may well tell how far it is: what is read need not be read again.
                let last = self.trails.get(fetcher).and_then(Trail::last);
                let from = window.place.point().max(last).unwrap_or(until);
                // Where a window has said that it ends, there is nothing to share.
                let from = if self.doubted.contains(fetcher) { until } else { from };
                WindowSpan { from, until, page_seconds: page_seconds(*fetcher) }
            })
            .collect()
    }

    /// Splits a window of every stream. Returns where the fetcher of the second part starts.
    pub fn split(&mut self, window: usize, second: i64) -> Start {
        // Whom a refusal has left behind stands elsewhere.
        for member in self.who.iter_mut().filter(|member| member.is_reading()) {
            member.position.split_window(window, second);
        }
        let fetcher = self.fetchers.iter().max().map_or(0, |newest| newest + 1);
        self.fetchers.insert((window + 1).min(self.fetchers.len()), fetcher);
        let place = self.walking().map(|member| member.position.place(window + 1).token.clone());
        self.start(window + 1, place.unwrap_or_default())
    }

    /// Splits a window off the part that no fetcher reads yet, or takes all of that part. Returns
    /// where its fetcher starts.
    pub fn split_off(&mut self, end: i64) -> Start {
        let last = self.fetchers.len().saturating_sub(1);
        let bounds = self.walking().and_then(|member| member.position.bounds(last));
        let is_cut = bounds.is_some_and(|bounds| end < bounds.to);
        let length = bounds.map(|bounds| end.saturating_sub(bounds.from));
        self.rest = is_cut.then_some(Rest { is_counted: false, length_before: length });
        for member in self.who.iter_mut().filter(|member| member.is_reading()) {
            member.window_seconds = length;
        }
        if is_cut {
            self.split(last, end);
        }
        self.start(last, Token::First)
    }

    /// Ends a window that got no page. Returns the place at the segment's end if it was the last
    /// window.
    pub fn end_window(&mut self, window: usize, token: &Token, now: i64) -> Option<Token> {
        let arrived = self.is_last_to_end(window);
        for member in self
            .who
            .iter_mut()
            .filter(|member| member.is_reading() && member.position.has_windows())
        {
            let seen = member.position.place(window).seen.clone();
            let place = match &self.aim.ahead {
                Some(ahead) if window + 1 == self.fetchers.len() => ahead.walk.place.clone(),
                _ => Place { token: token.clone(), at: None, seen },
            };
            member.position.end_window(window, place, now);
        }
        if !arrived {
            self.forget(window);
            return None;
        }
        let had_windows = self.fetchers.len() > 1;
        let place = self.walking().map(|member| member.position.walk.place.token.clone());
        place.filter(|_| had_windows).or(Some(token.clone()))
    }
}
