//! The sweep: removes the members that are not among the rows of a mirror.

use futures_util::stream::{self, StreamExt, TryStreamExt};
use serde_json::{Map, Value, json};
use zendesk::error::ApiError;

use super::members::members;
use super::seen::Seen;
use crate::api::{SIDE_BY_SIDE, unreadable};
use crate::audience::Mark;
use crate::id::Id;
use crate::object::KeyField;
use crate::rejected::Reason;
use crate::rows::{Batch, Columns, Item, LARGEST, Layout};
use crate::writer::{Writer, Written};

/// `max_removal_percent` does not apply to audiences with fewer members.
const SMALLEST_HELD: u64 = 20;

/// How a sweep ended.
#[derive(Debug)]
pub enum Swept {
    /// The members were removed.
    Done(Done),
    /// More members would be removed than the config allows, so none was.
    Stopped { removals: u64, members: u64 },
    /// The program could not find out which members some rows belong to, so none was removed. Says why.
    Unresolved(String),
}

/// The result of a sweep.
#[derive(Debug, Default)]
pub struct Done {
    /// The ids of the removed members.
    pub removed: Vec<u64>,
    /// How many members stayed.
    pub kept: u64,
    /// Members that could not be removed, with the reasons.
    pub refused: Vec<(u64, Reason)>,
}

/// Sweeps the audience of a mirror. All rows of its stream must be settled.
///
/// # Errors
/// [`ApiError`] if the members cannot be listed or read, or if the result of a write cannot be found out.
pub async fn sweep(
    writer: &Writer,
    layout: &Layout,
    mark: &Mark,
    mut seen: Seen,
) -> Result<Swept, ApiError> {
    if let Some(why) = resolve(writer, layout, &mut seen).await? {
        return Ok(Swept::Unresolved(why));
    }
    let object = layout.bound.object;
    let mut listed = members(&writer.api, object, mark, |id| seen.has(id)).await?;
    listed.sort_unstable();
    listed.dedup();
    let (Some(removal), Some(key)) = (layout.for_removal(), layout.bound.key) else {
        return Err(unreadable("", "a mirror has no audience"));
    };
    // The list may be out of date, so each member is read again before the share is computed. A member who
    // has the key of a row stays, even if the row did not find them: an index that lags, or an incomplete
    // answer, must not remove anybody.
    let side_by_side = writer.config.max_jobs;
    let is_meant = |row: &Value| seen.means(object, row, key);
    let would = stream::iter(listed.chunks(LARGEST))
        .map(|ids| async {
            Ok(outcomes(writer.would(&removal, batch(&removal, ids), is_meant).await?))
        })
        .buffer_unordered(side_by_side)
        .try_concat()
        .await?;
    let would = match key == KeyField::Email && seen.has_unmet() {
        true => without_further_addresses(writer, &seen, would).await?,
        false => would,
    };
    let mut done = Done { kept: seen.kept(), ..Done::default() };
    let goes = done.take(would);
    let removals = goes.len() as u64;
    let members = done.kept + removals + done.refused.len() as u64;
    let is_held = members >= SMALLEST_HELD;
    let most = u128::from(members) * u128::from(writer.config.max_removal_percent);
    if is_held && u128::from(removals) * 100 > most {
        return Ok(Swept::Stopped { removals, members });
    }
    // Each batch is read once more right before it is written.
    let gone = stream::iter(goes.chunks(LARGEST))
        .map(|ids| async { Ok(outcomes(writer.write(&removal, batch(&removal, ids)).await?)) })
        .buffer_unordered(side_by_side)
        .try_concat()
        .await?;
    done.removed = done.take(gone);
    Ok(Swept::Done(done))
}

/// The result for each member that is, or would be, removed. Ids that are no longer members are left out.
type Outcomes = Vec<(u64, Result<(), Reason>)>;

fn outcomes(written: Vec<Written>) -> Outcomes {
    let one = |written: Written| {
        let id = written.item.key.as_ref()?.parse().ok()?;
        match written.came {
            Ok(_) => written.item.moved.is_some().then_some((id, Ok(()))),
            Err(why) => Some((id, Err(why))),
        }
    };
    written.into_iter().filter_map(one).collect()
}

impl Done {
    /// Notes the members that could not be removed, and returns the ids of the others.
    fn take(&mut self, outcomes: Outcomes) -> Vec<u64> {
        let mut gone = Vec::new();
        for (id, came) in outcomes {
            match came {
                Ok(()) => gone.push(id),
                Err(why) => self.refused.push((id, why)),
            }
        }
        gone
    }
}

/// Searches once more for the keys that were not found. Returns the reason if a key cannot be searched.
async fn resolve(
    writer: &Writer,
    layout: &Layout,
    seen: &mut Seen,
) -> Result<Option<String>, ApiError> {
    let Some(keys) = seen.take_keys() else {
        return Ok(Some(
            "too many of its rows were rejected. Correct them, and sync again.".to_owned(),
        ));
    };
    let Some(key) = layout.bound.key.filter(|_| !keys.is_empty()) else { return Ok(None) };
    let keys = keys.into_iter().filter(|text| key != KeyField::Id || text.parse::<u64>().is_ok());
    let keys: Vec<String> = keys.collect();
    for keys in keys.chunks(LARGEST) {
        let found = writer.look.by_key(layout.bound.object, key, keys, true).await?;
        if let Some((key, why)) = found.refused.iter().next() {
            return Ok(Some(format!(
                "Zendesk cannot search for the key `{key}` ({why}). Correct it, and sync again."
            )));
        }
        for row in found.rows.values().flatten() {
            row["id"].as_u64().into_iter().for_each(|id| seen.met(id));
        }
    }
    Ok(None)
}

/// Leaves out users who have the address of a row as a secondary address.
async fn without_further_addresses(
    writer: &Writer,
    seen: &Seen,
    would: Outcomes,
) -> Result<Outcomes, ApiError> {
    let asked = stream::iter(would).map(|(id, came)| async move {
        let identities = writer.look.identities(&Id::Number(id)).await?;
        Ok::<_, ApiError>((!seen.means_address(&identities)).then_some((id, came)))
    });
    let strangers: Vec<_> = asked.buffered(SIDE_BY_SIDE).try_collect().await?;
    Ok(strangers.into_iter().flatten().collect())
}

/// Items that remove members by id.
fn batch(removal: &Layout, ids: &[u64]) -> Batch {
    let mut columns = Columns::default();
    let item = |id: &u64| {
        let data: Map<_, _> = [(KeyField::Id.name().to_owned(), json!(id))].into_iter().collect();
        let wanted = columns.wanted(removal, &data).unwrap_or_default();
        Item::of_nobody(Some(id.to_string()), wanted)
    };
    Batch::of(ids.iter().map(item).collect())
}
