//! What came of rows: counted, told, stored, and acknowledged when all before a state is settled.

use std::collections::BTreeMap;
use std::sync::Arc;

use airbyte::destination::catalog::Descriptor;
use airbyte::destination::input::State;
use airbyte::destination::ledger::{Counts, RowId, Settled};
use airbyte::message::{ErrorTrace, Level};
use airbyte::stdout::Closed;
use zendesk::budget::Wait;
use zendesk::clock::Clock;

use super::batches::Immediate;
use crate::commands::{Out, failure};
use crate::config::Config;
use crate::rejected::{Reason, Store, Told};
use crate::rows::{Layout, Row};
use crate::writer::Written;

/// Examples that a dry run shows of a stream.
const MOST_SHOWN: u32 = 10;

/// Settles rows.
pub(super) struct Settling<'a> {
    out: &'a Arc<Out>,
    clock: &'a Clock,
    dry_run: bool,
    told: Told,
    store: Option<Store>,
    streams: Vec<Descriptor>,
    /// Examples of a dry run that were shown.
    shown: BTreeMap<Descriptor, u32>,
}

impl<'a> Settling<'a> {
    /// `store` is where rejected rows go, if they go anywhere.
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
            told: Told::default(),
            store,
            streams: Vec::new(),
            shown: BTreeMap::new(),
        }
    }

    pub(super) async fn log(&self, level: Level, text: &str) -> Result<(), Closed> {
        self.out.log(level, text).await
    }

    /// Says that a limit is waited for.
    pub(super) async fn say_wait(&self, wait: &Wait) -> Result<(), Closed> {
        let what = wait.bucket.map_or("Zendesk asks for it", |bucket| bucket.name());
        let seconds = wait.length.as_secs();
        self.log(Level::Info, &format!("waiting {seconds} seconds for a limit: {what}")).await
    }

    /// A row came in.
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

    /// A state came in.
    pub(super) async fn state(&mut self, state: State) -> Result<Result<(), ErrorTrace>, Closed> {
        self.out
            .send(|ledger| {
                ledger.state(state);
                Vec::new()
            })
            .await?;
        self.acknowledge().await
    }

    /// A row is settled as it came.
    pub(super) async fn settle_row(
        &mut self,
        stream: &Descriptor,
        settled: Immediate,
    ) -> Result<Result<(), ErrorTrace>, Closed> {
        let Immediate { row, key, came } = settled;
        if let Err(trouble) = self.note(stream, key.as_deref(), &[row], &came).await? {
            return Ok(Err(trouble));
        }
        self.acknowledge().await
    }

    /// A batch is settled.
    pub(super) async fn settle(
        &mut self,
        layout: &Layout,
        written: Vec<Written>,
    ) -> Result<Result<(), ErrorTrace>, Closed> {
        for Written { item, came, planned } in written {
            let stream = &layout.bound.stream;
            if let Some(planned) = planned {
                self.show(stream, &planned).await?;
            }
            let key = layout.written_key(&item.wanted).map(|(_, key)| key);
            if let Err(trouble) = self.note(stream, key.as_deref(), &item.rows, &came).await? {
                return Ok(Err(trouble));
            }
        }
        self.acknowledge().await
    }

    /// Shows the first few of what a dry run would write.
    async fn show(&mut self, stream: &Descriptor, planned: &str) -> Result<(), Closed> {
        let shown = self.shown.entry(stream.clone()).or_default();
        *shown += 1;
        if *shown > MOST_SHOWN {
            return Ok(());
        }
        self.out.log(Level::Info, &format!("{stream}: {planned}")).await
    }

    /// Notes what came of the rows of one key.
    async fn note(
        &mut self,
        stream: &Descriptor,
        key: Option<&str>,
        rows: &[Row],
        came: &Result<Settled, Reason>,
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
        self.out
            .send(|ledger| {
                rows.iter().for_each(|row| ledger.settle(row.id, settled));
                Vec::new()
            })
            .await?;
        Ok(Ok(()))
    }

    /// Writes the states that are due, once the rejected rows before them are stored.
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

    /// Says what came of each stream.
    pub(super) async fn close(&mut self, unread: u64) -> Result<Result<(), ErrorTrace>, Closed> {
        // Rows without a state after them are stored too.
        let stored = match &mut self.store {
            Some(store) => store.finish_parts().await,
            None => Ok(()),
        };
        for line in self.told.closing_lines() {
            self.out.log(Level::Warn, &line).await?;
        }
        if unread > 1 {
            let message = format!("{unread} lines on stdin were no message and were left out");
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

/// The counts of a stream in words.
fn words(counts: Counts, dry_run: bool) -> String {
    let Counts { created, updated, unchanged, deleted, skipped, rejected } = counts;
    let mut words = if dry_run {
        format!(
            "would create {created}, update {updated}, leave {unchanged} unchanged, reject {rejected}, \
             mark 0, unmark 0"
        )
    } else {
        format!("{created} created, {updated} updated, {unchanged} unchanged, {rejected} rejected")
    };
    if deleted > 0 {
        let does = if dry_run { ", delete " } else { ", deleted " };
        words.push_str(&format!("{does}{deleted}"));
    }
    if skipped > 0 {
        words.push_str(&format!(", left out {skipped}"));
    }
    words
}
