//! Response bodies: whole, in slow pieces, or cut off.

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
    pause: Option<Duration>,
    sleep: Option<Pin<Box<Sleep>>>,
    /// The connection breaks after the last piece.
    breaks: bool,
    left: u64,
}

/// The connection shall end now.
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
        Self { pieces, pause: None, sleep: None, breaks: false, left }
    }

    /// Half of the body, then nothing, though the headers promised all.
    pub(crate) fn cut(mut body: Vec<u8>) -> Self {
        let left = body.len() as u64;
        body.truncate(body.len() / 2);
        // A piece on its own reaches the client before the connection breaks.
        let pause = Some(Duration::from_millis(1));
        let pieces = VecDeque::from([Bytes::from(body)]);
        Self { pieces, pause, sleep: None, breaks: true, left }
    }

    pub(crate) fn trickle(body: Vec<u8>, piece_bytes: usize, pause: Duration) -> Self {
        let left = body.len() as u64;
        let pieces = body.chunks(piece_bytes.max(1)).map(Bytes::copy_from_slice).collect();
        Self { pieces, pause: Some(pause), sleep: None, breaks: false, left }
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
        let Some(piece) = self.pieces.pop_front() else {
            return Poll::Ready(self.breaks.then_some(Err(Broken)));
        };
        if let Some(pause) = self.pause {
            self.sleep = Some(Box::pin(tokio::time::sleep(pause)));
        }
        self.left = self.left.saturating_sub(piece.len() as u64);
        Poll::Ready(Some(Ok(Frame::data(piece))))
    }

    fn is_end_stream(&self) -> bool {
        self.pieces.is_empty() && !self.breaks
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.left)
    }
}
