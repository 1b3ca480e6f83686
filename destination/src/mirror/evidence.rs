//! Decides whether all rows of a mirror's stream arrived. Only then may members be removed. Pure.
//!
//! Sources: Airbyte Protocol, `AirbyteStreamStatusTraceMessage`, `AirbyteStateStats`. A platform may send
//! COMPLETE for a stream that was cut off, so STATE messages and their counts must confirm it.

use airbyte::destination::input::SourceCount;

/// What arrived of a stream.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Evidence {
    rows: u64,
    /// Rows since the last STATE.
    open: u64,
    has_state: bool,
    is_miscounted: bool,
    is_complete: bool,
    is_incomplete: bool,
    /// Whether rows arrived after COMPLETE.
    is_late: bool,
}

/// What else is known about the run.
#[derive(Clone, Copy, Debug, Default)]
pub struct Facts {
    pub is_full_refresh: bool,
    pub is_resumable: bool,
    /// The number of earlier attempts of this job.
    pub attempt: u64,
    /// Whether the platform sends a STATE for each stream that was read to its end.
    pub is_on_platform: bool,
    /// Whether the end of input counts as the end of the stream.
    pub accept_end_of_input: bool,
    /// Whether a stream without rows may remove all members.
    pub allow_empty: bool,
    /// Whether a stream without rows may be one that the platform clears.
    pub may_be_cleared: bool,
    /// Lines on stdin that were not Airbyte messages. Each may have been a row.
    pub unread: u64,
}

impl Evidence {
    /// Notes that a row arrived.
    pub fn row(&mut self) {
        self.rows += 1;
        self.open += 1;
        self.is_late |= self.is_complete;
    }

    /// Notes a STATE. `count` is the source's number of rows since the previous STATE.
    pub fn state(&mut self, count: SourceCount) {
        self.has_state = true;
        self.is_miscounted |= !count.agrees_with(self.open);
        self.open = 0;
    }

    /// Notes that the count of a global STATE differs from the rows that arrived.
    pub fn miscount(&mut self) {
        self.is_miscounted = true;
    }

    /// Notes COMPLETE or INCOMPLETE.
    pub fn ended(&mut self, is_complete: bool) {
        self.is_complete |= is_complete;
        self.is_incomplete |= !is_complete;
    }

