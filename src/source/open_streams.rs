//! Turns the selected streams into walks. Decides for each stream which feed is read, at which
//! hosts, and where the read begins.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::sync::Arc;

use super::brands::HelpCenters;
use super::estimate::FromTheBeginning;
use super::selection::nearest;
use super::{Environment, fallback};
use crate::config::Config;
use crate::streams::{ResolvedFeed, ResolvedStream};
use crate::sync::listing::member::{ActiveStream, Group};
use crate::sync::plan::per_brand::{self, Beginnings, Hosts};
use crate::sync::plan::{self, Now};
use crate::sync::position::encode::to_state;
use crate::sync::walk::search_first;
use airbyte::catalog::Selected;
use airbyte::message::{self, ErrorTrace, FailureType, Level, Status};
use airbyte::source::emitter::Emitter;
use airbyte::source::state::SavedStates;
use airbyte::stdout::{Closed, unix_ms};
use connector::failure::refused;
use zendesk::client::Client;
use zendesk::site::Site;

/// What is known before anything is read.
pub struct Known<'k> {
    pub streams: &'k [Arc<ResolvedStream>],
    /// Why some of the streams cannot be read.
    pub troubles: &'k [ErrorTrace],
    /// Feeds that Zendesk refuses and that have a fallback.
    pub refused: &'k [ResolvedFeed],
    /// The hosts whose help centers are read.
    pub help_centers: &'k HelpCenters,
    pub config: &'k Config,
    pub states: &'k SavedStates,
    pub environment: &'k Environment,
    pub client: &'k Client,
    pub now: Now,
}

/// The walks of this sync, and the streams that are in no walk.
#[derive(Debug, Default)]
pub struct Begun {
    pub groups: Vec<Group>,
    pub failed: Vec<(String, FailureType)>,
    pub from_the_beginning: Vec<FromTheBeginning>,
}

impl Begun {
    /// The number of hosts where each stream is read.
    #[must_use]
    pub fn hosts(&self) -> BTreeMap<Cow<'static, str>, usize> {
        let mut hosts = BTreeMap::new();
        for group in &self.groups {
            let members = group.members.iter().map(|member| &member.stream.name);
            for name in members.chain(group.first.iter().map(|(_, stream)| &stream.name)) {
                *hosts.entry(name.clone()).or_default() += 1;
            }
        }
        hosts
    }

    fn group(
        &mut self,
        client: &Client,
        feed: &ResolvedFeed,
        site: Option<Arc<Site>>,
    ) -> &mut Group {
        let known = |group: &Group| group.feed == *feed && group.site == site;
        let at = self.groups.iter().position(known).unwrap_or_else(|| {
            let (walk, members, first) = (client.new_walk(), Vec::new(), Vec::new());
            let feed = feed.clone();
            self.groups.push(Group { site, feed, members, walk, first });
            self.groups.len() - 1
        });
        &mut self.groups[at]
    }
}

/// Opens every selected stream that can be read, and reports why the others cannot.
///
/// # Errors
/// [`Closed`] when nobody reads the messages.
pub async fn begin(
    selected: Vec<Selected>,
    known: &Known<'_>,
    emitter: &Emitter,
) -> Result<Begun, Closed> {
    let mut begun = Begun::default();
    for selected in selected {
        let Some(stream) = known.streams.iter().find(|stream| stream.name == selected.name) else {
            unknown_stream(emitter, &selected.name, known.streams).await?;
            begun.failed.push((selected.name, FailureType::ConfigError));
            continue;
        };
        let is_its = |trouble: &&ErrorTrace| trouble.stream.as_deref() == Some(&*stream.name);
        if let Some(trouble) = known.troubles.iter().find(is_its) {
            not_begun(emitter, &stream.name, trouble).await?;
            begun.failed.push((selected.name, trouble.failure_type));
            continue;
        }
        let chosen = fallback::choose_feed(stream, known.refused);
        let stream = with_files(chosen, &selected, known.environment);
        open(&mut begun, &stream, &selected, known, emitter).await?;
    }
    Ok(begun)
}

