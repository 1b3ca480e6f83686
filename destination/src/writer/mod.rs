//! Writes batches: search, decide, write, and check again what is not known, until each item is settled.

mod bulk;
mod found;
mod memberships;
mod planned;
mod requests;
mod roads;
mod single;

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use airbyte::destination::ledger::{Move, Settled};
use serde_json::{Map, Value};
use zendesk::error::{ApiError, ErrorKind};

use self::planned::Planned;
use self::roads::Roads;
use crate::api::{Api, unreadable};
use crate::config::Config;
use crate::id::Id;
use crate::jobs::Board;
use crate::look::Look;
use crate::plan::{Change, Found, Plan, plan};
use crate::rejected::Reason;
use crate::rows::{Batch, Columns, Doubt, Item, Layout, Row};

/// The waits before each check of what is not known, in seconds. The search index lags by a minute or two.
///
/// Source: Zendesk, "Search": it may take a few minutes until something is found.
const LOOKS_AFTER: [u64; 10] = [0, 2, 5, 10, 20, 30, 60, 60, 90, 120];

/// How long to wait for a job whose answer was lost.
const LOST_JOB: Duration = Duration::from_secs(60);

/// The signed-in user, and the attempt of the run.
#[derive(Clone, Copy, Debug)]
pub struct Run {
    /// The user whose token writes.
    pub user: u64,
    /// The number of earlier attempts of this job.
    pub attempt: u64,
}

/// Writes batches.
pub struct Writer {
    pub api: Arc<Api>,
    pub board: Arc<Board>,
    pub look: Look,
    pub config: Arc<Config>,
    pub run: Run,
    roads: Roads,
    /// What a dry run would have written so far.
    planned: Mutex<Planned>,
}

/// An item with its result.
#[derive(Debug)]
pub struct Written {
    pub item: Item,
    pub came: Result<Settled, Reason>,
    /// In a dry run: the fields that would be written.
    pub fields: Vec<String>,
}

impl Written {
    fn settled(item: Item, came: Result<Settled, Reason>) -> Self {
        Self { item, came, fields: Vec::new() }
    }
}

/// The result of one write of an item.
enum After {
    Settled(Result<Settled, Reason>),
    /// The item has to be checked again.
    Doubt(Doubt),
}

/// The result if a job does not report an item.
fn unknown() -> After {
    After::Doubt(Doubt::Unsettled("a job did not report the result of a row".to_owned()))
}

/// Items, by the kind of write.
#[derive(Default)]
struct Work {
    create: Vec<(Item, Map<String, Value>)>,
    change: Vec<(Item, Change)>,
    delete: Vec<(Item, Id)>,
}

impl Work {
    /// The results if everything were written.
    fn only_planned(self, layout: &Layout) -> Vec<Written> {
        let one = |item: Item, came, fields| Written { item, came: Ok(came), fields };
        let created = self.create.into_iter().map(|(item, _)| {
            let fields = item.wanted.keys().filter_map(|at| layout.fields.get(*at));
            let fields = fields.map(|field| field.name.clone()).collect();
            one(item, Settled::Created, fields)
        });
        let updated = self
            .change
            .into_iter()
            .map(|(item, change)| one(item, Settled::Updated, change.fields));
        let deleted =
            self.delete.into_iter().map(|(item, _)| one(item, Settled::Deleted, Vec::new()));
        created.chain(updated).chain(deleted).collect()
    }
}

impl Writer {
    #[must_use]
    pub fn new(api: Arc<Api>, board: Arc<Board>, config: Arc<Config>, run: Run) -> Self {
        let look = Look::new(Arc::clone(&api));
        let (roads, planned) = (Roads::default(), Mutex::default());
        Self { api, board, look, config, run, roads, planned }
    }

    fn planned(&self) -> MutexGuard<'_, Planned> {
        // Only simple code runs while the lock is held, so a poisoned lock is still consistent.
        self.planned.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Returns once the messages about slower ways of writing.
    pub fn take_warnings(&self) -> Vec<String> {
        self.roads.take_warnings()
    }

    /// Writes a batch until each item is settled. If several rows of one key are rejected together, each is
    /// written separately, so that a correct row is not rejected because of another.
    ///
    /// # Errors
    /// [`ApiError`] if nothing more can be written, or if the result of a write cannot be found out.
    pub async fn write(&self, layout: &Layout, batch: Batch) -> Result<Vec<Written>, ApiError> {
        let written = self.write_items(layout, batch.items).await?;
        let is_several = |one: &Written| one.came.is_err() && one.item.rows.len() > 1;
        let (several, mut written): (Vec<_>, Vec<_>) = written.into_iter().partition(is_several);
        let mut open: Vec<VecDeque<Item>> =
            several.into_iter().map(|one| apart(layout, one)).collect();
        loop {
            let next: Vec<Item> = open.iter_mut().filter_map(VecDeque::pop_front).collect();
            if next.is_empty() {
                return Ok(written);
            }
            written.extend(Box::pin(self.write_items(layout, next)).await?);
        }
    }

