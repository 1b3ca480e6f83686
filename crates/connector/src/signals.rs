//! Listens for SIGTERM and SIGINT. A process that is number 1 in its container has no default for
//! them, so every command listens.

use tokio::signal::unix::{Signal, SignalKind, signal};

/// The signal after a write beyond the largest file that the process may make (`ulimit -f`). It has
/// this number on every system where the program runs.
const SIGXFSZ: i32 = 25;

/// Lets a write that makes a file too large fail, so that it does not end the process. Call it
/// inside the runtime.
pub fn let_writes_fail() {
    // Whoever listens to a signal is not ended by it. Where that cannot be, its default stays.
    let _ = signal(SignalKind::from_raw(SIGXFSZ));
}

/// Waits for the signals that ask the program to end.
#[derive(Debug)]
pub struct Terminated {
    signals: Vec<Signal>,
}

impl Terminated {
    /// Begins to listen. If a signal cannot be listened to, its default stays.
    #[must_use]
    pub fn listen() -> Self {
        let kinds = [SignalKind::terminate(), SignalKind::interrupt()];
        Self { signals: kinds.into_iter().filter_map(|kind| signal(kind).ok()).collect() }
    }

    /// Waits for the next signal.
    pub async fn wait(&mut self) {
        let waits: Vec<_> = self.signals.iter_mut().map(|signal| Box::pin(signal.recv())).collect();
        if waits.is_empty() {
            std::future::pending::<()>().await;
        }
        futures_util::future::select_all(waits).await;
    }
}
