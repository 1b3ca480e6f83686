//! What a test or the demo chooses before the simulator starts.

use serde::{Deserialize, Serialize};
use std::net::{IpAddr, Ipv4Addr};
use std::path::PathBuf;

/// Settings of one simulated account. `Settings::default()` is a tiny Enterprise account whose
/// pages hold five rows, with limits enforced.
#[derive(Debug, Clone)]
pub struct Settings {
    pub seed: u64,
    pub size: Size,
    /// So many tickets have timelines, and all that belongs to tickets agrees with them, whatever the
    /// size; 0 for an account of rows that are each made for itself.
    pub timelines: u64,
    /// Simulated seconds per real second.
    pub scale: f64,
    pub plan: Plan,
    /// The High Volume API add-on: 2,500 requests and 30 exports a minute.
    pub high_volume: bool,
    /// Time to answer, in simulated milliseconds, for all but exports.
    pub latency: Latency,
    /// Time to answer of the incremental exports.
    pub export_latency: Latency,
    /// Simulated unix time at start.
    pub start_now: i64,
    /// Compress answers for clients that accept it.
    pub gzip: bool,
    pub enforce_limits: bool,
    /// Caps any page size, so that small accounts still span pages.
    pub page_cap: Option<usize>,
    /// Whether the Support product is active; without it Support answers SupportProductInactive.
    pub support: bool,
    pub help_center: bool,
    /// Brands with a help center, the account's own among them; its rows are dealt out to them.
    pub help_centers: usize,
    /// Subdomains of further brands that claim a help center; no host of the account is called so.
    pub hostile_subdomains: &'static [&'static str],
    pub community: bool,
    pub side_conversations: bool,
    pub talk: bool,
    /// The add-on Advanced Data Privacy and Protection.
    pub data_privacy: bool,
    /// Whether Zendesk's support has enabled bulk imports of users for this account.
    pub bulk_import: bool,
    /// What the OAuth client's pairs of tokens are for: `read`, `read write`, ...
    pub oauth_scope: &'static str,
    /// The founded people agree with each other, as `Account::tidy_people` makes them.
    pub tidy_people: bool,
    /// The address that is listened at.
    pub listen: IpAddr,
    /// 0 picks a free port.
    pub port: u16,
    /// Of the host that contents of files are sent from; 0 picks a free port.
    pub content_port: u16,
    /// Serves HTTPS with these, else HTTP.
    pub tls: Option<Tls>,
}

/// PEM files of a server: its certificate, and the key to it.
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
            listen: IpAddr::V4(Ipv4Addr::LOCALHOST),
            port: 0,
            content_port: 0,
            tls: None,
        }
    }
}

/// How much the account holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Size {
    /// Few rows, yet every listing spans three pages of five rows.
    Tiny,
    /// Some hundred tickets.
    Small,
    /// So many tickets, the rest in proportion.
    Large(u64),
    /// So many rows of the resources named, as few as `Tiny` of all others.
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
    /// Requests a minute (Zendesk, Rate limits).
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

/// What can be turned while the simulator runs.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Knobs {
    /// Every nth page that could hold rows is empty, yet not the last one, in exports and in
    /// listings by either kind of cursor.
    pub empty_page_every: Option<u64>,
    /// Pages of exports by time hold no more than was asked for, whatever second their rows are of.
    pub seconds_are_cut: bool,
    /// The last row of every nth export page changes while the page is made: it stands at its old
    /// place and bears its new time, and so does the end of a page by time.
    pub race_every: Option<u64>,
    /// In exports every nth row, by number, bears a time so many seconds later than its place.
    pub rendered_later: Option<(u64, i64)>,
    /// Cursors handed out before this simulated time are refused with 400.
    pub cursors_expired_before: i64,
    pub header_spelling: HeaderSpelling,
    /// Listings of which two envelopes are known answer in the other one: capacity rules under `data`
    /// in place of a bare list, engagements under `data`.
    pub other_envelopes: bool,
    /// Every count is past 100,000 and not made yet (Zendesk, Count Tickets and its like).
    pub still_counting: bool,
    /// How long the search index lags behind.
    pub search_lag_seconds: i64,
    /// Rows, by their ids, that no search finds, however long it had.
    pub search_misses: Vec<u64>,
    /// Rows, by their ids, that every search for the value of a field or for a tag finds, and shows
    /// as if they had it.
    pub search_overstates: Vec<u64>,
    /// New access tokens live no longer than this, whatever is asked.
    pub longest_token_seconds: Option<i64>,
    /// Search pages hold so many rows less than they were asked for, at least one.
    pub search_pages_shorter_by: usize,
    /// What the count of a search says too much, by row. Its counts are known to be off.
    pub search_counts_more: usize,
    /// The host of contents sends whole files, whatever part is asked for.
    pub content_without_parts: bool,
    /// So many more addresses of contents have ended when they are followed.
    pub ended_content_addresses: u64,
    /// Help centers that are `restricted` answer 404 with HTML, as closed ones do.
    pub restricted_are_absent: bool,
    /// The merges of a deleted organization are not there: 404. Zendesk does not say whether they are.
    pub deleted_organizations_are_absent: bool,
    /// Escaped pairs of surrogates in texts lose halves.
    pub half_characters: bool,
    /// The links of listings whose path holds this go in a ring of so many pages.
    pub ring: Option<(String, usize)>,
    /// How the encoding of compressed answers is spelled.
    #[serde(skip)]
    pub encoding_spelling: Option<&'static str>,
    /// Bulk imports of users are not enabled: `create_many` and `create_or_update_many` of users
    /// answer 403.
    pub bulk_import_is_off: bool,
    /// So many jobs may be queued or running, 30 without a word.
    pub jobs_limit: Option<u32>,
    /// So many of their places are taken by the jobs of other programs.
    pub other_jobs: u32,
    /// How long a job is queued, in simulated milliseconds; a second without a word.
    pub job_queue_ms: Option<i64>,
    /// How long an item of a job takes; without a word 50 to 155 milliseconds, by kind.
    pub job_item_ms: Option<i64>,
    /// Orders of jobs are answered with `zendesk-ratelimit-inflight-jobs`.
    pub inflight_jobs_header: bool,
    /// The account allows a user one organization only: a second membership is refused.
    pub one_organization: bool,
    /// The jobs whose results nobody recorded (of memberships, of records of custom objects) tell them
    /// in their other shape.
    pub other_job_results: bool,
    /// Contents are so many bytes longer than their rows say.
    pub content_bytes_more: i64,
}

/// Names of the rate limit headers, which have changed over the years.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum HeaderSpelling {
    /// `ratelimit-limit`, `zendesk-ratelimit-*`
    #[default]
    Current,
    /// `rate-limit`, `zendesk-rate-limit-*`
    Of2023,
}
