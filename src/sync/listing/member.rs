//! A stream in its walk, and the statistics of reading it.

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

/// The seconds of which a listing gave only some of the rows.
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

    /// The error for a listing that was read to its end without these rows. `None` if no second was
    /// cut short.
    pub(in crate::sync) fn error(self, feed: &ResolvedFeed) -> Option<WalkError> {
        let Self { seconds, first } = self;
        Some(WalkError::CutShort { path: feed.root().path().to_owned(), first: first?, seconds })
    }
}

/// The outcomes of a stream's files.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct FileStats {
    pub fetched: u64,
    pub bytes: u64,
    /// Files that were not wanted, by the user's options or by what the row says.
    pub left_out: u64,
    /// Files that could not be fetched.
    pub missing: u64,
}

impl FileStats {
    /// Adds the outcomes of other files.
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
    /// The brand whose part of the stream's state this position is. `None` for the state itself.
    pub brand: Option<u64>,
    /// The number of the walk that reads the stream.
    pub walk: WalkId,
    pub position: Position,
    pub state: StreamState,
    pub report: Report,
    /// When a refusal ends that the stream did not wait out, on the clock's `elapsed`.
    pub refused_until: Duration,
    /// Whether that refusal was for a rate limit.
    pub is_limited: bool,
    /// How long a page took in the last segment, without waits.
    pub page_time: Option<Duration>,
    /// The length of the last window that was split off a search, in seconds.
    pub window_seconds: Option<i64>,
    /// The latest time of rows of the feed that was seen in this sync, in the feed's own time.
    pub newest: Option<i64>,
}

/// The statistics of reading a stream: work done, and rows left out.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Report {
    pub tally: RequestStats,
    /// How long at least one request of the walk waited. Of several walks side by side, the longest
    /// wait.
    pub waited: Duration,
    /// Rows without a primary key, and elements that are not rows.
    pub rows_without_key: u64,
    /// Listings of parents that could not be read.
    pub parents_skipped: u64,
    pub first_skipped: Option<String>,
    /// Rows that were too large and lost a text.
    pub truncated: u64,
    /// Values of custom fields that did not fit their columns.
    pub coercion_failures: u64,
    /// Rows with texts or values that are not as Zendesk sent them.
    pub mended: u64,
    pub files: FileStats,
    /// How the first missing file failed.
    pub first_missing: Option<String>,
    pub cut_short: CutShort,
}

impl Report {
    /// Notes a second of which only some of the rows could be read.
    pub(in crate::sync) fn note_cut_short(&mut self, second: i64) {
        self.cut_short.add(CutShort { seconds: 1, first: Some(second) });
    }

    /// Notes listings of parents that are passed over.
    pub(in crate::sync) fn skip(&mut self, listings: u64, error: &WalkError) {
        self.parents_skipped += listings;
        self.first_skipped.get_or_insert_with(|| error.to_string());
    }

    /// Notes the work of fetching files, and how the first missing file failed.
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

    /// Notes the outcome of a page's rows.
    pub(in crate::sync) fn note(&mut self, written: &WrittenRows) {
        self.rows_without_key += written.rows_without_key;
        self.truncated += written.truncated;
        self.coercion_failures += written.coercion_failures;
        self.mended += written.mended;
    }

    /// Adds the statistics of the same stream, read elsewhere.
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

/// A stream that has ended, with or without an error.
#[derive(Debug)]
pub struct Ended {
    pub stream: Arc<ResolvedStream>,
    /// The host where the stream was read. `None` is the main host, if its brand is not known.
    pub site: Option<Arc<Site>>,
    pub result: Result<(), WalkError>,
    pub report: Report,
}

/// The streams of one feed, which one walk reads.
#[derive(Debug)]
pub struct Group {
    /// The host of the feed. `None` is the main host, if its brand is not known.
    pub site: Option<Arc<Site>>,
    pub feed: ResolvedFeed,
    pub members: Vec<ActiveStream>,
    pub walk: WalkId,
    /// Streams that read their fallback first. Each is paired with the same stream on its own feed.
    pub first: Vec<(ActiveStream, Arc<ResolvedStream>)>,
}

impl Group {
    /// The number of the walk, and the names of its streams.
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

    /// Whether other streams of the walk wait for requests about this stream's rows.
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
