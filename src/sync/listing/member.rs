//! A stream in its walk, and what reading it took.

use std::borrow::Cow;
use std::sync::Arc;
use std::time::Duration;

use crate::streams::{ResolvedFeed, ResolvedStream};
use crate::sync::WalkError;
use crate::sync::position::catch_up::{StreamState, WalkProgress};
use crate::sync::position::encode::to_state;
use crate::sync::position::search_bounds::{self, Bounds};
use crate::sync::position::{Phase, Position};
use crate::sync::records::written::WrittenRows;
use airbyte::source::emitter::Part;
use zendesk::budget::WalkId;
use zendesk::client::RequestStats;
use zendesk::site::Site;

/// Seconds of which a listing gave only a part.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct CutShort {
    pub seconds: u64,
    pub first: Option<i64>,
}

impl CutShort {
    pub(in crate::sync) fn add(&mut self, other: Self) {
        self.seconds += other.seconds;
        self.first = self.first.into_iter().chain(other.first).min();
    }

    /// What it means for a listing that was read to its end.
    pub(in crate::sync) fn error(self, feed: &ResolvedFeed) -> Option<WalkError> {
        let Self { seconds, first } = self;
        Some(WalkError::CutShort { path: feed.root().path().to_owned(), first: first?, seconds })
    }
}

/// What became of the files of a stream.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct FileStats {
    pub fetched: u64,
    pub bytes: u64,
    /// Not wanted, by what the user chose or the row tells.
    pub left_out: u64,
    /// Could not be had.
    pub missing: u64,
}

impl FileStats {
    /// Adds what became of others.
    pub fn add(&mut self, other: Self) {
        self.fetched += other.fetched;
        self.bytes += other.bytes;
        self.left_out += other.left_out;
        self.missing += other.missing;
    }
}

/// A stream in its walk.
#[derive(Debug)]
pub struct ActiveStream {
    pub stream: Arc<ResolvedStream>,
    /// The brand whose part of the stream's state this position is; none for the state itself.
    pub brand: Option<u64>,
    /// The number of the walk that it is read in.
    pub walk: WalkId,
    pub position: Position,
    pub state: StreamState,
    pub report: Report,
    /// When a refusal that it did not wait out has ended, on the clock's `elapsed`.
    pub refused_until: Duration,
    /// Whether it was refused for a limit.
    pub is_limited: bool,
    /// How long a page took in the last segment, waits left out.
    pub page_time: Option<Duration>,
    /// How long the last window was that was split off a search, seconds.
    pub window_seconds: Option<i64>,
    /// Up to when it has seen rows of its feed in this sync, in the feed's own time.
    pub newest: Option<i64>,
}

/// What reading a stream took and left out.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Report {
    pub tally: RequestStats,
    /// The time in which at least one request of its walk waited; of several walks side by side
    /// the longest.
    pub waited: Duration,
    /// Rows without a primary key, and elements that were no rows.
    pub rows_without_key: u64,
    /// Listings of parents that could not be read, and how the first of them failed.
    pub parents_skipped: u64,
    pub first_skipped: Option<String>,
    /// Rows that were too large and lost a text.
    pub truncated: u64,
    /// Values of custom fields that did not fit their columns.
    pub coercion_failures: u64,
    /// Rows with texts or values that are not as Zendesk sent them.
    pub mended: u64,
    pub files: FileStats,
    /// How the first file failed that could not be had.
    pub first_missing: Option<String>,
    pub cut_short: CutShort,
}

impl Report {
    /// Notes that of a second only a part could be had.
    pub(in crate::sync) fn note_cut_short(&mut self, second: i64) {
        self.cut_short.add(CutShort { seconds: 1, first: Some(second) });
    }

    /// Notes listings of parents that are passed over.
    pub(in crate::sync) fn skip(&mut self, listings: u64, error: &WalkError) {
        self.parents_skipped += listings;
        self.first_skipped.get_or_insert_with(|| error.to_string());
    }

    /// Notes what fetching files took, and how the first of them failed that could not be had.
    pub(in crate::sync) fn note_files(
        &mut self,
        files: FileStats,
        requests: RequestStats,
        first_missing: Option<String>,
    ) {
        self.files.add(files);
        self.tally.add(requests);
        self.first_missing = self.first_missing.take().or(first_missing);
    }

