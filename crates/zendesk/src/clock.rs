//! The one clock. All waiting and every *now* use it. So tests can run a minute in a second, and
//! *now* is Zendesk's time and not this machine's.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use tokio::time::Instant;

/// The shortest wait for an answer on a scaled clock, in real time.
const SHORTEST_PATIENCE: Duration = Duration::from_secs(5);

/// How far one answer may move *now*, in seconds. A larger jump needs a second answer that agrees.
const ONE_ANSWER_SECONDS: i64 = 120;

/// How far one answer may move *now* on a scaled clock, in real time. A busy machine delays
/// answers.
const ONE_ANSWER_ON_THE_WALL: Duration = Duration::from_secs(1);

/// A clock that may run faster than real time, and that learns Zendesk's time from its answers.
#[derive(Clone, Debug)]
pub struct Clock {
    scale: f64,
    started: Instant,
    started_unix: i64,
    offset: Arc<Mutex<Offset>>,
}

/// What is known of Zendesk's time minus this machine's.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Offset {
    seconds: i64,
    /// Whether two sources agreed on it: two answers, or an answer and this machine.
    is_confirmed: bool,
    /// The last value that was too far from `seconds` to be believed alone. Until two values agree,
    /// the first answer counts in place of this machine's time, which is then stored here.
    doubted: Option<i64>,
}

impl Offset {
    /// What is known after an answer said `seconds`. One wrong answer (a cache, a proxy, a server
    /// whose clock jumped) must not move *now* far away.
    fn after(self, seconds: i64, tolerance: i64) -> Self {
        let is_near = |known: i64| seconds.saturating_sub(known).saturating_abs() <= tolerance;
        if is_near(self.seconds) || self.doubted.is_some_and(is_near) {
            return Self { seconds, is_confirmed: true, doubted: None };
        }
        if !self.is_confirmed && self.doubted.is_none() {
            return Self { seconds, doubted: Some(self.seconds), ..self };
        }
        Self { doubted: Some(seconds), ..self }
    }
}

impl Clock {
    /// A clock on which `scale` seconds pass in one real second.
    #[must_use]
    pub fn new(scale: f64) -> Self {
        let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        let started_unix = i64::try_from(since.as_secs()).unwrap_or(i64::MAX);
        let scale = if scale.is_finite() && scale > 0.0 { scale } else { 1.0 };
        Self { scale, started: Instant::now(), started_unix, offset: Arc::default() }
    }

    /// Time on this clock since the program's start.
    #[must_use]
    pub fn elapsed(&self) -> Duration {
        self.of_wall(self.started.elapsed())
    }

    /// Zendesk's time, unix seconds. Before the first answer it is this machine's time.
    #[must_use]
    pub fn now_unix(&self) -> i64 {
        self.local_unix().saturating_add(self.offset().seconds)
    }

    /// Learns Zendesk's time from an answer's `Date` header, unix seconds. A jump of more than two
    /// minutes counts only if the next answer agrees.
    pub fn observe(&self, date_unix: i64) {
        let wall = i64::try_from(self.of_wall(ONE_ANSWER_ON_THE_WALL).as_secs());
        let tolerance = wall.unwrap_or(i64::MAX).max(ONE_ANSWER_SECONDS);
        let seconds = date_unix.saturating_sub(self.local_unix());
        let mut offset = self.offset();
        *offset = offset.after(seconds, tolerance);
    }

    /// Whether the answers so far contradict this machine's clock and no two of them agree. In that
    /// case make one more request before deciding anything by *now*.
    #[must_use]
    pub fn is_in_doubt(&self) -> bool {
        let offset = *self.offset();
        !offset.is_confirmed && offset.doubted.is_some()
    }

    /// Locks the offset. The lock is held over plain code only, so a poisoned lock is still sound.
    fn offset(&self) -> MutexGuard<'_, Offset> {
        self.offset.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits for a duration on this clock.
    pub async fn sleep(&self, duration: Duration) {
        let real = duration.as_secs_f64() / self.scale;
        tokio::time::sleep(Duration::try_from_secs_f64(real).unwrap_or(Duration::MAX)).await;
    }

    /// How long to wait in real time for an answer that may take `timeout` on this clock. A scaled
    /// clock shrinks the time, but never so far that a busy machine looks like a slow Zendesk.
    #[must_use]
    pub fn patience(&self, timeout: Duration) -> Duration {
        let real = Duration::try_from_secs_f64(timeout.as_secs_f64() / self.scale);
        real.unwrap_or(timeout).clamp(SHORTEST_PATIENCE.min(timeout), timeout)
    }

    /// The duration on this clock that equals `real` in real time.
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
        assert!(clock.is_in_doubt());
        assert_eq!(clock.now_unix(), 1_000_000);
        clock.observe(1_000_000);
        assert!(!clock.is_in_doubt());
        assert_eq!(clock.now_unix(), 1_000_000);
        clock.sleep(Duration::from_secs(30)).await;
        assert_eq!(clock.now_unix(), 1_000_030);
    }

    #[tokio::test(start_paused = true)]
    async fn a_jump_counts_when_a_second_answer_agrees_and_a_small_step_at_once() {
        let clock = Clock::new(1.0);
        let start = clock.now_unix();
        // A wrong first answer lasts until the second, which agrees with this machine.
        clock.observe(0);
        assert!(clock.is_in_doubt());
        clock.observe(start);
        assert_eq!((clock.now_unix(), clock.is_in_doubt()), (start, false));
        clock.observe(start + 90);
        assert_eq!(clock.now_unix(), start + 90);
        // One wrong answer in either direction, and two that disagree with each other.
        for wrong in [0, start - 4000, start + 4000, i64::MAX, i64::MIN] {
            clock.observe(wrong);
            assert_eq!(clock.now_unix(), start + 90, "{wrong}");
            assert!(!clock.is_in_doubt(), "an answer agreed before");
        }
        // A good answer between two wrong ones: they are not two that agree.
        clock.observe(0);
        clock.observe(start + 91);
        clock.observe(0);
        assert_eq!(clock.now_unix(), start + 91);
        // Time went on unseen, as on a machine that slept.
        clock.observe(start + 9000);
        clock.observe(start + 9001);
        assert_eq!(clock.now_unix(), start + 9001);
    }
}
