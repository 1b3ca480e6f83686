//! Settings that a test or the demo chooses before the simulator starts.

use serde::{Deserialize, Serialize};
use std::net::{IpAddr, Ipv4Addr};
use std::path::PathBuf;

/// The settings of one simulated account. `Settings::default()` is a tiny Enterprise account whose
/// pages hold five rows. Limits are enforced.
#[derive(Debug, Clone)]
pub struct Settings {
    pub seed: u64,
    pub size: Size,
    /// The number of tickets with timelines. If it is not 0, everything that belongs to tickets is
    /// consistent with them, whatever `size` is. With 0, each row is made independently.
    pub timelines: u64,
    /// Simulated seconds per real second.
    pub scale: f64,
    pub plan: Plan,
    /// The High Volume API add-on: 2,500 requests and 30 exports per minute.
    pub high_volume: bool,
    /// The time until an answer, in simulated milliseconds, for everything but exports.
    pub latency: Latency,
    /// The time until an answer of the incremental exports.
    pub export_latency: Latency,
    /// The simulated time at the start, in unix seconds.
    pub start_now: i64,
    /// Whether answers are compressed for clients that accept it.
    pub gzip: bool,
    pub enforce_limits: bool,
    /// The largest page size, so that small accounts have several pages too.
    pub page_cap: Option<usize>,
    /// Whether the Support product is active. If not, Support answers `SupportProductInactive`.
    pub support: bool,
    pub help_center: bool,
    /// The number of brands with a help center, including the account's own. Rows of help centers
    /// are spread over them.
    pub help_centers: usize,
    /// Subdomains of more brands that claim to have a help center. No host of the account has such
    /// a name.
    pub hostile_subdomains: &'static [&'static str],
    pub community: bool,
    pub side_conversations: bool,
    pub talk: bool,
    /// The add-on Advanced Data Privacy and Protection.
    pub data_privacy: bool,
    /// Whether Zendesk's support team has enabled bulk imports of users for this account.
    pub bulk_import: bool,
    /// The scope of the OAuth client's token pairs: `read`, `read write`, ...
    pub oauth_scope: &'static str,
    /// Whether the people of the new account are consistent, as `Account::tidy_people` makes them.
    pub tidy_people: bool,
    /// Whether the account has the people and the custom fields of the destination's guide. Its other
    /// people are consistent too.
    pub guide: bool,
    /// The address to listen on.
    pub listen: IpAddr,
    /// The port to listen on. 0 picks a free port.
    pub port: u16,
    /// The port of the host that serves the contents of files. 0 picks a free port.
    pub content_port: u16,
    /// Serves HTTPS with these files. Without them, HTTP.
    pub tls: Option<Tls>,
}

/// The PEM files of a server: its certificate and its key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tls {
    pub certificate: PathBuf,
    pub key: PathBuf,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            seed: 1,
            size: Size::Tiny,
            timelines: 0,
            scale: 1.0,
            plan: Plan::Enterprise,
            high_volume: false,
            latency: Latency::Fixed(0),
            export_latency: Latency::Fixed(0),
            start_now: 1_795_219_200, // 2026-11-21T00:00:00Z
            gzip: true,
            enforce_limits: true,
            page_cap: Some(5),
            support: true,
            help_center: true,
            help_centers: 1,
            hostile_subdomains: &[],
            community: true,
            side_conversations: true,
            talk: true,
            data_privacy: true,
            bulk_import: true,
            oauth_scope: "read",
            tidy_people: false,
            guide: false,
            listen: IpAddr::V4(Ipv4Addr::LOCALHOST),
            port: 0,
            content_port: 0,
            tls: None,
        }
    }
}

/// How much data the account has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Size {
    /// Few rows, but every listing has three pages of five rows.
    Tiny,
    /// Some hundreds of tickets.
    Small,
    /// This many tickets, and the rest in proportion.
    Large(u64),
    /// This many rows of the named resources, and as few as `Tiny` of all others.
    Of(&'static [(&'static str, u64)]),
}

/// The plans that differ in limits or features.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Plan {
    Essential,
    Team,
    Growth,
    Professional,
    Enterprise,
    EnterprisePlus,
}

