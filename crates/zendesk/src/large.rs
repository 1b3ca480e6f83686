//! Bounds the memory of all large bodies together. The bytes of a body beyond the usual size count
//! against a shared store until its rows are written. No body waits for the store. A body that
//! would exceed it is dropped, and requested again when the whole store is free.

use std::sync::Arc;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// The largest body that is read. All large bodies together may hold as much.
pub const LARGEST_BODY_BYTES: usize = 256 << 20;

/// What a body may hold without a share of the store. With forty workers that is about as much as
/// one body of the largest size.
pub const USUAL_BODY_BYTES: usize = 4 << 20;

/// Bytes are counted in pieces of this size.
const PIECE_BYTES: usize = 4 << 20;

/// The store that all large bodies share.
#[derive(Clone, Debug)]
pub struct LargeBodies(Arc<Semaphore>);

/// One body's share of the store. Dropping it returns it.
#[derive(Debug, Default)]
pub struct Share(Option<OwnedSemaphorePermit>);

impl Default for LargeBodies {
    fn default() -> Self {
        Self(Arc::new(Semaphore::new(LARGEST_BODY_BYTES / PIECE_BYTES)))
    }
}

impl LargeBodies {
    /// Waits for the whole store. Callers get it in the order in which they asked, before any
    /// others.
    pub async fn all(&self) -> Share {
        let all = u32::try_from(LARGEST_BODY_BYTES / PIECE_BYTES).unwrap_or(u32::MAX);
        // The store is never closed.
        Share(Arc::clone(&self.0).acquire_many_owned(all).await.ok())
    }

    /// Enlarges a share so that its body may hold this many bytes. Returns false if the store has
    /// not enough left.
    pub fn try_hold(&self, share: &mut Share, bytes: usize) -> bool {
        while share.holds() < bytes {
            let Ok(piece) = Arc::clone(&self.0).try_acquire_owned() else { return false };
            match &mut share.0 {
                Some(held) => held.merge(piece),
                None => share.0 = Some(piece),
            }
        }
        true
    }
}

impl Share {
    /// How many bytes a body with this share may hold.
    #[must_use]
    pub fn holds(&self) -> usize {
        let pieces = self.0.as_ref().map_or(0, OwnedSemaphorePermit::num_permits);
        (USUAL_BODY_BYTES + pieces * PIECE_BYTES).min(LARGEST_BODY_BYTES)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn all_bodies_together_hold_no_more_than_the_largest_one() {
        let store = LargeBodies::default();
        let (mut one, mut two) = (Share::default(), Share::default());
        assert_eq!(one.holds(), USUAL_BODY_BYTES);
        assert!(store.try_hold(&mut one, USUAL_BODY_BYTES));
        assert_eq!(one.holds(), USUAL_BODY_BYTES, "a usual body takes nothing");
        assert!(store.try_hold(&mut one, 100 << 20));
        assert!(store.try_hold(&mut two, 150 << 20));
        assert!(!store.try_hold(&mut two, 200 << 20), "there is no more");
        assert!(one.holds() + two.holds() <= LARGEST_BODY_BYTES + 2 * USUAL_BODY_BYTES);
        drop(one);
        assert!(store.try_hold(&mut two, LARGEST_BODY_BYTES));
    }

    #[tokio::test]
    async fn who_waits_for_all_comes_before_those_who_want_some() {
        let store = LargeBodies::default();
        let mut held = Share::default();
        assert!(store.try_hold(&mut held, 20 << 20));
        let mut all = Box::pin(store.all());
        assert!(futures_util::poll!(&mut all).is_pending());
        let mut other = Share::default();
        assert!(!store.try_hold(&mut other, 20 << 20), "or it would never come");
        drop(other);
        drop(held);
        let all = all.await;
        assert_eq!(all.holds(), LARGEST_BODY_BYTES);
        let mut other = Share::default();
        assert!(!store.try_hold(&mut other, 20 << 20));
        drop(all);
        assert!(store.try_hold(&mut other, 20 << 20));
    }
}
