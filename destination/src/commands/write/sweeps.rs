//! The end of a sync: each mirror removes the members that are not among its rows, or logs why it does not.

use std::sync::Arc;

use airbyte::destination::catalog::Descriptor;
use airbyte::message::{ErrorTrace, Level};
use airbyte::stdout::Closed;
use tokio::sync::mpsc::UnboundedReceiver;
use zendesk::budget::Wait;
use zendesk::error::ApiError;

use super::Sync;
use super::mirrors::Mirror;
use crate::commands::failure;
use crate::mirror::{Done, Swept, sweep};

/// How many members that could not be removed are logged one by one.
const MOST_TOLD: usize = 10;

impl Sync<'_> {
    /// Sweeps all mirrors, one after the other.
    pub(super) async fn sweep(
        &mut self,
        mut waits: UnboundedReceiver<Wait>,
    ) -> Result<Result<(), ErrorTrace>, Closed> {
        while let Some((stream, mirror)) = self.mirrors.take() {
            if let Err(trouble) = self.sweep_one(&stream, mirror, &mut waits).await? {
                return Ok(Err(trouble));
            }
        }
        Ok(Ok(()))
    }

    async fn sweep_one(
        &mut self,
        stream: &Descriptor,
        mirror: Mirror,
        waits: &mut UnboundedReceiver<Wait>,
    ) -> Result<Result<(), ErrorTrace>, Closed> {
        let slug = mirror.slug().to_owned();
        if let Some(why) = mirror.why_not(self.config, self.environment, self.unread) {
            return self.not_swept(stream, &slug, why).await;
        }
        match self.swept(mirror, waits).await? {
            Ok(Swept::Done(done)) => self.removed(stream, &slug, done).await,
            Ok(Swept::Unresolved(why)) => self.not_swept(stream, &slug, &why).await,
            Ok(Swept::Stopped { removals, members }) => {
                let percent = self.config.max_removal_percent;
                let trouble = failure::of_sweep(stream, &slug, (removals, members), percent);
                if self.config.dry_run {
                    self.settling.log(Level::Warn, &trouble.message).await?;
                    return self.settling.release(stream, 0).await;
                }
                Ok(Err(trouble))
            }
            Err(error) => Ok(Err(failure::of_audience(&error))),
        }
    }

    /// Runs a sweep as a separate task, so that it continues while this loop waits for stdout.
    async fn swept(
        &self,
        mirror: Mirror,
        waits: &mut UnboundedReceiver<Wait>,
    ) -> Result<Result<Swept, ApiError>, Closed> {
        let writer = Arc::clone(&self.writer);
        let mut running = tokio::task::spawn_local(async move {
            let Mirror { layout, mark, seen, .. } = mirror;
            sweep(&writer, &layout, &mark, seen).await
        });
        loop {
            tokio::select! {
                ended = &mut running => {
                    return Ok(ended.unwrap_or_else(|error| std::panic::resume_unwind(error.into_panic())));
                }
                Some(wait) = waits.recv() => self.settling.say_wait(&wait).await?,
            }
        }
    }

    async fn not_swept(
        &mut self,
        stream: &Descriptor,
        slug: &str,
        why: &str,
    ) -> Result<Result<(), ErrorTrace>, Closed> {
        let message = format!("{stream}: nobody was removed from the audience `{slug}`: {why}");
        self.settling.log(Level::Warn, &message).await?;
        self.settling.release(stream, 0).await
    }

    async fn removed(
        &mut self,
        stream: &Descriptor,
        slug: &str,
        done: Done,
    ) -> Result<Result<(), ErrorTrace>, Closed> {
        for (id, why) in done.refused.iter().take(MOST_TOLD) {
            let message = format!(
                "{stream}: the member {id} of the audience `{slug}` is not among the rows, but was not removed: \
                 {why}"
            );
            self.settling.log(Level::Warn, &message).await?;
        }
        if done.refused.len() > MOST_TOLD {
            let count = done.refused.len();
            let message = format!(
                "{stream}: {count} members of the audience `{slug}` could not be removed. The first {MOST_TOLD} \
                 are listed above."
            );
            self.settling.log(Level::Warn, &message).await?;
        }
        let left = done.removed.len() as u64;
        if self.config.dry_run {
            self.settling.show_removed(stream, &done.removed).await?;
        } else {
            let message = format!(
                "{stream}: {left} members were removed from the audience `{slug}`, and {} stayed",
                done.kept
            );
            self.settling.log(Level::Info, &message).await?;
        }
        self.settling.release(stream, left).await
    }
}
