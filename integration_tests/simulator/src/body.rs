//! Response bodies: whole, in slow pieces, or cut off.

use crate::content::Content;
use hyper::body::{Body, Bytes, Frame, SizeHint};
use std::collections::VecDeque;
use std::fmt;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;
use tokio::time::Sleep;

/// A body that hyper sends piece by piece.
pub(crate) struct Pieces {
    pieces: VecDeque<Bytes>,
    /// Repeated bytes after the pieces: the bytes, the position to begin at, and how many to send.
    more: Option<(Bytes, usize, u64)>,
    largest_piece: usize,
    pause: Option<Duration>,
    sleep: Option<Pin<Box<Sleep>>>,
    /// Whether the connection breaks after the last piece.
    breaks: bool,
    left: u64,
}

/// The connection must end now.
#[derive(Debug)]
pub(crate) struct Broken;

impl fmt::Display for Broken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the simulator broke the connection")
    }
}

impl std::error::Error for Broken {}

impl Pieces {
    pub(crate) fn whole(body: Vec<u8>) -> Self {
        let left = body.len() as u64;
        let pieces = VecDeque::from([Bytes::from(body)]);
        Self { pieces, left, ..Self::nothing() }
    }

    fn nothing() -> Self {
        Self {
            pieces: VecDeque::new(),
            more: None,
            largest_piece: usize::MAX,
            pause: None,
            sleep: None,
            breaks: false,
            left: 0,
        }
    }

    /// The content of a file. Only its repeating bytes are in memory. If it breaks, half of it is
    /// sent.
    pub(crate) fn of_content(
        content: &Content,
        breaks: bool,
        trickle: Option<(usize, Duration)>,
    ) -> Self {
        let period = Bytes::from(content.period());
        let at = (content.from % period.len() as u64) as usize;
        let sent = if breaks { content.len / 2 } else { content.len };
        let pause = trickle.map(|(_, pause)| pause);
        let pause = pause.or(breaks.then_some(Duration::from_millis(1)));
        let largest_piece = trickle.map_or(usize::MAX, |(bytes, _)| bytes.max(1));
        let more = Some((period, at, sent));
        Self { more, largest_piece, pause, breaks, left: content.len, ..Self::nothing() }
    }

    fn next_piece(&mut self) -> Option<Bytes> {
        if let Some(piece) = self.pieces.pop_front() {
            return Some(piece);
        }
        let (period, at, left) = self.more.as_mut().filter(|(.., left)| *left > 0)?;
        let len = (period.len() - *at).min(self.largest_piece);
        let len = len.min(usize::try_from(*left).unwrap_or(usize::MAX));
        let piece = period.slice(*at..*at + len);
        *at = (*at + len) % period.len();
        *left -= len as u64;
        Some(piece)
    }

    /// Sends half of the body and then breaks, although the headers promise the whole.
    pub(crate) fn cut(mut body: Vec<u8>) -> Self {
        let left = body.len() as u64;
        body.truncate(body.len() / 2);
        // A piece on its own reaches the client before the connection breaks.
        let pause = Some(Duration::from_millis(1));
        let pieces = VecDeque::from([Bytes::from(body)]);
        Self { pieces, pause, breaks: true, left, ..Self::nothing() }
    }

    pub(crate) fn trickle(body: Vec<u8>, piece_bytes: usize, pause: Duration) -> Self {
        let left = body.len() as u64;
        let pieces = body.chunks(piece_bytes.max(1)).map(Bytes::copy_from_slice).collect();
        Self { pieces, pause: Some(pause), left, ..Self::nothing() }
    }
}

impl Body for Pieces {
    type Data = Bytes;
    type Error = Broken;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Broken>>> {
        if let Some(sleep) = &mut self.sleep {
            if sleep.as_mut().poll(context).is_pending() {
                return Poll::Pending;
            }
            self.sleep = None;
        }
        let Some(piece) = self.next_piece() else {
            return Poll::Ready(self.breaks.then_some(Err(Broken)));
        };
        if let Some(pause) = self.pause {
            self.sleep = Some(Box::pin(tokio::time::sleep(pause)));
        }
        self.left = self.left.saturating_sub(piece.len() as u64);
        Poll::Ready(Some(Ok(Frame::data(piece))))
    }

    fn is_end_stream(&self) -> bool {
        let is_more = self.more.as_ref().is_some_and(|(.., left)| *left > 0);
        self.pieces.is_empty() && !is_more && !self.breaks
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.left)
    }
}
