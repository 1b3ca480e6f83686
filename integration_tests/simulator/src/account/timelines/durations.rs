//! How long the steps of a ticket took, in calendar time and in business time.

use super::cast::Cast;
use super::timeline::Timeline;
use serde_json::Value;

/// A timeline and what is needed to compute its business time.
#[derive(Clone, Copy)]
pub(super) struct Spans<'a> {
    pub(super) cast: &'a Cast,
    pub(super) timeline: &'a Timeline,
}

/// Whole minutes in calendar time and in business time.
pub(super) type Minutes = (i64, i64);

impl Spans<'_> {
    /// The whole minutes between two times.
    pub(super) fn minutes(&self, from: i64, to: i64) -> Minutes {
        ((to - from).div_euclid(60), self.business_seconds(from, to).div_euclid(60))
    }

    /// The seconds between two times that are within the hours of the schedule that applied then.
    fn business_seconds(&self, from: i64, to: i64) -> i64 {
        let mut parts = vec![(i64::MIN, None)];
        parts.extend(self.timeline.schedules().into_iter().map(|(at, id)| (at, Some(id))));
        let ends: Vec<i64> = parts.iter().skip(1).map(|(at, _)| *at).chain([i64::MAX]).collect();
        let of_part = |((begin, id), end): (&(i64, Option<u64>), i64)| {
            let (begin, end) = (from.max(*begin), to.min(end));
            let schedule = self.cast.schedule(*id).filter(|_| begin < end);
            schedule.map_or(0, |schedule| schedule.seconds(begin, end))
        };
        parts.iter().zip(ends).map(of_part).sum()
    }

    /// From the creation to the first public comment of an agent after it.
    pub(super) fn first_reply(&self) -> Option<Minutes> {
        let mut replies = self.replies();
        replies.next().map(|at| self.minutes(self.timeline.created_at, at))
    }

    /// The times of the public comments of agents, without the comment of the creation.
    pub(super) fn replies(&self) -> impl Iterator<Item = i64> {
        let comments = self.timeline.later_comments();
        let replies = comments.filter(|(_, author, public)| *public && self.cast.is_agent(*author));
        replies.map(|(moment, ..)| moment.at)
    }

    /// From the creation to the first change to solved.
    pub(super) fn first_resolution(&self) -> Option<Minutes> {
        let at = self.solved().first().copied()?;
        Some(self.minutes(self.timeline.created_at, at))
    }

    /// From the creation to the last change to solved. `None` unless the ticket is solved or
    /// closed.
    pub(super) fn full_resolution(&self) -> Option<Minutes> {
        let is_over = ["solved", "closed"].contains(&self.timeline.status());
        let at = self.solved().last().copied().filter(|_| is_over)?;
        Some(self.minutes(self.timeline.created_at, at))
    }

    /// The times at which the ticket was solved.
    pub(super) fn solved(&self) -> Vec<i64> {
        let of_status = self.timeline.changes().filter(|(_, change)| change.field == "status");
        of_status.filter(|(_, change)| change.to == "solved").map(|(moment, _)| moment.at).collect()
    }

    /// How many times a solved ticket was reopened.
    pub(super) fn reopens(&self) -> usize {
        let of_status = self.timeline.changes().filter(|(_, change)| change.field == "status");
        let is_open = |value: &Value| {
            value.as_str().is_some_and(|text| ["new", "open", "pending", "hold"].contains(&text))
        };
        of_status.filter(|(_, change)| change.from == "solved" && is_open(&change.to)).count()
    }

    /// The minutes that the ticket spent in these statuses, until `now`.
    pub(super) fn in_statuses(&self, statuses: &[&str], now: i64) -> Minutes {
        let values = self.timeline.values("status");
        let ends: Vec<i64> = values.iter().skip(1).map(|(at, _)| *at).chain([now]).collect();
        let (mut calendar, mut business) = (0, 0);
        for ((from, status), to) in values.iter().zip(ends) {
            if status.as_str().is_some_and(|status| statuses.contains(&status)) {
                calendar += to - from;
                business += self.business_seconds(*from, to);
            }
        }
        (calendar.div_euclid(60), business.div_euclid(60))
    }
}
