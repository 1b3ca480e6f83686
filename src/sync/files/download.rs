//! Fetches the files that rows tell of: each is whole on the disk before its row is written.

use std::path::{Path, PathBuf};

use futures_util::stream::{FuturesUnordered, StreamExt};

use super::{Delivery, put, reference};
use crate::protocol::message::Level;
use crate::streams::Stream;
use crate::sync::WalkError;
use crate::sync::listing::context::Context;
use crate::sync::listing::member::FileTally;
use crate::sync::records::file_ref::FileRef;
use crate::zendesk::client::RequestStats;
use crate::zendesk::download::{Wanted, fetch, kind_of};
use crate::zendesk::error::{ApiError, ErrorKind};
use crate::zendesk::partial_file::PartialFile;

/// Where files are while they come. No stream has this name.
const INCOMING: &str = ".incoming";

/// A file that came, or the reason why not.
struct Came {
    at: usize,
    id: String,
    tally: RequestStats,
    result: Result<(PathBuf, u64), ApiError>,
}

impl Context<'_> {
    /// Fetches the files of a page, several at once, and returns the lines with references to
    /// them. `note` hears how each came out, and may end it.
    ///
    /// # Errors
    /// What `note` said, or what is no single file's affair: a full disk, the end of the sync.
    pub(in crate::sync) async fn fetch(
        self,
        delivery: Delivery,
        walk: u64,
        (files, tally): (&mut FileTally, &mut RequestStats),
        mut note: impl FnMut(Option<ApiError>) -> Result<(), WalkError> + Send,
    ) -> Result<Vec<u8>, WalkError> {
        let Delivery { stream, lines, offers } = delivery;
        let (wanted, left_out): (Vec<_>, Vec<_>) =
            offers.into_iter().partition(|offer| offer.is_wanted(&self.config.files));
        files.left_out += left_out.len() as u64;
        let mut wanted = wanted.into_iter();
        let mut references = Vec::new();
        let mut running = FuturesUnordered::new();
        loop {
            while running.len() < self.config.workers {
                let Some(offer) = wanted.next() else { break };
                running.push(Box::pin(self.file(stream, offer, walk)));
            }
            let Some(came) = running.next().await else { break };
            tally.add(came.tally);
            match came.result {
                Ok((path, bytes)) => {
                    note(None)?;
                    files.fetched += 1;
                    files.bytes += bytes;
                    references.push((came.at, reference(self.staging, &path, bytes)));
                }
                Err(error) if is_its_own(&error) => {
                    files.missing += 1;
                    let name = stream.name;
                    let why = format!("{name}: the file of {} cannot be had ({error})", came.id);
                    self.emitter.log(Level::Debug, &why).await?;
                    note(Some(error))?;
                }
                Err(error) => return Err(error.into()),
            }
        }
        references.sort_unstable_by_key(|(at, _)| *at);
        Ok(put(lines, &references))
    }

    /// Brings one file to its place.
    async fn file(self, stream: &'static Stream, offer: FileRef, walk: u64) -> Came {
        let mut tally = RequestStats::default();
        let told = format!("the file of {} {}", stream.name, offer.id);
        let result = self.bring(stream, &offer, (&told, walk), &mut tally).await;
        Came { at: offer.at, id: offer.id, tally, result }
    }

    async fn bring(
        self,
        stream: &Stream,
        offer: &FileRef,
        (told, walk): (&str, u64),
        tally: &mut RequestStats,
    ) -> Result<(PathBuf, u64), ApiError> {
        let disk = |error: std::io::Error| ApiError {
            kind: kind_of(&error),
            status: None,
            request: told.to_owned(),
            detail: format!("{}: {error}", self.staging.display()),
            again_in: None,
            is_zendesks: false,
        };
        let incoming = format!("{}-{}", stream.name, offer.id);
        let incoming = self.staging.join(INCOMING).join(incoming);
        // Only a size can show whether an earlier run left part of this very file.
        let mut arrival = PartialFile::open(&incoming, offer.size.is_some()).map_err(disk)?;
        let wanted = Wanted {
            site: self.site.map(|site| &**site),
            hosts: self.hosts,
            url: offer.url.as_deref().unwrap_or_default(),
            name: told,
            size: offer.size,
            largest: self.config.files.largest_bytes,
            walk,
        };
        match fetch(self.client, &wanted, &mut arrival, tally).await {
            Ok(()) => {}
            // What has come by now is continued by the next sync.
            Err(error) if !is_its_own(&error) && error.kind != ErrorKind::DiskFull => {
                return Err(error);
            }
            Err(error) => {
                arrival.discard();
                return Err(error);
            }
        }
        let bytes = arrival.len();
        let path = offer.relative_path(stream.name);
        arrival.finish(self.staging.join(&path)).await.map_err(disk)?;
        Ok((path, bytes))
    }
}

/// The folder of all files: the one that the platform names, where it is there.
///
/// Source: Airbyte's file transfer; a source without that folder uses one of its own.
#[must_use]
pub fn staging(named: Option<&Path>) -> PathBuf {
    let named = named.unwrap_or(Path::new("/staging/files"));
    if named.exists() {
        named.to_owned()
    } else {
        std::env::temp_dir().join("airbyte-file-transfer")
    }
}

/// Whether the failure of a file says nothing about others.
fn is_its_own(error: &ApiError) -> bool {
    match error.kind {
        ErrorKind::Unauthorized
        | ErrorKind::Forbidden
        | ErrorKind::NotFound
        | ErrorKind::BadPosition
        | ErrorKind::Invalid
        | ErrorKind::Unexpected
        | ErrorKind::Unresolved
        | ErrorKind::Untrusted
        | ErrorKind::Unavailable
        | ErrorKind::Outage
        | ErrorKind::LongOutage
        | ErrorKind::Intercepted
        | ErrorKind::Redirected
        | ErrorKind::Renamed
        | ErrorKind::Unreadable
        | ErrorKind::TooLarge => true,
        ErrorKind::RateLimited
        | ErrorKind::NoAccount
        | ErrorKind::GrantEnded
        | ErrorKind::ClientRefused
        | ErrorKind::NoToken
        | ErrorKind::DiskFull
        | ErrorKind::Unwritable
        | ErrorKind::Stopped => false,
    }
}