    /// Returns why no member may be removed. `None` if all rows arrived.
    #[must_use]
    pub fn why_not(&self, facts: &Facts) -> Option<&'static str> {
        if self.is_incomplete {
            return Some(
                "the source reported that the stream is incomplete. Correct the source, and sync again.",
            );
        }
        if !self.is_complete && !facts.accept_end_of_input {
            return Some(
                "the source did not report that the stream is complete. If your platform never reports this, \
                 set `accept_end_of_input`.",
            );
        }
        if !facts.is_full_refresh {
            return Some(
                "the stream is not read as a full refresh, so its rows may not be all members. Choose full \
                 refresh for it.",
            );
        }
        if facts.attempt > 0 && facts.is_resumable {
            return Some(
                "this is a retry, which may have only some of the rows. The next sync removes the members.",
            );
        }
        if self.is_late {
            return Some(
                "rows arrived after the source reported that the stream is complete. Correct the source, and \
                 sync again.",
            );
        }
        // Without COMPLETE, only a STATE distinguishes a source that has ended from one that failed. The platform may
        // send COMPLETE for a stream that was not read to its end, but a STATE only for one that was.
        // Source: Airbyte's platform, `MissingStateInjector`.
        let needs_state = !self.is_complete || facts.is_on_platform;
        let is_cut_off = if self.has_state { self.open > 0 } else { needs_state };
        if is_cut_off {
            return Some(
                "no STATE followed its last rows, so the stream may be cut off. Sync again.",
            );
        }
        if self.is_miscounted {
            return Some(
                "the source counted a different number of rows than arrived. Remove filters between the source \
                 and the destination, and sync again.",
            );
        }
        if facts.unread > 0 {
            return Some(
                "lines on stdin were not Airbyte messages, and may have been rows. Check that only the source \
                 writes to stdin.",
            );
        }
        if self.rows == 0 && facts.may_be_cleared {
            return Some(
                "no row arrived, and the platform may be clearing the stream, which removes no members. Sync \
                 again.",
            );
        }
        if self.rows == 0 && !facts.allow_empty {
            return Some("no row arrived. Set `allow_empty` if you want to empty the audience.");
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const FULL: Facts = Facts {
        is_full_refresh: true,
        is_resumable: false,
        attempt: 0,
        is_on_platform: false,
        accept_end_of_input: false,
        allow_empty: false,
        may_be_cleared: false,
        unread: 0,
    };

    /// A stream of rows (`r`), states with the right count (`s`), without one (`S`), a wrong one (`x`) or one that is
    /// no count (`o`), COMPLETE (`c`) and INCOMPLETE (`i`).
    fn came(story: &str) -> Evidence {
        let mut evidence = Evidence::default();
        for event in story.chars() {
            match event {
                'r' => evidence.row(),
                's' => evidence.state(SourceCount::Rows(evidence.open)),
                'S' => evidence.state(SourceCount::Unsaid),
                'x' => evidence.state(SourceCount::Rows(evidence.open + 1)),
                'o' => evidence.state(SourceCount::Unclear),
                'c' => evidence.ended(true),
                'i' => evidence.ended(false),
                other => panic!("{other}"),
            }
        }
        evidence
    }

    #[test]
    fn all_rows_came_where_everything_says_so() {
        for story in ["rrsc", "rrSc", "rsrsc", "rrc", "rssc", "rcs", "rscc"] {
            assert_eq!(came(story).why_not(&FULL), None, "{story}");
        }
        let resumed = Facts { attempt: 2, ..FULL };
        assert_eq!(came("rsc").why_not(&resumed), None, "it begins anew");
        let ended = Facts { accept_end_of_input: true, ..FULL };
        assert_eq!(came("rs").why_not(&ended), None);
        let resumable = Facts { is_resumable: true, ..ended };
        assert_eq!(came("rsc").why_not(&resumable), None);
        assert_eq!(
            came("rs").why_not(&resumable),
            None,
            "the user says that the end of input counts"
        );
        let empty = Facts { allow_empty: true, ..FULL };
        assert_eq!(came("c").why_not(&empty), None);
        let overwritten = Facts { may_be_cleared: true, ..FULL };
        assert_eq!(came("rsc").why_not(&overwritten), None, "there are rows");
    }

    #[test]
    fn each_doubt_is_a_reason_of_its_own() {
        let lenient = Facts { accept_end_of_input: true, ..FULL };
        for (story, facts, words) in [
            ("rs", FULL, "did not report that the stream is complete"),
            ("rsi", lenient, "is incomplete"),
            ("rsic", FULL, "is incomplete"),
            ("rr", lenient, "no STATE followed"),
            ("rrc", Facts { is_on_platform: true, ..FULL }, "no STATE followed"),
            ("", Facts { allow_empty: true, ..lenient }, "no STATE followed"),
            ("rs", Facts { attempt: 1, is_resumable: true, ..lenient }, "this is a retry"),
            ("rsc", Facts { is_full_refresh: false, ..FULL }, "full refresh"),
            ("rsc", Facts { attempt: 1, is_resumable: true, ..FULL }, "this is a retry"),
            ("rsrc", FULL, "no STATE followed"),
            ("rxc", FULL, "a different number of rows"),
            ("rxrsc", FULL, "a different number of rows"),
            ("roc", FULL, "a different number of rows"),
            ("rscrs", FULL, "after the source reported"),
            ("rsc", Facts { unread: 1, ..FULL }, "not Airbyte messages"),
            ("sc", FULL, "no row arrived"),
            ("c", FULL, "no row arrived"),
            ("sc", Facts { allow_empty: true, may_be_cleared: true, ..FULL }, "be clearing"),
        ] {
            let why = came(story).why_not(&facts).unwrap_or_default();
            assert!(why.contains(words), "{story}: {why}");
        }
    }
}
