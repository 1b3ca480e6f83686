//! The one clock. Waiting and *now* go through it, so that tests can run a minute in a second and
//! so that *now* is Zendesk's, not this machine's.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use tokio::time::Instant;

/// The shortest wait for an answer on a scaled clock, by the wall's.
const SHORTEST_PATIENCE: Duration = Duration::from_secs(5);

/// A clock that may run faster than the wall's, and that learns Zendesk's time from its answers.
#[derive(Clone, Debug)]
pub struct Clock {
    scale: f64,
    started: Instant,
    started_unix: i64,
    /// Zendesk's time less ours, in seconds.
    ahead_seconds: Arc<AtomicI64>,
}

impl Clock {
    /// A clock on which `scale` seconds pass in one second of the wall's.
    #[must_use]
    pub fn new(scale: f64) -> Self {
        let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        let started_unix = i64::try_from(since.as_secs()).unwrap_or(i64::MAX);
        let scale = if scale.is_finite() && scale > 0.0 { scale } else { 1.0 };
        Self { scale, started: Instant::now(), started_unix, ahead_seconds: Arc::default() }
    }

    /// Time on this clock since the program's start.
    #[must_use]
    pub fn elapsed(&self) -> Duration {
        self.of_wall(self.started.elapsed())
    }

    /// Zendesk's time in unix seconds; this machine's until the first answer.
    #[must_use]
    pub fn now_unix(&self) -> i64 {
        self.local_unix().saturating_add(self.ahead_seconds.load(Ordering::Relaxed))
    }

    /// Learns Zendesk's time from the `Date` header of an answer.
    pub fn observe(&self, date_unix: i64) {
        let ahead = date_unix.saturating_sub(self.local_unix());
        self.ahead_seconds.store(ahead, Ordering::Relaxed);
    }

    /// Waits for a duration on this clock.
    pub async fn sleep(&self, duration: Duration) {
        let real = duration.as_secs_f64() / self.scale;
        tokio::time::sleep(Duration::try_from_secs_f64(real).unwrap_or(Duration::MAX)).await;
    }

    /// How long the wall's clock waits for an answer that may take this long on this clock. A
    /// scaled one shrinks it, but never to where a busy machine would look like a slow Zendesk.
    #[must_use]
    pub fn patience(&self, timeout: Duration) -> Duration {
        let real = Duration::try_from_secs_f64(timeout.as_secs_f64() / self.scale);
        real.unwrap_or(timeout).clamp(SHORTEST_PATIENCE.min(timeout), timeout)
    }

    /// What passes on this clock while this passes on the wall's.
    #[must_use]
    pub fn of_wall(&self, real: Duration) -> Duration {
        Duration::try_from_secs_f64(real.as_secs_f64() * self.scale).unwrap_or(Duration::MAX)
    }

    fn local_unix(&self) -> i64 {
        let elapsed = i64::try_from(self.elapsed().as_secs()).unwrap_or(i64::MAX);
        self.started_unix.saturating_add(elapsed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_minute_scaled_by_sixty_takes_a_second_and_now_follows_the_server() {
        let clock = Clock::new(60.0);
        let wall = Instant::now();
        clock.sleep(Duration::from_secs(60)).await;
        assert_eq!(wall.elapsed(), Duration::from_secs(1));
        assert_eq!(clock.elapsed(), Duration::from_secs(60));
        assert_eq!(clock.patience(Duration::from_secs(600)), Duration::from_secs(10));
        assert_eq!(clock.patience(Duration::from_secs(60)), SHORTEST_PATIENCE);
        assert_eq!(Clock::new(1.0).patience(Duration::from_secs(60)), Duration::from_secs(60));
        clock.observe(1_000_000);
        assert_eq!(clock.now_unix(), 1_000_000);
        clock.sleep(Duration::from_secs(30)).await;
        assert_eq!(clock.now_unix(), 1_000_030);
    }
}
