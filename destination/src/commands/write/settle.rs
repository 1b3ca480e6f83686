//! Handles the result of each row: counts it, logs it, stores it if it is rejected, and acknowledges a STATE
//! when all rows before it are settled.

use std::sync::Arc;

use airbyte::destination::catalog::Descriptor;
use airbyte::destination::input::State;
use airbyte::destination::ledger::{Move, RowId, Settled};
use airbyte::message::{ErrorTrace, Level};
use airbyte::stdout::Closed;
use zendesk::budget::Wait;
use zendesk::clock::Clock;

use super::batches::Immediate;
use super::report::{MOST_SHOWN, Report, removed, words};
use crate::commands::{Out, failure};
use crate::config::Config;
use crate::rejected::{Reason, Store, Told};
use crate::rows::{Layout, Row};
use crate::writer::Written;

/// How many rejected rows of a stream are logged one by one.
const MOST_TOLD: u32 = 10;

/// Settles rows.
pub(super) struct Settling<'a> {
    out: &'a Arc<Out>,
    clock: &'a Clock,
    dry_run: bool,
    told: Told,
    store: Option<Store>,
    streams: Vec<Descriptor>,
    report: Report,
}

impl<'a> Settling<'a> {
    /// `store` is the store of rejected rows, if one is configured.
    pub(super) fn new(
        config: &Config,
        out: &'a Arc<Out>,
        clock: &'a Clock,
        store: Option<Store>,
    ) -> Self {
        Self {
            out,
            clock,
            dry_run: config.dry_run,
            told: Told::of(if config.dry_run { MOST_SHOWN } else { MOST_TOLD }),
            store,
            streams: Vec::new(),
            report: Report::default(),
        }
    }

    pub(super) async fn log(&self, level: Level, text: &str) -> Result<(), Closed> {
        self.out.log(level, text).await
    }

    /// Logs that the sync waits for a limit.
    pub(super) async fn say_wait(&self, wait: &Wait) -> Result<(), Closed> {
        let seconds = wait.length.as_secs();
        let message = match wait.bucket {
            Some(bucket) => {
                format!("waiting {seconds} seconds for a rate limit: {}", bucket.name())
            }
            None if wait.is_limit => {
                format!("waiting {seconds} seconds, as Zendesk asked to wait")
            }
            None => format!("waiting {seconds} seconds, because Zendesk is out of service"),
        };
        self.log(Level::Info, &message).await
    }

    /// Registers a row with the ledger.
    pub(super) async fn came(&self, stream: &Descriptor) -> Result<RowId, Closed> {
        let mut id = None;
        self.out
            .send(|ledger| {
                id = Some(ledger.came(stream));
                Vec::new()
            })
            .await?;
        id.ok_or(Closed)
    }

    /// Registers a STATE with the ledger.
    pub(super) async fn state(&mut self, state: State) -> Result<Result<(), ErrorTrace>, Closed> {
        self.out
            .send(|ledger| {
                ledger.state(state);
                Vec::new()
            })
            .await?;
        self.acknowledge().await
    }

    /// Holds back the last STATE of these streams until [`Settling::release`].
    pub(super) async fn hold(
        &self,
        streams: impl Iterator<Item = &Descriptor>,
    ) -> Result<(), Closed> {
        self.out
            .send(|ledger| {
                streams.for_each(|stream| ledger.hold(stream));
                Vec::new()
            })
            .await
    }

    /// Releases the last STATE of a stream. `left` members were removed from its audience meanwhile.
    pub(super) async fn release(
        &mut self,
        stream: &Descriptor,
        left: u64,
    ) -> Result<Result<(), ErrorTrace>, Closed> {
        self.out
            .send(|ledger| {
                ledger.left(stream, left);
                ledger.release(stream);
                Vec::new()
            })
            .await?;
        self.acknowledge().await
    }

    /// Settles a row that needs no write.
    pub(super) async fn settle_row(
        &mut self,
        stream: &Descriptor,
        settled: Immediate,
    ) -> Result<Result<(), ErrorTrace>, Closed> {
        let Immediate { row, key, came } = settled;
        let rows = &[row];
        if self.dry_run
            && let Ok(settled) = came
        {
            self.show(stream, key.as_deref(), (settled, None), &[]).await?;
        }
        if let Err(trouble) = self.note(stream, key.as_deref(), rows, &came, None).await? {
            return Ok(Err(trouble));
        }
        self.acknowledge().await
    }

