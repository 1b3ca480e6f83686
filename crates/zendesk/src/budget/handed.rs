//! In debug builds, which tests run, detects a request that got its turn and is not polled, because
//! its caller awaits something else.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use tokio::runtime::Handle;
use tokio::task::yield_now;

/// A request must hear of its turn within this many rounds of the runtime. A polled request hears
/// of it in the next round, or a few rounds later if its task is busy.
const ROUNDS: u32 = 1_000;

/// A turn that was given to a request and has not reached it yet.
#[derive(Debug)]
pub(super) struct Handed(Arc<AtomicBool>);

impl Handed {
    /// A turn that is watched until it is dropped.
    pub(super) fn new() -> Self {
        let is_late = Arc::new(AtomicBool::new(false));
        if cfg!(debug_assertions)
            && let Ok(runtime) = Handle::try_current()
        {
            let on_its_way = Arc::downgrade(&is_late);
            runtime.spawn(async move {
                for _ in 0..ROUNDS {
                    if on_its_way.strong_count() == 0 {
                        return;
                    }
                    yield_now().await;
                }
                if let Some(is_late) = on_its_way.upgrade() {
                    is_late.store(true, Ordering::Relaxed);
                }
            });
        }
        Self(is_late)
    }

    /// Notes that the request has heard of its turn.
    ///
    /// # Panics
    /// In debug builds, if the request was not polled in time.
    pub(super) fn arrived(self) {
        let is_late = self.0.load(Ordering::Relaxed);
        debug_assert!(
            !is_late,
            "a request was let go and not polled: see ARCHITECTURE, Invariants"
        );
    }
}
