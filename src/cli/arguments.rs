//! The arguments of the commands that choose streams: `catalog` and `sync`.

use std::path::PathBuf;
use std::time::Duration;

use clap::builder::{NonEmptyStringValueParser, PossibleValuesParser, TypedValueParser};
use clap::{ArgGroup, Args};

use crate::source::filing::SyncRequest;
use crate::source::filing::every::every;
use crate::source::selection::Selection;
use crate::streams::Family;
use airbyte::catalog::SyncMode;

/// Which streams, and how they are read.
#[derive(Debug, Args)]
#[command(group = ArgGroup::new("which").args(["streams", "family", "all"]).required(true).multiple(true))]
pub(super) struct CatalogArgs {
    /// The configuration, a JSON file.
    #[arg(long)]
    pub(super) config: PathBuf,
    /// These streams, by name.
    #[arg(long, value_name = "NAME,...", value_delimiter = ',', value_parser = NonEmptyStringValueParser::new())]
    streams: Vec<String>,
    /// All streams of these families.
    #[arg(long, value_name = "FAMILY,...", value_delimiter = ',', value_parser = one_of(&Family::ALL, Family::name))]
    family: Vec<Family>,
    /// All streams.
    #[arg(long, conflicts_with_all = ["streams", "family"])]
    all: bool,
    /// How streams are read. Default: incremental, and full_refresh for streams without an incremental
    /// read.
    #[arg(long, value_parser = one_of(&SyncMode::ALL, SyncMode::name))]
    mode: Option<SyncMode>,
}

impl CatalogArgs {
    pub(super) fn selection(self) -> Selection {
        let Self { streams, family: families, mode, .. } = self;
        Selection { streams: trimmed(streams), families, mode }
    }
}

/// Where rows go without a platform, and which.
#[derive(Debug, Args)]
pub(super) struct SyncArgs {
    /// The configuration, a JSON file.
    #[arg(long)]
    config: PathBuf,
    /// The folder. Each account needs its own.
    #[arg(long)]
    into: PathBuf,
    /// These streams, by name. Default: all streams of the account.
    #[arg(long, value_name = "NAME,...", value_delimiter = ',', value_parser = NonEmptyStringValueParser::new())]
    streams: Vec<String>,
    /// Repeat the sync at this interval, such as 15m, 1h or 1d, until the program is stopped.
    #[arg(long, value_parser = every)]
    every: Option<Duration>,
}

impl From<SyncArgs> for SyncRequest {
    fn from(SyncArgs { config, into, streams, every }: SyncArgs) -> Self {
        let selection = Selection { streams: trimmed(streams), ..Selection::default() };
        Self { config, into, selection, every }
    }
}

fn trimmed(names: Vec<String>) -> Vec<String> {
    names.into_iter().map(|name| name.trim().to_owned()).collect()
}

/// A parser that accepts one of these values by its name.
fn one_of<T: Copy + Send + Sync + 'static>(
    all: &'static [T],
    name: fn(T) -> &'static str,
) -> impl TypedValueParser<Value = T> {
    PossibleValuesParser::new(all.iter().map(|one| name(*one))).try_map(move |written| {
        all.iter().copied().find(|one| name(*one) == written).ok_or("not a known value")
    })
}
