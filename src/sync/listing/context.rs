//! What every walk needs, and how streams end.

use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::mpsc::UnboundedSender;

use super::member::{ActiveStream, Ended, Report};
use super::pager::{Listing, Pager};
use crate::config::Config;
use crate::streams::brands::BRAND_ID;
use crate::streams::{ResolvedFeed, ResolvedStream};
use crate::sync::WalkError;
use crate::sync::position::catch_up::StreamState;
use crate::sync::position::path_params::PathParams;
use airbyte::source::emitter::Emitter;
use airbyte::stdout::Closed;
use zendesk::budget::WalkId;
use zendesk::client::Client;
use zendesk::error::ErrorKind;
use zendesk::site::Site;

/// What every walk needs.
#[derive(Clone, Copy)]
pub struct Context<'a> {
    pub client: &'a Client,
    /// The host that is read. `None` is the main host, if its brand is not known.
    pub site: Option<&'a Arc<Site>>,
    /// The hosts of all brands. Files are fetched from them.
    pub hosts: &'a [Site],
    pub emitter: &'a Emitter,
    pub config: &'a Config,
    /// The folder of all files.
    pub staging: &'a Path,
    /// The channel that receives every stream that has ended.
    pub ended: &'a UnboundedSender<Ended>,
}

/// Locks a mutex that is only held over synchronous code. So the value of a poisoned lock is still
/// valid.
pub(in crate::sync) fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Context<'_> {
    /// The listing of a feed at the host that is read.
    pub(in crate::sync) fn listing(
        self,
        feed: &ResolvedFeed,
        path: String,
        streams: &[&ResolvedStream],
        walk: WalkId,
    ) -> Listing {
        Listing::new(feed, path, streams, walk, self.config).at(self.site.cloned())
    }

    /// The values that the host adds to rows, and to the paths of listings below.
    pub(in crate::sync) fn path_params(self) -> PathParams {
        let brand = self.site.and_then(|site| site.brand);
        brand.map(|brand| (BRAND_ID, brand.to_string())).into_iter().collect()
    }

    /// Logs the pager's notes about its listing.
    ///
    /// # Errors
    /// [`Closed`] when nobody reads the log.
    pub(in crate::sync) async fn log_notes(self, pager: &mut Pager) -> Result<(), Closed> {
        for (level, note) in pager.notes.drain(..) {
            self.emitter.log(level, &note).await?;
        }
        Ok(())
    }

    /// Fails one stream. The other streams of the walk go on.
    pub(in crate::sync) fn fail(self, member: Option<&mut ActiveStream>, error: WalkError) {
        if let Some(member) = member
            && member.state != StreamState::Failed
        {
            member.state = StreamState::Failed;
            self.report_end(member, Err(error));
        }
    }

    pub(in crate::sync) fn report_end(self, member: &ActiveStream, result: Result<(), WalkError>) {
        let report = Report { waited: self.client.waited(member.walk), ..member.report.clone() };
        let site = self.site.cloned();
        // Once per stream, where it has come to its end: it is not whole.
        let cut_short = member.report.cut_short.error(&member.stream.feed);
        let result = result.and_then(|()| cut_short.map_or(Ok(()), Err));
        let ended = Ended { stream: Arc::clone(&member.stream), site, result, report };
        // The receiver lives as long as the sync; without it there is nobody left to tell.
        let _ = self.ended.send(ended);
    }
}

/// Whether an error ends the whole sync, not one stream alone.
pub(in crate::sync) fn ends_everything(error: &WalkError) -> bool {
    match error {
        WalkError::Closed => true,
        WalkError::Api(error) => error.kind == ErrorKind::Stopped,
        WalkError::Broken { .. }
        | WalkError::CutShort { .. }
        | WalkError::EndedEarly { .. }
        | WalkError::Refused { .. }
        | WalkError::NoFiles { .. } => false,
    }
}