    /// Notes what became of a page's rows.
    pub(in crate::sync) fn note(&mut self, written: &WrittenRows) {
        self.rows_without_key += written.rows_without_key;
        self.truncated += written.truncated;
        self.coercion_failures += written.coercion_failures;
        self.mended += written.mended;
    }

    /// Adds what reading it elsewhere took and left out.
    pub fn add(&mut self, other: Self) {
        self.tally.add(other.tally);
        self.waited = self.waited.max(other.waited);
        self.rows_without_key += other.rows_without_key;
        self.parents_skipped += other.parents_skipped;
        self.truncated += other.truncated;
        self.coercion_failures += other.coercion_failures;
        self.mended += other.mended;
        self.files.add(other.files);
        self.cut_short.add(other.cut_short);
        self.first_skipped = self.first_skipped.take().or(other.first_skipped);
        self.first_missing = self.first_missing.take().or(other.first_missing);
    }
}

/// A stream that has ended, well or not.
#[derive(Debug)]
pub struct Ended {
    pub stream: Arc<ResolvedStream>,
    /// The host where it was read, where that is not the main one with nothing known of its brand.
    pub site: Option<Arc<Site>>,
    pub result: Result<(), WalkError>,
    pub report: Report,
}

/// The streams of one feed, and the number under which their requests take turns.
#[derive(Debug)]
pub struct Group {
    /// The host that has the feed, where that is not the main one with nothing known of its brand.
    pub site: Option<Arc<Site>>,
    pub feed: ResolvedFeed,
    pub members: Vec<ActiveStream>,
    pub walk: WalkId,
    /// Streams that take their detour first, each with itself on its own road.
    pub first: Vec<(ActiveStream, Arc<ResolvedStream>)>,
}

impl Group {
    /// Its walk, and its streams.
    #[must_use]
    pub fn names(&self) -> (WalkId, Vec<Cow<'static, str>>) {
        (self.walk, self.members.iter().map(|member| member.stream.name.clone()).collect())
    }
}

impl ActiveStream {
    #[must_use]
    pub fn new(stream: Arc<ResolvedStream>, position: Position, walk: WalkId) -> Self {
        let (state, report) = (StreamState::Reading, Report::default());
        let refused_until = Duration::ZERO;
        let (brand, page_time, window_seconds, is_limited, newest) =
            (None, None, None, false, None);
        Self {
            stream,
            brand,
            walk,
            position,
            state,
            report,
            refused_until,
            is_limited,
            page_time,
            window_seconds,
            newest,
        }
    }

    pub(in crate::sync) fn is_child(&self) -> bool {
        self.stream.feed.parent.is_some()
    }

    /// Whether neighbours wait for what is asked for its rows.
    pub(in crate::sync) fn keeps_waiting(&self) -> bool {
        self.is_child() || self.stream.file.is_some()
    }

    pub(in crate::sync) fn is_reading(&self) -> bool {
        self.state == StreamState::Reading
    }

    pub(in crate::sync) fn has_ended(&self) -> bool {
        self.position.walk.phase == Phase::Done
    }

    pub(in crate::sync) fn part(&self, rows: u64) -> Part {
        let position = Some(to_state(&self.stream, &self.position));
        Part { stream: self.stream.name.clone(), brand: self.brand, rows, position }
    }

    pub(in crate::sync) fn progress(&self) -> WalkProgress {
        let walk = &self.position.walk;
        WalkProgress {
            token: walk.place.token.clone(),
            is_child: self.is_child(),
            windows: walk.windows.clone(),
            searched: self.position.bounds(0).or_else(|| {
                let from = search_bounds::lower(&self.position, 0);
                let feed = self.stream.feed.root();
                feed.searched_key().map(|_| Bounds { from, to: i64::MAX })
            }),
            point: if self.stream.feed.root().time_key().is_some() {
                walk.place.point().or(self.position.cursor).unwrap_or_default()
            } else {
                walk.pages
            },
            under_way: walk.phase == Phase::UnderWay
                || self.position.cursor.is_none()
                || walk.full_pass.under_way,
            state: self.state,
        }
    }
}
