//! Catches whoever awaits something else beside a request that was let go, in debug builds, as tests
//! run them.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use tokio::runtime::Handle;
use tokio::task::yield_now;

/// Within so many rounds of the runtime a request hears that it was let go. One that is polled hears
/// of it in the next round, or a few later where its task has much to do.
const ROUNDS: u32 = 1_000;

/// A turn on its way to the request that it was given to.
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
    /// In debug builds, when it was not polled meanwhile.
    pub(super) fn arrived(self) {
        let is_late = self.0.load(Ordering::Relaxed);
        debug_assert!(
            !is_late,
            "a request was let go and not polled: see ARCHITECTURE, Invariants"
        );
    }
}