    async fn write_items(
        &self,
        layout: &Layout,
        mut open: Vec<Item>,
    ) -> Result<Vec<Written>, ApiError> {
        let mut written = Vec::with_capacity(open.len());
        for seconds in LOOKS_AFTER {
            if open.is_empty() {
                return Ok(written);
            }
            self.api.client.clock().sleep(Duration::from_secs(seconds)).await;
            let is_lost = |item: &Item| matches!(item.doubt, Some(Doubt::Unsettled(_)));
            if open.iter().any(is_lost) {
                self.board.wait_for_others(LOST_JOB).await?;
            }
            open = self.write_once(layout, open, &mut written).await?;
        }
        for item in open {
            let came = last_word(&item)?;
            written.push(Written::settled(item, came));
        }
        Ok(written)
    }

    /// Returns what would happen to the items of a batch, without those whose rows are left out. Writes
    /// nothing.
    ///
    /// # Errors
    /// [`ApiError`] if Zendesk cannot be searched.
    pub async fn would(
        &self,
        layout: &Layout,
        batch: Batch,
        is_left_out: impl Fn(&Value) -> bool,
    ) -> Result<Vec<Written>, ApiError> {
        let found = self.found(layout, &batch.items).await?;
        let looked_at = batch.items.into_iter().zip(found);
        let looked_at = looked_at.filter(|(_, found)| !found.rows.iter().any(&is_left_out));
        let mut written = Vec::new();
        let work = self.decide(layout, looked_at, &mut written, &mut Vec::new());
        written.extend(work.only_planned(layout));
        Ok(written)
    }

    /// Decides what to do with each item.
    fn decide(
        &self,
        layout: &Layout,
        looked_at: impl Iterator<Item = (Item, Found)>,
        written: &mut Vec<Written>,
        again: &mut Vec<Item>,
    ) -> Work {
        let mut work = Work::default();
        for (mut item, found) in looked_at {
            item.meet(found.ids());
            // The items of a sweep stand for no rows, and are decided twice.
            let is_planned = self.config.dry_run && !item.rows.is_empty();
            match plan(layout, &item, &found, &self.config) {
                Plan::Settle(came) => written.push(Written::settled(item, came)),
                Plan::LookAgain => again.push(item),
                Plan::Create(body) => {
                    if is_planned {
                        let row = self.planned().create(layout.bound.object, &body);
                        // Later rows may refer to it.
                        self.look.remember(layout.bound.object, [&row]);
                    }
                    item.moved = layout.bound.membership.as_ref().map(|_| Move::Joined);
                    work.create.push((item, body));
                }
                Plan::Change(change) => {
                    // A user who was found only by address existed before: the creation was refused.
                    if found.rows.is_empty() {
                        (item.intended, item.moved) = (None, None);
                    }
                    item.moved = change.moved.or(item.moved);
                    let row = found.rows.first().or(found.rivals.first());
                    if let Some(row) = row.filter(|_| is_planned) {
                        self.planned().change(layout.bound.object, row, &change);
                    }
                    work.change.push((item, change));
                }
                Plan::Delete(id) => {
                    if is_planned {
                        self.planned().delete(layout.bound.object, id.clone());
                    }
                    work.delete.push((item, id));
                }
            }
        }
        work
    }

    /// Searches and writes items once. Returns those that have to be checked again.
    async fn write_once(
        &self,
        layout: &Layout,
        items: Vec<Item>,
        written: &mut Vec<Written>,
    ) -> Result<Vec<Item>, ApiError> {
        let found = self.found(layout, &items).await?;
        let mut again = Vec::new();
        let work = self.decide(layout, items.into_iter().zip(found), written, &mut again);
        if self.config.dry_run {
            written.extend(work.only_planned(layout));
            return Ok(Vec::new());
        }
        let mut done = Vec::new();
        if !work.create.is_empty() {
            done.extend(Box::pin(self.create(layout, work.create)).await?);
        }
        if !work.change.is_empty() {
            done.extend(Box::pin(self.change(layout, work.change)).await?);
        }
        if !work.delete.is_empty() {
            done.extend(Box::pin(self.delete(layout, work.delete)).await?);
        }
        for (mut item, after) in done {
            match after {
                After::Settled(came) => written.push(Written::settled(item, came)),
                After::Doubt(doubt) => {
                    item.doubt(doubt);
                    again.push(item);
                }
            }
        }
        Ok(again)
    }
}

/// The rows of a rejected item, each as a separate item, in their order.
fn apart(layout: &Layout, written: Written) -> VecDeque<Item> {
    let Written { item, came, .. } = written;
    let mut columns = Columns::default();
    // Part of it may have been written before the rest was refused.
    let doubt = came.err().map(Doubt::Conflict);
    let alone = |row: Row| {
        let wanted = columns.wanted(layout, &row.data).unwrap_or_default();
        Item { doubt: doubt.clone(), ..Item::new(item.key.clone(), wanted, row) }
    };
    item.rows.into_iter().map(alone).collect()
}

/// The result of an item after the last check.
fn last_word(item: &Item) -> Result<Result<Settled, Reason>, ApiError> {
    match &item.doubt {
        Some(Doubt::Duplicate(why) | Doubt::Conflict(why)) => {
            let reason = match item.doubt {
                Some(Doubt::Duplicate(_)) => "already_exists".to_owned(),
                _ => why.reason.clone(),
            };
            Ok(Err(Reason { reason, ..why.clone() }))
        }
        Some(Doubt::Unsettled(why)) => {
            Err(ApiError { kind: ErrorKind::Unsettled, ..unreadable("", why) })
        }
        None => Err(unreadable("", "a row was neither written nor refused")),
    }
}
