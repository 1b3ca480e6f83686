//! The command line.

use chrono::{DateTime, Utc};
use clap::Parser;
use clap::builder::RangedU64ValueParser;
use simulator::{Latency, Plan, Settings, Size, Tls};
use std::net::{IpAddr, Ipv4Addr};
use std::path::PathBuf;

/// The largest number of tickets for which an account is made in memory.
const MOST_TICKETS: u64 = 1_000_000;

/// Runs a simulated Zendesk account on this machine, for tests of programs that use Zendesk's API. It is not
/// Zendesk, and Zendesk did not make it. The first line on stdout is its URL.
#[derive(Debug, Parser)]
// The image's entry point has options, and what its user says of the same ones counts.
#[command(name = "zendesk-simulator", version, args_override_self = true)]
pub(crate) struct Options {
    /// The address to listen on; 0.0.0.0 for all addresses of this machine
    #[arg(long, value_name = "ADDRESS", default_value_t = IpAddr::V4(Ipv4Addr::LOCALHOST))]
    listen: IpAddr,
    /// The port to listen on; default: a free port
    #[arg(long, value_name = "N", default_value_t = 0, hide_default_value = true)]
    port: u16,
    /// The port from which clients download files; default: a free port
    #[arg(long, value_name = "N", default_value_t = 0, hide_default_value = true)]
    content_port: u16,
    /// The seed of the data; the same seed makes the same account
    #[arg(long, value_name = "N", default_value_t = 1)]
    seed: u64,
    /// The amount of data: tiny, small, or a number of tickets with the rest in proportion
    #[arg(long, default_value = "small", value_parser = size)]
    size: Size,
    /// The number of tickets whose rows agree with each other; default: each row is made independently
    #[arg(long, value_name = "N", default_value_t = 0, hide_default_value = true, value_parser = RangedU64ValueParser::<u64>::new().range(..=MOST_TICKETS))]
    timelines: u64,
    /// Make people consistent: each address and each organization occurs once
    #[arg(long)]
    tidy_people: bool,
    /// Add the people and the custom fields of the destination's guide; includes --tidy-people and
    /// --oauth-write
    #[arg(long)]
    guide: bool,
    /// The number of brands with a help center
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = RangedU64ValueParser::<usize>::new().range(1..=100))]
    help_centers: usize,
    /// The plan, which decides the rate limits and some features: essential, team, growth, professional,
    /// enterprise or enterprise-plus
    #[arg(long, default_value = "enterprise", value_parser = plan)]
    plan: Plan,
    /// Add the High Volume API add-on
    #[arg(long)]
    high_volume: bool,
    /// Refuse no request because of a rate limit
    #[arg(long)]
    no_limits: bool,
    /// Refuse bulk imports of users, like an account for which Zendesk has not enabled them
    #[arg(long)]
    no_bulk_import: bool,
    /// Let the tokens of the OAuth client write
    #[arg(long)]
    oauth_write: bool,
    /// The largest number of rows on a page, whatever size a request asks for
    #[arg(long, value_name = "ROWS", value_parser = RangedU64ValueParser::<usize>::new().range(1..=1_000_000))]
    page_cap: Option<usize>,
    /// Simulated milliseconds before each answer: a number, or a range such as 100-400
    #[arg(long, value_name = "MS", default_value = "0", value_parser = latency)]
    latency: Latency,
    /// The speed of the clock: simulated seconds in one real second
    #[arg(long, value_name = "X", default_value_t = 1.0, value_parser = scale)]
    scale: f64,
    /// The time at which the clock starts, or `now`; default: 2026-11-21T00:00:00Z
    #[arg(long, value_name = "TIME", value_parser = moment)]
    start: Option<i64>,
    /// Serve HTTPS with the certificate in this PEM file
    #[arg(long, value_name = "PEM", requires = "key")]
    certificate: Option<PathBuf>,
    /// The key of the certificate, a PEM file
    #[arg(long, value_name = "PEM", requires = "certificate")]
    key: Option<PathBuf>,
    /// End when stdin ends, so that a test that dies leaves no process behind
    #[arg(long)]
    pub(crate) until_stdin_ends: bool,
}

impl Options {
    pub(crate) fn settings(self) -> Result<Settings, String> {
        let tls = self.certificate.zip(self.key);
        let tls = tls.map(|(certificate, key)| Tls { certificate, key });
        for file in tls.iter().flat_map(|tls| [&tls.certificate, &tls.key]) {
            let read = std::fs::read(file);
            read.map_err(|error| format!("Cannot read {}: {error}", file.display()))?;
        }
        let default = Settings::default();
        Ok(Settings {
            seed: self.seed,
            size: self.size,
            timelines: self.timelines,
            tidy_people: self.tidy_people,
            guide: self.guide,
            help_centers: self.help_centers,
            plan: self.plan,
            high_volume: self.high_volume,
            enforce_limits: !self.no_limits,
            bulk_import: !self.no_bulk_import,
            oauth_scope: if self.oauth_write || self.guide {
                "read write"
            } else {
                default.oauth_scope
            },
            page_cap: self.page_cap,
            latency: self.latency,
            export_latency: self.latency,
            scale: self.scale,
            start_now: self.start.unwrap_or(default.start_now),
            listen: self.listen,
            port: self.port,
            content_port: self.content_port,
            tls,
            ..default
        })
    }
}

fn size(text: &str) -> Result<Size, String> {
    match text {
        "tiny" => Ok(Size::Tiny),
        "small" => Ok(Size::Small),
        _ => {
            let tickets = text.parse().ok().filter(|tickets| *tickets <= MOST_TICKETS);
            tickets.map(Size::Large).ok_or("use tiny, small or a number up to 1000000".into())
        }
    }
}

fn plan(text: &str) -> Result<Plan, String> {
    Ok(match text {
        "essential" => Plan::Essential,
        "team" => Plan::Team,
        "growth" => Plan::Growth,
        "professional" => Plan::Professional,
        "enterprise" => Plan::Enterprise,
        "enterprise-plus" => Plan::EnterprisePlus,
        _ => {
            let known = "essential, team, growth, professional, enterprise, enterprise-plus";
            return Err(format!("use one of {known}"));
        }
    })
}

fn latency(text: &str) -> Result<Latency, String> {
    let number = |text: &str| text.parse().map_err(|_| format!("{text:?} is not a number"));
    match text.split_once('-') {
        None => Ok(Latency::Fixed(number(text)?)),
        Some((min, max)) => {
            let (min_ms, max_ms) = (number(min)?, number(max)?);
            let is_range = min_ms < max_ms && max_ms <= u64::from(u32::MAX);
            is_range
                .then_some(Latency::Drawn { min_ms, max_ms })
                .ok_or("use a number, or a range such as 100-400".into())
        }
    }
}

fn scale(text: &str) -> Result<f64, String> {
    let scale = text.parse().ok().filter(|scale| (0.001..=1_000_000.0).contains(scale));
    scale.ok_or("use a number between 0.001 and 1000000".into())
}

fn moment(text: &str) -> Result<i64, String> {
    if text == "now" {
        let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
        return Ok(now.map_or(0, |since| since.as_secs() as i64));
    }
    let time: Result<DateTime<Utc>, _> = text.parse();
    let unix = time.map_err(|_| "use `now` or a time such as 2026-11-21T00:00:00Z")?.timestamp();
    // The account's history goes back years before its start.
    (1_262_304_000..=4_102_444_800)
        .contains(&unix)
        .then_some(unix)
        .ok_or("use a time between 2010 and 2100".into())
}
