//! The windows of a stretch and the chains that walk them: where each starts, what is cut off for
//! one more, and which of them ends the stretch.

use std::time::Duration;

use super::segment::Segment;
use super::window_fetchers::{Chains, Start};
use crate::sync::listing::context::Context;
use crate::sync::listing::member::ActiveStream;
use crate::sync::position::Place;
use crate::sync::position::places::Trail;
use crate::sync::position::search_bounds::{self, Rest};
use crate::sync::position::windows::{self, WindowSpan};
use crate::zendesk::client::PageSize;
use crate::zendesk::paging::Token;

impl Context<'_> {
    /// Cuts windows until as many chains ask as there are workers, or no window is worth it.
    pub(super) fn cut_windows(
        self,
        stretch: &mut Segment<'_>,
        chains: &mut Chains<'_>,
        size: PageSize,
        now: i64,
    ) {
        loop {
            let spans = stretch.spans(now, |number| chains.pace(number));
            let Some((window, second)) = windows::cut(&spans, self.config.workers) else { return };
            let start = stretch.cut(window, second);
            chains.start(start, size, 0);
        }
    }
}

impl Segment<'_> {
    /// Where chains start, one for each window that is being read.
    pub fn open_windows(&self) -> Vec<Start> {
        let Some(member) = self.walking() else { return Vec::new() };
        // With children a search is read window by window.
        let at_once =
            if member.position.is_search() && self.has_children() { 1 } else { usize::MAX };
        let windows = member.position.windows().enumerate().take(self.windows_read().min(at_once));
        windows
            .filter(|(_, (.., done))| !done)
            .map(|(window, (place, ..))| self.start(window, place.token.clone()))
            .collect()
    }

    /// Where the chain of a window starts.
    pub(in crate::sync) fn start(&self, window: usize, at: Token) -> Start {
        let bounds = self.walking().and_then(|member| member.position.bounds(window));
        let bounds = bounds.map(|bounds| ("query", search_bounds::query(bounds)));
        let number = self.chains.get(window).copied().unwrap_or_default();
        Start { number, at, bounds: bounds.into_iter().collect(), has_rows: false }
    }

    /// How many windows are read or done.
    pub fn windows_read(&self) -> usize {
        self.chains.len() - usize::from(self.rest.is_some())
    }

    /// The bounds of what of a search no chain reads and nobody asks about, unix seconds, and the
    /// length of the window before it.
    pub fn uncounted(&self) -> Option<((i64, i64), Option<i64>)> {
        let last = self.chains.len().checked_sub(1)?;
        let rest = self.rest.filter(|rest| !rest.is_counted)?;
        Some((self.walking()?.position.bounds(last)?, rest.length_before))
    }

    /// How long pages took in earlier stretches.
    pub fn page_time(&self) -> Option<Duration> {
        self.walking()?.page_time
    }

    /// The window that a chain walks.
    pub fn window(&self, chain: u32) -> usize {
        self.chains.iter().position(|known| *known == chain).unwrap_or_default()
    }

    /// What each open window still has before it; `now` is how far the feed goes.
    pub fn spans(&self, now: i64, page_seconds: impl Fn(u32) -> Option<i64>) -> Vec<WindowSpan> {
        let Some(member) = self.walking() else { return Vec::new() };
        let feed_end = self.until.unwrap_or(now);
        let windows = member.position.windows().zip(&self.chains);
        windows
            .filter(|((.., done), _)| !done)
            .map(|((place, until, _), chain)| {
                let until = until.unwrap_or(feed_end);
                // The last row may well tell how far it is: what is read need not be read again.
                let last = self.trails.get(chain).and_then(Trail::last);
                let from = place.point().max(last).unwrap_or(until);
                // Where a window has said that it ends, there is nothing to share.
                let from = if self.doubted.contains(chain) { until } else { from };
                WindowSpan { from, until, page_seconds: page_seconds(*chain) }
            })
            .collect()
    }

    /// Cuts a window of every stream and returns where the chain of its second part starts.
    pub fn cut(&mut self, window: usize, second: i64) -> Start {
        // Whom a refusal has left behind stands elsewhere.
        for member in self.who.iter_mut().filter(|member| member.is_reading()) {
            member.position.cut_window(window, second);
        }
        let chain = self.chains.iter().max().map_or(0, |newest| newest + 1);
        self.chains.insert((window + 1).min(self.chains.len()), chain);
        let place = self.walking().map(|member| member.position.place(window + 1).token.clone());
        self.start(window + 1, place.unwrap_or_default())
    }

    /// Cuts a window off what no chain reads yet, or takes all of it, and returns where its chain
    /// starts.
    pub fn cut_off(&mut self, end: i64) -> Start {
        let last = self.chains.len().saturating_sub(1);
        let bounds = self.walking().and_then(|member| member.position.bounds(last));
        let is_cut = bounds.is_some_and(|(_, until)| end < until);
        let length = bounds.map(|(from, _)| end.saturating_sub(from));
        self.rest = is_cut.then_some(Rest { is_counted: false, length_before: length });
        for member in self.who.iter_mut().filter(|member| member.is_reading()) {
            member.window_seconds = length;
        }
        if is_cut {
            self.cut(last, end);
        }
        self.start(last, Token::First)
    }

    /// How far a window has come, in the feed's own time.
    pub fn reached(&self, window: usize) -> Option<i64> {
        self.walking()?.position.place(window).point()
    }

    /// Ends a window without a page. Returns the place at the stretch's end if it was the last.
    pub fn end_window(&mut self, window: usize, token: &Token, now: i64) -> Option<Token> {
        let arrived = self.is_last_to_end(window);
        for member in self
            .who
            .iter_mut()
            .filter(|member| member.is_reading() && member.position.has_windows())
        {
            let seen = member.position.place(window).seen.clone();
            let place = match &self.ahead {
                Some(ahead) if window + 1 == self.chains.len() => ahead.walk.place.clone(),
                _ => Place { token: token.clone(), at: None, seen },
            };
            member.position.end_window(window, place, now);
        }
        if !arrived {
            self.forget(window);
            return None;
        }
        let had_windows = self.chains.len() > 1;
        let place = self.walking().map(|member| member.position.walk.place.token.clone());
        place.filter(|_| had_windows).or(Some(token.clone()))
    }

    pub(in crate::sync) fn forget(&mut self, window: usize) {
        // The last one of an export is kept as the place where the next sync goes on.
        let kept = usize::from(self.feed.searched_key().is_none());
        if window + kept < self.chains.len() {
            self.chains.remove(window);
        }
    }

    /// All streams of a stretch with windows have the same ones.
    pub(in crate::sync) fn walking(&self) -> Option<&ActiveStream> {
        self.alive().find(|member| !member.is_child()).or(self.alive().next())
    }

    pub(in crate::sync) fn own_end(&self, window: usize) -> Option<i64> {
        self.walking()?.position.windows().nth(window)?.1
    }

    pub(super) fn is_last_to_end(&self, window: usize) -> bool {
        self.walking().is_none_or(|member| {
            let mut others = member.position.windows().enumerate();
            others.all(|(number, (.., done))| done || number == window)
        })
    }
}