impl Plan {
    /// Requests per minute (Zendesk, Rate limits).
    pub fn requests_per_minute(self) -> u32 {
        match self {
            Self::Essential => 10,
            Self::Team => 200,
            Self::Growth | Self::Professional => 400,
            Self::Enterprise => 700,
            Self::EnterprisePlus => 2500,
        }
    }
}

/// Simulated milliseconds from a request to its answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Latency {
    Fixed(u64),
    Drawn { min_ms: u64, max_ms: u64 },
}

/// Behaviour that can be changed while the simulator runs.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Knobs {
    /// Every nth page that could hold rows is empty although it is not the last. It applies to
    /// exports and to listings by either kind of cursor.
    pub empty_page_every: Option<u64>,
    /// Pages of exports by time hold no more rows than requested, even if rows of the same second
    /// follow.
    pub seconds_are_cut: bool,
    /// The last row of every nth export page changes while the page is made. It keeps its old place
    /// and has its new time. In exports by time the end of the page is the new time too.
    pub race_every: Option<u64>,
    /// In exports, every nth row (by number) has a time this many seconds later than its place.
    pub rendered_later: Option<(u64, i64)>,
    /// Cursors that were issued before this simulated time are refused with 400.
    pub cursors_expired_before: i64,
    pub header_spelling: HeaderSpelling,
    /// Listings with two known envelopes use the other one: capacity rules under `data` instead of
    /// a plain list, engagements under `data`.
    pub other_envelopes: bool,
    /// Every count is above 100,000 and not computed yet (Zendesk, Count Tickets and similar).
    pub still_counting: bool,
    /// How many seconds the search index lags behind.
    pub search_lag_seconds: i64,
    /// Ids of rows that no search ever finds.
    pub search_misses: Vec<u64>,
    /// Ids of rows that every search for a field's value or for a tag finds. The results show them
    /// with that value or tag.
    pub search_overstates: Vec<u64>,
    /// The longest life of new access tokens, whatever a request asks for.
    pub longest_token_seconds: Option<i64>,
    /// Search pages have this many rows fewer than requested, but at least one.
    pub search_pages_shorter_by: usize,
    /// How much each row adds to a search count beyond itself. Zendesk's search counts are known to
    /// be wrong.
    pub search_counts_more: usize,
    /// The host of contents sends whole files, whatever part is requested.
    pub content_without_parts: bool,
    /// How many of the next addresses of contents have expired when they are used.
    pub ended_content_addresses: u64,
    /// Help centers that are `restricted` answer 404 with HTML, like closed ones.
    pub restricted_are_absent: bool,
    /// The merges of a deleted organization answer 404. Zendesk does not say whether they exist.
    pub deleted_organizations_are_absent: bool,
    /// Escaped surrogate pairs in texts lose one half.
    pub half_characters: bool,
    /// The links of listings whose path contains this text form a ring of this many pages.
    pub ring: Option<(String, usize)>,
    /// The spelling of the encoding of compressed answers.
    #[serde(skip)]
    pub encoding_spelling: Option<&'static str>,
    /// Bulk imports of users are not enabled: `create_many` and `create_or_update_many` of users
    /// answer 403.
    pub bulk_import_is_off: bool,
    /// How many jobs may be queued or running. 30 if not set.
    pub jobs_limit: Option<u32>,
    /// How many of these places the jobs of other programs take.
    pub other_jobs: u32,
    /// How long a job is queued, in simulated milliseconds. One second if not set.
    pub job_queue_ms: Option<i64>,
    /// How long an item of a job takes, in simulated milliseconds. 50 to 155 by kind if not set.
    pub job_item_ms: Option<i64>,
    /// Answers to orders of jobs have the header `zendesk-ratelimit-inflight-jobs`.
    pub inflight_jobs_header: bool,
    /// A user may belong to one organization only. A second membership is refused.
    pub one_organization: bool,
    /// Jobs whose results nobody has recorded (of memberships, of records of custom objects) use
    /// the other of two possible shapes.
    pub other_job_results: bool,
    /// Contents are this many bytes longer than their rows say.
    pub content_bytes_more: i64,
}

/// The names of the rate limit headers, which have changed over the years.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum HeaderSpelling {
    /// `ratelimit-limit`, `zendesk-ratelimit-*`
    #[default]
    Current,
    /// `rate-limit`, `zendesk-rate-limit-*`
    Of2023,
}
