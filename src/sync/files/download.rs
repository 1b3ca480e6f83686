//! Fetches the files of rows. Each file is complete on the disk before its row is written.

use std::path::{Path, PathBuf};

use futures_util::stream::{FuturesUnordered, StreamExt};

use super::{put, reference};
use crate::streams::ResolvedStream;
use crate::sync::WalkError;
use crate::sync::listing::context::Context;
use crate::sync::listing::member::FileStats;
use crate::sync::records::file_ref::FileRef;
use airbyte::message::Level;
use airbyte::stdout::Closed;
use zendesk::budget::WalkId;
use zendesk::client::RequestStats;
use zendesk::download::{Wanted, fetch, kind_of};
use zendesk::error::{ApiError, ErrorKind};
use zendesk::partial_file::PartialFile;

/// The folder of files that are still incoming. No stream has this name.
const INCOMING: &str = ".incoming";

/// A file that came, or the reason why it did not.
struct Came {
    at: usize,
    tally: RequestStats,
    result: Result<(PathBuf, u64), ApiError>,
}

/// The work of fetching the files of a page.
#[derive(Clone, Copy, Debug, Default)]
pub struct DownloadStats {
    pub files: FileStats,
    pub requests: RequestStats,
}

/// Fetches the files of a stream's rows.
#[derive(Clone, Copy)]
pub struct Downloads<'a> {
    pub context: Context<'a>,
    pub stream: &'a ResolvedStream,
    /// The number of the walk. Its requests take turns under this number.
    pub walk: WalkId,
}

impl Downloads<'_> {
    /// Fetches the files of a page, several at once, and returns the lines with references to them.
    /// `note` receives the outcome of each file, and may end the fetch with an error.
    ///
    /// # Errors
    /// An error of `note`, or an error that is not about a single file, such as a full disk or the
    /// end of the sync.
    pub async fn fetch(
        self,
        lines: Vec<u8>,
        files: Vec<FileRef>,
        stats: &mut DownloadStats,
        mut note: impl FnMut(Option<ApiError>) -> Result<(), WalkError> + Send,
    ) -> Result<Vec<u8>, WalkError> {
        let Context { config, staging, .. } = self.context;
        let (wanted, left_out): (Vec<_>, Vec<_>) =
            files.into_iter().partition(|file| file.is_wanted(&config.files));
        stats.files.left_out += left_out.len() as u64;
        let mut wanted = wanted.into_iter();
        let mut references = Vec::new();
        let mut running = FuturesUnordered::new();
        loop {
            while running.len() < config.account.workers {
                let Some(file) = wanted.next() else { break };
                running.push(Box::pin(self.file(file)));
            }
            let Some(came) = running.next().await.transpose()? else { break };
            stats.requests.add(came.tally);
            match came.result {
                Ok((path, bytes)) => {
                    note(None)?;
                    stats.files.fetched += 1;
                    stats.files.bytes += bytes;
                    references.push((came.at, reference(staging, &path, bytes)));
                }
                Err(error) if is_its_own(&error) => {
                    stats.files.missing += 1;
                    note(Some(error))?;
                }
                Err(error) => return Err(error.into()),
            }
        }
        references.sort_unstable_by_key(|(at, _)| *at);
        Ok(put(lines, &references))
    }

    /// Fetches one file to its place.
    async fn file(self, file: FileRef) -> Result<Came, Closed> {
        let mut tally = RequestStats::default();
        let result = self.bring(&file, &mut tally).await;
        if let Err(error) = result.as_ref()
            && is_its_own(error)
        {
            let (name, id) = (&self.stream.name, &file.id);
            let why = format!("{name}: the file of {id} could not be fetched ({error})");
            self.context.emitter.log(Level::Debug, &why).await?;
        }
        Ok(Came { at: file.at, tally, result })
    }

    async fn bring(
        self,
        file: &FileRef,
        tally: &mut RequestStats,
    ) -> Result<(PathBuf, u64), ApiError> {
        let Self { context, stream, walk } = self;
        let described = format!("the file of {} {}", stream.name, file.id);
        let disk = |error: std::io::Error| ApiError {
            kind: kind_of(&error),
            status: None,
            request: described.clone(),
            detail: format!("{}: {error}", context.staging.display()),
            again_in: None,
            is_zendesks: false,
        };
        let incoming = format!("{}-{}", stream.name, file.id);
        let incoming = context.staging.join(INCOMING).join(incoming);
        // Only a size can show whether an earlier run left part of this very file.
        let mut partial = PartialFile::open(&incoming, file.size.is_some()).map_err(disk)?;
        let wanted = Wanted {
            site: context.site.map(|site| &**site),
            hosts: context.hosts,
            url: file.url.as_deref().unwrap_or_default(),
            name: &described,
            size: file.size,
            largest: context.config.files.largest_bytes,
            walk,
        };
        match fetch(context.client, &wanted, &mut partial, tally).await {
            Ok(()) => {}
            // What has come by now is continued by the next sync.
            Err(error) if !is_its_own(&error) && error.kind != ErrorKind::DiskFull => {
                return Err(error);
            }
            Err(error) => {
                partial.discard();
                return Err(error);
            }
        }
        let bytes = partial.len();
        let path = file.relative_path(&stream.name);
        partial.finish(context.staging.join(&path)).await.map_err(disk)?;
        Ok((path, bytes))
    }
}

/// The folder of all files. It is the one that the platform names, if that exists.
///
/// Source: Airbyte's file transfer. A source without that folder uses a folder of its own.
#[must_use]
pub fn staging(named: Option<&Path>) -> PathBuf {
    let named = named.unwrap_or(Path::new("/staging/files"));
    if named.exists() {
        named.to_owned()
    } else {
        std::env::temp_dir().join("airbyte-file-transfer")
    }
}

/// Whether the error is about this file alone and says nothing about other files.
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
        | ErrorKind::Unsettled
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