    /// Settles the items of a batch.
    pub(super) async fn settle(
        &mut self,
        layout: &Layout,
        written: Vec<Written>,
    ) -> Result<Result<(), ErrorTrace>, Closed> {
        for Written { item, came, fields } in written {
            let stream = &layout.bound.stream;
            let key = layout.written_key(&item.wanted).map(|(_, key)| key);
            let key = key.as_deref();
            if self.dry_run
                && let Ok(settled) = came
            {
                self.show(stream, key, (settled, item.moved), &fields).await?;
            }
            if let Err(trouble) = self.note(stream, key, &item.rows, &came, item.moved).await? {
                return Ok(Err(trouble));
            }
        }
        self.acknowledge().await
    }

    /// Logs what a dry run would do with a row.
    async fn show(
        &mut self,
        stream: &Descriptor,
        key: Option<&str>,
        came: (Settled, Option<Move>),
        fields: &[String],
    ) -> Result<(), Closed> {
        for line in self.report.lines(stream, key, came, fields) {
            self.out.log(Level::Info, &line).await?;
        }
        Ok(())
    }

    /// Logs which members a dry run would remove from an audience.
    pub(super) async fn show_removed(
        &self,
        stream: &Descriptor,
        ids: &[u64],
    ) -> Result<(), Closed> {
        for line in removed(stream, ids) {
            self.out.log(Level::Info, &line).await?;
        }
        Ok(())
    }

    /// Counts, logs and stores the result of the rows of one key. `moved` is their effect on the audience.
    async fn note(
        &mut self,
        stream: &Descriptor,
        key: Option<&str>,
        rows: &[Row],
        came: &Result<Settled, Reason>,
        moved: Option<Move>,
    ) -> Result<Result<(), ErrorTrace>, Closed> {
        if !self.streams.contains(stream) {
            self.streams.push(stream.clone());
        }
        if let Err(why) = came {
            for row in rows {
                let now = self.clock.now_unix();
                if let Some(store) = self.store.as_mut().filter(|_| !self.dry_run)
                    && let Err(error) = store.add(stream, key, &row.data, why, now).await
                {
                    return Ok(Err(failure::of_store(&error)));
                }
                if let Some(line) = self.told.line(stream, key, why) {
                    self.out.log(Level::Warn, &line).await?;
                }
            }
        }
        let settled = came.as_ref().map_or(Settled::Rejected, |settled| *settled);
        let moved = moved.filter(|_| came.is_ok());
        self.out
            .send(|ledger| {
                if let (Some(moved), Some(row)) = (moved, rows.first()) {
                    ledger.moved(row.id, moved);
                }
                rows.iter().for_each(|row| ledger.settle(row.id, settled));
                Vec::new()
            })
            .await?;
        Ok(Ok(()))
    }

    /// Writes the STATE messages that are due. The rejected rows before them are stored first.
    async fn acknowledge(&mut self) -> Result<Result<(), ErrorTrace>, Closed> {
        if self.dry_run || !self.out.look(airbyte::destination::ledger::Ledger::is_due).await {
            return Ok(Ok(()));
        }
        if let Some(store) = &mut self.store
            && let Err(error) = store.finish_parts().await
        {
            return Ok(Err(failure::of_store(&error)));
        }
        self.out.send(airbyte::destination::ledger::Ledger::take_due).await?;
        Ok(Ok(()))
    }

    /// Logs the totals of each stream, and completes the store.
    pub(super) async fn close(&mut self, unread: u64) -> Result<Result<(), ErrorTrace>, Closed> {
        // Rows after the last STATE are stored too.
        let stored = match &mut self.store {
            Some(store) => store.finish_parts().await,
            None => Ok(()),
        };
        for line in self.told.closing_lines() {
            self.out.log(Level::Warn, &line).await?;
        }
        if unread > 1 {
            let message = format!(
                "{unread} lines on stdin were not Airbyte messages and were ignored. Check that only the source \
                 writes to stdin."
            );
            self.out.log(Level::Warn, &message).await?;
        }
        for stream in &self.streams {
            let counts = self.out.look(|ledger| ledger.totals(stream)).await;
            self.out
                .log(Level::Info, &format!("{stream}: {}", words(counts, self.dry_run)))
                .await?;
        }
        Ok(stored.map_err(|error| failure::of_store(&error)))
    }
}