/// Opens a stream at each of its hosts.
async fn open(
    begun: &mut Begun,
    stream: &Arc<ResolvedStream>,
    selected: &Selected,
    known: &Known<'_>,
    emitter: &Emitter,
) -> Result<(), Closed> {
    let (mode, config, now) = (selected.mode, known.config, known.now);
    let state = known.states.get(&stream.name);
    let feed = stream.feed.root();
    let sites: Vec<Option<Arc<Site>>> = match feed.is_of_brands() {
        true => known.help_centers.sites.iter().cloned().map(Some).collect(),
        false => vec![None],
    };
    let hosts = Hosts { main_brand: known.help_centers.main_brand, sites: &sites };
    let Beginnings { positions, open, warnings } =
        per_brand::begin(stream, mode, state, config, now, hosts);
    for warning in &warnings {
        emitter.log(Level::Warn, warning).await?;
    }
    let is_due = |(_, position): &(_, _)| search_first::is_due(stream, mode, position);
    let is_due = open.iter().any(is_due);
    if let Some(first) = fallback::first(stream).filter(|_| is_due) {
        let position = plan::begin(&first, mode, state, config, now).position;
        emitter.open(&stream.name, to_state(&first, &position)).await?;
        let group = begun.group(known.client, &feed, None);
        let member = ActiveStream::new(first, position, group.walk);
        group.first.push((member, Arc::clone(stream)));
        return Ok(());
    }
    emitter.open(&stream.name, positions).await?;
    if open.is_empty() {
        emitter.close(&stream.name, Status::Complete).await?;
        return Ok(());
    }
    if open.iter().all(|(_, position)| position.is_at_the_beginning()) {
        let bound = open.iter().filter_map(|(_, position)| position.walk.start_bound).min();
        begun.from_the_beginning.push(FromTheBeginning { stream: Arc::clone(stream), bound });
    }
    for (site, position) in open {
        let brand = site.as_ref().and_then(|site| site.part_of_state());
        let group = begun.group(known.client, &feed, site);
        let member =
            ActiveStream { brand, ..ActiveStream::new(Arc::clone(stream), position, group.walk) };
        group.members.push(member);
    }
    Ok(())
}

/// The stream as it is read: with files only if the platform asks for them. What the catalog says
/// about the stream overrides what is said about all streams.
///
/// Source: Airbyte Protocol, `ConfiguredAirbyteStream.include_files`; `USE_FILE_TRANSFER`.
fn with_files(
    stream: Arc<ResolvedStream>,
    selected: &Selected,
    environment: &Environment,
) -> Arc<ResolvedStream> {
    if stream.file.is_none() || wants_files(&stream, selected, environment) {
        return stream;
    }
    Arc::new(stream.without_files())
}

/// Whether the files of a stream are fetched.
#[must_use]
pub fn wants_files(
    stream: &ResolvedStream,
    selected: &Selected,
    environment: &Environment,
) -> bool {
    stream.file.is_some() && selected.include_files.unwrap_or(environment.file_transfer)
}

async fn unknown_stream(
    emitter: &Emitter,
    name: &str,
    known: &[Arc<ResolvedStream>],
) -> Result<(), Closed> {
    let nearest = nearest(name, known.iter().map(|stream| &*stream.name));
    let nearest: Vec<String> = nearest.iter().map(|name| format!("`{name}`")).collect();
    let message = if nearest.is_empty() {
        format!(
            "there is no stream `{name}`. Refresh the source's schema and select the streams again."
        )
    } else {
        format!(
            "there is no stream `{name}`: similar names are {}. Correct the name, or refresh the \
             source's schema and select the streams again.",
            nearest.join(", ")
        )
    };
    not_begun(emitter, name, &ErrorTrace { stream: Some(name.to_owned()), ..refused(&message) })
        .await
}

/// Reports why a stream is not read at all.
async fn not_begun(emitter: &Emitter, name: &str, trouble: &ErrorTrace) -> Result<(), Closed> {
    emitter.error(trouble).await?;
    emitter.line(message::stream_status(name, Status::Incomplete, unix_ms())).await
}
